// The closing line of a run: what counts as passed, failed and skipped.
import { expect, test } from 'vitest'
import {
  type Case,
  countTests,
  failedFiles,
  type Report,
  summaryLine,
  sumOf,
  withSecondTry,
} from '../../support/summary.ts'

const report = (given: Partial<Report>): Report => ({
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [],
  ...given,
})
const cases = (...statuses: string[]): Case[] =>
  statuses.map((status) => ({ fullName: 'a test', title: 'a test', status }))
const file = (status: string, ...statuses: string[]) => ({
  name: 'a.test.ts',
  status,
  assertionResults: cases(...statuses),
})

test('every_test_counts_once_and_what_is_left_for_later_counts_as_skipped', () => {
  const given = report({
    numPassedTests: 12,
    numFailedTests: 1,
    numPendingTests: 2,
    numTodoTests: 1,
    testResults: [file('failed', 'passed', 'failed')],
  })
  expect(countTests(given, 1)).toEqual({ passed: 12, failed: 1, skipped: 3 })
})

test.each([
  ['before_its_tests_existed', file('failed')],
  ['before_its_tests_ran', file('failed', 'skipped', 'skipped')],
  ['after_its_tests', file('failed', 'passed')],
])('a_file_that_failed_%s_counts_as_failed', (_, broken) => {
  const given = report({ numPassedTests: 3, testResults: [broken, file('passed', 'passed')] })
  expect(countTests(given, 1)).toEqual({ passed: 3, failed: 1, skipped: 0 })
})

test('a_run_that_failed_outside_of_every_test_counts_as_failed', () => {
  const given = report({ numPassedTests: 3, testResults: [file('passed', 'passed')] })
  expect(countTests(given, 1)).toEqual({ passed: 3, failed: 1, skipped: 0 })
  expect(countTests(undefined, 1)).toEqual({ passed: 0, failed: 1, skipped: 0 })
  expect(countTests(given, 0)).toEqual({ passed: 3, failed: 0, skipped: 0 })
})

test('several_runs_are_counted_as_one', () => {
  const [first, second] = [
    { passed: 1, failed: 2, skipped: 3 },
    { passed: 10, failed: 20, skipped: 30 },
  ]
  expect(sumOf([first, second])).toEqual({ passed: 11, failed: 22, skipped: 33 })
})

test('skipped_tests_are_named_only_where_there_are_some', () => {
  expect(summaryLine({ passed: 12, failed: 0, skipped: 0 })).toBe('12 passed, 0 failed')
  expect(summaryLine({ passed: 12, failed: 1, skipped: 3 })).toBe('12 passed, 1 failed, 3 skipped')
})

const named = (name: string, status: string, ...statuses: string[]) => ({
  ...file(status, ...statuses),
  name,
})

test('files_that_failed_are_named_with_their_tests', () => {
  const given = report({
    testResults: [named('a', 'failed', 'passed', 'failed'), named('b', 'passed', 'passed')],
  })
  expect(failedFiles(given)).toEqual([{ name: 'a', tests: ['a test'] }])
})

test('a_file_that_was_run_again_counts_as_it_ended_then', () => {
  const first = report({
    numPassedTests: 3,
    numFailedTests: 2,
    testResults: [
      named('a', 'failed', 'failed', 'passed'),
      named('b', 'passed', 'passed', 'passed', 'todo', 'skipped'),
      named('c', 'failed', 'failed'),
    ],
  })
  const second = report({
    testResults: [named('a', 'passed', 'passed', 'passed'), named('c', 'failed', 'failed')],
  })
  const merged = withSecondTry(first, second)
  expect(countTests(merged, 1)).toEqual({ passed: 4, failed: 1, skipped: 2 })
  expect(failedFiles(merged).map(({ name }) => name)).toEqual(['c'])
})
