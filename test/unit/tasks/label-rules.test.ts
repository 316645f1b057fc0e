// Labels of tasks, decided without a database.
import { describe, expect, test } from 'vitest'
import { labelledOf, labelsOf, sameLabels } from '../../../services/tasks/label-rules.ts'

describe('labels', () => {
  test('are_kept_in_lower_case_without_space_around_them_each_once', () => {
    expect(labelsOf([' Docs', 'docs', 'API v2 ', 'e\u0301tude'])).toEqual(['docs', 'api v2', '\u00e9tude'])
  })

  test('that_are_none_are_no_field', () => {
    expect(labelsOf([])).toBeUndefined()
    expect(labelsOf(undefined)).toBeUndefined()
    expect(labelledOf(['unassigned'], undefined)).toBeUndefined()
  })

  test('are_found_by_each_of_the_lists', () => {
    expect(labelledOf(['assigned', 'public'], ['a', 'b'])).toEqual([
      'assigned a',
      'assigned b',
      'public a',
      'public b',
    ])
  })

  test('are_the_same_only_in_the_same_order', () => {
    expect(sameLabels(['a', 'b'], ['a', 'b'])).toBe(true)
    expect(sameLabels(['a', 'b'], ['b', 'a'])).toBe(false)
    expect(sameLabels(undefined, ['a'])).toBe(false)
    expect(sameLabels(undefined, undefined)).toBe(true)
  })
})
