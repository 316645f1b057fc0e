// A day on the board with the keyboard alone: single keys, Tab and Enter. Nothing is pressed or focused but by a key.
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Way } from './day.ts'
import { type Listener, onlyWhere } from './listening.ts'
import type { Reader } from './screen-reader.ts'

/** No page of the day has more places to stop at, and no list more rows. */
const MAX_STOPS = 120
const MAX_ROWS = 30

const KEYS = { Approve: '1', Reject: '3', Hold: 'h' } as const

/** Moving about by keys. */
const moving = (page: Page, reader: Reader) => {
  const { keyboard } = page
  /** Presses Tab until this has the focus: `button Ship it`. */
  const tabTo = async (told: string): Promise<void> => {
    for (let stops = 0; stops < MAX_STOPS; stops += 1) {
      await keyboard.press('Tab')
      if ((await reader.focused()) === told) return
    }
    throw new Error(`Tab does not lead to ${told}`)
  }
  const loaded = async (work: () => Promise<void>): Promise<void> => {
    await Promise.all([page.waitForEvent('load'), work()])
    await page.locator('html.scripted').waitFor()
  }
  /** Presses the key that J and K move by, until a row or a pane shows this. */
  const rowTo = async (now: () => Promise<string>, wanted: string): Promise<void> => {
    for (let rows = 0; rows < MAX_ROWS; rows += 1) {
      const before = await now()
      if (before === wanted) return
      await keyboard.press('j')
      await expect.poll(now).not.toBe(before)
    }
    throw new Error(`J does not lead to ${wanted}`)
  }
  const place = async (name: string): Promise<void> => {
    await tabTo(`link ${name}`)
    await loaded(() => keyboard.press('Enter'))
  }
  return { tabTo, loaded, rowTo, place }
}

const triaging = (page: Page, reader: Reader) => {
  const { keyboard } = page
  const { tabTo, rowTo, place } = moving(page, reader)
  /** Shows a task, from where the last one was left. */
  const show = async (title: string): Promise<void> => {
    if (!page.url().includes('/triage')) await place('Triage')
    await rowTo(async () => ((await page.locator('.pane > h2').textContent()) ?? '').trim(), title)
  }
  const press = async (...keys: readonly string[]): Promise<void> => {
    for (const key of keys) await keyboard.press(key)
  }
  return {
    decide: async (title, decision) => {
      await show(title)
      await press(KEYS[decision])
    },
    takeInto: async (title, loop) => {
      await show(title)
      await press('2')
      await keyboard.type(loop)
      await press('Tab', 'Tab', 'Enter')
    },
    prioritize: async (title, priority) => {
      await show(title)
      await press('p')
      await tabTo(`button ${priority}`)
      await press('Enter')
    },
    schedule: async (title, day) => {
      const [year, month, of_month] = day.split('-')
      await show(title)
      await press('d')
      await keyboard.type(`${month}${of_month}${year}`)
      await press('Enter')
    },
    edit: async (title, body) => {
      await show(title)
      await press('e', 'Tab')
      await keyboard.type(body)
      await press('Tab', 'Enter')
    },
    comment: async (title, text) => {
      await show(title)
      await press('c')
      await keyboard.type(text)
      await press('Tab', 'Enter')
    },
    answer: async (text) => {
      await tabTo('textbox Your answer')
      await keyboard.type(text)
      await press('Tab', 'Enter')
    },
    undo: () => press('u'),
  } satisfies Partial<Way>
}

const ordering = (page: Page, reader: Reader) => {
  const { keyboard } = page
  const { tabTo, loaded, rowTo, place } = moving(page, reader)
  const rowNow = (): Promise<string> =>
    page.evaluate(() => document.activeElement?.closest('[data-row]')?.querySelector('a')?.textContent ?? '')
  const open = async (loop: string): Promise<void> => {
    await place('Queue')
    await rowTo(rowNow, loop)
    await loaded(() => keyboard.press('Enter'))
  }
  return {
    order: async (loop, position) => {
      await rowTo(rowNow, loop)
      if (position === 0) return keyboard.press('t')
      await keyboard.press('m')
      await tabTo('spinbutton Position (0 = first)')
      await keyboard.press('Control+A')
      await keyboard.type(String(position))
      await keyboard.press('Enter')
    },
    start: async (loop, title) => {
      await open(loop)
      await rowTo(rowNow, title)
      await tabTo(`DisclosureTriangle Change “${title}”`)
      await keyboard.press('Enter')
      await tabTo('button Start')
      await keyboard.press('Enter')
    },
    ship: async (loop, left) => {
      await open(loop)
      await tabTo('button Ship…')
      await keyboard.press('Enter')
      await page.locator('.left').getByRole('link', { name: left }).waitFor()
      await tabTo('button Ship it')
      await keyboard.press('Enter')
    },
  } satisfies Partial<Way>
}

/** The day of somebody who has no mouse. */
export const byKey = (page: Page, site: string, reader: Reader, listener: Listener): Way => {
  const { keyboard } = page
  const { tabTo, loaded, rowTo, place } = moving(page, reader)
  return {
    ...triaging(page, reader),
    ...ordering(page, reader),
    signIn: async ({ email, password }) => {
      await page.goto(`${site}/sign-in`)
      await tabTo('textbox Email')
      await keyboard.type(email)
      await tabTo('textbox Password')
      await keyboard.type(password)
      await loaded(() => keyboard.press('Enter'))
    },
    file: async (title) => {
      await keyboard.press('c')
      await keyboard.type(title)
      await keyboard.press('Enter')
    },
    search: async (text, title) => {
      await keyboard.press('/')
      await keyboard.type(text)
      await loaded(() => keyboard.press('Enter'))
      await rowTo(() => page.evaluate(() => document.activeElement?.textContent ?? ''), title)
      await loaded(() => keyboard.press('Enter'))
      await page.getByRole('heading', { name: title, level: 1 }).waitFor()
    },
    recall: async (sentence) => {
      await place('Activity')
      await page.locator('.activity li', { hasText: sentence }).first().waitFor()
    },
    told: (sentence) => onlyWhere(page, listener, sentence),
  }
}
