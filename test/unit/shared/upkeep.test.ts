// Work that one replica does for all, on a clock that the tests move: who does it, and when another goes on.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLog } from '../../../shared/process/log.ts'
import { openUpkeep, type Upkeep } from '../../../shared/storage/upkeep.ts'
import { STUCK_MS, UPKEEP_TERM_MS } from '../../../shared/storage/upkeep-rules.ts'

const log = createLog({ filter: 'error', topic: 'test', write: () => undefined })
let turn: { holder: string; ends_ms: number } | undefined
let looks = 0
const stack: AsyncDisposable[] = []

type Replica = {
  readonly name: string
  upkeep: Upkeep
  connected: boolean
  /** Its database does not answer. */
  cut: boolean
  runs: number
}

/** A replica whose work needs a second between two runs. @param work what a run does besides being counted. */
const replica = (
  name: string,
  work: (signal: AbortSignal) => Promise<unknown> = async () => undefined,
): Replica => {
  const state: Replica = { name, connected: true, cut: false, runs: 0, upkeep: undefined as never }
  const turns = {
    look: async () => {
      if (state.cut) throw new Error('the database is away')
      const now = performance.now()
      if (turn && turn.holder !== name && turn.ends_ms > now) {
        looks += 1
        return { until_ms: undefined, looks, ends_in_ms: turn.ends_ms - now }
      }
      turn = { holder: name, ends_ms: now + UPKEEP_TERM_MS }
      return { until_ms: now + (UPKEEP_TERM_MS * 3) / 4 }
    },
    release: async () => {
      if (turn?.holder === name) turn = undefined
    },
  }
  state.upkeep = openUpkeep({
    turns,
    connected: () => state.connected,
    clock: { monotonicMs: () => performance.now() },
    random: () => 0,
    log,
  })
  const counted = async (signal: AbortSignal): Promise<unknown> => {
    state.runs += 1
    return await work(signal)
  }
  const repeating = state.upkeep.repeat(counted, { interval_ms: 1_000, log, random: () => 0 })
  stack.push(state.upkeep, repeating)
  return state
}
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const runsIn = async (ms: number, ...replicas: readonly Replica[]): Promise<number[]> => {
  const before = replicas.map(({ runs }) => runs)
  await pass(ms)
  return replicas.map(({ runs }, index) => runs - (before[index] ?? 0))
}

beforeEach(() => {
  turn = undefined
  looks = 0
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] })
})
afterEach(async () => {
  while (stack.length > 0) await stack.pop()?.[Symbol.asyncDispose]()
  vi.useRealTimers()
})

test('one_replica_works_and_the_others_do_not', async () => {
  const [a, b, c] = [replica('a'), replica('b'), replica('c')]
  const [first, ...others] = await runsIn(10_000, a, b, c)
  expect(first).toBeGreaterThanOrEqual(10)
  expect(others).toEqual([0, 0])
})

test('another_goes_on_at_once_when_one_of_its_works_is_disposed_of', async () => {
  const [a, b] = [replica('a'), replica('b')]
  await pass(5_000)
  const work = stack[1] as AsyncDisposable
  await work[Symbol.asyncDispose]()
  await pass(0)
  expect(turn).toBeUndefined()
  await pass(2_000)
  expect(a.upkeep.isOurs()).toBe(false)
  expect(b.upkeep.isOurs()).toBe(true)
  expect(b.runs).toBeGreaterThan(0)
})

test('a_replica_that_cannot_renew_stops_before_another_begins', async () => {
  const [a, b] = [replica('a'), replica('b')]
  await pass(5_000)
  a.cut = true
  let both = 0
  for (let n = 0; n < 100; n += 1) {
    await pass(100)
    if (a.upkeep.isOurs() && b.upkeep.isOurs()) both += 1
  }
  expect(both).toBe(0)
  const [old, next] = await runsIn(5_000, a, b)
  expect(old).toBe(0)
  expect(next).toBeGreaterThan(0)
})

test('a_replica_without_its_bus_gives_the_turn_back_and_stops_what_runs', async () => {
  const signals: AbortSignal[] = []
  const a = replica('a', async (signal) => {
    signals.push(signal)
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  })
  const b = replica('b')
  await pass(1_000)
  a.connected = false
  await pass(5_000)
  expect(signals[0]?.aborted).toBe(true)
  expect(a.upkeep.isOurs()).toBe(false)
  expect(b.upkeep.isOurs()).toBe(true)
})

test('a_run_that_hangs_costs_its_process_the_turn', async () => {
  const a = replica('a', () => new Promise((resolve) => setTimeout(resolve, 10 * STUCK_MS)))
  const b = replica('b')
  await pass(STUCK_MS + 15_000)
  expect(a.upkeep.isOurs()).toBe(false)
  expect(b.runs).toBeGreaterThan(0)
  await pass(10 * STUCK_MS)
})

test('work_that_fails_again_and_again_passes_to_another_replica', async () => {
  const a = replica('a', async () => {
    throw new Error('no way to another service')
  })
  const b = replica('b')
  await pass(15_000)
  expect(a.runs).toBe(3)
  expect(b.upkeep.isOurs()).toBe(true)
})

test('a_replica_that_passes_the_turn_on_lets_another_go_first', async () => {
  const [a, b] = [replica('a'), replica('b')]
  await pass(5_000)
  expect(a.upkeep.isOurs()).toBe(true)
  // Without the turn that changes nothing: this one does not stand back.
  b.upkeep.passOn()
  a.upkeep.passOn()
  await pass(3_000)
  expect(a.upkeep.isOurs()).toBe(false)
  expect(b.upkeep.isOurs()).toBe(true)
})

test('work_that_fails_on_the_only_replica_goes_on', async () => {
  const a = replica('a', async () => {
    throw new Error('still no way')
  })
  const [runs] = await runsIn(60_000, a)
  expect(runs).toBeGreaterThan(40)
})

test('a_turn_that_was_lost_and_won_again_wakes_the_work', async () => {
  const a = replica('a')
  await pass(2_000)
  a.cut = true
  await pass(20_000)
  a.cut = false
  const [runs] = await runsIn(5_000, a)
  expect(runs).toBeGreaterThan(2)
})
