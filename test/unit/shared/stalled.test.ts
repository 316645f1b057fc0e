// When it is said that no events are taken, and when not.
import { JetStreamApiError } from '@nats-io/jetstream'
import { type Msg, TimeoutError } from '@nats-io/nats-core'
import { beforeEach, expect, test } from 'vitest'
import { type EventsHealth, watchEvents } from '../../../shared/bus/stalled.ts'
import { createLog } from '../../../shared/process/log.ts'

const timeout = new TimeoutError()
const apiError = (code: number) => new JetStreamApiError({ code, err_code: 1, description: 'no' })

let now_ms: number
let lines: string[]
let health: EventsHealth

beforeEach(() => {
  now_ms = 0
  lines = []
  const log = createLog({ filter: 'warn', topic: 'test', pretty: false, write: (line) => lines.push(line) })
  health = watchEvents('tasks', { now: () => new Date(now_ms), monotonicMs: () => now_ms }, log)
})

const failAt = (at_ms: number, error: unknown = timeout): void => {
  now_ms = at_ms
  health.failed(error)
}

test('stalled_after_a_quarter_of_a_minute_of_failures_and_logged_once', () => {
  failAt(0)
  failAt(14_999)
  expect(health.stalled()).toEqual([])
  failAt(15_000)
  failAt(60_000)
  expect(health.stalled()).toEqual(['tasks'])
  expect(lines).toHaveLength(1)
  expect(lines[0]).toContain('free some space, then restart nats-server')
})

test('well_again_and_said_so_when_an_event_is_taken', () => {
  failAt(0)
  failAt(15_000)
  health.published()
  expect(health.stalled()).toEqual([])
  expect(health.forAnswer()).toBeUndefined()
  expect(lines.at(-1)).toContain('takes events again')
  failAt(16_000)
  expect(health.stalled()).toEqual([])
})

test('not_stalled_by_an_event_that_is_refused_for_itself', () => {
  for (const error of [apiError(400), new Error('too large')])
    for (const at_ms of [0, 20_000]) failAt(at_ms, error)
  expect(health.stalled()).toEqual([])
  failAt(30_000, apiError(503))
  failAt(50_000, apiError(503))
  expect(health.stalled()).toEqual(['tasks'])
})

test('what_an_answer_says_of_its_service_is_believed_for_a_minute', () => {
  failAt(0)
  failAt(15_000)
  const answer = { headers: health.forAnswer() } as Msg
  const gateway = watchEvents(
    'gateway',
    { now: () => new Date(now_ms), monotonicMs: () => now_ms },
    createLog({ filter: 'error', topic: 'test', write: () => undefined }),
  )
  gateway.heard('loops-queue', {} as Msg)
  gateway.heard('tasks', answer)
  expect(gateway.stalled()).toEqual(['tasks'])
  now_ms += 60_000
  expect(gateway.stalled()).toEqual([])
})
