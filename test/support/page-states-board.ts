// Every page of the board in every state, the queue's own among them: one list of what its pages bring.
import { BOARD_LOOP } from './page-states-board-loop.ts'
import { TASK_PAGES } from './page-states-board-task.ts'
import { TRIAGE_PAGES } from './page-states-board-triage.ts'
import { VIEW_PAGES } from './page-states-board-views.ts'
import { IMPORTS_AND_EXPORTS } from './page-states-imports.ts'
import { at, type State } from './page-ways.ts'

const QUEUE: readonly State[] = [
  { name: 'queue', as: 'owner', open: at('/') },
  { name: 'queue_of_a_viewer', as: 'viewer', open: at('/') },
  { name: 'queue_of_shipped_loops', as: 'member', open: at('/?show=shipped') },
  {
    name: 'queue_with_the_menu_of_a_loop',
    as: 'owner',
    open: async (page, world) => {
      await at('/')(page, world)
      await page.locator('ol.loops details.menu > summary').first().press('Enter')
    },
  },
  {
    name: 'queue_with_a_new_loop_that_has_no_name',
    as: 'owner',
    open: async (page, world) => {
      await at('/')(page, world)
      await page.locator('#new-loop > summary').press('Enter')
      await page.evaluate(() => {
        for (const form of document.forms) form.noValidate = true
      })
      await page.locator('#new-loop button').last().press('Enter')
      await page.getByRole('alert').waitFor()
    },
  },
  { name: 'first_steps_on_the_queue', as: 'stranger', open: at('/') },
]

/** The states of the board. */
export const BOARD: readonly State[] = [
  ...QUEUE,
  ...TRIAGE_PAGES,
  ...BOARD_LOOP,
  ...TASK_PAGES,
  ...VIEW_PAGES,
  ...IMPORTS_AND_EXPORTS,
]
