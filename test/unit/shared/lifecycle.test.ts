// Repeated work and bounded waiting, on a clock that the tests move.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { repeat, within } from '../../../shared/process/lifecycle.ts'
import { createLog } from '../../../shared/process/log.ts'

const lines: string[] = []
const log = createLog({ filter: 'debug', topic: 'test', write: (line) => void lines.push(line) })
const options = { interval_ms: 1_000, log, random: () => 0 }

beforeEach(() => {
  lines.length = 0
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('waiting', () => {
  test('ends_true_when_the_work_ends', async () => {
    expect(await within(1_000, Promise.resolve('done'))).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('ends_false_when_the_time_is_over', async () => {
    const waited = within(1_000, new Promise(() => undefined))
    await vi.advanceTimersByTimeAsync(999)
    expect(await Promise.race([waited, Promise.resolve('still')])).toBe('still')
    await vi.advanceTimersByTimeAsync(1)
    expect(await waited).toBe(false)
  })

  test('throws_what_the_work_throws', async () => {
    await expect(within(1_000, Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('repeated work', () => {
  test('begins_at_once_and_comes_again_after_each_interval', async () => {
    let runs = 0
    await using _ = repeat(async () => void runs++, options)
    await vi.advanceTimersByTimeAsync(0)
    expect(runs).toBe(1)
    await vi.advanceTimersByTimeAsync(999)
    expect(runs).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(runs).toBe(2)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(runs).toBe(5)
  })

  test('comes_less_and_less_often_while_it_finds_nothing_and_at_once_when_nudged', async () => {
    let runs = 0
    let found = false
    const work = async () => {
      runs += 1
      return found
    }
    await using repeating = repeat(work, { ...options, idle_ms: 5_000 })
    for (const [wait_ms, expected] of [
      [0, 1],
      [2_000, 2],
      [4_000, 3],
      [5_000, 4],
      [4_999, 4],
      [1, 5],
    ] as const) {
      await vi.advanceTimersByTimeAsync(wait_ms)
      expect(runs, `after ${wait_ms} ms`).toBe(expected)
    }
    found = true
    repeating.nudge()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(runs).toBe(7)
  })

  test('asks_for_its_interval_after_each_run', async () => {
    let runs = 0
    let interval_ms = 1_000
    await using _ = repeat(async () => void runs++, { ...options, interval_ms: () => interval_ms })
    await vi.advanceTimersByTimeAsync(0)
    interval_ms = 10_000
    await vi.advanceTimersByTimeAsync(1_000)
    expect(runs).toBe(2)
    await vi.advanceTimersByTimeAsync(9_999)
    expect(runs).toBe(2)
    await vi.advanceTimersByTimeAsync(1)
    expect(runs).toBe(3)
  })

  test('is_spread_by_up_to_a_quarter', async () => {
    let runs = 0
    await using _ = repeat(async () => void runs++, { ...options, random: () => 1 })
    await vi.advanceTimersByTimeAsync(1_249)
    expect(runs).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(runs).toBe(2)
  })

  test('survives_a_failure_and_tells_it', async () => {
    let runs = 0
    await using _ = repeat(async () => {
      runs += 1
      if (runs === 1) throw new Error('once')
    }, options)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(runs).toBe(2)
    expect(lines.join('\n')).toContain('once')
  })

  test('comes_at_once_when_nudged', async () => {
    let runs = 0
    await using repeating = repeat(async () => void runs++, options)
    await vi.advanceTimersByTimeAsync(0)
    repeating.nudge()
    await vi.advanceTimersByTimeAsync(0)
    expect(runs).toBe(2)
  })

  test('comes_again_at_once_when_nudged_while_it_runs', async () => {
    const ends: (() => void)[] = []
    await using repeating = repeat(() => new Promise<void>((resolve) => ends.push(resolve)), options)
    await vi.advanceTimersByTimeAsync(0)
    repeating.nudge()
    expect(ends).toHaveLength(1)
    ends[0]?.()
    await vi.advanceTimersByTimeAsync(0)
    expect(ends).toHaveLength(2)
    ends[1]?.()
  })

  test('never_runs_twice_at_once', async () => {
    let running = 0
    let most = 0
    const ends: (() => void)[] = []
    await using repeating = repeat(async () => {
      running += 1
      most = Math.max(most, running)
      await new Promise<void>((resolve) => ends.push(resolve))
      running -= 1
    }, options)
    for (let turn = 0; turn < 5; turn += 1) {
      repeating.nudge()
      await vi.advanceTimersByTimeAsync(5_000)
      ends.at(-1)?.()
    }
    await vi.advanceTimersByTimeAsync(0)
    ends.at(-1)?.()
    expect(ends.length).toBeGreaterThan(1)
    expect(most).toBe(1)
  })

  test('is_waited_for_and_told_to_stop_when_disposed_of', async () => {
    const seen: string[] = []
    const end = Promise.withResolvers<void>()
    const repeating = repeat(async (signal) => {
      signal.addEventListener('abort', () => seen.push('told'))
      await end.promise
      seen.push('ended')
    }, options)
    await vi.advanceTimersByTimeAsync(0)
    const disposed = repeating[Symbol.asyncDispose]().then(() => seen.push('disposed'))
    await vi.advanceTimersByTimeAsync(0)
    expect(seen).toEqual(['told'])
    end.resolve()
    await disposed
    expect(seen).toEqual(['told', 'ended', 'disposed'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
