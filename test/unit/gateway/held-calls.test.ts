// Held calls: what wakes them, what frees their places, and how many there may be.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createHeldCalls, isAwaited } from '../../../services/gateway/mcp/held-calls.ts'
import type { Waits } from '../../../shared/contracts/define/contract.ts'
import type { Passed } from '../../../shared/events/watch.ts'
import { systemClock as clock } from '../../../shared/process/clock.ts'

const waits: Waits = { list: 'claims', until: { 'task.updated': ['approved'], 'loop.created': 'any' } }
const updated = (status: string) => ({ type: 'task.updated', data: { status } })

/** Held calls of one workspace, whose events the test makes. */
const opened = () => {
  const listeners = new Set<(passed: Passed) => void>()
  const listen = (_: string, listener: (passed: Passed) => void) => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }
  const held = createHeldCalls({ watch: { listen }, clock, random: () => 0 })
  const hold = (answers: readonly string[], grant_id = 'g', signal = new AbortController().signal) => {
    const left = [...answers]
    return held.hold({
      grant_id,
      workspace_id: 'w',
      wait_ms: 25_000,
      waits,
      signal,
      attempt: async () => left.shift() ?? '',
      isAllowed: async () => true,
      isEmpty: (answer) => answer === '',
    })
  }
  const pass = (passed: Passed): void => {
    for (const listener of listeners) listener(passed)
  }
  return { held, hold, pass, listeners }
}

test('only_awaited_events_wake_and_a_gap_in_them_does', () => {
  const wakes = [updated('approved'), { type: 'loop.created', data: {} }, undefined]
  expect(wakes.map((passed) => isAwaited(waits, passed))).toEqual([true, true, true])
  const others = [updated('open'), { type: 'comment.added', data: {} }]
  expect(others.map((passed) => isAwaited(waits, passed))).toEqual([false, false])
})

test('an_event_during_a_try_is_not_lost', async () => {
  const { hold, pass, held, listeners } = opened()
  const answer = hold(['', 'work'])
  pass(updated('approved'))
  expect(await answer).toBe('work')
  expect([held.count(), listeners.size]).toEqual([0, 0])
})

test('a_client_that_leaves_frees_its_place', async () => {
  const { hold, held, listeners } = opened()
  const gone = new AbortController()
  const answer = hold(['', 'work'], 'g', gone.signal)
  gone.abort()
  expect(await answer).toBe('')
  expect([held.count(), listeners.size]).toEqual([0, 0])
})

test('a_client_that_leaves_during_the_wait_frees_its_place', async () => {
  const { hold, held, listeners } = opened()
  const gone = new AbortController()
  const answer = hold(['', 'work'], 'g', gone.signal)
  // The first try is over by the next turn of the event loop, so this abort finds the call waiting.
  await nextTurn()
  expect(held.count()).toBe(1)
  gone.abort()
  expect(await answer).toBe('')
  expect([held.count(), listeners.size]).toEqual([0, 0])
})

test('a_connection_takes_no_more_than_its_places_and_is_then_answered_at_once', async () => {
  const { hold, held } = opened()
  const waiting = Array.from({ length: 50 }, () => hold([]))
  expect(held.count()).toBe(50)
  expect(await hold([])).toBe('')
  const other = hold([], 'another')
  expect(held.count()).toBe(51)
  held.end()
  await Promise.all([...waiting, other])
  expect(held.count()).toBe(0)
  expect(await hold([])).toBe('')
})
