// One day on the board, the same for everybody: with a mouse, by keys alone, without a script, by a screen reader, on a phone.
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { agentOf, signUp } from '../support/accounts.ts'
import { launchBrowser } from '../support/chromium.ts'
import { beginDay, DAY, EVENING, storedState, type Way } from '../support/day.ts'
import { byKey } from '../support/day-by-key.ts'
import { byPointer, FINGER, MOUSE, PLAIN_MOUSE } from '../support/day-by-pointer.ts'
import { byTree } from '../support/day-by-tree.ts'
import { type Listener, listenIn } from '../support/listening.ts'
import { complaintsOf, overflowOf, smallTargetsOf } from '../support/page-looks.ts'
import { readerOf } from '../support/screen-reader.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let browser: Browser

beforeAll(async () => {
  system = await startSystem()
  browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.close()
  await system?.stop()
})

const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 3,
  isMobile: true,
  hasTouch: true,
}

type Given = Readonly<{ page: Page; listener: Listener }>

/** Lives the day in a workspace of its own, and compares what is stored in the evening. */
const live = async (
  options: BrowserContextOptions,
  wayOf: (given: Given) => Way | Promise<Way>,
  look: (page: Page, step: string) => Promise<void> = async () => {},
): Promise<void> => {
  const ann = await signUp(system, { name: 'Ann' })
  await using agent = await agentOf(system, ann)
  await beginDay(agent)
  await using stack = new AsyncDisposableStack()
  const context = await browser.newContext(options)
  stack.defer(() => context.close())
  const complaints = complaintsOf(context)
  const listener = await listenIn(context)
  context.setDefaultTimeout(10_000)
  const page = await context.newPage()
  const way = await wayOf({ page, listener })
  await way.signIn(ann)
  for (const { name, take, told } of DAY) {
    try {
      await take(way)
      if (told !== undefined) await way.told(told)
      await look(page, name)
    } catch (cause) {
      throw new Error(`“${name}” at ${page.url()}: ${cause}. Heard: ${listener.heard.join(' | ')}`, { cause })
    }
  }
  expect(await storedState(agent)).toEqual(EVENING)
  expect(complaints).toEqual([])
}

test('with_a_mouse', () => live({}, ({ page }) => byPointer(page, system.url, MOUSE)))

test('by_keys_alone', () =>
  live({}, async ({ page, listener }) => byKey(page, system.url, await readerOf(page), listener)))

test('without_a_script', () =>
  live({ javaScriptEnabled: false }, ({ page }) => byPointer(page, system.url, PLAIN_MOUSE)))

test('by_a_screen_reader', () =>
  live({}, async ({ page, listener }) => byTree(page, system.url, await readerOf(page), listener)))

test('on_a_phone', () =>
  live(
    PHONE,
    ({ page }) => byPointer(page, system.url, FINGER),
    async (page, step) => {
      const found = { overflow: await overflowOf(page), small: await smallTargetsOf(page) }
      expect([step, found]).toEqual([step, { overflow: 0, small: [] }])
    },
  ))
