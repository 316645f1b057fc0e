// The index is whole after a kill at each of its steps, and holds what was there before it.
import { expect, test, vi } from 'vitest'
import { openTasksEnvironment } from '../support/tasks-environment.ts'

vi.setConfig({ testTimeout: 120_000 })
const SOON = { timeout: 60_000, interval: 100 } as const

test.concurrent.each([
  ['tasks', 'search.received'],
  ['tasks', 'search.indexed'],
  ['tasks', 'search.comment_indexed'],
  ['tasks', 'search.backfilled'],
  ['loops-queue', 'loop_search.indexed'],
  ['loops-queue', 'loop_search.backfilled'],
] as const)('%s_killed_at_%s', async (service, step) => {
  await using env = await openTasksEnvironment(1)
  const ann = env.owner()
  const query = { query: 'granite' }
  const fill = async () => {
    const { loop } = await env.loopsOf(ann).create_loop({ name: 'Granite' })
    const { task } = await env.tasksOf(ann).create_task({ title: 'Granite' })
    const { comment } = await env.tasksOf(ann).add_comment({ task_id: task.id, text: 'granite' })
    return [task.id, loop.id, comment.id].toSorted()
  }
  const found = async () => (await env.loopsOf(ann).search(query)).found.map(({ id }) => id).toSorted()
  const before = await fill()
  await vi.waitFor(async () => expect(await found()).toEqual(before), SOON)
  const db = env.database(service)
  if (step.endsWith('backfilled')) {
    // As in an installation of an earlier release: documents, and no index.
    await db.collection('search').deleteMany({})
    await db.collection('search_backfills').deleteMany({})
  }
  const doomed = await env.startFaulty(service, step)
  const more: string[] = []
  let isDead = false
  void doomed.died.then(() => {
    isDead = true
  })
  // Whichever process gets an event handles it: go on until the doomed one has.
  while (!isDead) {
    if (!step.endsWith('backfilled')) more.push(...(await fill()))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(await doomed.died).toBe('SIGKILL')
  // The one that ran before has stopped looking for old documents.
  await env.start(service)
  await vi.waitFor(async () => {
    const all: string[] = []
    let cursor: string | undefined
    do {
      const page = await env.loopsOf(ann).search({ ...query, limit: 50, cursor })
      all.push(...page.found.map(({ id }) => id))
      cursor = page.next_cursor ?? undefined
    } while (cursor)
    expect(all.toSorted()).toEqual([...before, ...more].toSorted())
  }, SOON)
})
