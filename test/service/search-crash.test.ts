// The index is whole after a kill at each of its steps, and holds what was there before it.
import { expect, test, vi } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

vi.setConfig({ testTimeout: 240_000 })
/** An event that a killed process had is delivered again after half a minute. */
const SOON = { timeout: 100_000, interval: 100 } as const

type Id = { _id: string }
type Turn = Id & { after: string; until: Date; done: boolean }

const fill = async (env: TasksEnvironment, caller: Caller): Promise<void> => {
  await env.loopsOf(caller).create_loop({ name: 'Granite' })
  const { task } = await env.tasksOf(caller).create_task({ title: 'Granite' })
  await env.tasksOf(caller).add_comment({ task_id: task.id, text: 'granite' })
}

/** Waits until everything that was made is found, once. */
const allFound = (env: TasksEnvironment, caller: Caller) =>
  vi.waitFor(async () => {
    const made = await Promise.all(
      ['tasks/tasks', 'tasks/comments', 'loops-queue/loops'].map((place) => {
        const [service = '', name = ''] = place.split('/')
        return env.database(service).collection<Id>(name).find({ ws: caller.workspace_id }).toArray()
      }),
    )
    const found: string[] = []
    let cursor: string | undefined
    do {
      const page = await env.loopsOf(caller).search({ query: 'granite', limit: 50, cursor })
      found.push(...page.found.map(({ id }) => id))
      cursor = page.next_cursor ?? undefined
    } while (cursor)
    expect(found.length).toBeGreaterThan(0)
    expect(found.toSorted()).toEqual(
      made
        .flat()
        .map(({ _id }) => _id)
        .toSorted(),
    )
  }, SOON)

test.concurrent.each([
  ['tasks', 'search.received'],
  ['tasks', 'search.indexed'],
  ['tasks', 'search.comment_indexed'],
  ['loops-queue', 'loop_search.indexed'],
] as const)('%s_killed_at_%s', async (service, step) => {
  await using env = await openTasksEnvironment(1)
  const ann = env.owner()
  await fill(env, ann)
  await allFound(env, ann)
  const { died } = await env.startFaulty(service, step)
  let isDead = false
  void died.then(() => {
    isDead = true
  })
  // Whichever process gets an event handles it: go on until the doomed one has. A call that it had taken too may fail.
  await vi.waitFor(async () => {
    if (!isDead) await fill(env, ann)
    expect(isDead).toBe(true)
  }, SOON)
  expect(await died).toBe('SIGKILL')
  await allFound(env, ann)
})

test.concurrent.each([
  ['tasks', 'search.backfilled', ['tasks', 'comments']],
  ['loops-queue', 'loop_search.backfilled', ['loops']],
] as const)('%s_killed_at_%s', async (service, step, names) => {
  await using env = await openTasksEnvironment(0)
  const ann = env.owner()
  const other = service === 'tasks' ? 'loops-queue' : 'tasks'
  await env.start(other)
  {
    await using _ = await env.start(service)
    await fill(env, ann)
    await allFound(env, ann)
  }
  // As in an installation of an earlier release: documents, and no index. The turn begins when all is ready.
  const turns = env.database(service).collection<Turn>('search_backfills')
  const begin = (until: Date) => turns.updateMany({}, { $set: { until } })
  await env.database(service).collection('search').deleteMany({})
  await turns.deleteMany({})
  const never = new Date('9999-01-01')
  await turns.insertMany(names.map((_id) => ({ _id, after: '', until: never, done: false })))
  const { died } = await env.startFaulty(service, step)
  await begin(new Date(0))
  expect(await died).toBe('SIGKILL')
  // The turn of the one that was killed is over.
  await begin(new Date(0))
  await env.start(service)
  await allFound(env, ann)
})
