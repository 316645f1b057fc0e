// How often a mail is made: once for each event and language, however many get it; and what is each reader's own.
import { describe, expect, it } from 'vitest'
import { createComposer } from '../../../services/notifier/compose.ts'
import {
  type Delivery,
  type FactsOf,
  memberDeliveries,
  type NoticeOf,
} from '../../../services/notifier/notice-rules.ts'
import { unsubscribeKey } from '../../../services/notifier/unsubscribe.ts'
import { systemClock as clock } from '../../../shared/process/clock.ts'
import { systemIds } from '../../../shared/process/ids.ts'
import { shippedFacts } from '../../support/mails.ts'
import { exampleId } from '../../support/shipped-loop.ts'

const NOW = new Date('2026-11-22T14:03:00.000Z')
const EVENT = exampleId(1)
const WS = exampleId(2)

const SHIPPER = 2
const noticeAbout = (facts: FactsOf<'loop-shipped'>): NoticeOf<'loop-shipped'> => ({
  _id: EVENT,
  ws: WS,
  at: NOW,
  template: 'loop-shipped',
  facts,
})
const notice = noticeAbout(shippedFacts())
const delivery = (number: number, locale: string, changes: Partial<Delivery> = {}): Delivery => {
  const reader = {
    user_id: exampleId(number),
    name: `Reader ${number}`,
    role: 'member',
    email: `reader${number}@example.com`,
    locale,
    time_zone: 'UTC',
  } as const
  const [made] = memberDeliveries(notice, [reader], () => undefined, NOW)
  if (!made) throw new Error('A member has a delivery.')
  return { ...made, ...changes }
}

/** A composer, how often it has asked for the notice that it makes mails from, and how often it has written one. */
const composer = () => {
  const asked: string[] = []
  let written = 0
  const { description, ...facts } = shippedFacts()
  const counting = noticeAbout({
    ...facts,
    // Each writing of the mail reads it once.
    get description() {
      written += 1
      return description
    },
  })
  const nobody = () => Promise.reject(new Error('Nothing is asked of the gateway.'))
  const compose = createComposer({
    deliveries: {
      findNotice: async (_ws, id) => {
        asked.push(id)
        return id === EVENT ? counting : null
      },
    },
    gateway: { get_invitation: nobody, get_password_reset: nobody, get_account_mail: nobody },
    clock,
    ids: systemIds(),
    publicUrl: 'https://loops.example.com',
    sender: { name: 'Loops', address: 'loops@acme.example' },
    unsubscribeKey: unsubscribeKey('a secret of the tests that is long enough'),
  })
  return { compose, asked, written: () => written }
}
const mailOf = (composed: Awaited<ReturnType<ReturnType<typeof createComposer>>>) => {
  if (!('mail' in composed)) throw new Error(JSON.stringify(composed))
  return composed.mail
}

describe('a mail', () => {
  it('is_made_once_for_each_language_also_for_many_at_the_same_moment', async () => {
    const { compose, asked, written } = composer()
    const locales = ['en', 'en-GB', 'de', 'de-CH', 'ja', 'ar', 'de-AT', 'ar-EG']
    const composed = await Promise.all(locales.map((locale, index) => compose(delivery(10 + index, locale))))
    expect([asked.length, written()]).toEqual([1, 3])
    expect(composed.map((one) => mailOf(one).language)).toEqual([
      'en',
      'en',
      'de',
      'de',
      'en',
      'ar',
      'de',
      'ar',
    ])
  })
  it('has_what_is_the_recipient_s_own_and_nobody_else_s', async () => {
    const { compose } = composer()
    const [ben, eva] = [mailOf(await compose(delivery(11, 'en'))), mailOf(await compose(delivery(12, 'en')))]
    for (const part of [ben.html, ben.text]) {
      expect(part).toContain('Reader 11')
      expect(part).not.toContain('Reader 12')
    }
    expect(ben.list?.unsubscribe_url).not.toBe(eva.list?.unsubscribe_url)
    expect(ben.text).toContain(`Choose which emails you get: ${ben.list?.unsubscribe_url}?mail=${EVENT}`)
    expect(ben.text).not.toContain(eva.list?.unsubscribe_url)
    const ws = `?workspace=${WS}`
    expect(ben.text).toContain(`https://loops.example.com/loops/${notice.facts.loop_id}${ws}`)
    expect(ben.html).toContain(
      `href="https://loops.example.com/tasks/${notice.facts.shipped_tasks[0]?.task_id}${ws}"`,
    )
    expect(ben.message_id).toBe(`<loop-shipped.${EVENT}.${exampleId(11)}@acme.example>`)
    expect([ben.date, ben.thread]).toEqual([NOW, eva.thread])
  })
  it('is_made_anew_when_it_could_not_be_before', async () => {
    const { compose, asked } = composer()
    const lost = delivery(11, 'en', { event_id: exampleId(9) })
    await expect(compose(lost)).rejects.toThrow('is gone')
    await expect(compose(lost)).rejects.toThrow('is gone')
    expect(asked).toHaveLength(2)
  })
  it('says_you_to_whoever_shipped_the_loop_and_their_name_to_the_others', async () => {
    const { compose, written } = composer()
    const own = mailOf(await compose(delivery(SHIPPER, 'en')))
    const other = mailOf(await compose(delivery(11, 'en')))
    expect(own.text).toMatch(/You shipped this loop with Claude Code on .*\. Nice work, Reader 2!/)
    expect(own.text).not.toContain('Ana López')
    expect(other.text).toContain('Hi Reader 11, Ana López shipped this loop with Claude Code on')
    expect(written()).toBe(2)
  })
  it('is_none_without_a_recipient', async () => {
    const { compose } = composer()
    expect(await compose(delivery(11, 'en', { to: null }))).toEqual({ failed: 'no recipient' })
  })
})
