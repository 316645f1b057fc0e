// Whom a comment notifies, and that no number of comments becomes a flood of mails.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  MOST_MAILS,
  MOST_PEOPLE,
  mentionedMembers,
  newQuota,
  type Quota,
  reserve,
} from '../../../services/notifier/mention-rules.ts'
import {
  mentionDeliveries,
  type NoticeOf,
  noticeOf,
  type Recipient,
} from '../../../services/notifier/notice-rules.ts'
import { wantsMentions } from '../../../services/notifier/preference-rules.ts'
import { exampleId } from '../../support/shipped-loop.ts'

const NOW = new Date('2026-11-22T14:03:05.000Z')
const WS = exampleId(800)

const member = (number: number, changes: Partial<Recipient> = {}): Recipient => ({
  user_id: exampleId(number),
  name: `Member${number}`,
  role: 'member',
  email: `m${number}@example.com`,
  locale: 'en',
  time_zone: 'UTC',
  ...changes,
})
const TEAM = [member(1, { role: 'owner' }), member(2), member(3)]
const named = (people: readonly Recipient[]): string[] => people.map(({ name }) => name)
const everybody = { writer_id: exampleId(99), readers: null }

describe('a comment notifies', () => {
  const text = 'For @Member3, @member2 and @m1@example.com; @Member3 first.'
  test('each_whom_it_mentions_once', () => {
    expect(named(mentionedMembers(text, TEAM, everybody))).toEqual(['Member3', 'Member2', 'Member1'])
  })
  test('never_its_writer', () => {
    const found = mentionedMembers(text, TEAM, { writer_id: exampleId(2), readers: null })
    expect(named(found)).toEqual(['Member3', 'Member1'])
  })
  test('of_a_private_loop_its_readers_and_the_owner', () => {
    const found = mentionedMembers(text, TEAM, { ...everybody, readers: [exampleId(3)] })
    expect(named(found)).toEqual(['Member3', 'Member1'])
  })
  test('a_bounded_number_of_those_who_may_know_of_it', () => {
    const many = Array.from({ length: 60 }, (_, n) => member(n))
    const all = many.map(({ name }) => `@${name}`).join(' ')
    const readers = many.slice(10).map(({ user_id }) => user_id)
    const found = mentionedMembers(all, many, { writer_id: exampleId(10), readers })
    expect(named(found)).toEqual(named(many.slice(11, 11 + MOST_PEOPLE)))
  })
})

type Mail = Quota['mails'][number]
/** Reserves one mail after the other. @returns those that are sent, and the quota after them. */
const reserveAll = (mails: readonly Mail[]): { sent: Mail[]; quota: Quota } => {
  let quota = newQuota(WS, exampleId(1), NOW)
  const sent: Mail[] = []
  for (const mail of mails) {
    const reserved = reserve(quota, mail)
    if ('mails' in reserved) quota = { ...quota, mails: reserved.mails }
    if (!('held_back' in reserved)) sent.push(mail)
  }
  return { sent, quota }
}

describe('mails about mentions', () => {
  const mail = fc.record({
    event_id: fc.nat(60).map((n) => exampleId(n)),
    on: fc.nat(15).map((n) => exampleId(100 + n)),
  })
  test('are_one_for_each_task_and_a_bounded_number_in_all_however_often_events_come', () => {
    fc.assert(
      fc.property(fc.array(mail, { maxLength: 80 }), (all) => {
        // An event is always about the same.
        const events = all.map(({ event_id, on }) => ({ event_id: `${event_id} ${on}`, on }))
        const { sent, quota } = reserveAll(events)
        const distinct = new Set(sent.map(({ event_id }) => event_id))
        expect(distinct.size).toBe(quota.mails.length)
        expect(distinct.size).toBe(new Set(sent.map(({ on }) => on)).size)
        expect(distinct.size).toBe(Math.min(MOST_MAILS, new Set(events.map(({ on }) => on)).size))
      }),
    )
  })
  test('say_why_they_are_held_back', () => {
    const first = { event_id: exampleId(1), on: exampleId(100) }
    const { quota } = reserveAll([first])
    expect(reserve(quota, first)).toEqual({ reserved: true })
    expect(reserve(quota, { ...first, event_id: exampleId(2) })).toEqual({
      held_back: 'was mailed about a mention there within ten minutes',
    })
    const many = Array.from({ length: MOST_MAILS }, (_, n) => ({ event_id: exampleId(n), on: exampleId(n) }))
    expect(reserve(reserveAll(many).quota, { event_id: exampleId(50), on: exampleId(50) })).toEqual({
      held_back: 'was mailed about many mentions within ten minutes',
    })
  })
  test('are_counted_anew_after_ten_minutes_and_for_each_person_and_workspace', () => {
    const at = (minutes: number) => new Date(Date.UTC(2026, 10, 22, 14, minutes))
    const ids = [
      newQuota(WS, exampleId(1), at(0)),
      newQuota(WS, exampleId(1), at(9)),
      newQuota(WS, exampleId(1), at(10)),
      newQuota(WS, exampleId(2), at(0)),
      newQuota(exampleId(801), exampleId(1), at(0)),
    ].map(({ _id }) => _id)
    expect(new Set(ids).size).toBe(4)
    expect(ids[0]).toBe(ids[1])
  })
})

describe('the delivery of a mention', () => {
  const notice = (changes: Partial<NoticeOf<'mention'>['facts']['on']> = {}) =>
    noticeOf(
      'mention',
      { id: exampleId(900), time: NOW.toISOString(), workspaceid: WS },
      {
        comment_id: exampleId(6),
        title: 'A task',
        excerpt: '@Member2',
        by: { name: 'Ana', client: '' },
        workspace_name: 'Acme',
        on: { task_id: exampleId(5), loop_id: exampleId(4), private: false, ...changes },
      },
    )
  const deliveryOf = (
    one: NoticeOf<'mention'>,
    preference: Parameters<typeof wantsMentions>[0] | undefined,
    held?: string,
  ) =>
    mentionDeliveries(
      one,
      [member(2)],
      () => preference,
      () => held,
      NOW,
    )[0]

  test('belongs_to_its_task_or_loop_and_is_shown_to_those_who_may_know_of_it', () => {
    expect(deliveryOf(notice(), undefined)).toMatchObject({
      status: 'pending',
      task_id: exampleId(5),
      shown_to: 'managers',
      about: { loop_id: exampleId(4), mention: true },
    })
    const onLoop = deliveryOf(notice({ task_id: null, private: true }), undefined)
    expect(onLoop).toMatchObject({ status: 'pending', shown_to: 'owner' })
    expect(onLoop).not.toHaveProperty('task_id')
  })
  test.each([
    ['all', 'all', undefined, [], undefined],
    ['mine', 'mine', undefined, [], undefined],
    ['none_stated_before_there_were_mentions', 'none', undefined, [], 'wants no mails about mentions'],
    ['none_about_loops_but_mentions', 'none', true, [], undefined],
    ['all_but_mentions', 'all', false, [], 'wants no mails about mentions'],
    ['all_but_this_loop', 'all', true, [{ loop_id: exampleId(4), name: 'L' }], 'has muted the loop'],
  ] as const)('to_whoever_wants_%s', (_, wants, mentions, muted, reason) => {
    expect(deliveryOf(notice(), { wants, mentions, muted })?.last_error ?? undefined).toBe(reason)
    expect(wantsMentions({ wants, mentions, muted })).toBe(mentions ?? wants !== 'none')
  })
  test('is_held_back_with_its_reason_and_goes_to_nobody_without_a_confirmed_address', () => {
    expect(deliveryOf(notice(), undefined, 'too many')).toMatchObject({
      status: 'suppressed',
      last_error: 'too many',
    })
    const [unconfirmed] = mentionDeliveries(
      notice(),
      [member(2, { unconfirmed: true })],
      () => undefined,
      () => undefined,
      NOW,
    )
    expect(unconfirmed).toMatchObject({ status: 'suppressed', last_error: 'address not confirmed' })
  })
})
