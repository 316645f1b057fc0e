// The pages of imports and exports in every state, each as the way there in a browser.
import type { Page } from 'playwright-core'
import { at, type State, send } from './page-ways.ts'
import { LONG, type World } from './page-world.ts'

const ISSUES = [
  { id: 'b-1', title: LONG, priority: 0, due_at: 'soon' },
  { id: 'b-2', title: 'Second', status: 'closed' },
  { _type: 'memory', id: 'b-3' },
]

/** Pastes issues into the form of an import, and looks at what would happen. */
const looked = async (page: Page, world: World): Promise<void> => {
  await at('/import')(page, world)
  await page.getByLabel('From', { exact: true }).selectOption('beads')
  await page.getByLabel('Or paste its text').fill(ISSUES.map((issue) => JSON.stringify(issue)).join('\n'))
  await send(page, 'Show what would happen')
  await page.getByRole('heading', { name: 'What would happen' }).waitFor()
}

export const IMPORTS_AND_EXPORTS: readonly State[] = [
  { name: 'import', as: 'owner', open: at('/import') },
  {
    name: 'import_with_a_fault',
    as: 'owner',
    open: async (page, world) => {
      await at('/import')(page, world)
      await send(page, 'Show what would happen')
      await page.getByRole('alert').waitFor()
    },
  },
  { name: 'import_looked_at', as: 'owner', open: looked },
  {
    name: 'import_done',
    as: 'owner',
    open: async (page, world) => {
      await looked(page, world)
      await page.getByRole('main').getByRole('button', { name: 'Import', exact: true }).click()
      await page.getByRole('heading', { name: /^Import(ing|ed)$/ }).waitFor()
      for (const done = page.getByRole('heading', { name: 'Imported' }); !(await done.isVisible()); )
        await page.reload()
    },
  },
  { name: 'export', as: 'owner', open: at('/export') },
]
