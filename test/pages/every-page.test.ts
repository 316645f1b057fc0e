// Every page in every state, in a real browser with its policy in force. Each is accessible and fits, in light and dark,
// narrow and wide, and all of it is reached by the keyboard. No page that the gateway serves is left out.
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { wire } from '../../services/gateway/main.ts'
import { readConfig } from '../../shared/process/config.ts'
import { openHost } from '../../shared/service.ts'
import { launchBrowser } from '../support/chromium.ts'
import {
  complaintsOf,
  faultsOf,
  keyboardFaultsOf,
  overflowOf,
  visibleFaultsOf,
} from '../support/page-looks.ts'
import { STATES } from '../support/page-states.ts'
import { openWorld, type World } from '../support/page-world.ts'

/** Set to a folder, it gets a screenshot of every page in every state, scheme and width. */
const PICTURES = process.env.PICTURES
/** What the gateway answers to programs, and the mail that is shown only in the frame of a page. */
const FOR_PROGRAMS =
  /^\/(account\/export\.json|export\/tasks\.(jsonl|md)|workspace\/(audit|export)\.jsonl|live\/:workspace_id|livez|readyz|jwks|mcp|assets\/.+|\.well-known\/.+|dev\/mail\.json|asyncapi\.json|schemas\/.+|contracts\.json|loops\/:id\/ship\/mail)$/

const noFaults = (): Promise<string[]> => Promise.resolve([])

/**
 * Each scheme and each width once or more; the widest is the narrowest at which tables of many columns are shown as such.
 * Looking for all faults takes long, so it is done once; the other scheme is looked at for what it may spoil.
 */
const LOOKS = [
  { scheme: 'light', width: 320, find: faultsOf },
  { scheme: 'dark', width: 1_210, find: visibleFaultsOf },
  { scheme: 'light', width: 768, find: noFaults },
] as const

let browser: Browser
let world: World
/** One window for each reader: a new one takes longer than most pages. */
const pages = new Map<keyof World['contexts'], Page>()
const pageOf = async (as: keyof World['contexts']): Promise<Page> => {
  const page = pages.get(as) ?? (await world.contexts[as].newPage())
  pages.set(as, page)
  await page.setViewportSize({ width: 1_280, height: 720 })
  return page
}
/** Paths at which a page was looked at. */
const seen = new Set<string>()

beforeAll(async () => {
  browser = await launchBrowser()
  world = await openWorld(browser)
})
afterAll(async () => {
  await world?.[Symbol.asyncDispose]()
  await browser?.close()
})

const looksOf = async (page: Page, name: string) => {
  const looks: Record<string, unknown> = {}
  for (const { scheme: colorScheme, width, find } of LOOKS) {
    await page.emulateMedia({ colorScheme })
    await page.setViewportSize({ width, height: 800 })
    const [faults, overflow] = [await find(page), await overflowOf(page)]
    if (PICTURES !== undefined)
      await page.screenshot({ path: `${PICTURES}/${name}-${colorScheme}-${width}.png`, fullPage: true })
    if (faults.length > 0 || overflow > 0) looks[`${colorScheme} ${width}`] = { faults, overflow }
  }
  return looks
}

describe('nothing is wrong with', () => {
  test.each(STATES)('$name', async ({ name, as, open }) => {
    const context = world.contexts[as]
    const complaints = complaintsOf(context)
    const page = await pageOf(as)
    try {
      await open(page, world)
      expect(await page.evaluate(() => document.contentType)).toBe('text/html')
      expect(await page.title()).toMatch(/\S/)
      expect(await looksOf(page, name)).toEqual({})
      expect(await keyboardFaultsOf(page)).toEqual([])
      expect(complaints).toEqual([])
      seen.add(new URL(page.url()).pathname)
    } catch (error) {
      // What a state left half done must not be the next one's.
      pages.delete(as)
      await page.close()
      throw error
    }
  })
})

/** The paths that a pattern of the router stands for. */
const matching = (pattern: string): RegExp => new RegExp(`^${pattern.replace(/:\w+/g, '[^/]+')}$`)

const patterns = async (): Promise<string[]> => {
  const { natsUrl, mongodbUrl } = world.system.stack
  const secret = 'a secret of the tests that is long enough for all'
  const config = readConfig({
    NATS_URL: natsUrl,
    MONGODB_URL: mongodbUrl,
    LOOPS_SECRET: secret,
    LOG: 'error',
  })
  const host = await openHost('gateway', config)
  await using _ = host.stack
  const { app, mcp } = await wire(host, world.system.url, { connected: () => true, closed: () => false })
  await mcp.close()
  const got = app.routes.filter(({ method, path }) => method === 'GET' && !FOR_PROGRAMS.test(path))
  return [...new Set(got.map(({ path }) => path))]
}

test('every_page_was_looked_at', async () => {
  const unseen = (await patterns()).filter(
    (pattern) => ![...seen].some((path) => matching(pattern).test(path)),
  )
  expect(unseen).toEqual([])
})
