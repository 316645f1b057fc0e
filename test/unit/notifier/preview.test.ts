// The preview of a ship mail is the mail that its reader gets, word for word, once the loop has shipped.
import { expect, test } from 'vitest'
import { createComposer } from '../../../services/notifier/compose.ts'
import { memberDeliveries, noticeOf } from '../../../services/notifier/notice-rules.ts'
import { previewHandlers } from '../../../services/notifier/preview.ts'
import { unsubscribeKey } from '../../../services/notifier/unsubscribe.ts'
import { actorOf, type Call, type Caller } from '../../../shared/contracts/define/contract.ts'
import { shippedFacts } from '../../support/mails.ts'
import { exampleId } from '../../support/shipped-loop.ts'

const NOW = new Date('2026-11-22T14:03:00.000Z')
const EVENT = exampleId(1)
const clock = { now: () => NOW, monotonicMs: () => 0 }
const ids = { next: () => EVENT, token: () => 'token', random: () => 0 }
const site = {
  publicUrl: 'https://loops.example.com',
  sender: { name: 'Loops', address: 'loops@acme.example' },
  unsubscribeKey: unsubscribeKey('a secret of the tests that is long enough'),
}
const caller: Caller = {
  kind: 'person',
  user_id: exampleId(2),
  user_name: 'Ana <López>',
  workspace_id: exampleId(3),
  role: 'member',
  scopes: [],
  client_id: 'web',
  client_name: '',
  grant_id: null,
}
const call: Call = { caller, request_id: EVENT, remainingMs: () => 1_000 }
const nobody = () => Promise.reject(new Error('Nothing is asked of the gateway.'))

const reader = (locale: string, time_zone: string) => ({
  user_id: caller.user_id,
  name: caller.user_name,
  role: caller.role,
  email: 'ana@example.com',
  locale,
  time_zone,
})

/** The mail that is sent once the caller has shipped the loop. */
const sentMail = async (facts: ReturnType<typeof shippedFacts>, locale: string, time_zone: string) => {
  const event = { id: EVENT, time: NOW.toISOString(), workspaceid: caller.workspace_id }
  const notice = noticeOf('loop-shipped', event, facts)
  const [delivery] = memberDeliveries(notice, [reader(locale, time_zone)], () => undefined, NOW)
  if (!delivery) throw new Error('A member has a delivery.')
  const gateway = { get_invitation: nobody, get_password_reset: nobody, get_account_mail: nobody }
  const deliveries = { findNotice: async () => notice }
  const composed = await createComposer({ ...site, deliveries, gateway, clock, ids })(delivery)
  if (!('mail' in composed)) throw new Error(JSON.stringify(composed))
  const { subject, html, text, language } = composed.mail
  return { subject, html, text, language }
}

test.each([
  ['en-GB', 'Europe/London', 'public'],
  ['de-CH', 'Europe/Zurich', 'private'],
  ['ar-SA', 'Asia/Riyadh', 'public'],
] as const)('as_sent_in_%s_in_%s_for_a_%s_loop', async (locale, time_zone, visibility) => {
  const facts = shippedFacts({
    visibility,
    by: actorOf(caller),
    name: 'Checkout <b>& more</b>',
    shipped_at: NOW.toISOString(),
  })
  const line = ({ task_id: id, ...rest }: (typeof facts)['shipped_tasks'][number]) => ({ id, ...rest })
  const { preview_ship_mail } = previewHandlers({ site, clock, ids })
  const { loop_id: id, name, description } = facts
  const asked = {
    loop: { id, name, description, visibility },
    summary: {
      counts: facts.task_counts,
      shipped: facts.shipped_tasks.map(line),
      unfinished: facts.unfinished_tasks.map(line),
      unfinished_total: facts.unfinished_total,
    },
    workspace_name: facts.workspace_name,
    locale,
    time_zone,
  }
  const preview = await preview_ship_mail(asked, call)
  expect(preview).toEqual(await sentMail(facts, locale, time_zone))
  expect(preview.html).toContain('Checkout &lt;b&gt;')
})
