// Undo of each thing that can be undone on the board: it restores exactly, leaves alone what others changed, and is nobody else's.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  type Account,
  type Arrived,
  agentOf,
  joinWorkspace,
  openBrowser,
  signUp,
} from '../support/accounts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let ann: Account
let bo: Account
let bo_id: string
let agent: McpClient
const stack = new AsyncDisposableStack()

beforeAll(async () => {
  system = stack.use(await startSystem())
  ann = await signUp(system, { name: 'Ann', workspace: 'Acme' })
  bo = await joinWorkspace(system, ann, { name: 'Bo' })
  agent = stack.use(await agentOf(system, ann))
  const bos = stack.use(await agentOf(system, bo))
  bo_id = (await bos.call('create_task', { title: 'Whose?' })).task.author.user_id
  await agent.call('create_loop', { name: 'Stays' })
})
afterAll(() => stack.disposeAsync())

const makeLoop = async (visibility: 'public' | 'private' = 'public'): Promise<string> =>
  (await agent.call('create_loop', { name: 'Loop', visibility })).loop.id
const file = async (more: Record<string, unknown> = {}): Promise<string> =>
  (await agent.call('create_task', { title: 'Task', priority: 'low', ...more })).task.id
const order = async (): Promise<readonly string[]> =>
  (await agent.call('get_loop_queue', { limit: 200 })).loops.map(({ id }: { id: string }) => id)

/** What of a task a person can change, and undo. */
const taskState = async (task_id: string): Promise<unknown> => {
  const { task, blocked_by } = await agent.call('get_task', { task_id })
  const { status, priority, loop_id, due_date, labels = [] } = task
  return {
    status,
    priority,
    loop_id,
    due_date,
    labels,
    waits_for: blocked_by?.tasks.map(({ id }: { id: string }) => id) ?? [],
  }
}
const loopState = async (loop_id: string): Promise<unknown> => {
  const { loop } = await agent.call('get_loop', { loop_id })
  return [loop.status, loop.member_ids, await order()]
}

const note = ({ text }: Arrived): string =>
  (/<div class="done"[\s\S]*?<\/div>/.exec(text)?.[0] ?? '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim()
const offersUndo = ({ text }: Arrived): boolean => text.includes('action="/undo"')

/** One thing that a person does: what there has to be, the form, and a change by somebody else. */
type Doing = Readonly<{
  name: string
  make: () => Promise<string>
  path: (id: string) => string
  fields: (id: string) => Promise<Record<string, string>> | Record<string, string>
  state: (id: string) => Promise<unknown>
  meanwhile: (id: string) => Promise<unknown>
}>

const onTask = (
  name: string,
  fields: Doing['fields'],
  { path = (id) => `/tasks/${id}`, make = file }: Partial<Pick<Doing, 'path' | 'make'>> = {},
): Doing => ({
  name,
  make,
  path,
  fields,
  state: taskState,
  meanwhile: (task_id) => agent.call('update_task', { task_id, title: 'Changed by an agent' }),
})

const approved = async (): Promise<string> => {
  const task_id = await file()
  await agent.call('update_task', { task_id, status: 'approved' })
  return task_id
}

const DOINGS: readonly Doing[] = [
  onTask('approving', () => ({ status: 'approved' })),
  onTask('rejecting', () => ({ status: 'rejected' })),
  onTask('putting_on_hold', () => ({ status: 'on_hold' })),
  onTask('withdrawing_an_approval', () => ({ status: 'open' }), { make: approved }),
  onTask('a_priority', () => ({ priority: 'urgent' })),
  onTask('a_due_date', () => ({ due_date: '2031-01-31' })),
  onTask('taking_a_due_date_away', () => ({ due_date: '' }), {
    make: () => file({ due_date: '2031-01-31' }),
  }),
  onTask('moving_into_a_loop', async () => ({ loop_id: await makeLoop() })),
  onTask('taking_out_of_a_loop', () => ({ loop_id: '' }), {
    make: async () => file({ loop_id: await makeLoop() }),
  }),
  onTask('labels', () => ({ labels: 'sea, fun' }), {
    path: (id) => `/tasks/${id}/labels`,
    make: () => file({ labels: ['land'] }),
  }),
  onTask('something_to_wait_for', async () => ({ add_blocker: await file() }), {
    path: (id) => `/tasks/${id}/blockers`,
  }),
  {
    name: 'moving_a_loop',
    make: () => makeLoop(),
    path: (id) => `/loops/${id}/move`,
    fields: () => ({ move: 'top' }),
    state: loopState,
    meanwhile: async () =>
      agent.call('set_loop_priority', { loop_id: (await order()).at(-1) ?? '', priority: 0 }),
  },
  {
    name: 'holding_a_loop',
    make: async () => {
      const id = await makeLoop()
      await agent.call('set_loop_priority', { loop_id: id, priority: 0 })
      return id
    },
    path: () => '/queue/hold',
    fields: (id) => ({ loop_id: id }),
    state: loopState,
    meanwhile: (loop_id) => agent.call('update_loop', { loop_id, name: 'Changed by an agent' }),
  },
  {
    name: 'reopening_a_loop',
    make: async () => {
      const id = await makeLoop()
      await agent.call('close_loop', { loop_id: id })
      return id
    },
    path: (id) => `/loops/${id}`,
    fields: () => ({ reopen: 'true' }),
    state: loopState,
    meanwhile: (loop_id) => agent.call('update_loop', { loop_id, name: 'Changed by an agent' }),
  },
]

describe.each(DOINGS.map((doing) => [doing.name, doing] as const))('undo of %s', (_, doing) => {
  test('restores_what_was', async () => {
    const id = await doing.make()
    const given = await doing.fields(id)
    const before = await doing.state(id)
    const done = await ann.browser.submit(doing.path(id), given)
    expect([done.status, offersUndo(done)]).toEqual([200, true])
    expect(await doing.state(id)).not.toEqual(before)
    const undone = await ann.browser.submit('/undo', {})
    expect([note(undone), offersUndo(undone)]).toEqual(['Undone.', false])
    expect(await doing.state(id)).toEqual(before)
    expect(note(await ann.browser.submit('/undo', {}))).toBe('There is nothing to undo any more.')
  })

  test('leaves_what_somebody_else_has_changed_since', async () => {
    const id = await doing.make()
    await ann.browser.submit(doing.path(id), await doing.fields(id))
    await doing.meanwhile(id)
    const theirs = await doing.state(id)
    expect(note(await ann.browser.submit('/undo', {}))).toBe('It has changed since, so it was left as it is.')
    expect(await doing.state(id)).toEqual(theirs)
  })
})

test('undo_of_a_member_of_a_private_loop_takes_them_out_and_back_in', async () => {
  const loop_id = await makeLoop('private')
  const members = async () => (await agent.call('get_loop', { loop_id })).loop.member_ids
  const before = await members()
  const send = (member: string) => ann.browser.submit(`/loops/${loop_id}`, { user_id: bo_id, member })
  expect(offersUndo(await send('true'))).toBe(true)
  expect(await members()).toContain(bo_id)
  await ann.browser.submit('/undo', {})
  expect(await members()).toEqual(before)
  await send('true')
  await send('false')
  await ann.browser.submit('/undo', {})
  expect(await members()).toContain(bo_id)
})

test('undo_of_a_move_is_not_refused_because_of_a_loop_that_the_person_does_not_see', async () => {
  const loop_id = await makeLoop()
  const seen = async () =>
    [...(await bo.browser.open('/')).text.matchAll(/id="loop-(\w+)"/g)].map(([, id]) => id)
  const before = await seen()
  await bo.browser.submit(`/loops/${loop_id}/move`, { move: 'top' })
  const hidden = await makeLoop('private')
  await agent.call('set_loop_priority', { loop_id: hidden, priority: 0 })
  expect(note(await bo.browser.submit('/undo', {}))).toBe('Undone.')
  expect(await seen()).toEqual(before)
})

test('undo_of_an_approval_of_many_takes_back_each_but_those_that_were_changed_since', async () => {
  const tasks = Array.from({ length: 50 }, (_, n) => ({ title: `Of many ${n}` }))
  const { results } = await agent.call('create_tasks', { tasks })
  const ids: readonly string[] = results.flatMap(({ task }) => task?.id ?? [])
  const page = await ann.browser.open('/triage')
  const seen = Object.fromEntries(
    [...page.text.matchAll(/name="(version_\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [
      name,
      value,
    ]),
  )
  const form = {
    status: 'approved',
    task_ids: ids,
    ...Object.fromEntries(ids.map((id) => [`version_${id}`, seen[`version_${id}`] ?? ''])),
  }
  const done = await ann.browser.submit('/triage', form)
  expect(note(done)).toMatch(/^50 approved\. Undo$/)
  const [mine = ''] = ids
  await agent.call('update_task', { task_id: mine, priority: 'high' })
  expect(note(await ann.browser.submit('/undo', {}))).toBe('Undone, but for 1 that has changed since.')
  const states = await Promise.all(
    ids.map(async (task_id) => (await agent.call('get_task', { task_id })).task.status as string),
  )
  expect(states).toEqual(['approved', ...ids.slice(1).map(() => 'open')])
})

test('undo_is_gone_for_the_next_person_in_the_same_browser', async () => {
  const browser = openBrowser(system.url)
  const enter = ({ email, password }: Account) => browser.submit('/sign-in', { email, password })
  await enter(ann)
  const task_id = await file()
  expect(offersUndo(await browser.submit(`/tasks/${task_id}`, { status: 'approved' }))).toBe(true)
  await browser.submit('/sign-out', {})
  await enter(bo)
  expect(offersUndo(await browser.open(`/tasks/${task_id}`))).toBe(false)
  expect(note(await browser.submit('/undo', {}))).toBe('There is nothing to undo any more.')
  expect(await taskState(task_id)).toMatchObject({ status: 'approved' })
})
