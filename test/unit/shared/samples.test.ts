// Readings of the database for metrics: one replica reads, the others leave it to that one.
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLog } from '../../../shared/process/log.ts'
import { noMetrics } from '../../../shared/process/metrics.ts'
import type { Sample } from '../../../shared/process/metrics-table.ts'
import { SAMPLE_MS, type Samples, startSamples } from '../../../shared/storage/samples.ts'

const log = createLog({ filter: 'error', topic: 'test', write: () => undefined })
const LAG: Sample = { name: 'loops_consumer_lag', labels: { service: 'tasks' }, value: 3 }
let holder: string | undefined
let now_ms = 0
const open = new Set<Samples>()

const replica = (name: string): Samples => {
  const turns = {
    take: async () => {
      holder ??= name
      return holder === name
    },
    release: async () => {
      if (holder === name) holder = undefined
    },
  }
  const clock = { monotonicMs: () => now_ms }
  const options = { service: 'tasks', metrics: noMetrics, turns, clock, random: () => 0, log }
  const samples = startSamples(options)
  open.add(samples)
  return samples
}
const soon = () => vi.advanceTimersByTimeAsync(SAMPLE_MS)

beforeEach(() => {
  holder = undefined
  now_ms = 0
  vi.useFakeTimers()
})
afterEach(async () => {
  for (const samples of open) await samples[Symbol.asyncDispose]()
  open.clear()
  vi.useRealTimers()
})

test('one_replica_reads_and_reports', async () => {
  const [first, second] = [replica('a'), replica('b')]
  const read = vi.fn(async () => [LAG])
  const unread = vi.fn(async () => [LAG])
  first.add(read)
  second.add(unread)
  await soon()
  expect(first.fresh()).toEqual([LAG])
  expect(second.fresh()).toEqual([])
  expect(unread).not.toHaveBeenCalled()
})

test('another_goes_on_when_it_stops', async () => {
  const [first, second] = [replica('a'), replica('b')]
  for (const one of [first, second]) one.add(async () => [LAG])
  await soon()
  await first[Symbol.asyncDispose]()
  await soon()
  expect(second.fresh()).toEqual([LAG])
})

test('what_cannot_be_read_keeps_nothing_else_from_being_read', async () => {
  const samples = replica('a')
  samples.add(() => Promise.reject(new Error('too slow')))
  samples.add(async () => [LAG])
  await soon()
  expect(samples.fresh()).toEqual([LAG])
})

test('what_is_old_is_not_reported', async () => {
  const samples = replica('a')
  samples.add(async () => [LAG])
  await soon()
  expect(samples.fresh()).toEqual([LAG])
  now_ms += 10 * 60_000
  expect(samples.fresh()).toEqual([])
})
