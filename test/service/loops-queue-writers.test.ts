// Many writers at once over two instances: their answers and the published events form one history. Its versions give
// the total order, so no search for one is needed. Replayed on a model, nothing is lost.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { AppError, type ErrorCode } from '../../shared/contracts/define/errors.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { changesAmong, type PublishedVersion, versionsUpTo } from '../support/loops.ts'
import { replayed } from '../support/queue-model.ts'
import { randomFrom } from '../support/random.ts'
import {
  type Acting,
  ids,
  openEnvironment,
  person,
  type TestEnvironment,
} from '../support/service-environment.ts'

const WRITERS = 32
const DURATION_MS = 3_000
/** The least number of commands of each writer, however slow the machine. */
const COMMANDS = 10
const FIRST_LOOPS = 24
const MOST_LOOPS = 60

let env: TestEnvironment
beforeAll(async () => {
  env = await openEnvironment()
  await env.start('loops-queue', 2)
  await env.start('tasks')
})
afterAll(() => env[Symbol.asyncDispose]())

/** An accepted command: when it was sent and answered, and what it says about the order. */
type Accepted = Readonly<{
  kind: Kind
  by: Caller
  loop_ids: readonly string[]
  began: number
  ended: number
  version: number
  changed: boolean
  /** Whether an event of the loop itself was published. */
  published?: boolean
  /** Of a move: the requested position. */
  priority?: number
  order_head?: readonly string[]
}>
type Kind = 'move' | 'reorder' | 'strict' | 'create' | 'close' | 'reopen' | 'ship'
type Plan = Readonly<{
  random: (n: number) => number
  caller: Caller
  service: Acting<typeof loopsQueue>
  loops: string[]
}>
type Outcome = Omit<Accepted, 'kind' | 'by' | 'began' | 'ended'>

const pick = ({ random, loops }: Plan): string => loops[random(loops.length)] as string
type Answer = Readonly<{ version: number; changed: boolean; order_head: string[] }>
const ofOrder = (loop_ids: string[], { version, changed, order_head }: Answer): Outcome => ({
  loop_ids,
  version,
  changed,
  order_head,
})

const move = async ({ service }: Plan, loop_id: string, priority: number, expected_version?: number) => ({
  ...ofOrder([loop_id], await service.set_loop_priority({ loop_id, priority, expected_version })),
  priority,
})

const KINDS: Record<Kind, (plan: Plan) => Promise<Outcome>> = {
  move: (plan) => move(plan, pick(plan), plan.random(30)),
  reorder: async (plan) => {
    const loop_ids = [...new Set(Array.from({ length: 1 + plan.random(3) }, () => pick(plan)))]
    return ofOrder(loop_ids, await plan.service.reorder_loops({ loop_ids }))
  },
  strict: async (plan) => {
    const { version } = await queueOf(plan.caller)
    return await move(plan, pick(plan), plan.random(30), version)
  },
  create: async ({ service, loops }) => {
    if (loops.length >= MOST_LOOPS) throw new AppError('limit_exceeded', 'enough for this test')
    const { loop, queue_version } = await service.create_loop({ name: 'New' })
    loops.push(loop.id)
    return { loop_ids: [loop.id], version: queue_version, changed: false, published: true }
  },
  close: async (plan) => {
    const { loop, changed, queue_version } = await plan.service.close_loop({ loop_id: pick(plan) })
    return { loop_ids: [loop.id], version: queue_version, changed: false, published: changed }
  },
  reopen: async (plan) => {
    const { loop, changed, queue_version } = await plan.service.reopen_loop({ loop_id: pick(plan) })
    return { loop_ids: [loop.id], version: queue_version, changed: false, published: changed }
  },
  ship: async (plan) => {
    const { loop, already_shipped, queue_version } = await plan.service.ship_loop({ loop_id: pick(plan) })
    return { loop_ids: [loop.id], version: queue_version, changed: false, published: !already_shipped }
  },
}
/** The relative frequency of each kind. */
const DECK: readonly Kind[] = [
  ...Array<Kind>(6).fill('move'),
  ...Array<Kind>(6).fill('reorder'),
  ...Array<Kind>(2).fill('strict'),
  ...Array<Kind>(3).fill('close'),
  ...Array<Kind>(5).fill('reopen'),
  'create',
  'ship',
]
/** Codes of refusals that changes by others may cause; no other refusal is allowed. */
const EXPECTED: readonly ErrorCode[] = [
  'version_conflict',
  'invalid_transition',
  'invalid_argument',
  'not_found',
  'limit_exceeded',
  'unavailable',
]

const write = async (plan: Plan, until: number): Promise<Accepted[]> => {
  const accepted: Accepted[] = []
  for (let n = 0; n < COMMANDS || clock.monotonicMs() < until; n += 1) {
    const kind = DECK[plan.random(DECK.length)] as Kind
    const began = clock.monotonicMs()
    try {
      const outcome = await KINDS[kind](plan)
      accepted.push({ kind, by: plan.caller, began, ended: clock.monotonicMs(), ...outcome })
    } catch (error) {
      if (!(error instanceof AppError) || !EXPECTED.includes(error.code)) throw error
    }
  }
  return accepted
}

type History = Readonly<{
  published: readonly PublishedVersion[]
  /** Per loop, how often it became active and how often it stopped being so. */
  came: ReadonlyMap<string, number>
  went: ReadonlyMap<string, number>
  /** The orders by version, 0 first, replayed from the events. */
  orders: readonly (readonly string[])[]
}>

const count = (ids: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return counts
}

const queueOf = async (caller: Caller): Promise<{ version: number; order: string[] }> => {
  const { version, loops } = await env.as(loopsQueue, caller).get_loop_queue({ limit: 200 })
  return { version, order: loops.map(({ id }) => id) }
}

/** All events of a workspace up to a version of its order; throws where a change does not fit the one before. */
const historyUpTo = async (workspaceId: string, version: number, statusChanges: number): Promise<History> => {
  const events = await env.events('loops-queue', workspaceId, (all) => {
    const versions = new Set(
      all.flatMap(({ type, sequence }) => (type === 'queue.changed' ? [sequence] : [])),
    )
    return (
      versions.size >= version && all.filter(({ type }) => type !== 'queue.changed').length >= statusChanges
    )
  })
  const published = changesAmong(events)
  const orders: (readonly string[])[] = [[]]
  for (const change of published) orders.push(replayed(orders.at(-1) as readonly string[], change))
  const loopsOf = (...types: string[]) =>
    count(events.flatMap(({ type, data }) => (types.includes(type) ? [String(data.loop_id)] : [])))
  return {
    published,
    orders,
    came: loopsOf('loop.created', 'loop.reopened'),
    went: loopsOf('loop.held', 'loop.shipped'),
  }
}

/** No loop enters the order more often than it became active, or leaves it more often than it stopped being so. */
const checkComings = ({ orders, came, went }: History): void => {
  const entries: string[] = []
  const exits: string[] = []
  for (let v = 1; v < orders.length; v += 1) {
    const [before, after] = [new Set(orders[v - 1]), new Set(orders[v])]
    expect(after.size).toBe(orders[v]?.length)
    entries.push(...after.difference(before))
    exits.push(...before.difference(after))
  }
  for (const [id, times] of count(entries)) expect(times).toBeLessThanOrEqual(came.get(id) ?? 0)
  for (const [id, times] of count(exits)) expect(times).toBeLessThanOrEqual(went.get(id) ?? 0)
}

/** Each answer is true of the version it names, and its event applies the request to the order before. */
const checkAnswer = (one: Accepted, { published, orders }: History, hidden: ReadonlySet<string>): void => {
  const { loop_ids, version, changed, priority, order_head } = one
  const after = orders[version]
  const before = orders[changed ? version - 1 : version]
  if (!after || !before) throw new Error(`version ${version} was answered and never published`)
  if (changed) expect(published[version - 1]).toMatchObject({ by: { user_id: one.by.user_id }, loop_ids })
  if (!order_head) return
  const visible = after.filter((id) => !hidden.has(id))
  expect(order_head).toEqual(visible.slice(0, 20))
  const others = before.filter((id) => !hidden.has(id) && !loop_ids.includes(id))
  expect(visible).toEqual(others.toSpliced(priority ?? 0, 0, ...loop_ids))
  after.forEach((id, place) => {
    if (hidden.has(id)) expect(before[place]).toBe(id)
  })
}

/** What ended before something else began has an earlier version. */
const checkRealTime = (changes: readonly Accepted[]): void => {
  expect(new Set(changes.map(({ version }) => version)).size).toBe(changes.length)
  const byEnd = changes.toSorted((a, b) => a.ended - b.ended)
  let newest = 0
  let at = 0
  for (const { began, version } of changes.toSorted((a, b) => a.began - b.began)) {
    for (; at < byEnd.length && (byEnd[at] as Accepted).ended < began; at += 1)
      newest = Math.max(newest, (byEnd[at] as Accepted).version)
    expect(version).toBeGreaterThan(newest)
  }
}

/** The order at the end holds exactly the loops that are active, and no loop is lost. */
const checkEnd = async (owner: Caller, loops: readonly string[], end: readonly string[]): Promise<void> => {
  const asked = { workspace_id: owner.workspace_id, loop_ids: [...loops] }
  const { loops: states } = await env.as(loopsQueue, null).get_loop_states(asked)
  expect(states).toHaveLength(loops.length)
  const active = states.flatMap(({ id, status }) => (status === 'active' ? [id] : []))
  expect([...end].sort()).toEqual(active.sort())
}

test('no_change_is_lost_doubled_or_out_of_order_with_32_writers_over_two_instances', async () => {
  const owner = person(ids.next(), { role: 'owner', user_name: 'Olga' })
  const ann = person(owner.workspace_id, { user_name: 'Ann' })
  const bob = person(owner.workspace_id, { user_name: 'Bob' })
  const loops: string[] = []
  const secret = new Set<string>()
  for (let n = 0; n < FIRST_LOOPS; n += 1) {
    const visibility = n % 6 === 0 ? 'private' : 'public'
    const { loop } = await env.as(loopsQueue, bob).create_loop({ name: `Loop ${n}`, visibility })
    loops.push(loop.id)
    if (visibility === 'private') secret.add(loop.id)
  }

  const until = clock.monotonicMs() + DURATION_MS
  const writers = Array.from({ length: WRITERS }, (_, n) => {
    const caller = n % 3 === 0 ? ann : owner
    return write({ random: randomFrom(n + 1), caller, service: env.as(loopsQueue, caller), loops }, until)
  })
  const accepted = (await Promise.all(writers)).flat()
  // A strict change may never win against so many; all others do.
  const kinds = new Set(accepted.map(({ kind }) => kind)).add('strict')
  expect([...kinds].sort()).toEqual(Object.keys(KINDS).sort())

  const end = await queueOf(owner)
  await checkEnd(owner, loops, end.order)
  const changed = accepted.filter(({ kind, published }) => published && kind !== 'create').length
  const history = await historyUpTo(owner.workspace_id, end.version, loops.length + changed)
  expect(history.published.map(({ version }) => version)).toEqual(versionsUpTo(end.version))
  expect(end.order).toEqual(history.orders.at(-1))
  expect((await queueOf(ann)).order).toEqual(end.order.filter((id) => !secret.has(id)))
  checkComings(history)
  for (const one of accepted) checkAnswer(one, history, one.by === owner ? new Set() : secret)
  checkRealTime(accepted.filter((one) => one.changed))
})
