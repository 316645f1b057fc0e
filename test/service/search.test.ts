// search: what is found, by whom, how soon, and that nothing is lost when the index is behind its documents.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { toErrorBody } from '../../shared/contracts/define/errors.ts'
import type { FoundText } from '../../shared/contracts/tasks/search.ts'
import { person, refused } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

vi.setConfig({ testTimeout: 60_000 })
const SOON = { timeout: 20_000, interval: 20 } as const

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(() => env[Symbol.asyncDispose]())

type Query = Parameters<ReturnType<TasksEnvironment['loopsOf']>['search']>[0]
const find = async (caller: Caller, query: string, more: Partial<Query> = {}): Promise<FoundText[]> =>
  (await env.loopsOf(caller).search({ query, ...more })).found
/** Waits until a query finds these ids, in this order. */
const finds = (caller: Caller, query: string, ids: readonly string[], more: Partial<Query> = {}) =>
  vi.waitFor(
    async () =>
      expect(
        (await find(caller, query, more)).map(({ id }) => id),
        query,
      ).toEqual(ids),
    SOON,
  )
const file = async (caller: Caller, title: string, body = '', loop_id?: string): Promise<string> =>
  (await env.tasksOf(caller).create_task({ title, body, loop_id })).task.id

describe('finds', () => {
  test('tasks_loops_and_comments_best_first_with_the_words_around', async () => {
    const ann = env.owner()
    const body = await file(ann, 'Gate', 'Somewhere in the cellar a lantern glows.')
    const begun = await file(ann, 'Lanterns')
    const title = await file(ann, 'A lantern')
    const loop = (await env.loopsOf(ann).create_loop({ name: 'Cellar', ai_context: 'Bring a lantern.' })).loop
      .id
    const on = await env.tasksOf(ann).add_comment({ task_id: body, text: 'No lantern here' })
    const onLoop = await env.tasksOf(ann).add_comment({ loop_id: loop, text: 'One lantern there' })
    await finds(ann, 'lantern', [title, begun, loop, body, onLoop.comment.id, on.comment.id])
    expect(await find(ann, 'lantern')).toMatchObject([
      { kind: 'task', title: 'A lantern', status: 'open', found_in: 'title' },
      { kind: 'task', found_in: 'title' },
      { kind: 'loop', title: 'Cellar', found_in: 'ai_context', snippet: 'Bring a lantern.' },
      { kind: 'task', found_in: 'body', snippet: 'Somewhere in the cellar a lantern glows.' },
      { kind: 'comment', title: 'Cellar', loop_id: loop, snippet: 'One lantern there' },
      { kind: 'comment', title: 'Gate', task_id: body, snippet: 'No lantern here' },
    ])
    await finds(ann, 'lant cell', [loop, body])
    await env.loopsOf(ann).update_loop({ loop_id: loop, description: 'Also a torch.' })
    await finds(ann, 'torch', [loop])
    await finds(ann, 'lantern', [loop], { kinds: ['loop'] })
    await env.tasksOf(ann).update_task({ task_id: begun, status: 'approved' })
    await finds(ann, 'lantern', [begun], { status: 'approved' })
  })

  test('pages_hold_everything_once', async () => {
    const ann = env.owner()
    const ids: string[] = []
    for (let n = 0; n < 7; n += 1) ids.push(await file(ann, `Brick ${n}`))
    await finds(ann, 'brick', ids.toReversed())
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await env.loopsOf(ann).search({ query: 'brick', limit: 3, cursor })
      seen.push(...page.found.map(({ id }) => id))
      cursor = page.next_cursor ?? undefined
    } while (cursor)
    expect(seen).toEqual(ids.toReversed())
  })

  test.each([
    ['spaces', '   '],
    ['punctuation', '…!?'],
  ])('refuses_%s', async (_, query) => {
    const refusal = await refused(env.loopsOf(env.owner()).search({ query }))
    expect(toErrorBody(refusal)).toMatchObject({ code: 'invalid_argument', fields: [{ field: 'query' }] })
  })

  test('measures_a_query_without_the_spaces_around_it', async () => {
    const ann = env.owner()
    const most = 'x'.repeat(200)
    expect(await find(ann, `${' '.repeat(100)}${most}\n`)).toEqual([])
    const refusal = await refused(env.loopsOf(ann).search({ query: ` ${most}x ` }))
    expect(toErrorBody(refusal)).toMatchObject({
      code: 'limit_exceeded',
      fields: [{ field: 'query', limit: 200, size: 201 }],
    })
  })
})

describe('shows', () => {
  test('what_a_person_sees_now', async () => {
    const owner = env.owner()
    const ann = person(owner.workspace_id)
    const bob = person(owner.workspace_id)
    const stranger = env.owner()
    const secret = (
      await env
        .loopsOf(ann)
        .create_loop({ name: 'Quartz', description: 'Secret quartz', visibility: 'private' })
    ).loop.id
    const task = await file(ann, 'Quartz vein', '', secret)
    const onTask = (await env.tasksOf(ann).add_comment({ task_id: task, text: 'quartz?' })).comment.id
    const onLoop = (await env.tasksOf(ann).add_comment({ loop_id: secret, text: 'quartz!' })).comment.id
    const all = [task, secret, onLoop, onTask]
    await finds(ann, 'quartz', all)
    await finds(owner, 'quartz', all)
    const nothing = await env.loopsOf(bob).search({ query: 'nothing of the kind' })
    expect(await env.loopsOf(bob).search({ query: 'quartz' })).toEqual(nothing)
    expect(await find(stranger, 'quartz')).toEqual([])
    await env.loopsOf(ann).set_loop_member({ loop_id: secret, user_id: bob.user_id, member: true })
    expect((await find(bob, 'quartz')).map(({ id }) => id)).toEqual(all)
    await env.loopsOf(ann).set_loop_member({ loop_id: secret, user_id: bob.user_id, member: false })
    expect(await find(bob, 'quartz')).toEqual([])
    // Moved out, everybody finds it, and what was said on it.
    await env.tasksOf(ann).update_task({ task_id: task, loop_id: null })
    await finds(bob, 'quartz', [task, onTask])
    await env.tasksOf(ann).update_task({ task_id: task, loop_id: secret })
    expect(await find(bob, 'quartz')).toEqual([])
  })

  test('nothing_by_entries_of_the_index_that_are_out_of_date', async () => {
    const owner = env.owner()
    const [ann, bob] = [person(owner.workspace_id), person(owner.workspace_id)]
    const index = env.db.collection('search')
    const { loop } = await env.loopsOf(ann).create_loop({ name: 'Cave', visibility: 'private' })
    const moved = await file(ann, 'Basalt column')
    const renamed = await file(ann, 'Basalt step')
    await finds(bob, 'basalt', [renamed, moved])
    const before = await index.find({ ws: owner.workspace_id }).toArray()
    expect(before).toHaveLength(2)
    await env.tasksOf(ann).update_task({ task_id: moved, loop_id: loop.id })
    await env.tasksOf(ann).update_task({ task_id: renamed, title: 'Granite' })
    await vi.waitFor(async () => {
      for (const entry of before) expect(await index.findOne({ _id: entry._id })).not.toEqual(entry)
    }, SOON)
    for (const { _id, ...entry } of before) await index.replaceOne({ _id }, entry)
    expect(await find(bob, 'basalt')).toEqual([])
    expect((await find(ann, 'basalt')).map(({ id }) => id)).toEqual([moved])
  })

  test('no_old_words_and_nothing_deleted', async () => {
    const ann = env.owner()
    const task = await file(ann, 'Walnut')
    await env.tasksOf(ann).add_comment({ task_id: task, text: 'walnut shells' })
    await vi.waitFor(async () => expect(await find(ann, 'walnut')).toHaveLength(2), SOON)
    await env.tasksOf(ann).update_task({ task_id: task, title: 'Hazel' })
    expect((await find(ann, 'walnut')).map(({ kind }) => kind)).toEqual(['comment'])
    await finds(ann, 'hazel', [task])
    await env.tasksOf(ann).delete_task({ task_id: task })
    expect(await find(ann, 'hazel')).toEqual([])
    expect(await find(ann, 'walnut')).toEqual([])
    await vi.waitFor(
      async () => expect(await env.db.collection('search').countDocuments({ ws: ann.workspace_id })).toBe(0),
      SOON,
    )
  })
})
