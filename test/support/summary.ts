// The outcome of a test run, from Vitest's JSON reports. Reads no file.

/** A test as the report has it. */
export type Case = Readonly<{ fullName: string; title: string; status: string }>

/** The parts of a report that are used (https://vitest.dev/guide/reporters#json-reporter). */
export type Report = Readonly<{
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: readonly Readonly<{ name: string; status: string; assertionResults: readonly Case[] }>[]
}>

/** Counts of tests by outcome. */
export type Counts = Readonly<{ passed: number; failed: number; skipped: number }>

/**
 * The counts of a run of Vitest. A file that failed though none of its tests did counts as one failed test: something broke
 * before, between or after them. So does a run that failed for no file's sake, such as by an unhandled rejection.
 * @param code its exit code.
 */
export const countTests = (report: Report | undefined, code: number): Counts => {
  const broken = report?.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((one) => one.status === 'failed'),
  )
  const failed = (report?.numFailedTests ?? 0) + (broken?.length ?? 0)
  return {
    passed: report?.numPassedTests ?? 0,
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  }
}

/** The sum of several counts. */
export const sumOf = (counts: readonly Counts[]): Counts => ({
  passed: counts.reduce((sum, { passed }) => sum + passed, 0),
  failed: counts.reduce((sum, { failed }) => sum + failed, 0),
  skipped: counts.reduce((sum, { skipped }) => sum + skipped, 0),
})

/** The closing line of a run: `12 passed, 0 failed`, with `, 1 skipped` where some were. */
export const summaryLine = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`

/** The tests that failed in a report, by their file. A file that broke outside of its tests has none. */
export type FailedFile = Readonly<{ name: string; tests: readonly string[] }>

/** The files of a report that failed. */
export const failedFiles = ({ testResults }: Report): readonly FailedFile[] =>
  testResults
    .filter(({ status }) => status === 'failed')
    .map(({ name, assertionResults }) => ({
      name,
      tests: assertionResults.filter((one) => one.status === 'failed').map(({ fullName }) => fullName),
    }))

const countOf = (files: Report['testResults'], ...statuses: string[]): number =>
  files.flatMap(({ assertionResults }) => assertionResults).filter(({ status }) => statuses.includes(status))
    .length

/** A report in which files that were run again stand as they ended then. */
export const withSecondTry = (first: Report, second: Report): Report => {
  const again = new Map(second.testResults.map((file) => [file.name, file]))
  const testResults = first.testResults.map((file) => again.get(file.name) ?? file)
  return {
    numPassedTests: countOf(testResults, 'passed'),
    numFailedTests: countOf(testResults, 'failed'),
    numPendingTests: countOf(testResults, 'pending', 'skipped', 'disabled'),
    numTodoTests: countOf(testResults, 'todo'),
    testResults,
  }
}
