// A day on the board with a mouse or a finger: by what can be seen and pressed, with a script or without one.
import type { Locator, Page } from 'playwright-core'
import type { Account } from './accounts.ts'
import type { Way } from './day.ts'

/** How things are pressed, and whether they can be dragged. */
export type Pointer = Readonly<{ press: (what: Locator) => Promise<void>; drags: boolean }>

export const MOUSE: Pointer = { press: (what) => what.click(), drags: true }
/** Without a script nothing can be dragged. */
export const PLAIN_MOUSE: Pointer = { ...MOUSE, drags: false }
export const FINGER: Pointer = { press: (what) => what.tap(), drags: false }

/** Drags a row to where another is, on its upper or its lower half, as a hand does: a little at a time. */
const drag = async (page: Page, row: Locator, to: Locator, half: 'upper' | 'lower'): Promise<void> => {
  await to.scrollIntoViewIfNeeded()
  await row.locator('.grip').hover()
  await page.mouse.down()
  const { x = 0, y = 0, height = 0 } = (await to.boundingBox()) ?? {}
  await page.mouse.move(x + 200, y + (half === 'upper' ? 4 : height - 4), { steps: 8 })
  await page.mouse.up()
}

/** Follows a link to another page. What is there at once may still be the page that is left. */
const following =
  (page: Page, { press }: Pointer) =>
  async (link: Locator): Promise<void> => {
    await Promise.all([page.waitForEvent('load'), press(link)])
  }

const triaging = (page: Page, pointer: Pointer) => {
  const { press } = pointer
  const follow = following(page, pointer)
  const button = (within: Locator, name: string) => within.getByRole('button', { name, exact: true })
  /** The task, open beside the list. */
  const open = async (title: string): Promise<Locator> => {
    const back = page.getByRole('link', { name: 'Back to the list' })
    if (!page.url().includes('/triage')) await follow(page.getByRole('link', { name: 'Triage', exact: true }))
    // Where there is room for one of both.
    else if (await back.isVisible()) await press(back)
    await press(page.locator('.tasks').getByRole('link', { name: title, exact: true }))
    return page.getByRole('article', { name: title, exact: true })
  }
  const menu = async (title: string, name: string): Promise<Locator> => {
    const found = (await open(title)).locator('details.property', { hasText: name })
    await press(found.locator('summary'))
    return found
  }
  return {
    decide: async (title, decision) => press(button(await open(title), decision)),
    takeInto: async (title, loop) => {
      const items = await menu(title, 'Into a loop…')
      await items.getByRole('combobox', { name: 'Loop' }).selectOption(loop)
      await press(button(items, 'Move and approve'))
    },
    prioritize: async (title, priority) => press(button(await menu(title, 'Priority'), priority)),
    schedule: async (title, day) => {
      const items = await menu(title, 'Due date')
      await items.getByLabel('Due date').fill(day)
      await press(button(items, 'Save'))
    },
    edit: async (title, body) => {
      const pane = await open(title)
      await press(pane.locator('details.edit > summary'))
      await pane.getByLabel('Text').fill(body)
      await press(button(pane, 'Save'))
    },
    comment: async (title, text) => {
      const pane = await open(title)
      await pane.getByLabel('Comment').fill(text)
      await press(button(pane, 'Send'))
    },
    answer: async (text) => {
      await follow(page.getByRole('link', { name: 'Triage', exact: true }))
      await page.getByLabel('Your answer').fill(text)
      await press(page.getByRole('button', { name: 'Answer and approve again' }))
    },
  } satisfies Partial<Way>
}

const ordering = (page: Page, pointer: Pointer) => {
  const { press, drags } = pointer
  const follow = following(page, pointer)
  const open = () => follow(page.getByRole('link', { name: 'Queue', exact: true }))
  const link = (name: string) => page.getByRole('link', { name, exact: true })
  const loopOf = (name: string) => page.locator('.loops').getByRole('link', { name, exact: true })
  const card = (title: string) => page.locator('.task-card', { hasText: title })
  return {
    order: async (loop, position) => {
      await open()
      const rows = page.locator('ol.loops > li')
      const row = rows.filter({ has: link(loop) })
      if (drags) {
        const names = await rows.locator('.what > a').allTextContents()
        const half = position < names.indexOf(loop) ? 'upper' : 'lower'
        return drag(page, row, rows.nth(position), half)
      }
      await press(row.locator('.menu > summary'))
      await row.getByLabel('Position').fill(String(position))
      await press(row.getByRole('button', { name: 'Move', exact: true }))
    },
    start: async (loop, title) => {
      await open()
      await follow(loopOf(loop))
      if (drags) return card(title).dragTo(page.locator('#column-in_progress'))
      await press(card(title).locator('.menu > summary'))
      await press(card(title).getByRole('button', { name: 'Start' }))
    },
    ship: async (loop, left) => {
      await open()
      await follow(loopOf(loop))
      await press(page.getByRole('button', { name: 'Ship…' }))
      await page.locator('.left').getByRole('link', { name: left }).waitFor()
      await page.frameLocator('iframe.mail').getByText(loop).first().waitFor()
      await press(page.getByRole('button', { name: 'Ship it' }))
    },
  } satisfies Partial<Way>
}

/** The day of somebody who points at things. */
export const byPointer = (page: Page, site: string, pointer: Pointer): Way => {
  const { press } = pointer
  return {
    ...triaging(page, pointer),
    ...ordering(page, pointer),
    signIn: async ({ email, password }: Account) => {
      await page.goto(`${site}/sign-in`)
      await page.getByLabel('Email').fill(email)
      await page.getByLabel('Password').fill(password)
      await press(page.getByRole('button', { name: 'Sign in' }))
      await page.waitForURL(`${site}/`)
    },
    file: async (title) => {
      await press(page.locator('#new-task > summary'))
      await page.getByLabel('What is to be done').fill(title)
      await press(page.getByRole('button', { name: 'File task' }))
    },
    undo: () => press(page.getByRole('button', { name: 'Undo' })),
    search: async (text, title) => {
      await page.getByRole('banner').getByRole('searchbox').fill(text)
      await page.keyboard.press('Enter')
      await press(page.locator('.found').getByRole('link', { name: title }))
      await page.getByRole('heading', { name: title, level: 1 }).waitFor()
    },
    recall: async (sentence) => {
      await following(page, pointer)(page.getByRole('link', { name: 'Activity', exact: true }))
      await page.locator('.activity li', { hasText: sentence }).first().waitFor()
    },
    told: (sentence) => page.locator('.done', { hasText: sentence }).waitFor(),
  }
}
