// The size of answers at the limits of all their fields, with texts of several bytes a character. Measured are each
// tool's largest answer by default and its largest answer at all. Only the JSON of the structure counts: the text of a
// result repeats it, and a model sees one of the two.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ALL_SCOPES, LIMITS } from '../../shared/contracts/define/common.ts'
import type { Caller, Contract, Tool } from '../../shared/contracts/define/contract.ts'
import { ANSWER_BYTES, jsonBytes } from '../../shared/contracts/define/page-bytes.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { createLog } from '../../shared/process/log.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { openPeople } from '../support/people.ts'
import { ids, openEnvironment, type TestEnvironment } from '../support/service-environment.ts'

/** The largest answer of all. */
const MAX_BYTES = 512 * 1024
vi.setConfig({ testTimeout: 120_000, hookTimeout: 300_000 })

const NAME = '🚀'.repeat(LIMITS.name_chars)
const DESCRIPTION = '🚀'.repeat(LIMITS.description_chars)
const TEXT = 'Ж'.repeat(LIMITS.body_bytes / 2)
const COMMENT = 'Ж'.repeat(LIMITS.comment_bytes / 2)
/** A text whose JSON is six times as long. */
const ESCAPED = '\u0001'.repeat(LIMITS.body_bytes)
const TASKS = 210
const LOOPS = 60

const stack = new AsyncDisposableStack()
let env: TestEnvironment
let ann: Caller
let big: string
let escaped: string
let spare: string[]
let task_ids: string[]
let members: string[]
afterAll(() => stack.disposeAsync())

const loopsOf = () => env.as(loopsQueue, ann, 30_000)
const tasksOf = () => env.as(tasks, ann, 30_000)
const makeLoop = async (ai_context = TEXT): Promise<string> => {
  const asked = { name: NAME, description: DESCRIPTION, ai_context }
  const made = await loopsOf().create_loop({ ...asked, visibility: 'private', member_ids: members })
  return made.loop.id
}
const file = async (body: string, loop_id?: string): Promise<string> => {
  const { task } = await tasksOf().create_task({ title: NAME, body, loop_id, due_date: '2026-12-24' })
  await tasksOf().update_task({ task_id: task.id, status: 'approved' })
  return task.id
}
const many = (count: number, make: () => Promise<string>): Promise<string[]> =>
  inParallel(Array(count).fill(null), 8, make)

beforeAll(async () => {
  env = stack.use(await openEnvironment())
  await Promise.all(['gateway', 'tasks', 'loops-queue'].map((name) => env.start(name)))
  const people = stack.use(await openPeople(env.mongodbUrl))
  const everybody = Array.from({ length: LIMITS.page + 5 }, (_, n) => ({
    name: NAME,
    email: `p${n}@example.com`,
  }))
  const workspace = await people.workspace(NAME, everybody)
  const [first, ...others] = workspace.members.map(({ caller }) => caller)
  ann = { ...(first as Caller), role: 'owner', scopes: ALL_SCOPES, client_name: NAME }
  members = others.slice(0, LIMITS.page).map(({ user_id }) => user_id)
  const mongo = stack.use(await connectMongo(env.mongodbUrl, createLog({ filter: 'error', topic: 'test' })))
  await mongo
    .database('gateway')
    .collection<{ _id: string }>('workspaces')
    .updateOne({ _id: ann.workspace_id }, { $set: { ai_context: TEXT } })
  ;[big, escaped] = [await makeLoop(), await makeLoop(ESCAPED)]
  spare = await many(LOOPS, () => makeLoop())
  // As full as it may become over the years.
  const readers = [ann.user_id, ...Array.from({ length: 999 }, () => ids.next())]
  await mongo.database('loops-queue').collection('loops').updateMany({}, { $set: { readers } })
  await many(TASKS, () => file('', big))
  await many(10, () => file(ESCAPED, escaped))
  task_ids = [await file(TEXT), await file(ESCAPED), ...(await many(TASKS, () => file('')))]
  for (const task_id of task_ids.slice(0, 2))
    await many(12, async () => (await tasksOf().add_comment({ task_id, text: COMMENT })).comment.id)
  for (const loop_id of [big, escaped])
    await many(12, async () => (await tasksOf().add_comment({ loop_id, text: COMMENT })).comment.id)
})

/** The services that have tools. */
const WITH_TOOLS = [tasks, loopsQueue, gateway] as const
type ToolsOf<C extends Contract> = C extends unknown
  ? { [K in keyof C['operations']]: C['operations'][K] extends Tool ? K : never }[keyof C['operations']]
  : never
type ToolName = ToolsOf<(typeof WITH_TOOLS)[number]>
type Asked = Readonly<Record<string, unknown>>
/** Arguments of each tool for its largest answers: its required ones, then all that can make the answer larger. */
const calls = (): Readonly<Record<ToolName, readonly [Asked, ...Asked[]]>> => {
  const [task_id, other_id] = task_ids as [string, string]
  const hundred = task_ids.slice(-LIMITS.bulk_tasks)
  const [shipped = '', closed = '', moved = ''] = spare
  return {
    get_workspace: [{}],
    get_workflow: ['triage', 'organize', 'implement', 'manage'].map((workflow) => ({
      workflow,
    })) as unknown as [Asked],
    list_tasks: [{}, { limit: LIMITS.page }, { limit: LIMITS.page, scope: 'all' }],
    get_task: [{ task_id }, { task_id: other_id }],
    create_task: [{ title: NAME, body: TEXT }],
    create_tasks: [{ tasks: Array(LIMITS.new_tasks).fill({ title: '\u0001'.repeat(LIMITS.name_chars) }) }],
    update_task: [{ task_id, title: `${NAME.slice(2)}!` }],
    bulk_update_tasks: [{ task_ids: hundred, status: 'shipped' }],
    add_comment: [{ task_id, text: COMMENT }],
    claim_task: [{ task_id }, { task_id: other_id }],
    renew_claims: [{}],
    release_claims: [{ task_ids: [other_id], note: COMMENT }],
    list_loops: [{}, { limit: LIMITS.page }],
    get_loop: [{ loop_id: big }, { loop_id: escaped }],
    create_loop: [{ name: NAME, description: DESCRIPTION, ai_context: TEXT }],
    create_loop_from_tasks: [
      { loop_name: NAME, loop_description: DESCRIPTION, ai_context: TEXT, task_ids: hundred },
    ],
    update_loop: [
      { loop_id: closed, name: `${NAME.slice(2)}!`, description: DESCRIPTION, ai_context: COMMENT },
    ],
    close_loop: [{ loop_id: closed }],
    reopen_loop: [{ loop_id: closed }],
    get_loop_queue: [{}, { limit: LIMITS.page }],
    set_loop_priority: [{ loop_id: moved, priority: 3 }],
    reorder_loops: [{ loop_ids: spare.slice(2) }],
    get_next_work: [{}, { limit: LIMITS.page }],
    get_queue_stats: [{}],
    get_activity: [{}, { limit: LIMITS.page }, { loop_id: escaped, limit: LIMITS.page }],
    search: [{ query: 'a' }, { query: 'a', limit: 50 }],
    claim_next_work: [{ loop_id: escaped, max_tasks: 10 }, {}],
    complete_task: [{ task_id, outcome: COMMENT, claim_next: true }],
    ship_loop: [{ loop_id: big }, { loop_id: shipped }],
    delete_task: [{ task_id: other_id }],
  }
}
const ask = (name: string, input: Asked): Promise<unknown> => {
  const contract = WITH_TOOLS.find(({ operations }) => name in operations)
  if (!contract) throw new Error(`${name} is of no service here.`)
  return (env.as(contract, ann, 30_000) as unknown as Record<string, (input: Asked) => Promise<unknown>>)[
    name
  ]!(input)
}

const TOOLS = CONTRACTS.flatMap(({ operations }) =>
  Object.entries(operations).flatMap(([name, { kind }]) => (kind === 'tool' ? [name as ToolName] : [])),
)
const LAST: readonly ToolName[] = ['ship_loop', 'delete_task']

test.each([...TOOLS.filter((name) => !LAST.includes(name)), ...LAST])('%s', async (name) => {
  const asked = calls()[name]
  if (!asked) throw new Error(`Say how ${name} is asked for its largest answer.`)
  for (const [n, input] of asked.entries()) {
    const answer = await ask(name, input)
    // A text that is requested alone is never cut, even when its JSON is six times as long.
    expect(jsonBytes(answer), JSON.stringify(input).slice(0, 200)).toBeLessThanOrEqual(
      n === 0 ? ANSWER_BYTES : MAX_BYTES,
    )
  }
})

test('pages_together_hold_everything_once', async () => {
  const walk = async <T>(
    page: (cursor: string | undefined) => Promise<Readonly<{ rows: readonly T[]; next: string | null }>>,
  ) => {
    const all: T[] = []
    let cursor: string | undefined
    let pages = 0
    do {
      const { rows, next } = await page(cursor)
      all.push(...rows)
      cursor = next ?? undefined
      pages += 1
    } while (cursor)
    return { all, pages }
  }
  const queue = await walk(async (cursor) => {
    const { loops, next_cursor } = await loopsOf().get_loop_queue({ cursor, limit: LIMITS.page })
    return { rows: loops.map(({ id }) => id), next: next_cursor }
  })
  expect(new Set(queue.all).size).toBe(queue.all.length)
  expect(queue.all).toEqual(expect.arrayContaining(spare.slice(1)))
  expect(queue.pages).toBeGreaterThan(5)
  const listed = await walk(async (cursor) => {
    const { loops, next_cursor, total } = await loopsOf().list_loops({ cursor, limit: LIMITS.page })
    expect(total).toBeGreaterThan(LOOPS)
    return { rows: loops.map(({ id }) => id), next: next_cursor }
  })
  expect(new Set(listed.all).size).toBe(listed.all.length)
  expect(listed.all).toEqual(expect.arrayContaining([...spare, big, escaped]))
  const inLoop = await walk(async (cursor) => {
    const page = await loopsOf().get_loop({ loop_id: big, tasks_cursor: cursor })
    return { rows: page.tasks.map(({ id }) => id), next: page.tasks_next_cursor }
  })
  expect([inLoop.all.length, new Set(inLoop.all).size]).toEqual([TASKS, TASKS])
  const [task_id = ''] = task_ids
  const said = await walk(async (cursor) => {
    const page = await tasksOf().get_task({ task_id, comments_cursor: cursor })
    return { rows: page.comments.map(({ id }) => id), next: page.comments_next_cursor }
  })
  const { comments_total } = await tasksOf().get_task({ task_id })
  expect([said.all.length, new Set(said.all).size]).toEqual([comments_total, comments_total])
})
