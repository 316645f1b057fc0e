// What a fault of SMTP means, word by word, and what is recorded of the mail that met it.
import { describe, expect, it, test } from 'vitest'
import { nextProbe, nextStateOf, PENDING_MS } from '../../../services/notifier/retries.ts'
import { type Outcome, outcomeOf, type SmtpFault } from '../../../services/notifier/smtp-faults.ts'

const said = (command: string, response: string): SmtpFault => ({
  message: 'Refused',
  command,
  response,
  responseCode: Number(response.slice(0, 3)),
})

describe('what a fault means', () => {
  const meanings: readonly (readonly [SmtpFault, string])[] = [
    [said('RCPT TO', '550 5.1.1 No such user'), 'refused, unknown'],
    [said('RCPT TO', '550-5.1.1 No such user\n550 5.1.1 really'), 'refused, unknown'],
    [said('RCPT TO', '556 5.1.10 Null MX'), 'refused, unknown'],
    [said('RCPT TO', '550 5.1.0 Some address trouble'), 'refused'],
    [said('RCPT TO', '550 5.2.1 Mailbox disabled'), 'refused'],
    [said('RCPT TO', '550 No such user'), 'refused'],
    [said('DATA', '550 5.1.1 Said of a forwarding behind it'), 'refused'],
    [said('DATA', '554 5.7.1 Spam'), 'refused'],
    [said('DATA', '554 5.6.0 Not a mail'), 'refused'],
    [said('MAIL FROM', '552 5.3.4 Too big'), 'refused'],
    [said('RCPT TO', '451 4.7.1 Greylisted'), 'deferred'],
    [said('DATA', '421 4.3.2 Going down'), 'deferred'],
    [said('RCPT TO', '503 5.5.1 Bad sequence'), 'deferred'],
    [{ message: 'Connection closed', code: 'ECONNECTION', command: 'CONN' }, 'deferred'],
    [{ message: 'Timeout', code: 'ETIMEDOUT', command: 'CONN', timeoutType: 'SOCKET_TIMEOUT' }, 'deferred'],
    [{ message: 'Message sending aborted', code: 'EABORT' }, 'deferred'],
    [{ ...said('AUTH PLAIN', '535 5.7.8 No'), code: 'EAUTH' }, 'ours: the user and password'],
    [{ message: 'Missing credentials', code: 'EAUTH', command: 'API' }, 'ours: the user and password'],
    [{ ...said('AUTH PLAIN', '454 4.7.0 Not now'), code: 'EAUTH' }, 'away: takes no mail'],
    [said('MAIL FROM', '530 5.7.0 Must issue a STARTTLS command first'), 'ours: a login or TLS'],
    [said('RCPT TO', '530 5.7.0 Authentication required'), 'ours: a login or TLS'],
    [said('MAIL FROM', '550 5.7.1 Not your domain'), 'ours: check MAIL_FROM'],
    [said('RCPT TO', '550 5.1.8 Sender address rejected'), 'ours: check MAIL_FROM'],
    [said('MAIL FROM', '451 4.3.0 Try later'), 'away: takes no mail'],
    [said('CONN', '421 4.7.0 Too many connections'), 'away: takes no mail'],
    [said('CONN', '554 No service here'), 'away: takes no mail'],
    [said('EHLO', '421 4.7.0 Try again later'), 'ours: EHLO mx.example.com'],
    [said('HELO', '501 5.5.4 Invalid domain name'), 'ours: EHLO mx.example.com'],
    [said('RCPT TO', '504 5.5.2 <[127.0.0.1]>: Helo command rejected'), 'ours: EHLO mx.example.com'],
    [{ message: 'Bad', code: 'ETLS', command: 'STARTTLS' }, 'ours: its certificate'],
    [
      { message: 'Bad', code: 'ESOCKET', originalCode: 'CERT_HAS_EXPIRED', command: 'CONN' },
      'ours: its certificate',
    ],
    [
      { message: 'connect ECONNREFUSED', code: 'ESOCKET', syscall: 'connect', command: 'CONN' },
      'away: cannot be reached',
    ],
    [{ message: 'getaddrinfo ENOTFOUND', code: 'EDNS', command: 'CONN' }, 'away: cannot be reached'],
    [
      { message: 'No', code: 'ETIMEDOUT', command: 'CONN', timeoutType: 'GREETING_TIMEOUT' },
      'away: cannot be reached',
    ],
    [{ message: 'Reached maximum number of retries', code: 'ECONNECTION' }, 'away: cannot be reached'],
  ]
  test.each(meanings.map(([fault, meaning]) => [fault.response ?? fault.message, meaning, fault] as const))(
    '%s → %s',
    (_, meaning, fault) => {
      const found = outcomeOf(fault, 'mx.example.com')
      const [kind = '', words = ''] = meaning.split(': ')
      if (found.outcome === 'blocked') {
        expect(found.by).toBe(kind)
        expect(found.advice).toContain(words)
      } else
        expect(
          found.outcome === 'refused' && found.unknown_mailbox ? 'refused, unknown' : found.outcome,
        ).toBe(kind)
    },
  )
  it('gives_the_server’s_own_words_cut_to_a_line', () => {
    const found = outcomeOf(said('RCPT TO', `550 ${'x'.repeat(1_000)}`))
    expect('reason' in found && found.reason.length).toBe(300)
  })
})

describe('what is recorded', () => {
  const since = new Date('2026-11-22T00:00:00.000Z')
  const soon = new Date(since.getTime() + 1_000)
  const dayLater = new Date(since.getTime() + PENDING_MS)
  const owed = { attempts: 1, owed_since: since }
  const record = (outcome: Outcome, now: Date) => nextStateOf(outcome, owed, now, now, 0)
  const reason = 'because'

  it.each<readonly [string, Outcome, string, string]>([
    ['taken', { outcome: 'accepted' }, 'sent', 'sent'],
    ['refused', { outcome: 'refused', reason, unknown_mailbox: false }, 'failed', 'failed'],
    ['deferred', { outcome: 'deferred', reason }, 'pending', 'failed'],
    ['the server away', { outcome: 'blocked', by: 'away', reason, advice: '' }, 'pending', 'failed'],
    ['a fault of ours', { outcome: 'blocked', by: 'ours', reason, advice: '' }, 'pending', 'pending'],
  ])('%s: at once %3$s, after a day %4$s', (_, outcome, atOnce, later) => {
    expect(record(outcome, soon).status).toBe(atOnce)
    expect(record(outcome, new Date(dayLater.getTime() + 1)).status).toBe(later)
  })
  it('no_try_is_counted_that_said_nothing_about_the_mail', () => {
    expect(record({ outcome: 'deferred', reason }, soon)).toMatchObject({ counted: true })
    expect(record({ outcome: 'blocked', by: 'away', reason, advice: '' }, soon)).toMatchObject({
      counted: false,
    })
  })
  it('a_server_that_takes_nothing_is_probed_ever_more_rarely_within_half_a_minute', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 60].map((failures) => nextProbe(failures, since, 0).getTime())
    expect(pauses.map((at) => (at - since.getTime()) / 1_000)).toEqual([1, 2, 4, 8, 16, 30, 30])
  })
})
