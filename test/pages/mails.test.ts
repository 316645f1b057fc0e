// The mails in a real browser. They are readable in every language, scheme and width, complete without loading anything,
// and made of our nodes alone whatever people write.
import fc from 'fast-check'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { LANGUAGES } from '../../shared/contracts/define/language.ts'
import { launchBrowser } from '../support/chromium.ts'
import { anyText, HOSTILE_TEXTS } from '../support/hostile-texts.ts'
import { MAILS, MAILS_SAYING, shippedMail, taskLines } from '../support/mails.ts'
import { faultsOf, overflowOf, visibleFaultsOf } from '../support/page-looks.ts'

/** Set to a folder, it gets a screenshot of every mail in every language, scheme and width. */
const PICTURES = process.env.PICTURES
const NARROW = 360
const WIDE = 1_000
const named = <T>(mails: Readonly<Record<string, T>>, name: string): T => mails[name] as T

let browser: Browser
let page: Page

// One window for all: each mail replaces what was in it, and a new window costs more than a look at a mail.
beforeAll(async () => {
  browser = await launchBrowser()
  page = await browser.newPage()
})
afterAll(() => browser?.close())
beforeEach(() => show('light', WIDE))

/** Accessibility faults. A mail is shown within the page of a mail program, which has the landmarks. */
const mailFaults = async (find: typeof faultsOf): Promise<string[]> =>
  (await find(page)).filter((fault) => !/^(landmark-one-main|region):/.test(fault))

/** The colours of an element's text and of what lies behind it. */
const coloursOf = (selector: string) =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => {
      let behind: Element | null = element
      const backgroundOf = (one: Element) => getComputedStyle(one).backgroundColor
      while (behind?.parentElement && backgroundOf(behind) === 'rgba(0, 0, 0, 0)')
        behind = behind.parentElement
      return { text: getComputedStyle(element).color, behind: behind && backgroundOf(behind) }
    })

const show = async (colorScheme: 'light' | 'dark', width: number): Promise<void> => {
  await page.emulateMedia({ colorScheme })
  await page.setViewportSize({ width, height: 500 })
}

describe.each(Object.keys(MAILS))('the mail %s', (name) => {
  test.each(Object.keys(LANGUAGES))('is_accessible_and_fits_in_%s', async (language) => {
    const { html } = await named(MAILS, name)(language)
    await page.setContent(html)
    for (const [colorScheme, width, find] of [
      ['light', WIDE, faultsOf],
      ['dark', NARROW, visibleFaultsOf],
    ] as const) {
      await show(colorScheme, width)
      const looks = { faults: await mailFaults(find), overflow: await overflowOf(page) }
      expect([colorScheme, looks]).toEqual([colorScheme, { faults: [], overflow: 0 }])
    }
  })
  if (PICTURES !== undefined)
    test('is_pictured', async () => {
      for (const language of Object.keys(LANGUAGES)) {
        await page.setContent((await named(MAILS, name)(language)).html)
        for (const colorScheme of ['light', 'dark'] as const)
          for (const width of [NARROW, WIDE]) {
            await show(colorScheme, width)
            const path = `${PICTURES}/${name}-${language}-${colorScheme}-${width}.png`
            await page.screenshot({ path, fullPage: true })
          }
      }
    })
  test('is_dark_for_readers_who_prefer_dark', async () => {
    await page.setContent((await named(MAILS, name)('en')).html)
    const seen: unknown[] = []
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme })
      seen.push([await coloursOf('h1'), await coloursOf('.button a'), await coloursOf('.muted div')])
    }
    expect(seen).toMatchObject([
      [{ text: 'rgb(26, 32, 30)', behind: 'rgb(255, 255, 255)' }, { behind: 'rgb(11, 107, 93)' }, {}],
      [{ text: 'rgb(232, 236, 234)', behind: 'rgb(27, 31, 30)' }, { behind: 'rgb(99, 210, 189)' }, {}],
    ])
  })
  test('loads_nothing_from_elsewhere', async () => {
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.setContent((await named(MAILS, name)('en')).html, { waitUntil: 'networkidle' })
    expect(asked).toEqual([])
  })
  // The others hold no text that people write.
  if (Object.hasOwn(MAILS_SAYING, name)) {
    test('consists_of_our_nodes_alone_whatever_people_write', async () => {
      const mails: string[] = []
      const texts = [...HOSTILE_TEXTS, ...fc.sample(anyText, 40)]
      for (const text of ['harmless', ...texts])
        mails.push((await named(MAILS_SAYING, name)('en', text)).html)
      const [usual, ...hostile] = await page.evaluate(
        (all) =>
          all.map((html) => {
            const parsed = new DOMParser().parseFromString(html, 'text/html')
            const nodes = document.createTreeWalker(parsed, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_COMMENT)
            const found: string[] = []
            while (nodes.nextNode()) {
              const node = nodes.currentNode
              const attributes = node instanceof Element ? [...node.attributes] : []
              const kept = attributes.filter(({ name }) => name !== 'aria-label')
              found.push(`${node.nodeName} ${kept.map(({ name, value }) => `${name}=${value}`).join(' ')}`)
            }
            return found
          }),
        mails,
      )
      expect(usual?.length).toBeGreaterThan(40)
      for (const [index, nodes] of hostile.entries())
        expect([texts[index], nodes]).toEqual([texts[index], usual])
    })
    test('long_words_and_names_fit_on_a_phone', async () => {
      const { html } = await named(MAILS_SAYING, name)('de', 'Donaudampfschifffahrt'.repeat(9))
      await page.setViewportSize({ width: 320, height: 800 })
      await page.setContent(html)
      expect(await overflowOf(page)).toBe(0)
    })
  }
})

test('a_mail_in_arabic_runs_from_right_to_left_and_names_stay_whole', async () => {
  await page.setViewportSize({ width: WIDE, height: 800 })
  await page.setContent((await shippedMail('ar')).html)
  const left = async (selector: string) =>
    (await page.locator(selector).first().boundingBox())?.x ?? Number.NaN
  expect(await left('li td:nth-child(1)')).toBeGreaterThan(await left('li td:nth-child(2) bdi'))
  expect(await left('.button a')).toBeGreaterThan(WIDE / 2)
  expect(
    await page.locator('bdi', { hasText: 'Claude Code' }).evaluate((bdi) => getComputedStyle(bdi).direction),
  ).toBe('ltr')
})

test('a_name_that_runs_the_other_way_leaves_the_words_around_it_in_their_order', async () => {
  await page.setViewportSize({ width: WIDE, height: 800 })
  const by = { user_id: '01JD3Z00000000000000000002', name: 'דנה (QA) 1', client: '' }
  await page.setContent((await shippedMail('en', { by })).html)
  const [before, name, after] = await page.locator('p', { hasText: 'shipped this loop' }).evaluate((line) =>
    [...line.childNodes].slice(-4, -1).map((node) => {
      const range = document.createRange()
      range.selectNodeContents(node)
      return range.getClientRects()[0]?.left ?? Number.NaN
    }),
  )
  expect([before, name, after]).toEqual([before, name, after].toSorted((a = 0, b = 0) => a - b))
})

test('the_longest_list_is_twenty_lines', async () => {
  await page.setContent(
    (
      await shippedMail('en', {
        shipped_tasks: taskLines(20, 'A task', 'shipped'),
        unfinished_tasks: taskLines(20, 'Another', 'open'),
      })
    ).html,
  )
  expect(await page.getByRole('listitem').count()).toBe(20)
})
