// What a run must have shown: a test that is named but did not pass shows nothing, nor does one of another file.
import { expect, test } from 'vitest'
import type { Attack } from '../../support/attacks.ts'
import { unshownAttacks, unshownRows } from '../../support/proofs.ts'
import type { Report } from '../../support/summary.ts'

const ran = (...tests: readonly (readonly [file: string, title: string, status?: string])[]): Report[] => [
  {
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: tests.map(([file, title, status = 'passed']) => ({
      name: `/tests/${file}`,
      status: 'passed',
      assertionResults: [{ title, fullName: `a group ${title}`, status }],
    })),
  },
]
const attacks = (name: string): readonly Attack[] => [['a flood', ['e2e/a.test.ts', name]]]
const unshown = (reports: Report[], name: string) => unshownAttacks(reports, '/tests', attacks(name))

test('an_attack_is_shown_by_a_test_of_its_file_that_passed', () => {
  expect(unshown(ran(['e2e/a.test.ts', 'is_refused_at_once']), 'is_refused')).toEqual([])
  expect(unshown(ran(['e2e/a.test.ts', 'of_delete_task_that_fits (3)']), 'of_%s_that_fits (%#)')).toEqual([])
})

test.each([
  ['skipped', ran(['e2e/a.test.ts', 'is_refused', 'skipped'])],
  ['failed', ran(['e2e/a.test.ts', 'is_refused', 'failed'])],
  ['of another file', ran(['e2e/b.test.ts', 'is_refused'])],
  ['of another name', ran(['e2e/a.test.ts', 'not: is_refused'])],
  ['not there', []],
])('an_attack_is_not_shown_by_a_test_that_is_%s', (_, reports) => {
  expect(unshown(reports, 'is_refused')).toEqual([
    'a flood: no test of e2e/a.test.ts passed whose name begins with is_refused.',
  ])
})

test('a_row_is_shown_by_a_passed_test_that_carries_it', () => {
  const reports = ran(['a', 'one [T1, T3–T5]'], ['b', 'two [A2]'], ['c', 'three [A3]', 'skipped'])
  expect(unshownRows(reports, ['T1', 'T3', 'T4', 'T5', 'A2'])).toEqual([])
  expect(unshownRows(reports, ['T1', 'T2', 'T3', 'T4', 'T5', 'A2', 'A3'])).toEqual([
    'T2: no test that passed carries this row.',
    'A3: no test that passed carries this row.',
  ])
})

test('an_id_that_is_no_row_is_found', () => {
  expect(unshownRows(ran(['a', 'one [T1, Z9]']), ['T1'])).toEqual([
    'Z9: a test carries it, and it is no row.',
  ])
})
