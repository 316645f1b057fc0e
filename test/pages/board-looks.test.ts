// How the board looks: on paper, while it loads and changes, and in the README.
import { mkdir } from 'node:fs/promises'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentOf } from '../support/accounts.ts'
import { ENGLISH, fillPictureScene, type PictureScene } from '../support/board-picture-scene.ts'
import { launchBrowser } from '../support/chromium.ts'
import { countShifts, overflowOf, shiftsOf } from '../support/page-looks.ts'
import { type System, startSystem } from '../support/system.ts'

/** Set to a folder, it gets the pictures of the README. */
const PICTURES = process.env.PICTURES

let system: System
let browser: Browser
let scene: PictureScene
let context: BrowserContext
let page: Page

beforeAll(async () => {
  system = await startSystem()
  browser = await launchBrowser()
  scene = await fillPictureScene(system, ENGLISH)
  context = await browser.newContext({ viewport: { width: 1_200, height: 800 } })
  await countShifts(context)
  page = await context.newPage()
  await page.goto(`${system.url}/sign-in`)
  await page.getByLabel('Email').fill(scene.owner.email)
  await page.getByLabel('Password').fill(scene.owner.password)
  await page.keyboard.press('Enter')
  await page.waitForURL(`${system.url}/`)
})
afterAll(async () => {
  await browser?.close()
  await system?.stop()
})

const PAGES: Readonly<Record<string, () => string>> = {
  queue: () => '/',
  triage: () => `/triage?task=${scene.open}`,
  loop: () => `/loops/${scene.loop_id}`,
  task: () => `/tasks/${scene.held}`,
}
const NAMES = Object.keys(PAGES)
const open = async (name: string): Promise<void> => {
  await page.goto(`${system.url}${PAGES[name]?.() ?? ''}`)
  await page.locator('html.scripted').waitFor()
}

/** What a printer would be given of a page: what of it can only be used on a screen, and its colours. */
const onPaper = () =>
  page.evaluate(() => {
    const visible = [...document.querySelectorAll<HTMLElement>('body *')].filter((one) =>
      one.checkVisibility({ visibilityProperty: true, opacityProperty: true }),
    )
    const ofScreen = 'header.top, form, button, input, select, textarea, details.menu, .done, .offline, .skip'
    const text = visible.filter((one) =>
      [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim()),
    )
    const parts = (colour: string) => (colour.match(/[\d.]+/g) ?? []).map(Number)
    const isDark = (colour: string) =>
      parts(colour)
        .slice(0, 3)
        .every((part) => part <= 120)
    const isFilled = (colour: string) => {
      const [red = 0, green = 0, blue = 0, alpha = 1] = parts(colour)
      return alpha > 0 && Math.min(red, green, blue) < 250
    }
    const named = (one: Element) =>
      `${one.localName}.${one.className} ${one.textContent?.trim().slice(0, 30)}`
    return {
      on_screen_only: visible.filter((one) => one.matches(ofScreen)).map(named),
      pale: text.filter((one) => !isDark(getComputedStyle(one).color)).map(named),
      filled: visible
        .filter((one) => one instanceof HTMLElement && isFilled(getComputedStyle(one).backgroundColor))
        .map(named),
    }
  })

describe('on paper', () => {
  test.each(NAMES)('%s_is_black_on_white_and_only_what_can_be_read', async (name) => {
    await page.emulateMedia({ colorScheme: 'dark' })
    await open(name)
    await page.emulateMedia({ colorScheme: 'dark', media: 'print' })
    const looks = { ...(await onPaper()), overflow: await overflowOf(page) }
    const paper = await page.pdf({ format: 'A4' })
    if (PICTURES !== undefined)
      await page.screenshot({ path: `${PICTURES}/print-${name}.png`, fullPage: true })
    await page.emulateMedia({ colorScheme: 'light', media: 'screen' })
    expect(looks).toEqual({ on_screen_only: [], pale: [], filled: [], overflow: 0 })
    expect(paper.length).toBeGreaterThan(5_000)
  })
})

describe('nothing moves', () => {
  test.each(NAMES)('while_the_%s_loads_and_when_something_else_changes', async (name) => {
    await open(name)
    // These look again, and find nothing new to show.
    if (name === 'queue' || name === 'triage') {
      await using agent = await agentOf(system, scene.owner)
      const looked = page.waitForResponse((answer) => answer.url() === page.url() && answer.ok())
      await agent.call('add_comment', { task_id: scene.held, text: 'Noted.' })
      await looked
    }
    expect(await shiftsOf(page)).toEqual([])
  })
})

test.runIf(PICTURES !== undefined)('pictures_for_the_readme', async () => {
  const folder = PICTURES ?? ''
  await mkdir(folder, { recursive: true })
  for (const name of ['queue', 'triage', 'loop']) {
    await open(name)
    await page.setViewportSize({
      width: 1_200,
      height: name === 'triage' ? 960 : name === 'loop' ? 780 : 420,
    })
    await page.screenshot({ path: `${folder}/${name}.png` })
  }
})
