// Makes the mail of a delivery: loads what it tells, renders it once for all recipients of one language, fills in what is
// theirs. Knows nothing of SMTP.
import type { KeyObject } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { ownCall } from '../../shared/bus/headers.ts'
import type { Call, Client } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { languageOf } from '../../shared/contracts/define/language.ts'
import type { gateway } from '../../shared/contracts/gateway/contract.ts'
import { webhooks } from '../../shared/contracts/webhooks/contract.ts'
import { toAddress } from '../../shared/net/email-address.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import { domainOf, type Mailbox } from './addresses.ts'
import type { Deliveries } from './delivery-store.ts'
import { confirmation } from './emails/confirmation.ts'
import { failedSignIns } from './emails/failed-sign-ins.ts'
import { invitation } from './emails/invitation.ts'
import { loopShipped } from './emails/loop-shipped.ts'
import { passwordReset } from './emails/password-reset.ts'
import { fill, type Rendered, render } from './emails/render.ts'
import type { Template } from './emails/template.ts'
import { clockOf, headerName, type Clock as ReadersClock } from './emails/text.ts'
import { webhookDisabled } from './emails/webhook-disabled.ts'
import { wordingOf } from './emails/wording.ts'
import type { Mail } from './mailer.ts'
import type {
  Delivery,
  LinkNotice,
  LoopShippedNotice,
  Notice,
  WebhookDisabledNotice,
} from './notice-rules.ts'
import { unsubscribeToken } from './unsubscribe.ts'

/** The mail, or why there is none to send any more. */
export type Composed = Readonly<{ mail: Mail } | { suppressed: string } | { failed: string }>

export type ComposeDeps = Readonly<{
  deliveries: Pick<Deliveries, 'findNotice'>
  gateway: Pick<Client<typeof gateway>, 'get_invitation' | 'get_password_reset' | 'get_account_mail'>
  clock: Clock
  ids: Ids
  publicUrl: string
  sender: Mailbox
  unsubscribeKey: KeyObject
}>

/** Rendered mails that are kept in memory, one for each event and language; one is some tens of kilobytes. */
const KEPT_MAILS = 64
/** Clocks that are kept: one for each locale and time zone that readers have. */
const KEPT_CLOCKS = 256

/** What is the same in every mail of an event in one language. */
type Shared = LinkNotice | WebhookDisabledNotice | (LoopShippedNotice & Readonly<{ rendered: Rendered }>)

const workspaceUrl = ({ publicUrl }: ComposeDeps): string => `${publicUrl}/workspace`

const loadShared = async (deps: ComposeDeps, { event_id, locale }: Delivery): Promise<Shared> => {
  const notice = await deps.deliveries.findNotice(event_id)
  if (!notice) throw new Error(`The notice ${event_id} is gone.`)
  if (notice.template !== 'loop-shipped') return notice
  const letter = loopShipped(notice.facts, wordingOf(locale), workspaceUrl(deps))
  return { ...notice, rendered: await render(letter) }
}

/** The parts of a mail that follow from its delivery alone. */
const envelopeOf = (deps: ComposeDeps, delivery: Delivery, notice: Notice, to: Mailbox) => ({
  // The delivery's id, so that every try has the same; a colon would have to be quoted (RFC 5322 §3.6.4).
  message_id: `<${delivery.template}.${delivery._id.replace(':', '.')}@${domainOf(deps.sender)}>`,
  date: notice.at,
  from: deps.sender,
  to: { name: headerName(to.name), address: to.address },
})

const composeShipped = (
  deps: ComposeDeps,
  delivery: Delivery,
  notice: Shared & { template: 'loop-shipped' },
  clock: ReadersClock,
): Composed => {
  const { ws, user_id, to } = delivery
  if (to === null || user_id === null) return { failed: 'no recipient' }
  const { facts, rendered } = notice
  const token = unsubscribeToken(deps.unsubscribeKey, { workspace_id: ws, user_id })
  const unsubscribe_url = `${deps.publicUrl}/u/${token}`
  return {
    mail: {
      ...envelopeOf(deps, delivery, notice, to),
      ...fill(rendered, {
        name: to.name,
        shipped_at: clock(new Date(facts.shipped_at)),
        // With the event, the page knows which loop to offer to mute.
        preferences_url: `${unsubscribe_url}?mail=${notice._id}`,
        unsubscribe_url,
      }),
      language: rendered.language,
      thread: `<loop.${facts.loop_id}@${domainOf(deps.sender)}>`,
      list: {
        id: `${ws.toLowerCase()}.loops.${domainOf(deps.sender)}`,
        name: headerName(facts.workspace_name),
        unsubscribe_url,
      },
    },
  }
}

const composeDisabled = async (
  deps: ComposeDeps,
  delivery: Delivery,
  notice: WebhookDisabledNotice,
): Promise<Composed> => {
  const { to, locale, time_zone } = delivery
  if (to === null) return { failed: 'no recipient' }
  const { failing_since, ...facts } = notice.facts
  const letter = webhookDisabled(
    {
      ...facts,
      name: to.name,
      failing_since: clockOf(locale, time_zone)(new Date(failing_since ?? notice.at)),
      webhooks_url: `${workspaceUrl(deps)}/${webhooks.panel?.path ?? ''}`,
    },
    wordingOf(locale),
  )
  return {
    mail: {
      ...envelopeOf(deps, delivery, notice, to),
      ...fill(await render(letter), {}),
      language: letter.language,
    },
  }
}

/** A mail with a secret link, and to whom it goes. */
type Linked = Readonly<{ to: Mailbox; letter: Template }>

/** What the gateway tells of such a mail, with its end written out for whoever reads it. */
const toldIn = <T extends Readonly<{ expires_at: string; locale: string; time_zone: string }>>(
  asked: T,
): T => ({
  ...asked,
  expires_at: clockOf(asked.locale, asked.time_zone)(new Date(asked.expires_at)),
})

/** The mails to the people of accounts, each with a link. */
const LETTERS = {
  'password-reset': passwordReset,
  confirmation,
  'failed-sign-ins': failedSignIns,
} as const

const linkedOf = async ({ gateway }: ComposeDeps, notice: LinkNotice, call: Call): Promise<Linked> => {
  if (notice.template === 'invitation') {
    const told = toldIn(await gateway.get_invitation(notice.facts, call))
    return { to: { name: '', address: told.email }, letter: invitation(told, wordingOf(told.locale)) }
  }
  const isReset = notice.template === 'password-reset'
  const told = toldIn(
    await (isReset
      ? gateway.get_password_reset(notice.facts, call)
      : gateway.get_account_mail(notice.facts, call)),
  )
  const letter = LETTERS[notice.template](told, wordingOf(told.locale))
  return { to: { name: told.name, address: told.email }, letter }
}

const composeLinked = async (
  deps: ComposeDeps,
  delivery: Delivery,
  notice: LinkNotice,
): Promise<Composed> => {
  const call = ownCall(deps.clock, deps.ids.next())
  try {
    const { to, letter } = await linkedOf(deps, notice, call)
    const address = toAddress(to.address)
    if (address === undefined) return { failed: 'not an address' }
    return {
      mail: {
        ...envelopeOf(deps, delivery, notice, { name: to.name, address }),
        ...fill(await render(letter), {}),
        language: letter.language,
      },
    }
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found')
      return { suppressed: 'taken up, withdrawn or expired' }
    throw error
  }
}

/**
 * Makes the function that turns a delivery into its mail.
 * @throws (that function) when what the mail tells cannot be loaded now.
 */
export const createComposer = (deps: ComposeDeps): ((delivery: Delivery) => Promise<Composed>) => {
  const kept = new LRUCache<string, Shared, Delivery>({
    max: KEPT_MAILS,
    fetchMethod: (_key, _stale, { context }) => loadShared(deps, context),
  })
  const clocks = new LRUCache<string, ReadersClock, Delivery>({
    max: KEPT_CLOCKS,
    memoMethod: (_key, _stale, { context }) => clockOf(context.locale, context.time_zone),
  })
  return async (delivery) => {
    const key = `${delivery.event_id} ${languageOf(delivery.locale)}`
    const notice = await kept.fetch(key, { context: delivery })
    if (!notice) throw new Error(`The notice ${delivery.event_id} could not be loaded.`)
    switch (notice.template) {
      case 'loop-shipped': {
        const clock = clocks.memo(`${delivery.locale} ${delivery.time_zone}`, { context: delivery })
        return composeShipped(deps, delivery, notice, clock)
      }
      case 'webhook-disabled':
        return composeDisabled(deps, delivery, notice)
      default:
        return composeLinked(deps, delivery, notice)
    }
  }
}
