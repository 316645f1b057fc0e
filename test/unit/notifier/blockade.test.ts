// A server that takes no mail: who may try when, and what the log says about it.
import { describe, expect, it } from 'vitest'
import { openBlockade } from '../../../services/notifier/blockade.ts'
import type { Outcome } from '../../../services/notifier/smtp-faults.ts'
import { createLog } from '../../../shared/process/log.ts'

const MOST = 50
const blocked = (by: 'ours' | 'away'): Outcome => ({
  outcome: 'blocked',
  by,
  reason: '535 5.7.8 Bad credentials',
  advice: 'Check the user and password in SMTP_URL.',
})
const ACCEPTED: Outcome = { outcome: 'accepted' }

const open = () => {
  let now = new Date('2026-11-22T00:00:00.000Z')
  const lines: string[] = []
  const givenBack: Date[] = []
  const blockade = openBlockade({
    clock: { now: () => now },
    random: () => 0,
    log: createLog({ filter: 'info', topic: 'sender', pretty: false, write: (line) => lines.push(line) }),
    onBlocked: (until) => givenBack.push(until),
  })
  const pass = (ms: number): void => {
    now = new Date(now.getTime() + ms)
  }
  return { ...blockade, pass, lines, givenBack }
}

describe('while the server takes nothing', () => {
  it('nobody_tries_for_a_while_and_then_one_alone', () => {
    const { room, note, pass } = open()
    expect(room(MOST)).toBe(MOST)
    note(blocked('ours'))
    expect(room(MOST)).toBe(0)
    pass(1_000)
    expect(room(MOST)).toBe(1)
  })
  it('what_was_under_way_at_the_same_time_counts_as_one_failure', () => {
    const { note, pass, givenBack, lines } = open()
    const first = note(blocked('ours'))
    expect(note(blocked('ours'))).toEqual(first)
    expect([givenBack.length, lines.length]).toEqual([1, 1])
    pass(1_000)
    const second = note(blocked('ours'))
    expect(second.getTime() - first.getTime()).toBe(2_000)
    expect([givenBack.length, lines.length]).toEqual([2, 2])
  })
  it('the_log_says_what_to_look_at_and_when_it_is_over', () => {
    const { note, lines } = open()
    note(blocked('ours'))
    note(ACCEPTED)
    note(ACCEPTED)
    expect(lines).toHaveLength(2)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      level: 'error',
      message: 'mails wait. Check the user and password in SMTP_URL.',
      reason: '535 5.7.8 Bad credentials',
    })
    expect(lines[1]).toContain('mails go out again')
  })
  it('a_server_that_is_away_is_a_warning_alone', () => {
    const { note, lines } = open()
    note(blocked('away'))
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'warn' })
  })
})

it.each<Outcome>([
  ACCEPTED,
  { outcome: 'refused', reason: '550', unknown_mailbox: false },
  { outcome: 'deferred', reason: '451' },
])('over_as_soon_as_the_server_speaks_of_one_mail: $outcome', (said) => {
  const { room, note, pass } = open()
  note(blocked('away'))
  pass(1_000)
  note(said)
  expect(room(MOST)).toBe(MOST)
})
