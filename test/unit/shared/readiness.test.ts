// Whether a process is ready: what it says while services start, run, lack something and stop.
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openProbes, type Readiness, readinessAnswer } from '../../../shared/process/readiness.ts'

const FINE: Readiness = { waiting_for: [], degraded: [] }
let now_ms = 0
const clock = { monotonicMs: () => now_ms }
const later = (): void => {
  now_ms += 60_000
}

beforeEach(() => {
  now_ms = 0
})

describe('a process', () => {
  test('waits_for_the_services_that_are_to_start', async () => {
    const probes = openProbes(['tasks', 'notifier'], clock)
    probes.open('tasks').started(async () => FINE)
    expect(readinessAnswer(await probes.read())).toEqual({
      status: 503,
      body: { status: 'unavailable', waiting_for: ['notifier: its start'] },
    })
  })

  test('says_what_a_start_waits_for', async () => {
    const probes = openProbes(['tasks'], clock)
    const probe = probes.open('tasks')
    probe.waitFor('MongoDB (MONGODB_URL)')
    expect(readinessAnswer(await probes.read()).body.waiting_for).toEqual(['tasks: MongoDB (MONGODB_URL)'])
    probe.started(async () => FINE)
    expect(readinessAnswer(await probes.read())).toEqual({ status: 200, body: { status: 'ok' } })
  })

  test('is_ready_and_says_so_when_it_is_degraded', async () => {
    const probes = openProbes([], clock)
    probes.open('tasks').started(async () => ({ waiting_for: [], degraded: ['its disk is full'] }))
    expect(readinessAnswer(await probes.read())).toEqual({
      status: 200,
      body: { status: 'degraded', degraded: ['tasks: its disk is full'] },
    })
  })

  test('is_not_ready_once_a_service_stops', async () => {
    const probes = openProbes([], clock)
    const probe = probes.open('tasks')
    probe.started(async () => FINE)
    expect(readinessAnswer(await probes.read()).status).toBe(200)
    probe[Symbol.dispose]()
    expect(readinessAnswer(await probes.read()).status).toBe(503)
  })

  test('is_not_ready_while_a_check_fails', async () => {
    const probes = openProbes([], clock)
    probes.open('tasks').started(() => Promise.reject(new Error('no')))
    expect(readinessAnswer(await probes.read()).status).toBe(503)
  })
})

describe('many questions', () => {
  test('cost_one_check', async () => {
    const probes = openProbes([], clock)
    const check = vi.fn(async () => FINE)
    probes.open('tasks').started(check)
    await Promise.all([probes.read(), probes.read()])
    await probes.read()
    expect(check).toHaveBeenCalledTimes(1)
    later()
    await probes.read()
    expect(check).toHaveBeenCalledTimes(2)
  })

  test('can_be_answered_from_what_is_known', async () => {
    const probes = openProbes([], clock)
    probes.open('tasks').started(async () => FINE)
    expect([...probes.known()]).toEqual([])
    await probes.read()
    expect([...probes.known()]).toEqual([['tasks', FINE]])
  })
})

describe('a check that hangs', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('is_answered_within_a_second', async () => {
    const probes = openProbes([], clock)
    probes.open('tasks').started(() => new Promise(() => undefined))
    const read = probes.read()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(readinessAnswer(await read)).toMatchObject({ status: 503 })
    expect(vi.getTimerCount()).toBe(0)
  })
})
