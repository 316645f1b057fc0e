// What the webhooks service decides: which addresses it calls, who is told of what, when a call is tried again, and when an
// address is called no more.
import { Webhook as Verifier } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import {
  askedPause,
  type Delivery,
  deliveryOf,
  judge,
  PENDING_MS,
  SCHEDULE,
} from '../../../services/webhooks/delivery-rules.ts'
import { SEALING, secretOf, signedHeaders } from '../../../services/webhooks/secrets.ts'
import {
  doubted,
  isPublic,
  listens,
  managerOf,
  proven,
  readTarget,
  rotated,
  signingSecrets,
  switched,
  type Webhook,
} from '../../../services/webhooks/webhook-rules.ts'
import type { CloudEvent } from '../../../shared/contracts/define/cloud-event.ts'
import { CONTRACTS } from '../../../shared/contracts/index.ts'
import { loopsQueue } from '../../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../../shared/contracts/tasks/contract.ts'
import { SENT_EVENTS, SOURCES } from '../../../shared/contracts/webhooks/sources.ts'
import { nextTry } from '../../../shared/process/retries.ts'
import { seal, unseal } from '../../../shared/process/sealing.ts'
import { deriveKey, type Keys } from '../../../shared/process/service-keys.ts'
import { person } from '../../support/service-environment.ts'

const NOW = new Date('2026-11-22T12:00:00.000Z')
const later = (ms: number): Date => new Date(NOW.getTime() + ms)
const HOUR_MS = 60 * 60_000
const DAY_MS = 24 * HOUR_MS

const webhook: Webhook = {
  _id: '01K0000000000000000000000A',
  ws: '01K0000000000000000000000B',
  v: 1,
  slot: 0,
  url: 'https://hooks.example.com/loops',
  description: '',
  events: [],
  status: 'active',
  reason: null,
  secrets: [{ sealed: 'one', until: null }],
  created_at: NOW,
  created_by: { user_id: '01K0000000000000000000000C', name: 'Ann', client: 'web' },
  delivered_at: null,
  failing_since: null,
}

const event = (type: string, data: Record<string, unknown>, time = NOW): CloudEvent => ({
  specversion: '1.0',
  id: '01K0000000000000000000000D',
  source: '/loops/tasks',
  type,
  subject: 'it',
  time: time.toISOString(),
  datacontenttype: 'application/json',
  workspaceid: webhook.ws,
  sequence: 1,
  data,
})
const delivery: Delivery = deliveryOf(event('task.created', { private: false }), webhook, NOW)

describe('an address', () => {
  const reason = (url: string, loopback = false): string => {
    try {
      return readTarget(url, loopback)
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  test.each(['https://hooks.example.com/a?b=c', 'https://example.com:8443/', 'https://93.184.216.34/'])(
    'taken_as_%s',
    (url) => {
      expect(reason(url)).toBe(url)
    },
  )

  test.each([
    ['http://example.com/', 'must begin with https'],
    ['ftp://example.com/', 'must begin with https'],
    ['https://user:pass@example.com/', 'user name or password'],
    ['https://example.com/#part', 'no # part'],
    ['https://localhost/', 'out in the internet'],
    ['https://a.localhost:8443/', 'out in the internet'],
    ['https://127.0.0.1/', 'out in the internet'],
    ['https://0x7f.1/', 'out in the internet'],
    ['https://0177.0.0.1/', 'out in the internet'],
    ['https://2130706433/', 'out in the internet'],
    ['https://[::ffff:10.0.0.1]/', 'out in the internet'],
    ['https://[::1]/', 'out in the internet'],
    ['https://169.254.169.254/latest/meta-data/', 'out in the internet'],
  ])('refused_as_%s', (url, why) => {
    expect(reason(url)).toContain(why)
    if (!url.startsWith('http:')) expect(reason(url, true)).toContain(why)
  })

  test('on_this_machine_is_taken_where_that_is_allowed_and_without_tls_only', () => {
    for (const url of ['http://127.0.0.1:9000/', 'http://localhost:9000/', 'http://[::1]:9000/'])
      expect([reason(url, true), reason(url)]).toEqual([url, expect.stringContaining('https')])
    expect(reason('http://10.0.0.1/', true)).toContain('out in the internet')
  })
})

describe('an event', () => {
  test.each([
    ['of_a_task', true, tasks.events['task.updated'], { private: false }],
    ['of_a_task_in_a_private_loop', false, tasks.events['task.updated'], { private: true }],
    ['of_a_task_that_does_not_say', false, tasks.events['task.updated'], {}],
    ['of_a_task_that_went_out_of_sight', true, tasks.events['task.hidden'], { task_id: 'T', version: 2 }],
    ['of_a_public_loop', true, loopsQueue.events['loop.shipped'], { visibility: 'public' }],
    ['of_a_private_loop', false, loopsQueue.events['loop.shipped'], { visibility: 'private' }],
    ['of_the_whole_queue', false, loopsQueue.events['queue.changed'], {}],
  ])('%s, public: %s', (_, told, declared, data) => {
    expect(isPublic(declared, event('any', data))).toBe(told)
  })

  test('can_be_chosen_when_any_contract_declares_it_public', () => {
    const declared = CONTRACTS.flatMap(({ events }) =>
      Object.entries(events).flatMap(([name, { public: when }]) => (when === undefined ? [] : [name])),
    )
    // A contract that tells events and is missing here belongs into SOURCES of shared/contracts/webhooks/sources.ts.
    expect(SENT_EVENTS.toSorted()).toEqual(declared.toSorted())
    expect(SENT_EVENTS).toContain('loop.shipped')
    for (const secret of ['person.password_reset_requested', 'person.invited', 'loop.members_changed'])
      expect(SENT_EVENTS).not.toContain(secret)
  })

  test('names_a_member_that_it_has_where_it_is_public_by_one', () => {
    for (const { events } of SOURCES)
      for (const [name, { public: when, data }] of Object.entries(events))
        if (when !== undefined && when !== true) expect(Object.keys(data.shape), name).toContain(when.member)
  })

  test('is_heard_by_those_who_want_it_and_were_there', () => {
    const made = event('task.created', {})
    expect(listens(webhook, made)).toBe(true)
    expect(listens({ ...webhook, events: ['task.created'] }, made)).toBe(true)
    expect(listens({ ...webhook, events: ['loop.shipped'] }, made)).toBe(false)
    expect(listens({ ...webhook, status: 'disabled' }, made)).toBe(false)
    expect(listens(webhook, event('task.created', {}, later(-1)))).toBe(false)
  })
})

describe('a call that failed', () => {
  const pauseAfter = (attempts: number): number =>
    (nextTry(SCHEDULE, { attempts, owed_since: NOW }, NOW, 0)?.getTime() ?? 0) - NOW.getTime()

  test('is_tried_again_after_longer_and_longer_pauses', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 99].map(pauseAfter)
    expect(pauses).toEqual(
      [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000, 36_000].map((seconds) => seconds * 1_000),
    )
  })

  test('is_tried_a_last_time_after_a_day_and_then_given_up', () => {
    const owed = { attempts: 7, owed_since: NOW }
    expect(nextTry(SCHEDULE, owed, later(20 * HOUR_MS), 0.5)).toEqual(later(PENDING_MS))
    expect(nextTry(SCHEDULE, owed, later(PENDING_MS - 1), 0.5)).toEqual(later(PENDING_MS))
    expect(nextTry(SCHEDULE, owed, later(PENDING_MS), 0.5)).toBeNull()
  })

  test('is_not_tried_by_all_at_once', () => {
    const owed = { attempts: 2, owed_since: NOW }
    expect(nextTry(SCHEDULE, owed, NOW, 0.8)).toEqual(later(300_000 * 1.2))
  })

  test.each([
    [undefined, 0],
    ['120', 120_000],
    ['0', 0],
    ['Sun, 22 Nov 2026 12:10:00 GMT', 600_000],
    ['Sun, 22 Nov 2026 11:00:00 GMT', 0],
    ['soon', 0],
    ['-5', 0],
    ['999999999', 6 * HOUR_MS],
  ])('waits_as_asked_for_by_%s', (header, pause_ms) => {
    expect(askedPause(header, NOW)).toBe(pause_ms)
  })

  test.each([200, 202, 204, 299])('is_none_at_%i', (status) => {
    expect(judge({ status, retry_after: undefined }, delivery, NOW, 0)).toEqual({
      status: 'delivered',
      answer: `HTTP ${status}`,
    })
  })

  test.each([
    [301, 5_000],
    [302, 5_000],
    [400, 5_000],
    [404, 5_000],
    [500, 5_000],
    [429, 60_000],
    [502, 60_000],
    [503, 60_000],
    [504, 60_000],
  ])('is_owed_on_at_%i', (status, pause_ms) => {
    const tried = { ...delivery, attempts: 1 }
    expect(judge({ status, retry_after: undefined }, tried, NOW, 0)).toEqual({
      status: 'pending',
      answer: `HTTP ${status}`,
      due_at: later(pause_ms),
    })
    expect(judge({ status, retry_after: '600' }, tried, NOW, 0)).toMatchObject({ due_at: later(600_000) })
    expect(judge({ status, retry_after: undefined }, tried, later(DAY_MS), 0)).toMatchObject({
      status: 'failed',
    })
  })

  test('ends_the_webhook_at_410', () => {
    expect(judge({ status: 410, retry_after: undefined }, delivery, NOW, 0).status).toBe('gone')
  })

  test('says_no_more_of_an_address_inside_than_of_one_where_nobody_answers', () => {
    const said = (fault: 'address_not_public' | 'unreachable') => judge({ fault }, delivery, NOW, 0).answer
    expect(said('address_not_public')).toBe(said('unreachable'))
  })
})

describe('a webhook', () => {
  /** What becomes of a webhook whose calls fail at these times after NOW. */
  const failingAt = (...times_ms: readonly number[]): Webhook =>
    times_ms.reduce((before, ms) => doubted(before, later(ms)) ?? before, webhook)
  const daily = (days: number): number[] => Array.from({ length: days }, (_, day) => day * DAY_MS)

  test('that_fails_for_five_days_is_disabled', () => {
    expect(failingAt(0)).toMatchObject({ status: 'active', failing_since: NOW })
    expect(failingAt(...daily(5))).toMatchObject({ status: 'active' })
    expect(failingAt(...daily(5), 5 * DAY_MS - 1)).toMatchObject({ status: 'active' })
    const ended = failingAt(...daily(6))
    expect(ended).toMatchObject({
      status: 'disabled',
      reason: 'Calls failed on 6 days; none has succeeded since 2026-11-22.',
    })
    expect(doubted(ended, later(6 * DAY_MS))).toBeUndefined()
  })

  test('that_fails_once_a_week_is_disabled_after_five_weeks_and_not_at_the_second_failure', () => {
    const weekly = (weeks: number) => failingAt(...daily(weeks).map((ms) => 7 * ms))
    expect(weekly(2)).toMatchObject({ status: 'active', failing_since: NOW })
    expect(weekly(4)).toMatchObject({ status: 'active' })
    expect(weekly(5)).toMatchObject({ status: 'disabled' })
  })

  test('that_failed_in_an_earlier_release_is_given_its_days_too', () => {
    const before = { ...webhook, failing_since: NOW }
    expect(doubted(before, later(7 * DAY_MS))).toMatchObject({ status: 'active', failed_days: 2 })
    expect(doubted(before, later(1_000))).toBeUndefined()
  })

  test('that_answers_well_is_failing_no_more', () => {
    const failing = { ...webhook, failing_since: NOW, delivered_at: NOW }
    expect(proven(failing, later(1))).toMatchObject({ failing_since: null, delivered_at: later(1) })
    expect(proven({ ...webhook, delivered_at: NOW }, later(59_000))).toBeUndefined()
    expect(proven({ ...webhook, delivered_at: NOW }, later(60_000))).toMatchObject({ v: 1 })
  })

  test('is_switched_once_and_without_what_was_before', () => {
    const off = switched({ ...webhook, failing_since: NOW }, 'disabled', 'Because.')
    expect(off).toMatchObject({ status: 'disabled', reason: 'Because.' })
    expect(off && switched(off, 'disabled', 'Again.')).toBeUndefined()
    expect(off && switched(off, 'active', null)).toMatchObject({ reason: null, failing_since: null })
  })

  test.each([
    ['owner', true],
    ['admin', true],
    ['member', false],
    ['viewer', false],
  ] as const)('is_looked_after_by_%s: %s', (role, allowed) => {
    const tried = () => managerOf(person(webhook.ws, { role }))
    if (allowed) expect(tried().role).toBe(role)
    else expect(tried).toThrow('Only the owner and the admins')
    expect(() => managerOf(null)).toThrow()
  })

  test('signs_with_the_secret_before_for_a_day', () => {
    const twice = rotated(rotated(webhook, 'two', NOW), 'three', later(1_000))
    expect(twice.secrets.map(({ sealed }) => sealed)).toEqual(['three', 'two'])
    const at = (when: Date) => signingSecrets(twice, when).map(({ sealed }) => sealed)
    expect(at(later(1_000))).toEqual(['three', 'two'])
    expect(at(later(1_000 + DAY_MS))).toEqual(['three'])
  })
})

describe('a secret', () => {
  const key: Keys = [deriveKey('a secret of the tests that is long enough', SEALING)]
  const token = (letter: string): string => Buffer.from(letter.repeat(32)).toString('base64url')
  const secret = secretOf(token('s'))

  test('is_written_as_the_standard_has_it', () => {
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]+=*$/)
    expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32)
  })

  test('is_kept_so_that_only_its_webhook_under_our_key_opens_it', () => {
    const sealed = seal(key, webhook._id, secret, token('i'))
    expect(sealed).not.toContain(secret.slice(6, 20))
    expect(unseal(key, webhook._id, sealed)).toBe(secret)
    expect(() => unseal(key, 'another', sealed)).toThrow()
    expect(() =>
      unseal([deriveKey('some other secret of some other tests', SEALING)], webhook._id, sealed),
    ).toThrow()
  })

  test('makes_signatures_that_a_receiver_can_verify_with_either_of_two', () => {
    const old = secretOf(token('o'))
    const headers = signedHeaders('01K', delivery.body, [secret, old], new Date())
    for (const one of [secret, old])
      expect(new Verifier(one).verify(delivery.body, { ...headers })).toMatchObject({ type: 'task.created' })
    expect(() => new Verifier(secretOf(token('x'))).verify(delivery.body, { ...headers })).toThrow()
    expect(() => new Verifier(secret).verify(`${delivery.body} `, { ...headers })).toThrow()
  })
})
