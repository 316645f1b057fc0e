// How a table begins that must hold what is older than the stream: with a snapshot, and the stream after it.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Line, takeSnapshot } from '../../infra/events/snapshot.ts'
import { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import type { SnapshotRecord } from '../../shared/contracts/records.ts'
import { JOURNAL } from '../../shared/events/journal-store.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { systemClock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { openPeople } from '../support/people.ts'
import { ids } from '../support/service-environment.ts'
import { tableOf } from '../support/subscriber-table.ts'
import { openTasksEnvironment, type TasksEnvironment, until } from '../support/tasks-environment.ts'

/** More than one read holds. */
const MANY = 250
vi.setConfig({ testTimeout: 120_000 })

let env: TasksEnvironment
beforeAll(async () => {
  env = await openTasksEnvironment(1)
})
afterAll(() => env[Symbol.asyncDispose]())

type Snapshot = Readonly<{ sequence: number; records: readonly SnapshotRecord[] }>

/** Runs `npm run events -- snapshot` with these arguments. */
const command = (...words: string[]): Promise<{ code: number; said: string }> =>
  new Promise((resolve) => {
    const file = join(import.meta.dirname, '../../infra/events.ts')
    const variables = { PATH: process.env.PATH, MONGODB_URL: env.mongodbUrl, NATS_URL: env.natsUrl }
    const options = { env: variables, maxBuffer: 64 * 1024 * 1024 }
    execFile(process.execPath, [file, 'snapshot', ...words], options, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), said: out + err }),
    )
  })
const snapshot = async (...words: string[]): Promise<Snapshot> => {
  const { code, said } = await command(...words)
  expect(code, said).toBe(0)
  const lines = said.trimEnd().split('\n')
  const { stream, sequence } = JSON.parse(lines[0] ?? '').snapshot
  expect(stream).toBe((await env.bus.jsm.streams.info(EVENTS_STREAM)).created)
  const records = lines.slice(1, -1).map((line) => JSON.parse(line) as SnapshotRecord)
  expect(JSON.parse(lines.at(-1) ?? '')).toEqual({ end: { records: records.length } })
  return { sequence, records }
}

/** Waits until the stream has every event so far. */
const published = async (): Promise<void> => {
  for (const [service, name] of [
    ['tasks', 'tasks'],
    ['tasks', 'comments'],
    ['loops-queue', 'loops'],
    ['loops-queue', 'queues'],
  ] as const) {
    const waiting = { $or: [{ 'outbox.0': { $exists: true } }, { report_due: { $gt: new Date(0) } }] }
    await until(async () => (await env.database(service).collection(name).countDocuments(waiting)) === 0)
  }
}
/** The events of the stream from a sequence on. */
const eventsFrom = async (sequence: number): Promise<CloudEvent[]> => {
  await published()
  const { state } = await env.bus.jsm.streams.info(EVENTS_STREAM)
  const events: CloudEvent[] = []
  for (let seq = Math.max(sequence, state.first_seq); seq <= state.last_seq; seq += 1) {
    const message = await env.bus.jsm.direct.getMessage(EVENTS_STREAM, { seq })
    if (message) events.push(CloudEvent.parse(message.json()))
  }
  return events
}
/** Empties the stream and the journal, so that nothing can be republished. */
const forget = async (): Promise<void> => {
  await published()
  for (const service of ['tasks', 'loops-queue'])
    await env.database(service).collection(JOURNAL).deleteMany({})
  await env.bus.jsm.streams.purge(EVENTS_STREAM)
}

const filed = async (caller: Caller, given: object = {}): Promise<string> =>
  (await env.tasksOf(caller).create_task({ title: 'Task', ...given })).task.id
const made = async (caller: Caller, given: object = {}): Promise<string> =>
  (await env.loopsOf(caller).create_loop({ name: 'Loop', ...given })).loop.id

/** One thing of every kind, changed twice. */
const live = async (caller: Caller): Promise<Record<'open' | 'held' | 'secret', string>> => {
  const [tasks, loops] = [env.tasksOf(caller), env.loopsOf(caller)]
  const open = await made(caller)
  const held = await made(caller)
  const shipped = await made(caller)
  const secret = await made(caller, { visibility: 'private' })
  const moved = await filed(caller)
  await filed(caller, { loop_id: shipped })
  await tasks.update_task({ task_id: moved, title: 'Moved', status: 'approved', loop_id: secret })
  await tasks.delete_task({ task_id: await filed(caller, { loop_id: open }) })
  await tasks.add_comment({ task_id: moved, text: 'On a task' })
  await tasks.add_comment({ loop_id: held, text: 'On a loop' })
  await loops.close_loop({ loop_id: held })
  await loops.set_loop_priority({ loop_id: secret, priority: 0 })
  await loops.ship_loop({ loop_id: shipped })
  return { open, held, secret }
}

test('a_table_begun_with_a_snapshot_equals_that_of_a_reader_that_saw_everything', async () => {
  const ann = env.owner()
  const { open, held, secret } = await live(ann)
  const later = await filed(ann, { priority: 'high' })
  const gone = await filed(ann)
  const past = await eventsFrom(1)
  await forget()

  const { sequence, records } = await snapshot()
  expect(records.length).toBeGreaterThan(9)
  await env.tasksOf(ann).update_task({ task_id: later, title: 'Changed', loop_id: open })
  await env.tasksOf(ann).delete_task({ task_id: gone })
  await env.loopsOf(ann).reopen_loop({ loop_id: held })
  await env.loopsOf(ann).ship_loop({ loop_id: secret })
  await env.tasksOf(ann).add_comment({ task_id: later, text: 'Since' })
  await live(ann)
  const since = await eventsFrom(sequence + 1)
  expect(tableOf(records, since)).toEqual(tableOf([], [...past, ...since]))
})

test('a_record_has_the_data_that_its_event_declares', async () => {
  await live(env.owner())
  await using people = await openPeople(env.mongodbUrl)
  await people.workspace('Team', [{ name: 'Ann' }])
  const { records } = await snapshot()
  const types = new Set<string>()
  for (const { source, type, data } of records) {
    const declared = CONTRACTS.find(({ name }) => source === `/loops/${name}`)?.events[type]
    expect(declared?.data.parse(data)).toEqual(data)
    types.add(type)
  }
  expect([...types].toSorted()).toEqual([
    'comment.added',
    'loop.created',
    'person.joined',
    'queue.changed',
    'task.created',
  ])
})

test('changes_during_a_snapshot_are_neither_lost_nor_doubled', async () => {
  const ann = env.owner()
  const tasks = env.tasksOf(ann)
  const old: string[] = []
  for (let n = 0; n < MANY; n += 25)
    old.push(...(await Promise.all(Array.from({ length: 25 }, () => filed(ann)))))
  await live(ann)
  const taking = snapshot('--workspace', ann.workspace_id)
  let taken = false
  void taking.finally(() => (taken = true)).catch(() => undefined)
  for (let n = 0; !taken; n = (n + 7) % (MANY - 2)) {
    const [first = '', second = ''] = [old[n], old[n + 1]]
    await Promise.all([
      tasks.update_task({ task_id: first, title: `Changed ${n}` }).catch(() => undefined),
      n % 2 ? tasks.delete_task({ task_id: second }).catch(() => undefined) : filed(ann),
      made(ann).then((loop_id) => env.loopsOf(ann).set_loop_priority({ loop_id, priority: 0 })),
    ])
  }
  const { sequence, records } = await taking
  const subjects = records.map(({ source, subject }) => `${source} ${subject}`)
  expect(new Set(subjects).size).toBe(subjects.length)
  const mine = ({ workspaceid }: CloudEvent) => workspaceid === ann.workspace_id
  const since = (await eventsFrom(sequence + 1)).filter(mine)
  expect(since.length).toBeGreaterThan(0)
  const all = (await eventsFrom(1)).filter(mine)
  expect(tableOf(records, since)).toEqual(tableOf([], all))
})

test('what_is_deleted_or_not_created_yet_is_not_in_a_snapshot', async () => {
  const ann = env.owner()
  const { open } = await live(ann)
  const loops = env.database('loops-queue').collection<{ _id: string }>('loops')
  const forming = ids.next()
  await loops.insertOne({ ...(await loops.findOne({ _id: open })), _id: forming, ...{ status: 'forming' } })
  const gone = await filed(ann)
  await env.tasksOf(ann).add_comment({ task_id: gone, text: 'Gone too' })
  await env.tasksOf(ann).delete_task({ task_id: gone })
  const { records } = await snapshot('--workspace', ann.workspace_id)
  const said = JSON.stringify(records)
  expect(said).toContain(open)
  for (const hidden of [forming, gone]) expect(said).not.toContain(hidden)
  await loops.deleteOne({ _id: forming })
})

test('a_snapshot_may_be_limited_to_a_workspace_a_service_or_a_type', async () => {
  const ann = env.owner()
  await live(ann)
  await live(env.owner())
  await using people = await openPeople(env.mongodbUrl)
  const team = await people.workspace('Team', [{ name: 'Cleo' }, { name: 'Dan' }])
  const types = async (...words: string[]) => {
    const { records } = await snapshot('--workspace', ann.workspace_id.toLowerCase(), ...words)
    expect(records.every(({ workspaceid }) => workspaceid === ann.workspace_id)).toBe(true)
    return [...new Set(records.map(({ type }) => type))]
  }
  expect(await types()).toEqual(['loop.created', 'queue.changed', 'task.created', 'comment.added'])
  expect(await types('--source', 'loops-queue')).toEqual(['loop.created', 'queue.changed'])
  expect(await types('--type', 'task.created')).toEqual(['task.created'])
  const joined = (await snapshot('--workspace', team.id)).records.map(({ data }) => data)
  expect(joined.toSorted((a, b) => String(a.name).localeCompare(String(b.name)))).toEqual(
    team.members.map(({ id, name }, n) => {
      const role = n === 0 ? 'owner' : 'member'
      return { user_id: id, workspace_id: team.id, name, role }
    }),
  )
  expect(await command('--type', 'task.eaten')).toMatchObject({
    code: 1,
    said: expect.stringContaining('there are person.joined of gateway'),
  })
  expect(await command('--workspace', 'nowhere')).toMatchObject({ code: 1 })
})

/** Adds a task with an old event that no relay can publish. Returns a function that removes it. */
const heldUp = async (): Promise<() => Promise<void>> => {
  const _id = await filed(env.owner())
  await published()
  const tasks = env.db.collection<{ _id: string; outbox: unknown[] }>('tasks')
  const stuck = { id: ids.next(), at: new Date(0), subject: 'nowhere', event: {} }
  await tasks.updateOne({ _id }, { $push: { outbox: stuck } })
  return async () => void (await tasks.updateOne({ _id }, { $set: { outbox: [] } }))
}
/** Adds the last event to the stream again. Returns the sequence of the copy. */
const repeated = async (): Promise<number> => {
  const { state } = await env.bus.jsm.streams.info(EVENTS_STREAM)
  const last = await env.bus.jsm.direct.getMessage(EVENTS_STREAM, { seq: state.last_seq })
  return (await env.bus.js.publish(last?.subject ?? '', last?.data)).seq
}
const firstLine = async (monotonicMs: () => number): Promise<Line> => {
  await using mongo = await connectMongo(env.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  const clock = { ...systemClock, monotonicMs }
  for await (const line of takeSnapshot({ mongo, bus: env.bus, clock }, {})) return line
  throw new Error('it had no line')
}

test('a_snapshot_waits_for_earlier_events_that_are_not_published_yet', async () => {
  const release = await heldUp()
  let looks = 0
  let released: Promise<number> | undefined
  // Every reading of the clock but the first is one while it waits.
  const line = await firstLine(() => {
    looks += 1
    if (looks === 2) released = repeated().finally(release)
    return systemClock.monotonicMs()
  })
  expect(looks).toBeGreaterThan(1)
  expect(line).toMatchObject({ snapshot: { sequence: await released } })
})

test('a_snapshot_fails_with_the_reason_when_they_are_never_published', async () => {
  const release = await heldUp()
  let now_ms = 0
  await expect(firstLine(() => (now_ms += 10_000))).rejects.toThrow(
    /Events of tasks .* still wait to be published/,
  )
  await release()
})
