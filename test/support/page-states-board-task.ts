// The page of a task in its states, for the tests of every page.
import type { Page } from 'playwright-core'
import { agentOf } from './accounts.ts'
import { fillTaskScene } from './board-task-scene.ts'
import { at, NOWHERE, type State } from './page-ways.ts'
import { LONG, type World } from './page-world.ts'

type Made = Awaited<ReturnType<typeof fillTaskScene>> & Readonly<{ long: string }>

const fill = async ({ system, accounts }: World): Promise<Made> => {
  await using agent = await agentOf(system, accounts.owner)
  await using writer = await agentOf(system, accounts.owner, { without: ['loops:approve'] })
  const made = await fillTaskScene(agent, writer)
  const { task } = await agent.call('create_task', {
    title: LONG,
    body: `# ${LONG}\n\n${LONG}\n\n    ${LONG}\n\n| a | ${LONG} |\n|-|-|\n| b | @Bo |`,
    labels: ['x'.repeat(50), '<b>bold</b>'],
  })
  const text = `${LONG} <script>alert(1)</script> [x](javascript:alert(1))`
  await agent.call('add_comment', { task_id: task.id, text, kind: 'outcome' })
  return { ...made, long: task.id }
}

const made = new WeakMap<World, Promise<Made>>()
/** What the states show is made once in a world, by the first that is looked at. */
const madeIn = (world: World): Promise<Made> => {
  const known = made.get(world) ?? fill(world)
  made.set(world, known)
  return known
}

const task =
  (name: keyof Made, more = '') =>
  async (page: Page, world: World): Promise<unknown> =>
    at(`/tasks/${(await madeIn(world))[name]}${more}`)(page, world)

export const TASK_PAGES: readonly State[] = [
  { name: 'task_at_work', as: 'owner', open: task('held') },
  { name: 'task_changed_since_its_approval', as: 'owner', open: task('rewritten') },
  { name: 'task_on_hold_by_a_question', as: 'member', open: task('asked') },
  {
    name: 'task_with_long_and_hostile_texts',
    as: 'owner',
    open: async (page, world) => {
      await task('long')(page, world)
      for (const closed of await page.locator('.task details:not(.menu)').all())
        await closed.evaluate((element) => element.setAttribute('open', ''))
    },
  },
  { name: 'task_for_a_viewer', as: 'viewer', open: task('held') },
  {
    name: 'task_changed_by_somebody_else_meanwhile',
    as: 'owner',
    open: async (page, world) => {
      await task('bare')(page, world)
      await page.locator('details.edit').first().locator('summary').click()
      await page.locator('textarea[name=body]').fill('A text of mine.')
      await page.evaluate(() => {
        const field = document.querySelector<HTMLInputElement>('.edit [name=expected_version]')
        if (field) field.value = '99'
      })
      await page.locator('details.edit').first().getByRole('button', { name: 'Save' }).click()
      await page.locator('.diff .added').first().waitFor()
    },
  },
  { name: 'task_that_is_to_wait_for_another', as: 'owner', open: task('bare', '?q=old') },
  { name: 'task_to_be_deleted', as: 'owner', open: task('bare', '/delete') },
  { name: 'no_such_task', as: 'member', open: at(`/tasks/${NOWHERE}`) },
]
