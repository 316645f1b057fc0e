// Pages of occurrences from the stream of events: how far one reads, what it says of gaps, and that quiet times pass.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { client } from '../../shared/bus/client.ts'
import { startBudget } from '../../shared/bus/headers.ts'
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { type Caller, eventSubject } from '../../shared/contracts/define/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import type { Position } from '../../shared/events/event-cursor.ts'
import { type EventPage, type EventPages, openEventPages } from '../../shared/events/event-pages.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { aheadOf, systemClock } from '../../shared/process/clock.ts'
import { asAskerOf } from '../support/keys.ts'
import { ids, person } from '../support/service-environment.ts'
import { openTasksEnvironment, type TasksEnvironment } from '../support/tasks-environment.ts'

let env: TasksEnvironment
let pages: EventPages
/** Pages by a clock that is two minutes ahead: what was published until now is old to it. */
let later: EventPages
beforeAll(async () => {
  env = await openTasksEnvironment()
  const witnesses = {
    tasks: client(asAskerOf(env.bus, tasks, 'list_seen_tasks'), tasks),
    loops: client(asAskerOf(env.bus, loopsQueue, 'list_private_loops'), loopsQueue),
  }
  const open = (clock: typeof systemClock) => openEventPages({ bus: env.bus, clock, witnesses })
  pages = open(systemClock)
  later = open(aheadOf(systemClock, 120_000))
})
afterAll(() => env?.[Symbol.asyncDispose]())

const read = (
  reader: EventPages,
  caller: Caller,
  from: Position,
  { max = 50, compare = true }: Readonly<{ max?: number; compare?: boolean }> = {},
): Promise<EventPage> =>
  reader.page({
    from,
    subscription: { name: 'task.approved', arguments: {} },
    call: { caller, request_id: ids.next(), ...startBudget(systemClock, 8_000) },
    max,
    compare,
  })
const loopOf = async (owner: Caller, visibility: 'public' | 'private' = 'public') =>
  (await env.loopsOf(owner).create_loop({ name: 'Loop', visibility })).loop.id
const approved = async (owner: Caller, loop_id: string): Promise<string> => {
  const { task } = await env.tasksOf(owner).create_task({ title: 'Work', loop_id })
  await env.tasksOf(owner).update_task({ task_id: task.id, status: 'approved' })
  await env.events('tasks', owner.workspace_id, (all) =>
    all.some(({ type, subject }) => type === 'task.updated' && subject === task.id),
  )
  return task.id
}
/** Publishes the approval of a task again and again, each time as another event. */
const publishMany = async (owner: Caller, task_id: string, count: number) => {
  const isIt = ({ type, subject }: CloudEvent) => type === 'task.updated' && subject === task_id
  const published = await env.events('tasks', owner.workspace_id, (all) => all.some(isIt))
  const event = published.find(isIt)
  const subject = eventSubject('tasks', 'task.updated', owner.workspace_id)
  await Promise.all(
    Array.from({ length: count }, () =>
      env.bus.js.publish(subject, JSON.stringify({ ...event, id: ids.next() })),
    ),
  )
}
const idsIn = ({ occurrences }: EventPage) => occurrences.map(({ occurrence }) => occurrence.data.task_id)

test('a_page_looks_at_so_many_events_and_does_not_say_that_there_were_hidden_ones', async () => {
  const ann = env.owner()
  const bob = person(ann.workspace_id)
  const [open, hidden] = [await loopOf(ann), await loopOf(ann, 'private')]
  const secret = await approved(ann, hidden)
  const from = await pages.now()
  await publishMany(ann, secret, 1_300)
  const shown = await approved(ann, open)
  const first = await read(pages, bob, from)
  expect(first).toMatchObject({ occurrences: [], more: false, caught_up: false, truncated: false })
  const second = await read(pages, bob, first.position)
  expect(second).toMatchObject({ more: false, caught_up: true })
  expect(idsIn(second)).toEqual([shown])
  const full = await read(pages, ann, from, { max: 100 })
  expect(full).toMatchObject({ more: true, truncated: false })
  expect(full.occurrences).toHaveLength(100)
})

test('more_means_that_one_more_can_be_seen', async () => {
  const ann = env.owner()
  const bob = person(ann.workspace_id)
  const [open, hidden] = [await loopOf(ann), await loopOf(ann, 'private')]
  const from = await pages.now()
  const task_id = await approved(ann, open)
  await approved(ann, hidden)
  expect(await read(pages, bob, from, { max: 1 })).toMatchObject({ more: false })
  expect(await read(pages, ann, from, { max: 1 })).toMatchObject({ more: true })
  const next = await approved(ann, open)
  const page = await read(pages, bob, from, { max: 1 })
  expect([idsIn(page), page.more]).toEqual([[task_id], true])
  expect(idsIn(await read(pages, bob, page.position))).toEqual([next])
})

test('a_position_passes_over_what_is_old_and_elsewhere_so_that_its_removal_is_no_gap', async () => {
  const ann = env.owner()
  const from = await pages.now()
  const stranger = env.owner()
  await approved(stranger, await loopOf(stranger))
  // Young events may be missing in a copy of the stream.
  const young = await read(pages, ann, from)
  expect(young.position.seq).toBe(from.seq)
  const { position } = await read(later, ann, from)
  expect(position.seq).toBeGreaterThan(from.seq)
  await env.bus.jsm.streams.purge(EVENTS_STREAM, { seq: position.seq + 1 })
  expect(await read(pages, ann, from)).toMatchObject({ truncated: true, occurrences: [] })
  expect(await read(pages, ann, position)).toMatchObject({ truncated: false, occurrences: [] })
  const task_id = await approved(ann, await loopOf(ann))
  expect(idsIn(await read(pages, ann, position))).toEqual([task_id])
})

test('a_stream_that_was_made_anew_is_a_gap_and_what_comes_then_is_told', async () => {
  const ann = env.owner()
  const from = await pages.now()
  const info = await env.bus.jsm.streams.info(EVENTS_STREAM)
  await env.bus.jsm.streams.delete(EVENTS_STREAM)
  await expect(read(pages, ann, from)).rejects.toMatchObject({ code: 'unavailable' })
  await env.bus.jsm.streams.add(info.config)
  const gap = await read(pages, ann, from)
  expect(gap).toMatchObject({ truncated: true, occurrences: [] })
  const task_id = await approved(ann, await loopOf(ann))
  expect(idsIn(await read(pages, ann, gap.position))).toEqual([task_id])
})
