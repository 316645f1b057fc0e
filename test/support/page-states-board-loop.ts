// The page of a loop in its states.
import type { TaskStatus } from '../../shared/contracts/define/common.ts'
import { agentOf } from './accounts.ts'
import { at, type State } from './page-ways.ts'
import { LONG, type World } from './page-world.ts'

/** A loop with tasks of every status, and with texts that try to break its page. */
const fullLoop = async ({ system, accounts }: World): Promise<Readonly<{ id: string; task_id: string }>> => {
  await using agent = await agentOf(system, accounts.owner)
  const about = { description: `**${LONG}**`, ai_context: `# How\n\n\`${LONG}\`` }
  const { loop } = await agent.call('create_loop', { name: LONG, visibility: 'private', ...about })
  const file = async (
    title: string,
    path: readonly TaskStatus[],
    more: Readonly<Record<string, unknown>> = {},
  ) => {
    const { task } = await agent.call('create_task', { title, loop_id: loop.id, ...more })
    for (const status of path) await agent.call('update_task', { task_id: task.id, status })
    return task.id
  }
  const first = await file(LONG, [], { priority: 'urgent', labels: ['api', 'x'.repeat(50)] })
  await file('Overdue', ['approved'], { due_date: '2020-01-02', blocked_by: [first] })
  const held = await file('Held', ['approved'])
  await agent.call('claim_task', { task_id: held, agent: LONG.slice(0, 100) })
  await file('Paused', ['on_hold'], { due_date: '2030-01-02' })
  await file('Done', ['approved', 'in_progress', 'shipped'])
  await file('Refused', ['rejected'], { priority: 'low' })
  await agent.call('add_comment', {
    loop_id: loop.id,
    text: `> ${LONG}\n\n| a | b |\n|---|---|\n| 1 | 2 |`,
    kind: 'question',
  })
  return { id: loop.id, task_id: first }
}

const loopIn = async ({ system, accounts }: World, state: 'on_hold' | 'shipped'): Promise<string> => {
  await using agent = await agentOf(system, accounts.owner)
  const { loop } = await agent.call('create_loop', { name: 'Search', description: 'Find it.' })
  await agent.call('create_task', { title: 'Rank', loop_id: loop.id })
  await agent.call(state === 'on_hold' ? 'close_loop' : 'ship_loop', { loop_id: loop.id })
  return loop.id
}

/** States of `/loops/:id` and of the pages below it. */
export const BOARD_LOOP: readonly State[] = [
  {
    name: 'loop_full',
    as: 'owner',
    open: async (page, world) => at(`/loops/${(await fullLoop(world)).id}`)(page, world),
  },
  {
    name: 'loop_one_status',
    as: 'owner',
    open: async (page, world) => at(`/loops/${(await fullLoop(world)).id}?status=open`)(page, world),
  },
  {
    name: 'loop_moving_a_task',
    as: 'owner',
    open: async (page, world) => {
      const { id, task_id } = await fullLoop(world)
      await at(`/loops/${id}?move=${task_id}`)(page, world)
    },
  },
  {
    name: 'loop_with_a_conflict',
    as: 'owner',
    open: async (page, world) => {
      const { id } = await fullLoop(world)
      await at(`/loops/${id}`)(page, world)
      await page.locator('#edit > summary').click()
      await page.locator('#edit-description').fill(`Mine ${LONG}`)
      await world.accounts.owner.browser.submit(`/loops/${id}`, { description: `Theirs ${LONG}` })
      await page.locator('#edit-form').getByRole('button').click()
      await page.getByRole('alert').waitFor()
    },
  },
  {
    name: 'loop_before_it_ships',
    as: 'owner',
    open: async (page, world) => at(`/loops/${(await fullLoop(world)).id}/ship`)(page, world),
  },
  {
    name: 'loop_on_hold',
    as: 'member',
    open: async (page, world) => at(`/loops/${await loopIn(world, 'on_hold')}`)(page, world),
  },
  {
    name: 'loop_shipped',
    as: 'viewer',
    open: async (page, world) => at(`/loops/${await loopIn(world, 'shipped')}`)(page, world),
  },
]
