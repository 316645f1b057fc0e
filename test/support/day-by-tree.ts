// A day on the board by a screen reader: everything is found by its role and its name in the browser's accessibility tree.
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Way } from './day.ts'
import { type Listener, onlyWhere } from './listening.ts'
import type { Reader, Within } from './screen-reader.ts'

/** Types over what is in a field. */
const typing =
  (page: Page, reader: Reader) =>
  async (role: string, name: string, text: string, within?: Within): Promise<void> => {
    await reader.goTo(role, name, within)
    await page.keyboard.press('Control+A')
    await page.keyboard.type(text)
  }

const triaging = (page: Page, reader: Reader) => {
  const type = typing(page, reader)
  /** Opens a task from the list. */
  const open = async (title: string): Promise<Within> => {
    if (!page.url().includes('/triage')) await reader.press('link', 'Triage', ['navigation', 'Main'])
    await reader.press('link', title, ['region', 'Open tasks'])
    return ['article', title]
  }
  return {
    decide: async (title, decision) => reader.press('button', decision, await open(title)),
    undo: () => reader.press('button', 'Undo'),
    takeInto: async (title, loop) => {
      const task = await open(title)
      await reader.press('DisclosureTriangle', 'Loop: Into a loop…', task)
      await reader.goTo('combobox', 'Loop', task)
      await page.keyboard.type(loop)
      await reader.press('button', 'Move and approve', task)
    },
    prioritize: async (title, priority) => {
      const task = await open(title)
      await reader.press('DisclosureTriangle', 'Priority: No priority', task)
      await reader.press('button', priority, task)
    },
    schedule: async (title, day) => {
      const [year, month, of_month] = day.split('-')
      const task = await open(title)
      await reader.press('DisclosureTriangle', 'Due date: Due date', task)
      await reader.goTo('Date', 'Due date', task)
      await page.keyboard.type(`${month}${of_month}${year}`)
      await reader.press('button', 'Save', task)
    },
    edit: async (title, body) => {
      const task = await open(title)
      await reader.press('DisclosureTriangle', 'Edit', task)
      await type('textbox', 'Text', body, task)
      await reader.press('button', 'Save', task)
    },
    comment: async (title, text) => {
      const task = await open(title)
      await type('textbox', 'Comment', text, task)
      await reader.press('button', 'Send', task)
    },
    answer: async (text) => {
      const questions: Within = ['region', 'Waiting for an answer']
      await type('textbox', 'Your answer', text, questions)
      await reader.press('button', 'Answer and approve again', questions)
    },
  } satisfies Partial<Way>
}

const ordering = (page: Page, reader: Reader) => {
  const type = typing(page, reader)
  const list: Within = ['list', 'Active loops, the first to be worked on first']
  const open = async (loop: string): Promise<void> => {
    await reader.press('link', 'Queue', ['navigation', 'Main'])
    await reader.press('link', loop, list)
  }
  return {
    order: async (loop, position) => {
      await reader.press('DisclosureTriangle', `Actions for ${loop}`, list)
      await type('spinbutton', 'Position (0 = first)', String(position), list)
      await page.keyboard.press('Enter')
      // The order of reading is the order of work.
      await expect
        .poll(async () => {
          const names = await reader.namesOf('DisclosureTriangle', list)
          return names.filter((name) => name.startsWith('Actions for')).indexOf(`Actions for ${loop}`)
        })
        .toBe(position)
    },
    start: async (loop, title) => {
      await open(loop)
      const before: Within = ['region', 'Approved 2']
      await expect
        .poll(() => reader.namesOf('link', before))
        .toEqual(['Index the comments', 'Choose a colour for the button'])
      await reader.press('DisclosureTriangle', `Change “${title}”`, before)
      await reader.press('button', 'Start', before)
      await reader.goTo('link', title, ['region', 'In progress 1'])
    },
    ship: async (loop, left) => {
      await open(loop)
      await reader.press('button', 'Ship…')
      await reader.goTo('link', left, ['region', '1 task is unfinished'])
      await reader.press('button', 'Ship it')
    },
  } satisfies Partial<Way>
}

/** The day of somebody who hears what is on the screen. */
export const byTree = (page: Page, site: string, reader: Reader, listener: Listener): Way => {
  const type = typing(page, reader)
  return {
    ...triaging(page, reader),
    ...ordering(page, reader),
    signIn: async ({ email, password }) => {
      await page.goto(`${site}/sign-in`)
      await type('textbox', 'Email', email)
      await type('textbox', 'Password', password)
      await reader.press('button', 'Sign in')
    },
    file: async (title) => {
      await reader.press('DisclosureTriangle', 'New task')
      await type('textbox', 'What is to be done, in one line', title)
      await reader.press('button', 'File task')
    },
    search: async (text, title) => {
      await type('searchbox', 'Search tasks, loops and comments', text, ['search', ''])
      await page.keyboard.press('Enter')
      await reader.press('link', title, ['main', ''])
      await reader.hasText('Filed by')
    },
    recall: async (sentence) => {
      await reader.press('link', 'Activity', ['navigation', 'Main'])
      await reader.hasText(sentence)
    },
    told: (sentence) => onlyWhere(page, listener, sentence),
  }
}
