// Runs once before the test files that need a browser, and finds or installs one. It is a separate file because Vitest
// names it as a global set-up.
import type { TestProject } from 'vitest/node'
import { streamReport } from '../../infra/report.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { ensureChromium } from './chromium.ts'
import { giveUp } from './progress.ts'

declare module 'vitest' {
  interface ProvidedContext {
    chromium: string
  }
}

/** Provides the path of the browser to the test files. */
export const setup = async (project: TestProject): Promise<void> => {
  const report = streamReport(process.stdout, systemClock)
  project.provide('chromium', await ensureChromium(report).catch(giveUp))
}
