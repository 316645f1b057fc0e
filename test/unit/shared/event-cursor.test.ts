// Cursors of subscriptions: what opens them, and that they say nothing to whoever holds them.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { openPosition, type Position, sealPosition, streamHash } from '../../../shared/events/event-cursor.ts'
import { resumeAt } from '../../../shared/events/event-pages.ts'
import type { Keys } from '../../../shared/process/service-keys.ts'

const keys = (): Keys => [new Uint8Array(randomBytes(32))]
const token = (): string => randomBytes(32).toString('base64url')
const NOW = new Date('2026-11-20T09:30:00.000Z')
const ID = '2026-11-01T00:00:00.000000001Z'
const position = (more: Partial<Position> = {}): Position => ({
  stream: streamHash(ID),
  seq: 41,
  at: NOW,
  ...more,
})
const ago = (ms: number): Date => new Date(NOW.getTime() - ms)

test('a_cursor_gives_its_position_back_also_under_an_older_key', () => {
  const [old, young] = [keys(), keys()]
  const cursor = sealPosition(old, 'W', position(), token())
  expect(openPosition(old, 'W', cursor)).toEqual(position())
  expect(openPosition([young[0], old[0]], 'W', cursor)).toEqual(position())
  expect(openPosition(young, 'W', cursor)).toBeUndefined()
})

test('a_cursor_opens_in_its_own_workspace_alone_and_not_with_one_bit_changed', () => {
  const own = keys()
  const cursor = sealPosition(own, 'W', position(), token())
  expect(openPosition(own, 'V', cursor)).toBeUndefined()
  const bytes = Buffer.from(cursor, 'base64url')
  for (let at = 0; at < bytes.length; at += 1) {
    const other = Buffer.from(bytes)
    other[at] = (other[at] ?? 0) ^ 1
    expect(openPosition(own, 'W', other.toString('base64url'))).toBeUndefined()
  }
  for (const text of ['', 'x', `${cursor}A`, cursor.slice(1), ` ${cursor}`])
    expect(openPosition(own, 'W', text)).toBeUndefined()
})

test('cursors_of_all_positions_have_one_length_and_those_of_one_position_differ', () => {
  const own = keys()
  const made = [0, 1, 2 ** 40, 2 ** 53 - 1].map((seq) => sealPosition(own, 'W', position({ seq }), token()))
  expect(new Set(made.map(({ length }) => length)).size).toBe(1)
  expect(sealPosition(own, 'W', position(), token())).not.toBe(sealPosition(own, 'W', position(), token()))
})

const stream = { id: ID, first_seq: 10, last_seq: 50, last_at: NOW, seq_before: 45 }
const RESUMES: readonly (readonly [
  string,
  Position,
  Partial<typeof stream>,
  number | undefined,
  number,
  boolean,
])[] = [
  ['what_it_was', position(), {}, undefined, 41, false],
  ['what_it_was_though_everything_before_is_gone', position(), { first_seq: 42 }, undefined, 41, false],
  ['the_oldest_event_that_is_left', position(), { first_seq: 44 }, undefined, 43, true],
  ['now_in_another_stream', position({ stream: streamHash('other') }), {}, undefined, 50, true],
  ['now_in_a_stream_that_lost_its_last_events', position({ seq: 51 }), {}, undefined, 50, true],
  ['what_it_was_when_that_is_young_enough', position({ at: ago(1_000) }), {}, 2_000, 41, false],
  ['the_age_that_was_asked_for', position({ at: ago(3_000) }), {}, 2_000, 45, true],
]
test.each(RESUMES)('a_subscription_resumes_at_%s', (_, from, more, max_age_ms, seq, truncated) => {
  const resumed = resumeAt(from, { ...stream, ...more }, NOW, max_age_ms)
  expect(resumed.position.seq).toBe(seq)
  expect(resumed.position.stream).toBe(streamHash(ID))
  expect(resumed.truncated).toBe(truncated)
})
