// Who gets which mail, when it is tried again, and whose preference a link changes.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSender } from '../../../services/notifier/addresses.ts'
import {
  approverDeliveries,
  audienceOf,
  linkDelivery,
  memberDeliveries,
  noticeOf,
  type Recipient,
} from '../../../services/notifier/notice-rules.ts'
import { PENDING_MS, SCHEDULE } from '../../../services/notifier/retries.ts'
import {
  readUnsubscribeToken,
  unsubscribeKey,
  unsubscribeToken,
} from '../../../services/notifier/unsubscribe.ts'
import { isAddress, toAddress } from '../../../shared/net/email-address.ts'
import { nextTry } from '../../../shared/process/retries.ts'
import { shippedFacts } from '../../support/mails.ts'
import { exampleId, shippedLoop } from '../../support/shipped-loop.ts'

const NOW = new Date('2026-11-22T14:03:05.000Z')
const SECRET = 'a secret of thirty-two characters or more'

const member = (number: number, email: string): Recipient => ({
  user_id: exampleId(number),
  name: `Member ${number}`,
  role: 'member',
  email,
  locale: 'en',
  time_zone: 'UTC',
})
const eventOf = (id: number) => ({
  id: exampleId(id),
  time: '2026-11-22T14:03:00.000Z',
  workspaceid: exampleId(800),
})
const notice = noticeOf('loop-shipped', eventOf(900), shippedFacts())

/** Nobody has a preference. */
const nobody = () => undefined

describe('the audience of a shipped loop', () => {
  it('everybody_for_a_public_loop', () => {
    expect(audienceOf(shippedLoop())).toBeNull()
  })
  it('its_members_for_a_private_loop', () => {
    const ids = [exampleId(2), exampleId(3)]
    expect(audienceOf(shippedLoop({ visibility: 'private', member_ids: ids }))).toEqual(ids)
  })
  it('nobody_for_a_private_loop_without_members', () => {
    expect(audienceOf(shippedLoop({ visibility: 'private', member_ids: null }))).toEqual([])
  })
})

describe('the deliveries of a shipped loop', () => {
  it('one_for_each_member_the_shipper_too', () => {
    const members = [member(2, 'ana@example.com'), member(3, 'ben@example.com')]
    const deliveries = memberDeliveries(notice, members, nobody, NOW)
    expect(deliveries.map(({ _id, status, to }) => [_id, status, to?.address])).toEqual([
      [`${exampleId(900)}:${exampleId(2)}`, 'pending', 'ana@example.com'],
      [`${exampleId(900)}:${exampleId(3)}`, 'pending', 'ben@example.com'],
    ])
    expect(deliveries.every(({ due_at }) => due_at === NOW)).toBe(true)
  })
  it('suppressed_for_those_who_want_no_mails', () => {
    const members = [member(2, 'ana@example.com'), member(3, 'ben@example.com')]
    const deliveries = memberDeliveries(
      notice,
      members,
      (id) => (id === exampleId(3) ? { wants: 'none', muted: [] } : undefined),
      NOW,
    )
    expect(deliveries.map(({ status }) => status)).toEqual(['pending', 'suppressed'])
    expect(deliveries[1]).not.toHaveProperty('due_at')
  })
  it('failed_at_once_without_an_address_that_can_be_written_to', () => {
    const [delivery] = memberDeliveries(notice, [member(2, 'ana@evil.com, b@evil.com')], nobody, NOW)
    expect(delivery).toMatchObject({ status: 'failed', to: null, last_error: 'not an address' })
  })
})

describe('the delivery about a task on hold', () => {
  const facts = {
    ...{ task_id: exampleId(5), title: 'Task', expiries: 3, workspace_name: 'Acme', private: true },
    ...{ loop_id: exampleId(6), approver_id: exampleId(3) },
  }
  const held = noticeOf('task-held', eventOf(902), facts)
  const members = [member(2, 'ana@example.com'), member(3, 'ben@example.com')]
  it('to_the_approver_alone_and_hidden_from_admins_if_the_loop_is_private', () => {
    const [delivery, ...more] = approverDeliveries(held, members, nobody, NOW)
    expect(more).toEqual([])
    expect(delivery).toMatchObject({
      user_id: exampleId(3),
      status: 'pending',
      shown_to: 'owner',
      task_id: facts.task_id,
    })
  })
  it.each([
    ['none', [], 'suppressed'],
    ['all', [{ loop_id: exampleId(6), name: 'Muted' }], 'suppressed'],
    ['mine', [], 'pending'],
  ] as const)('as_they_prefer: %s, muted %j', (wants, muted, status) => {
    const [delivery] = approverDeliveries(held, members, () => ({ wants, muted }), NOW)
    expect(delivery?.status).toBe(status)
  })
})

describe('the delivery of an invitation', () => {
  it('names_neither_address_nor_link', () => {
    const invited = noticeOf('invitation', eventOf(901), { invitation_id: exampleId(700) })
    expect(invited).toEqual({
      _id: exampleId(901),
      ws: exampleId(800),
      at: new Date('2026-11-22T14:03:00.000Z'),
      template: 'invitation',
      facts: { invitation_id: exampleId(700) },
    })
    expect(linkDelivery(invited, exampleId(700), 'managers', NOW)).toMatchObject({
      _id: `${exampleId(901)}:${exampleId(700)}`,
      to: null,
      user_id: null,
      status: 'pending',
    })
  })
})

describe('addresses', () => {
  const bad = [
    '',
    'ana',
    '@example.com',
    'ana@',
    'a@b@c.com',
    'ana@example.com,eve@evil.com',
    'ana@example.com, eve@evil.com',
    'ana@example.com;eve@evil.com',
    'Ana <ana@example.com>',
    '"ana"@example.com',
    'ana@example.com\r\nRCPT TO:<eve@evil.com>',
    'ana@exam\nple.com',
    'ana\u0000@example.com',
    'ana@-example.com',
    'ana@example..com',
    'ana@[127.0.0.1]',
    `${'a'.repeat(65)}@example.com`,
    `ana@${'a.'.repeat(130)}com`,
  ]
  it.each(bad)('refused: %j', (text) => expect(toAddress(text)).toBeUndefined())
  it.each(['ana@example.com', "o'brien+loops@sub.example.co.uk", 'ana@localhost'])('taken: %s', (text) =>
    expect(toAddress(text)).toBe(text),
  )
  it('a_domain_in_other_letters_becomes_ascii', () => {
    expect(toAddress('ana@bücher.example')).toBe('ana@xn--bcher-kva.example')
  })
  it('whatever_is_taken_is_one_address_without_separators', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (local, domain) => {
        const address = toAddress(`${local}@${domain}`)
        return address === undefined || (isAddress(address) && !/[\s,;<>()[\]"\\]/.test(address))
      }),
    )
  })
  it.each([
    ['Loops <loops@example.com>', { name: 'Loops', address: 'loops@example.com' }],
    ['"Loops, Inc." <loops@example.com>', { name: 'Loops, Inc.', address: 'loops@example.com' }],
    ['loops@example.com', { name: '', address: 'loops@example.com' }],
  ])('sender %s', (text, mailbox) => expect(parseSender(text)).toEqual(mailbox))
  it('a_sender_without_an_address_is_refused', () => {
    expect(() => parseSender('Loops <loops>')).toThrow('MAIL_FROM')
  })
})

describe('the next try', () => {
  const since = new Date('2026-11-22T00:00:00.000Z')
  it('comes_soon_at_first_and_ever_later', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7, 30].map(
      (attempts) =>
        ((nextTry(SCHEDULE, { attempts, owed_since: since }, since, 0)?.getTime() ?? 0) - since.getTime()) /
        1_000,
    )
    expect(pauses).toEqual([2, 10, 60, 300, 900, 1_800, 3_600, 3_600])
  })
  it('is_spread_by_a_quarter', () => {
    expect(nextTry(SCHEDULE, { attempts: 3, owed_since: since }, since, 0.999)?.getTime()).toBeCloseTo(
      since.getTime() + 74_985,
      -2,
    )
  })
  it('ends_after_a_day', () => {
    const tried = { attempts: 30, owed_since: since }
    const end = new Date(since.getTime() + PENDING_MS)
    expect(nextTry(SCHEDULE, tried, new Date(end.getTime() - 3_599_999), 0)).toEqual(end)
    expect(nextTry(SCHEDULE, tried, new Date(end.getTime() - 1), 0)).toEqual(end)
    expect(nextTry(SCHEDULE, tried, end, 0)).toBeNull()
  })
})

describe('an unsubscribe token', () => {
  const key = unsubscribeKey(SECRET)
  const subject = { workspace_id: exampleId(800), user_id: exampleId(2) }
  const token = unsubscribeToken(key, subject)

  it('says_whose_mails_of_which_workspace', () => {
    expect(readUnsubscribeToken([key], token)).toEqual(subject)
    expect(token).toMatch(/^[\w-]{112}$/)
  })
  it('refused_when_any_character_is_changed', () => {
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom(...'AZaz09-_'), (index, character) => {
        const forged = token.slice(0, index) + character + token.slice(index + 1)
        return forged === token || readUnsubscribeToken([key], forged) === undefined
      }),
    )
  })
  it('refused_with_another_key', () => {
    expect(readUnsubscribeToken([unsubscribeKey(`${SECRET}!`)], token)).toBeUndefined()
  })
  it.each(['', 'x', `${token}A`, token.slice(0, -1), `${token}=`, ` ${token}`])('refused: %j', (other) =>
    expect(readUnsubscribeToken([key], other)).toBeUndefined(),
  )
})
