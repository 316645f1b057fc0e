// The rules of subscriptions over webhooks: secrets, terms, refreshes, and what becomes of a call.
import { describe, expect, test } from 'vitest'
import {
  type EventDelivery,
  eventDeliveryOf,
  faultOf,
  judgeCall,
  judgeUntried,
  SCHEDULE,
} from '../../../services/webhooks/event-delivery-rules.ts'
import {
  deliveryStatus,
  grantedUntil,
  isInTime,
  noted,
  readSecret,
  refreshed,
  type Subscription,
} from '../../../services/webhooks/subscription-rules.ts'
import { signingSecrets } from '../../../services/webhooks/webhook-rules.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import { SUBSCRIPTION_MS } from '../../../shared/contracts/webhooks/subscriptions.ts'

const NOW = new Date('2026-11-01T10:00:00Z')
const MINUTE_MS = 60_000
const later = (ms: number): Date => new Date(NOW.getTime() + ms)

const SUBSCRIPTION: Subscription = {
  _id: 'sub_1',
  ws: 'ws',
  v: 1,
  slot: 0,
  slot_of_grant: 0,
  grant_id: 'grant',
  scopes: ['loops:read'],
  listening: { name: 'task.approved', arguments: {} },
  url: 'https://example.com/hook',
  secrets: [{ sealed: 'first', until: null }],
  since: NOW,
  expires_at: later(MINUTE_MS),
  delivered_at: null,
  last_error: null,
  failing_since: null,
}

describe('a secret', () => {
  const secret = (bytes: number): string => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`
  test.each([24, 25, 26, 32, 64])('of %i bytes is taken', (bytes) => {
    expect(readSecret(secret(bytes))).toBe(secret(bytes))
  })
  test.each([
    secret(23),
    secret(65),
    '',
    'whsec_',
    secret(32).replace('whsec_', ''),
    `${secret(32)} `,
    `whsec_${'_'.repeat(44)}`,
    `whsec_${'A'.repeat(43)}`,
    `whsec_${'A'.repeat(33)}=`,
  ])('%j is refused', (text) => {
    expect(() => readSecret(text)).toThrow(AppError)
  })
})

test.each([
  [undefined, SUBSCRIPTION_MS.usual],
  [null, SUBSCRIPTION_MS.most],
  [0, SUBSCRIPTION_MS.least],
  [10 * MINUTE_MS, 10 * MINUTE_MS],
  [Number.MAX_SAFE_INTEGER, SUBSCRIPTION_MS.most],
])('a term of %j is granted within the bounds', (asked, granted) => {
  expect(grantedUntil(asked, NOW)).toEqual(later(granted))
})

describe('a refresh', () => {
  const until = later(60 * MINUTE_MS)
  const refresh = (sealed?: string) =>
    refreshed(SUBSCRIPTION, { scopes: ['loops:write'], until, sealed }, NOW)
  test('lasts anew, and says what the connection may do now', () => {
    expect(refresh()).toEqual({ ...SUBSCRIPTION, scopes: ['loops:write'], expires_at: until })
  })
  test('with another secret signs with both for a while, and with no third one', () => {
    const changed = refresh('second')
    const signs = (at: Date) => signingSecrets(changed, at).map(({ sealed }) => sealed)
    expect(signs(NOW)).toEqual(['second', 'first'])
    expect(signs(later(SCHEDULE.pending_ms))).toEqual(['second'])
    const again = refreshed(changed, { scopes: [], until, sealed: 'third' }, NOW)
    expect(again.secrets.map(({ sealed }) => sealed)).toEqual(['third', 'second'])
  })
})

test('it gets what happened since it began, unless that came very late', () => {
  expect(isInTime(SUBSCRIPTION, NOW, NOW)).toBe(true)
  expect(isInTime(SUBSCRIPTION, later(-1), NOW)).toBe(false)
  expect(isInTime(SUBSCRIPTION, NOW, later(SUBSCRIPTION_MS.most - 1))).toBe(true)
  expect(isInTime(SUBSCRIPTION, NOW, later(SUBSCRIPTION_MS.most))).toBe(false)
})

test('failures are noted once, since the first, and forgotten with a success', () => {
  const failing = noted(SUBSCRIPTION, 'timeout', NOW)
  expect(failing).toMatchObject({ last_error: 'timeout', failing_since: NOW })
  if (!failing) throw new Error('it was noted')
  expect(noted(failing, 'timeout', later(1))).toBeUndefined()
  expect(noted(failing, 'http_5xx', later(1))).toMatchObject({ last_error: 'http_5xx', failing_since: NOW })
  expect(deliveryStatus(failing)).toEqual({
    active: true,
    last_delivery_at: null,
    last_error: 'timeout',
    failed_since: NOW.toISOString(),
  })
  const well = noted(failing, undefined, later(2))
  expect(well).toMatchObject({ last_error: null, failing_since: null, delivered_at: later(2) })
  if (!well) throw new Error('it was noted')
  expect(noted(well, undefined, later(3))).toBeUndefined()
  expect(noted(well, undefined, later(2 * MINUTE_MS))).toMatchObject({ delivered_at: later(2 * MINUTE_MS) })
})

describe('a call', () => {
  const event = { id: 'e', type: 'task.updated', time: NOW.toISOString(), data: {}, workspaceid: 'ws' }
  const made = eventDeliveryOf(event as Parameters<typeof eventDeliveryOf>[0], 'sub_1', NOW)
  const tried = (attempts: number): EventDelivery => ({ ...made, attempts })

  test.each([
    [{ status: 200 }, undefined],
    [{ status: 204 }, undefined],
    [{ status: 302 }, 'http_4xx'],
    [{ status: 404 }, 'http_4xx'],
    [{ status: 503 }, 'http_5xx'],
    [{ fault: 'timed_out' }, 'timeout'],
    [{ fault: 'certificate_not_trusted' }, 'tls_error'],
    // An address inside answers like one where nobody is.
    [{ fault: 'address_not_public' }, 'connection_refused'],
    [{ fault: 'unreachable' }, 'connection_refused'],
  ] as const)('answered with %j is called %s', (answer, fault) => {
    expect(faultOf(answer)).toBe(fault)
  })

  test('is tried five times within a quarter of an hour, and then no more', () => {
    let at = NOW
    let tries = 0
    for (let attempts = 1; ; attempts += 1) {
      tries += 1
      const next = judgeCall({ status: 500 }, tried(attempts), at, 0)
      if (next.status === 'failed') break
      expect(next).toMatchObject({ status: 'pending', fault: 'http_5xx', counted: true })
      at = next.due_at ?? later(Number.NaN)
    }
    expect(tries).toBe(5)
    expect(at.getTime() - NOW.getTime()).toBeLessThanOrEqual(15 * MINUTE_MS)
  })

  test.each([410, 413])('answered with %i is tried no more', (status) => {
    expect(judgeCall({ status }, tried(1), NOW, 0)).toMatchObject({ status: 'failed', fault: 'http_4xx' })
  })

  test('that was not possible from here counts as no try, and is given up in the end', () => {
    expect(judgeUntried(tried(1), NOW, 0)).toMatchObject({ status: 'pending', counted: false })
    expect(judgeUntried(tried(1), later(SCHEDULE.pending_ms), 0)).toMatchObject({ status: 'failed' })
  })
})
