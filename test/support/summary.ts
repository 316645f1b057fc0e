// Counts the tests of a run from Vitest's JSON report. Reads no file.

/** What is read of the report (https://vitest.dev/guide/reporters#json-reporter). */
export type Report = Readonly<{
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: readonly Readonly<{ status: string; assertionResults: readonly unknown[] }>[]
}>

/** How many tests ended how. */
export type Counts = Readonly<{ passed: number; failed: number; skipped: number }>

/** The counts of a report. A file that failed before any of its tests existed counts as one failed test. */
export const countTests = (report: Report): Counts => {
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/** The closing line of a run: `12 passed, 0 failed`, with `, 1 skipped` where some were. */
export const summaryLine = ({ passed, failed, skipped }: Counts): string =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
