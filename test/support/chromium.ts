// The browser of the tests: an installed one, or Debian's, installed as root. Knows no page.
import { access, constants } from 'node:fs/promises'
import { type Browser, chromium } from 'playwright-core'
import { inject } from 'vitest'
import { type Report, StartFault } from '../../infra/report.ts'
import { onPath } from '../../infra/servers/binary.ts'
import { canInstallPackages, installPackages } from '../../infra/servers/debian.ts'
import { step } from './progress.ts'

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const MAC_CHROME = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
// No display, no graphics card, and no requests to anything but the page's own server.
const FLAGS = [
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * The path of a Chromium or Chrome: CHROMIUM, one on PATH, Playwright's own; last, as root on Debian, it is installed.
 * @throws StartFault with one sentence that says what to do
 */
export const ensureChromium = async (report: Report): Promise<string> => {
  const given = process.env.CHROMIUM
  if (given) {
    if (await isThere(given)) return given
    throw new StartFault(
      `CHROMIUM names ${given}, which cannot be run: set it to a Chromium or Chrome, or unset it.`,
    )
  }
  const found = await installed()
  if (found) return found
  if (canInstallPackages()) {
    await step(report, 'Chromium: installing it with apt-get', () => installPackages(['chromium']))
    const fresh = await installed()
    if (fresh) return fresh
  }
  throw new StartFault(
    'The tests of the pages need a browser: install Chromium or Chrome, or set CHROMIUM to the path of one, then run npm test again.',
  )
}

const installed = async (): Promise<string | undefined> => {
  for (const command of COMMANDS) {
    const path = await onPath(command, process.env.PATH)
    if (path) return path
  }
  for (const path of [MAC_CHROME, chromium.executablePath()]) if (await isThere(path)) return path
  return undefined
}

const isThere = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

/** Starts the browser that browser-setup.ts has found. Close it when the test is over. */
export const launchBrowser = (): Promise<Browser> => {
  // Chromium's sandbox refuses to work for root.
  const asRoot = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  return chromium.launch({ executablePath: inject('chromium'), args: [...FLAGS, ...asRoot] })
}
