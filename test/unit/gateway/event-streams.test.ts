// Streams of events/stream: what they send in which order, what ends them, and that they leave nothing behind.
import { expect, test } from 'vitest'
import { readAsked } from '../../../services/gateway/mcp/event-protocol.ts'
import { createEventStreams, type EventFrame } from '../../../services/gateway/mcp/event-streams.ts'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import type { Position } from '../../../shared/events/event-cursor.ts'
import type { EventPage } from '../../../shared/events/event-pages.ts'
import type { Passed } from '../../../shared/events/watch.ts'
import { systemClock } from '../../../shared/process/clock.ts'
import { createLog } from '../../../shared/process/log.ts'
import { person } from '../../support/service-environment.ts'

const AT = new Date('2026-11-20T09:30:00.000Z')
const position = (seq: number): Position => ({ stream: 'S', seq, at: AT })
const event = (seq: number) => ({
  occurrence: { eventId: `e${seq}`, name: 'work.ready' as const, timestamp: AT.toISOString(), data: {} },
  position: position(seq),
})
/** A page that ends the events there are. */
const page = (start: number, ...seqs: number[]): EventPage => ({
  occurrences: seqs.map(event),
  start: position(start),
  position: position(Math.max(start, ...seqs)),
  truncated: false,
  more: false,
  caught_up: true,
  read: new Set(seqs.map((seq) => `e${seq}`)),
})

/** Streams of one workspace, whose events, pages and connections the test makes. */
const opened = () => {
  const listeners = new Set<(passed: Passed) => void>()
  const state = {
    caller: person('w') as Caller | undefined,
    pages: [] as (EventPage | AppError)[],
    isRead: true,
    /** Moves the clock on (ms). */
    later_ms: 0,
  }
  let looks = 0
  const clock = {
    now: () => new Date(AT.getTime() + state.later_ms),
    monotonicMs: () => systemClock.monotonicMs() + state.later_ms,
  }
  const streams = createEventStreams({
    watch: {
      listen: (_, listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    clock,
    random: () => 0,
    log: createLog({ filter: 'error', topic: 'test' }),
    now: async () => position(0),
    page: async ({ from }) => {
      looks += 1
      const next = state.pages.shift() ?? page(from.seq)
      if (next instanceof AppError) throw next
      return next
    },
    seal: (ws, { seq }) => `${ws} ${seq}`,
  })
  const open = (grant_id = 'g', expires_at = AT.getTime() / 1_000 + 60) => {
    const gone = new AbortController()
    const frames: EventFrame[] = []
    const done = streams.serve({
      asked: readAsked({ name: 'work.ready' }),
      from: undefined,
      connection: {
        caller: person('w'),
        grant_id,
        request_id: 'r',
        expires_at,
        recheck: async () => state.caller,
      },
      signal: gone.signal,
      isRead: () => state.isRead,
      send: async (frame) => void frames.push(frame),
    })
    return { done, gone, frames, kinds: () => frames.map(({ kind }) => kind) }
  }
  const pass = (passed: Passed): void => {
    for (const listener of listeners) listener(passed)
  }
  const isIdle = (): boolean => streams.count() === 0 && listeners.size === 0
  return { streams, state, open, pass, isIdle, looks: () => looks }
}
const ready = (id: string): Passed => ({ id, type: 'task.updated', data: {} })

test('a_stream_begins_with_active_and_goes_on_where_each_event_ends', async () => {
  const { state, open, pass, isIdle } = opened()
  state.pages = [page(7, 8, 9)]
  const { frames, kinds, gone, done } = open()
  await expect.poll(() => frames.length).toBe(3)
  expect(frames.map(({ params }) => params.cursor)).toEqual(['w 7', 'w 8', 'w 9'])
  expect(frames[0]?.params).toEqual({ cursor: 'w 7', truncated: false })
  state.pages = [page(9, 10)]
  pass(ready('e10'))
  await expect.poll(kinds).toEqual(['active', 'event', 'event', 'event'])
  gone.abort()
  await done
  expect(isIdle()).toBe(true)
})

test('an_event_that_passed_is_looked_for_until_the_stream_has_it_and_no_longer', async () => {
  const { state, open, pass, looks } = opened()
  const { frames, gone, done } = open()
  await expect.poll(() => frames.length).toBe(1)
  state.pages = [page(0), page(0), page(0, 1)]
  pass(ready('e1'))
  await expect.poll(() => frames.length).toBe(2)
  expect(looks()).toBe(4)
  // What was read already, and what is no source of this type, is no reason to look.
  pass(ready('e1'))
  pass({ id: 'e2', type: 'comment.added', data: {} })
  await new Promise(setImmediate)
  expect(looks()).toBe(4)
  gone.abort()
  await done
})

test('a_gap_in_the_middle_is_said_by_another_active', async () => {
  const { state, open, pass } = opened()
  const { kinds, frames, gone, done } = open()
  await expect.poll(kinds).toEqual(['active'])
  state.pages = [{ ...page(50), truncated: true }]
  pass(ready('e1'))
  await expect.poll(kinds).toEqual(['active', 'active'])
  expect(frames[1]?.params).toEqual({ cursor: 'w 50', truncated: true })
  gone.abort()
  await done
})

test('what_fails_is_said_once_and_tried_again', async () => {
  const { state, open, pass } = opened()
  const { kinds, frames, gone, done } = open()
  await expect.poll(kinds).toEqual(['active'])
  const failure = new AppError('unavailable', 'Not now.')
  state.pages = [failure, failure, page(0, 1)]
  pass(ready('e1'))
  await expect.poll(kinds, { timeout: 10_000 }).toEqual(['active', 'error', 'event'])
  expect(frames[1]?.params).toMatchObject({ error: { code: -32_603, data: { code: 'unavailable' } } })
  gone.abort()
  await done
})

test('a_stream_that_cannot_begin_is_refused', async () => {
  const { state, open, isIdle } = opened()
  state.pages = [new AppError('unavailable', 'Not now.')]
  const { done, frames } = open()
  await expect(done).rejects.toThrow('Not now.')
  expect([frames, isIdle()]).toEqual([[], true])
})

test('a_heartbeat_says_how_far_the_stream_has_looked', async () => {
  const { state, open, pass } = opened()
  state.pages = [page(7)]
  const { kinds, frames, gone, done } = open()
  await expect.poll(kinds).toEqual(['active'])
  state.later_ms = 15_000
  pass(undefined)
  await expect.poll(kinds).toEqual(['active', 'heartbeat'])
  expect(frames[1]?.params).toEqual({ cursor: 'w 7' })
  // Not again because something passed.
  pass(ready('e1'))
  state.pages = [page(7, 8)]
  await expect.poll(kinds).toEqual(['active', 'heartbeat', 'event'])
  gone.abort()
  await done
})

test('a_connection_that_is_revoked_or_may_not_read_is_told_why_and_one_whose_token_is_old_is_not', async () => {
  const ENDS: readonly (readonly [Caller | undefined, number, string | undefined])[] = [
    [undefined, 60, 'Access revoked'],
    [person('w', { scopes: ['loops:approve'] }), 60, 'This needs the scope loops:read'],
    [undefined, 0, undefined],
  ]
  for (const [caller, left_s, reason] of ENDS) {
    const { state, open, isIdle } = opened()
    const { done, kinds, frames } = open('g', AT.getTime() / 1_000 + left_s)
    await expect.poll(kinds).toEqual(['active'])
    state.caller = caller
    await done
    expect(frames.slice(1)).toEqual(
      reason === undefined
        ? []
        : [
            {
              kind: 'terminated',
              params: { error: { code: -32_024, message: 'Forbidden', data: { reason } } },
            },
          ],
    )
    expect(isIdle()).toBe(true)
  }
})

test('nothing_more_is_written_for_a_client_that_does_not_read', async () => {
  const { state, open } = opened()
  state.isRead = false
  state.pages = [{ ...page(0, 1), more: true }, page(1, 2)]
  const { done, kinds } = open()
  await expect.poll(kinds).toEqual(['active', 'event'])
  state.later_ms = 60_000
  await done
  expect(kinds()).toEqual(['active', 'event'])
})

test('a_gateway_that_stops_ends_its_streams_and_serves_no_more', async () => {
  const { streams, open, isIdle } = opened()
  const { done, kinds } = open()
  await expect.poll(kinds).toEqual(['active'])
  streams.end()
  await done
  expect([kinds(), isIdle()]).toEqual([['active'], true])
  await expect(open().done).rejects.toMatchObject({ code: 'unavailable' })
})

test('a_connection_has_twenty_places', async () => {
  const { open, isIdle } = opened()
  const all = Array.from({ length: 20 }, () => open())
  await expect(open().done).rejects.toMatchObject({ code: -32_025, data: { limit: 'streams', max: 20 } })
  const other = open('another')
  await expect.poll(other.kinds).toEqual(['active'])
  for (const { gone } of [...all, other]) gone.abort()
  await Promise.all([...all, other].map(({ done }) => done))
  expect(isIdle()).toBe(true)
})
