// Which event of the bus a subscriber is told of, and what: by the event, the arguments, and what the reader sees now.
import { expect, test } from 'vitest'
import { EVENT_TYPES, type EventType, type EventTypeName } from '../../../shared/contracts/event-types.ts'
import { CONTRACTS } from '../../../shared/contracts/index.ts'
import type { SeenTask } from '../../../shared/contracts/tasks/shapes.ts'
import { examplesOf } from '../../../shared/events/examples.ts'
import {
  aboutOf,
  type Happened,
  occurrenceOf,
  type Seen,
  type Subscription,
} from '../../../shared/events/occurrence-rules.ts'

const TASK = '01JD3XS7A80000000000000001'
const LOOP = '01JD3XS7A80000000000000002'
const SECRET = '01JD3XS7A80000000000000003'
const AT = '2026-11-20T09:30:00.000Z'
const BY = { user_id: '01JD3XS7A80000000000000009', name: 'Ann', client: 'test' }

const happened = (type: string, data: Readonly<Record<string, unknown>>): Happened => ({
  id: 'EVENT',
  type,
  time: AT,
  data: { by: BY, ...data },
})
const approved = (data: Readonly<Record<string, unknown>> = {}): Happened =>
  happened('task.updated', {
    task_id: TASK,
    title: 'As it was called then',
    status: 'approved',
    status_before: 'open',
    changed: ['status'],
    loop_id: LOOP,
    private: false,
    ...data,
  })
const task = (more: Partial<SeenTask> = {}): SeenTask => ({
  id: TASK,
  title: 'As it is called now',
  priority: 'high',
  loop_id: LOOP,
  ready: true,
  ...more,
})
/** What a reader sees: this task, and no private loop. */
const seen = (found: SeenTask | undefined, more: Partial<Seen> = {}): Seen => ({
  task: (id) => (id === found?.id ? found : undefined),
  isActive: () => true,
  hasReady: () => true,
  sees: () => false,
  ...more,
})
const ask = <N extends EventTypeName>(name: N, args: object = {}): Subscription =>
  ({ name, arguments: EVENT_TYPES[name].arguments.parse(args) }) as Subscription
const dataOf = (event: Happened, subscription: Subscription, what: Seen) =>
  occurrenceOf(event, subscription, what)?.data

const CHANGED_TO_READY: readonly (readonly [string, Happened, boolean])[] = [
  ['approved', approved(), true],
  ['given back', approved({ status_before: 'in_progress' }), true],
  ['moved into a loop', approved({ changed: ['loop_id'] }), true],
  ['another title', approved({ changed: ['title'] }), false],
  ['put on hold', approved({ status: 'on_hold' }), false],
  ['unblocked', happened('task.unblocked', { task_id: TASK, status: 'approved', loop_id: LOOP }), true],
  ['unblocked but open', happened('task.unblocked', { task_id: TASK, status: 'open', loop_id: LOOP }), false],
  ['claimed', happened('task.claimed', { task_id: TASK, status: 'in_progress', loop_id: LOOP }), false],
]
test.each(CHANGED_TO_READY)('work_is_ready_when_a_task_is_%s', (_, event, is) => {
  expect(dataOf(event, ask('work.ready'), seen(task())) !== undefined).toBe(is)
})

const READY_NOW: readonly (readonly [string, SeenTask | undefined, Partial<Seen>, boolean])[] = [
  ['as it was', task(), {}, true],
  ['out of sight or gone', undefined, {}, false],
  ['in somebody’s hands', task({ ready: false }), {}, false],
  ['in no loop', task({ loop_id: null }), {}, false],
  ['in a loop that is on hold', task(), { isActive: () => false }, false],
]
test.each(READY_NOW)('of_ready_work_nobody_is_told_unless_it_is_still_so: %s', (_, now, more, is) => {
  expect(dataOf(approved(), ask('work.ready'), seen(now, more)) !== undefined).toBe(is)
})

test('an_occurrence_says_what_the_task_is_now_and_has_the_id_of_its_event', () => {
  expect(occurrenceOf(approved(), ask('work.ready'), seen(task({ labels: ['ui'] })))).toEqual({
    eventId: 'EVENT',
    name: 'work.ready',
    timestamp: AT,
    data: { task_id: TASK, title: 'As it is called now', priority: 'high', labels: ['ui'], loop_id: LOOP },
  })
})

test('arguments_narrow_by_the_loop_and_the_labels_that_the_task_has_now', () => {
  const labelled = seen(task({ labels: ['ui', 'api'] }))
  for (const name of ['work.ready', 'task.approved'] as const) {
    expect(dataOf(approved(), ask(name, { loop_id: LOOP, label: 'API' }), labelled)).toBeDefined()
    expect(dataOf(approved(), ask(name, { loop_id: SECRET }), labelled)).toBeUndefined()
    expect(dataOf(approved(), ask(name, { label: 'docs' }), labelled)).toBeUndefined()
    expect(dataOf(approved(), ask(name, { label: 'docs' }), seen(task()))).toBeUndefined()
  }
})

test('a_new_label_is_reason_to_tell_only_whoever_asked_for_labels', () => {
  const event = approved({ changed: [], also_changed: ['labels'] })
  const now = seen(task({ labels: ['ui'] }))
  expect(dataOf(event, ask('work.ready', { label: 'ui' }), now)).toBeDefined()
  expect(dataOf(event, ask('work.ready'), now)).toBeUndefined()
})

test('what_happened_to_a_task_in_a_private_loop_is_told_only_to_those_who_see_the_loop', () => {
  const event = approved({ loop_id: SECRET, private: true })
  expect(dataOf(event, ask('task.approved'), seen(task()))).toBeUndefined()
  const insider = seen(task(), { sees: (id) => id === SECRET })
  expect(dataOf(event, ask('task.approved'), insider)).toEqual({
    task_id: TASK,
    title: 'As it is called now',
    priority: 'high',
    loop_id: LOOP,
    by: BY,
  })
})

test('a_task_that_is_given_back_was_not_approved', () => {
  expect(aboutOf(approved({ status_before: 'in_progress' }), ask('task.approved'))).toBeUndefined()
  expect(aboutOf(approved({ changed: ['title'] }), ask('task.approved'))).toBeUndefined()
  expect(aboutOf(approved({ status_before: 'on_hold' }), ask('task.approved'))).toEqual({ task_id: TASK })
})

test('a_loop_that_becomes_active_again_is_told_of_while_it_has_work', () => {
  const event = happened('loop.reopened', { loop_id: LOOP, visibility: 'public' })
  expect(dataOf(event, ask('work.ready', { label: 'ui' }), seen(undefined))).toEqual({ loop_id: LOOP })
  expect(dataOf(event, ask('work.ready', { loop_id: SECRET }), seen(undefined))).toBeUndefined()
  expect(dataOf(event, ask('work.ready'), seen(undefined, { hasReady: () => false }))).toBeUndefined()
  expect(dataOf(event, ask('work.ready'), seen(undefined, { isActive: () => false }))).toBeUndefined()
  const hidden = happened('loop.reopened', { loop_id: SECRET, visibility: 'private' })
  expect(dataOf(hidden, ask('work.ready'), seen(undefined))).toBeUndefined()
})

test('comments_on_tasks_are_told_of_and_those_on_loops_are_not', () => {
  const comment = { comment_id: SECRET, excerpt: 'Hm', private: false, loop_id: null, kind: 'question' }
  const event = happened('comment.added', { ...comment, task_id: TASK })
  const { private: _, loop_id: __, ...said } = comment
  const told = {
    task_id: TASK,
    title: 'As it is called now',
    priority: 'high',
    loop_id: LOOP,
    by: BY,
    ...said,
  }
  expect(dataOf(event, ask('task.commented', { task_id: TASK, loop_id: LOOP }), seen(task()))).toEqual(told)
  expect(dataOf(event, ask('task.commented', { task_id: SECRET }), seen(task()))).toBeUndefined()
  const onLoop = happened('comment.added', { ...comment, task_id: null, loop_id: LOOP })
  expect(dataOf(onLoop, ask('task.commented'), seen(task()))).toBeUndefined()
})

test('only_the_holder_is_told_that_a_claim_ends_and_only_if_it_was_not_renewed', () => {
  const event = happened('task.claim_warned', { task_id: TASK, agent: 'red', expires_at: AT })
  const own = (expires_at: string) => seen(task({ own_claim: { agent: 'red', expires_at } }))
  expect(dataOf(event, ask('claim.expiring', { agent: 'red' }), own(AT))).toMatchObject({
    task_id: TASK,
    agent: 'red',
    expires_at: AT,
  })
  expect(dataOf(event, ask('claim.expiring', { agent: 'blue' }), own(AT))).toBeUndefined()
  expect(dataOf(event, ask('claim.expiring'), own('2026-11-20T10:30:00.000Z'))).toBeUndefined()
  expect(dataOf(event, ask('claim.expiring'), seen(task()))).toBeUndefined()
})

test('a_private_loop_ships_for_those_who_see_it', () => {
  const event = happened('loop.shipped', { loop_id: SECRET, visibility: 'private', name: 'Hush' })
  expect(dataOf(event, ask('loop.shipped'), seen(undefined))).toBeUndefined()
  const insider = seen(undefined, { sees: () => true })
  expect(dataOf(event, ask('loop.shipped'), insider)).toMatchObject({ loop_id: SECRET, name: 'Hush' })
  expect(dataOf(event, ask('loop.shipped', { loop_id: LOOP }), insider)).toBeUndefined()
})

test.each(Object.entries<EventType>(EVENT_TYPES))('%s_follows_from_events_that_exist', (_, { follows }) => {
  for (const [service, names] of Object.entries(follows)) {
    const events = CONTRACTS.find(({ name }) => name === service)?.events ?? {}
    for (const name of names) expect(Object.keys(events)).toContain(name)
  }
})

test('what_is_told_of_the_examples_of_all_events_is_as_declared', () => {
  let told = 0
  const examples = CONTRACTS.flatMap((contract) =>
    Object.entries(contract.events).flatMap(([name, event]) => examplesOf(contract, name, event)),
  )
  for (const name of Object.keys(EVENT_TYPES) as EventTypeName[])
    for (const example of examples) {
      const { task_id, expires_at } = example.data
      const own = { own_claim: { expires_at: String(expires_at) } }
      const what = seen(task({ id: String(task_id), ...own }), { sees: () => true })
      const occurrence = occurrenceOf(example, ask(name), what)
      if (!occurrence) continue
      told += 1
      EVENT_TYPES[name].payload.strict().parse(occurrence.data)
    }
  expect(told).toBeGreaterThanOrEqual(Object.keys(EVENT_TYPES).length)
})
