// The closing line of a run: what counts as passed, failed and skipped.
import { expect, test } from 'vitest'
import { countTests, type Report, summaryLine } from '../../support/summary.ts'

const report = (given: Partial<Report>): Report => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...given,
})

test('every_test_counts_once_and_what_is_left_for_later_counts_as_skipped', () => {
  const counts = countTests(
    report({
      numPassedTests: 12,
      numFailedTests: 1,
      numPendingTests: 2,
      numTodoTests: 1,
      testResults: [{ status: 'failed', assertionResults: [{}] }],
    }),
  )
  expect(counts).toEqual({ passed: 12, failed: 1, skipped: 3 })
})

test('a_file_that_failed_before_its_tests_existed_counts_as_failed', () => {
  const counts = countTests(
    report({
      numPassedTests: 3,
      testResults: [
        { status: 'failed', assertionResults: [] },
        { status: 'passed', assertionResults: [{}] },
      ],
    }),
  )
  expect(counts).toEqual({ passed: 3, failed: 1, skipped: 0 })
})

test('skipped_tests_are_named_only_where_there_are_some', () => {
  expect(summaryLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed')
  expect(summaryLine({ passed: 12, failed: 1, skipped: 3 })).toBe('12 passed, 1 failed, 3 skipped')
})
