// Imports over real services: what comes in, what comes again, and what a person changed meanwhile.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import type { ImportOptions, ImportReport } from '../../shared/imports/run-import.ts'
import type { Parsed } from '../../shared/imports/shape-rules.ts'
import { bring as bringInto, parsed, ref, task } from '../support/imports.ts'
import { ids, person, refused } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

vi.setConfig({ testTimeout: 120_000 })

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment()
})
afterAll(async () => {
  await env?.[Symbol.asyncDispose]()
})

const bring = (caller: Caller, what: Parsed, options: Partial<ImportOptions> = {}): Promise<ImportReport> =>
  bringInto(env, caller, what, options)

const codes = ({ rows }: ImportReport) => rows.map(({ id, code }) => [id, code])
const all = async (caller: Caller) =>
  (await env.tasksOf(caller).list_tasks({ scope: 'all', limit: 200 })).tasks.toReversed()

describe('what comes in', () => {
  test('is open, with labels, comments and what it waits for, in its order', async () => {
    const ann = env.owner()
    const comments = [{ id: 'c1', author: 'Bob', at: '2026-01-02', text: 'a comment' }]
    const report = await bring(
      ann,
      parsed([
        task('1', {
          blocked_by: [ref('2')],
          priority: 'high',
          due_date: '2026-05-06',
          labels: ['Bug', 'bug'],
        }),
        task('2', { body: 'the body', comments }),
        task('3', { status: 'shipped' }),
      ]),
    )
    expect(report).toMatchObject({ created: 2, updated: 0, unchanged: 0, comments: 1 })
    expect(codes(report)).toEqual([['3', 'finished']])
    const [first, second] = await all(ann)
    expect(first).toMatchObject({
      title: 'Task 1',
      status: 'open',
      priority: 'high',
      due_date: '2026-05-06',
      labels: ['bug'],
      open_blockers: 1,
      approved_by: null,
    })
    const whole = await env.tasksOf(ann).get_task({ task_id: second?.id ?? '' })
    expect(whole.task.body).toBe('the body')
    expect(whole.comments.map(({ text }) => text)).toEqual(['*Written by Bob on 2026-01-02:*\n\na comment'])
  })

  test('notifies nobody whom its comments mention', async () => {
    const ann = env.owner()
    await bring(ann, parsed([task('1', { comments: [{ id: 'c1', text: 'Can you look, @Ann?' }] })]))
    const isComment = ({ type }: CloudEvent): boolean => type.endsWith('comment.added')
    const published = await env.events('tasks', ann.workspace_id, (events) => events.some(isComment))
    expect(published.find(isComment)?.data).not.toHaveProperty('may_mention')
  })

  test('has its status with approval, which somebody without that right cannot ask for', async () => {
    const ann = env.owner()
    const what = parsed([
      task('1', { status: 'shipped' }),
      task('2', { status: 'rejected' }),
      task('3', { status: 'on_hold' }),
      task('4', { status: 'approved', blocked_by: [ref('5')] }),
      task('5', { status: 'open' }),
    ])
    const bob = person(ann.workspace_id, { scopes: ['loops:read', 'loops:write'] })
    expect((await refused(bring(bob, what, { approve: true }))).code).toBe('forbidden')
    const viewer = person(ann.workspace_id, { scopes: ['loops:read'] })
    expect((await refused(bring(viewer, what))).code).toBe('forbidden')
    expect(await all(ann)).toEqual([])
    expect(await bring(ann, what, { approve: true })).toMatchObject({ created: 5, rows: [] })
    expect((await all(ann)).map(({ status }) => status)).toEqual([
      'shipped',
      'rejected',
      'on_hold',
      'approved',
      'open',
    ])
    expect((await all(ann))[3]).toMatchObject({ open_blockers: 1, approved_by: { user_id: ann.user_id } })
  })

  test('emits the ordinary events', async () => {
    const ann = env.owner()
    await bring(ann, parsed([task('1', { comments: [{ text: 'hello' }] })]))
    const published = await env.events('tasks', ann.workspace_id, (events) => events.length >= 2)
    expect(published.map(({ type }) => type.replace(/^.*?(task|comment)\./, '$1.'))).toEqual(
      expect.arrayContaining([
        expect.stringContaining('task.created'),
        expect.stringContaining('comment.added'),
      ]),
    )
  })

  test('makes the loops that the source names, once, and none for what is finished', async () => {
    const ann = env.owner()
    const loops = [
      { key: 'v1', name: 'v1' },
      { key: 'old', name: 'old' },
    ]
    const what = parsed([task('1', { loop: 'v1' }), task('2', { loop: 'old', status: 'shipped' })], loops)
    expect(await bring(ann, what, { dry_run: true })).toMatchObject({ created: 1, loops: ['v1'] })
    expect((await env.loopsOf(ann).list_loops({})).total).toBe(0)
    expect(await bring(ann, what)).toMatchObject({ created: 1, loops: ['v1'] })
    expect(await bring(ann, parsed([task('3', { loop: 'v1' }), ...what.tasks], loops))).toMatchObject({
      created: 1,
      unchanged: 1,
      loops: [],
    })
    const { loops: made } = await env.loopsOf(ann).list_loops({})
    expect(made.map(({ name, task_counts }) => [name, task_counts.total])).toEqual([['v1', 2]])
    // No reservation is left.
    const left = await env.db
      .collection<TaskDoc>('tasks')
      .countDocuments({ ws: ann.workspace_id, move: { $ne: null } })
    expect(left).toBe(0)
    // One that shipped takes nothing more.
    await env.loopsOf(ann).ship_loop({ loop_id: made[0]?.id ?? '' })
    expect(await bring(ann, parsed([task('4', { loop: 'v1' })], [{ key: 'v1', name: 'v1' }]))).toMatchObject({
      created: 1,
      loops: ['v1'],
    })
  })

  test('goes into the loop that is named, unless that is shipped or not visible', async () => {
    const ann = env.owner()
    const bob = person(ann.workspace_id)
    const { loop } = await env.loopsOf(ann).create_loop({ name: 'mine', visibility: 'private' })
    const what = parsed([task('1', { loop: 'v1' })], [{ key: 'v1', name: 'v1' }])
    const hidden = await refused(bring(bob, what, { into: loop.id }))
    const never = await refused(bring(bob, what, { into: ids.next() }))
    expect([hidden.code, never.code]).toEqual(['not_found', 'not_found'])
    expect(await bring(ann, what, { into: loop.id })).toMatchObject({ created: 1, loops: [] })
    expect((await all(ann)).map(({ loop_id }) => loop_id)).toEqual([loop.id])
    expect(await all(bob)).toEqual([])
    await env.loopsOf(ann).ship_loop({ loop_id: loop.id })
    expect((await refused(bring(ann, what, { into: loop.id }))).code).toBe('invalid_transition')
  })

  test('changes nothing in a dry run', async () => {
    const ann = env.owner()
    const what = parsed([task('1', { comments: [{ text: 'x' }], blocked_by: [ref('2')] }), task('2')])
    expect(await bring(ann, what, { dry_run: true })).toMatchObject({ created: 2, comments: 0 })
    expect(await all(ann)).toEqual([])
  })
})

describe('what comes again', () => {
  test('changes nothing and doubles nothing', async () => {
    const ann = env.owner()
    const what = parsed([
      task('1', { comments: [{ text: 'x' }, { text: 'y' }], blocked_by: [ref('2')] }),
      task('2'),
    ])
    await bring(ann, what)
    const before = await all(ann)
    expect(await bring(ann, what)).toMatchObject({
      created: 0,
      updated: 0,
      unchanged: 2,
      comments: 0,
      rows: [],
    })
    expect(await all(ann)).toEqual(before)
  })

  test('updates what changed there, and keeps and reports what changed here', async () => {
    const ann = env.owner()
    await bring(ann, parsed([task('1', { body: 'old' }), task('2', { body: 'old' })]))
    const [, second] = await all(ann)
    await env.tasksOf(ann).update_task({ task_id: second?.id ?? '', body: 'mine', priority: 'low' })
    const again = parsed([task('1', { body: 'new' }), task('2', { body: 'new', labels: ['fresh'] })])
    const report = await bring(ann, again)
    expect(report).toMatchObject({ created: 0, updated: 2 })
    expect(report.rows).toMatchObject([{ id: '2', code: 'kept', detail: 'body' }])
    const bodies = await Promise.all(
      (await all(ann)).map(async ({ id }) => (await env.tasksOf(ann).get_task({ task_id: id })).task),
    )
    expect(bodies.map(({ body, priority, labels }) => [body, priority, labels])).toEqual([
      ['new', 'none', undefined],
      ['mine', 'low', ['fresh']],
    ])
    // It was said once.
    expect(await bring(ann, again)).toMatchObject({ unchanged: 2, rows: [] })
  })

  test('takes an approval back with its new text, and leaves the text of work in progress', async () => {
    const ann = env.owner()
    await bring(ann, parsed([task('1'), task('2')]))
    const [first, second] = await all(ann)
    await env
      .tasksOf(ann)
      .bulk_update_tasks({ task_ids: [first?.id ?? '', second?.id ?? ''], status: 'approved' })
    await env.tasksOf(ann).claim_task({ task_id: second?.id ?? '' })
    const report = await bring(ann, parsed([task('1', { title: 'new' }), task('2', { title: 'new' })]))
    expect(codes(report)).toEqual([['2', 'in_work']])
    expect((await all(ann)).map(({ title, status }) => [title, status])).toEqual([
      ['new', 'open'],
      ['Task 2', 'in_progress'],
    ])
    // Once the work is done, the text follows.
    await env.tasksOf(ann).update_task({ task_id: second?.id ?? '', status: 'on_hold' })
    await bring(ann, parsed([task('1', { title: 'new' }), task('2', { title: 'new' })]))
    expect((await all(ann)).map(({ title }) => title)).toEqual(['new', 'new'])
  })

  test('says of what is finished there that it is not finished here', async () => {
    const ann = env.owner()
    await bring(ann, parsed([task('1')]))
    expect(codes(await bring(ann, parsed([task('1', { status: 'shipped' })])))).toEqual([
      ['1', 'finished_since'],
    ])
  })

  test('does not learn of what went into a private loop', async () => {
    const ann = env.owner()
    const [bob, eve] = [person(ann.workspace_id), person(ann.workspace_id)]
    await bring(ann, parsed([task('1')]))
    const { loop } = await env.loopsOf(ann).create_loop({ name: 'mine', visibility: 'private' })
    const [first] = await all(ann)
    await env.tasksOf(ann).update_task({ task_id: first?.id ?? '', loop_id: loop.id })
    expect(await bring(bob, parsed([task('1')]), { dry_run: true })).toMatchObject({ created: 1 })
    expect(await bring(bob, parsed([task('1')]))).toMatchObject({ created: 1, rows: [] })
    expect(await bring(eve, parsed([task('1')]))).toMatchObject({ created: 0, unchanged: 1 })
    // Out again, it is one of two.
    await env.tasksOf(ann).update_task({ task_id: first?.id ?? '', loop_id: null })
    expect(await bring(eve, parsed([task('1', { title: 'new' })]))).toMatchObject({ updated: 1 })
    expect((await all(ann)).map(({ title }) => title)).toEqual(['new', 'Task 1'])
  })

  test('at the same time, files each task once', async () => {
    const ann = env.owner()
    const what = parsed(
      Array.from({ length: 60 }, (_, n) => task(String(n), { comments: [{ text: 'x' }], loop: 'l' })),
      [{ key: 'l', name: 'l' }],
    )
    const reports = await Promise.all([bring(ann, what), bring(ann, what), bring(ann, what)])
    expect(reports.reduce((sum, { created }) => sum + created, 0)).toBe(60)
    expect(reports.reduce((sum, { comments }) => sum + comments, 0)).toBe(60)
    expect(await all(ann)).toHaveLength(60)
  })

  test('after it was deleted here, is filed anew', async () => {
    const ann = env.owner()
    await bring(ann, parsed([task('1')]))
    const [first] = await all(ann)
    await env.tasksOf(ann).delete_task({ task_id: first?.id ?? '' })
    expect(await bring(ann, parsed([task('1')]))).toMatchObject({ created: 1 })
  })
})

describe('what tasks wait for', () => {
  /** Files tasks whose second step follows. @returns their ids */
  const filed = async (caller: Caller, count: number): Promise<string[]> => {
    const tasks = Array.from({ length: count }, (_, n) => ({ ...IMPORTED, ref: ref(`${n}`), further: true }))
    const input = { tasks, visible_private_loop_ids: null, approve: true, dry_run: false }
    const { results } = await env.tasksOf(caller).import_tasks(input)
    return results.map(({ task_id }) => task_id ?? '')
  }
  const edges = async (caller: Caller) =>
    (await env.db.collection<TaskDoc>('tasks').find({ ws: caller.workspace_id }).toArray()).flatMap(
      ({ _id, blocked_by = [] }) => blocked_by.map(({ task_id }) => [_id, task_id]),
    )

  test('is all saved where whole chains are finished at once, also by two at a time', async () => {
    const ann = env.owner()
    const made = await filed(ann, 20)
    const further = made.map((task_id, n) => ({
      task_id,
      blocked_by: made.slice(Math.max(0, n - 2), n),
      status: 'approved' as const,
    }))
    // As an import does: again while others keep changing the same tasks.
    const finish = async (tasks: typeof further) =>
      await vi.waitFor(
        () => env.tasksOf(ann).finish_import({ tasks, visible_private_loop_ids: null }),
        30_000,
      )
    const answers = await Promise.all([finish(further), finish(further.toReversed())])
    expect(answers.flatMap(({ results }) => results)).toEqual(Array(40).fill({}))
    expect(await edges(ann)).toHaveLength(19 + 18)
    expect((await all(ann)).filter(({ status }) => status === 'approved')).toHaveLength(20)
    // Nobody has to compare anything afterwards, and a repeat changes nothing.
    const before = await all(ann)
    expect(before.filter(({ open_blockers }) => open_blockers === 2)).toHaveLength(18)
    await finish(further)
    expect(await all(ann)).toEqual(before)
  })

  test('is never a circle', async () => {
    const ann = env.owner()
    const [a = '', b = '', c = ''] = await filed(ann, 3)
    const tasks = [
      { task_id: a, blocked_by: [b] },
      { task_id: b, blocked_by: [c] },
      { task_id: c, blocked_by: [a] },
    ]
    const { results } = await env.tasksOf(ann).finish_import({ tasks, visible_private_loop_ids: null })
    expect(results.filter(({ refused }) => refused).length).toBeGreaterThan(0)
    expect((await edges(ann)).length).toBeLessThan(3)
  })
})

test('a service is asked for imports only on behalf of a person', async () => {
  const input = { visible_private_loop_ids: null, approve: false, dry_run: false }
  const error = await refused(env.tasksOf(null).import_tasks({ ...input, tasks: [IMPORTED] }))
  expect(error.code).toBe('forbidden')
})
const IMPORTED = {
  ref: ref('1'),
  title: 'x',
  body: '',
  priority: 'none',
  due_date: null,
  labels: [] as string[],
  finished: false,
  further: false,
} as const
