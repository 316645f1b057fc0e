// Who is owed which mail: an event, the members and their wishes in, notices and deliveries out. Pure.
import type * as z from 'zod'
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { gateway } from '../../shared/contracts/gateway/contract.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { DeliveryStatus } from '../../shared/contracts/notifier/shapes.ts'
import type { webhooks } from '../../shared/contracts/webhooks/contract.ts'
import { toAddress } from '../../shared/net/email-address.ts'
import type { Mailbox } from './addresses.ts'
import type { LoopShipped } from './emails/loop-shipped.ts'
import { type About, isMine, type Preference, unsentBecause } from './preference-rules.ts'

type Told<D> = Readonly<Pick<CloudEvent, 'id' | 'time' | 'workspaceid'> & { data: D }>
type ShippedEvent = Told<z.output<(typeof loopsQueue.events)['loop.shipped']['data']>>
type ResetEvent = Told<z.output<(typeof gateway.events)['person.password_reset_requested']['data']>>
type DisabledEvent = Told<z.output<(typeof webhooks.events)['webhook.disabled']['data']>>
type AccountEvent = Told<z.output<(typeof gateway.events)['person.confirmation_requested']['data']>>
type InvitedEvent = Told<z.output<(typeof gateway.events)['person.invited']['data']>>

/** A member as the gateway tells of them. */
export type Recipient = z.output<(typeof gateway.operations)['list_members']['output']>['members'][number]

type Noticed = Readonly<{
  /** The event's id. */
  _id: string
  ws: string
  /** When it happened. */
  at: Date
}>
export type LoopShippedNotice = Noticed & Readonly<{ template: 'loop-shipped'; facts: LoopShipped }>
export type InvitationNotice = Noticed &
  Readonly<{ template: 'invitation'; facts: Readonly<{ invitation_id: string }> }>
export type PasswordResetNotice = Noticed &
  Readonly<{ template: 'password-reset'; facts: Readonly<{ reset_id: string }> }>
export type WebhookDisabledNotice = Noticed &
  Readonly<{
    template: 'webhook-disabled'
    facts: DisabledEvent['data'] & Readonly<{ workspace_name: string }>
  }>

export type AccountNotice = Noticed &
  Readonly<{ template: 'confirmation' | 'failed-sign-ins'; facts: Readonly<{ account_mail_id: string }> }>
/** A notice whose mail has its address and its facts from the gateway when it is sent. */
export type LinkNotice = InvitationNotice | PasswordResetNotice | AccountNotice

/** An event that people get a mail about, with all that the mail says to everybody. */
export type Notice = LoopShippedNotice | LinkNotice | WebhookDisabledNotice

/** Who may look at a delivery besides its recipient: owner and admins, the owner alone, or nobody. */
export type ShownTo = 'managers' | 'owner' | 'nobody'

/** One mail to one recipient. */
export type Delivery = Readonly<{
  /** `<event id>:<recipient id>`: a repeated event finds it there already. */
  _id: string
  ws: string
  v: number
  event_id: string
  template: Notice['template']
  /** Null where it is no matter of a membership: somebody who is invited, or has forgotten a password. */
  user_id: string | null
  /** Null when it is asked for at sending. */
  to: Mailbox | null
  locale: string
  time_zone: string
  /** Null for a mail that somebody asked for by hand. */
  about: About | null
  shown_to: ShownTo
  status: DeliveryStatus
  /** Tries that said something about this mail. */
  attempts: number
  /** Since when it is tried: made, or asked for once more. */
  owed_since: Date
  /** When a sender should look at it: the next try, or the end of the lease of whoever sends it; absent when settled. */
  due_at?: Date
  /** The lease: which claim holds it. */
  claim?: string
  created_at: Date
  sent_at: Date | null
  last_error: string | null
  /** When it is forgotten; absent while it is pending, however long that takes. */
  expires_at?: Date
}>

/** The id of the delivery of an event to a person, or to whom an invitation or a reset is. */
export const deliveryId = (event_id: string, recipient_id: string): string => `${event_id}:${recipient_id}`

/** How long notices, and deliveries at their end, are kept: longer than the stream keeps events, so that none is mailed anew (ms). */
export const KEPT_MS = 90 * 24 * 60 * 60 * 1_000

const fresh = (notice: Notice, now: Date) => ({
  ws: notice.ws,
  v: 1,
  event_id: notice._id,
  template: notice.template,
  attempts: 0,
  created_at: now,
  owed_since: now,
  sent_at: null,
  last_error: null,
})

export const loopShippedNotice = (event: ShippedEvent, workspace_name: string): LoopShippedNotice => ({
  _id: event.id,
  ws: event.workspaceid,
  at: new Date(event.time),
  template: 'loop-shipped',
  facts: { ...event.data, workspace_name },
})

export const invitationNotice = (event: InvitedEvent): InvitationNotice => ({
  _id: event.id,
  ws: event.workspaceid,
  at: new Date(event.time),
  template: 'invitation',
  facts: { invitation_id: event.data.invitation_id },
})

export const passwordResetNotice = (event: ResetEvent): PasswordResetNotice => ({
  _id: event.id,
  ws: event.workspaceid,
  at: new Date(event.time),
  template: 'password-reset',
  facts: { reset_id: event.data.reset_id },
})

export const webhookDisabledNotice = (
  event: DisabledEvent,
  workspace_name: string,
): WebhookDisabledNotice => ({
  _id: event.id,
  ws: event.workspaceid,
  at: new Date(event.time),
  template: 'webhook-disabled',
  facts: { ...event.data, workspace_name },
})

/** What an event says about an account to its own person. */
export const accountNotice = (template: AccountNotice['template'], event: AccountEvent): AccountNotice => ({
  _id: event.id,
  ws: event.workspaceid,
  at: new Date(event.time),
  template,
  facts: { account_mail_id: event.data.account_mail_id },
})

/** Who gets a mail about a shipped loop: ids, or null for every member. A private loop never goes to everybody. */
export const audienceOf = ({
  visibility,
  member_ids,
}: Pick<LoopShipped, 'visibility' | 'member_ids'>): readonly string[] | null =>
  visibility === 'private' ? (member_ids ?? []) : member_ids

/** Why a mail waits for nothing whose person has not shown that the address is theirs. */
const UNCONFIRMED = 'address not confirmed'

/** What becomes of a mail at once: owed, not wanted, or without an address that can be written to. */
const beginning = (unwanted: string | undefined, address: string | undefined, now: Date) => {
  const expires_at = new Date(now.getTime() + KEPT_MS)
  if (unwanted !== undefined) return { status: 'suppressed' as const, last_error: unwanted, expires_at }
  if (address === undefined) return { status: 'failed' as const, last_error: 'not an address', expires_at }
  return { status: 'pending' as const, due_at: now }
}

/** A delivery to a member; one that is not wanted, or has no address that can be written to, is settled at once. */
const deliveryTo = (
  notice: LoopShippedNotice | WebhookDisabledNotice,
  { user_id, name, email, unconfirmed, locale, time_zone }: Recipient,
  shown: Pick<Delivery, 'about' | 'shown_to'>,
  unwanted: string | undefined,
  now: Date,
): Delivery => {
  const address = toAddress(email)
  return {
    ...fresh(notice, now),
    _id: deliveryId(notice._id, user_id),
    user_id,
    to: address === undefined ? null : { name, address },
    locale,
    time_zone,
    ...shown,
    ...beginning(unconfirmed ? UNCONFIRMED : unwanted, address, now),
  }
}

/**
 * One delivery per member.
 * @param wishOf the wish of a member who has told one.
 */
export const memberDeliveries = (
  notice: LoopShippedNotice,
  members: readonly Recipient[],
  wishOf: (user_id: string) => Preference | undefined,
  now: Date,
): Delivery[] =>
  members.map((member) => {
    const { loop_id, name: loop_name, visibility } = notice.facts
    const about = { loop_id, loop_name, mine: isMine(notice.facts, member.user_id) }
    const shown_to = visibility === 'private' ? 'owner' : 'managers'
    const unwanted = unsentBecause(wishOf(member.user_id), about)
    return deliveryTo(notice, member, { about, shown_to }, unwanted, now)
  })

/** One delivery to each owner of the workspace; no wish counts, for nobody else looks after it. */
export const ownerDeliveries = (
  notice: WebhookDisabledNotice,
  members: readonly Recipient[],
  now: Date,
): Delivery[] =>
  members
    .filter(({ role }) => role === 'owner')
    .map((owner) => deliveryTo(notice, owner, { about: null, shown_to: 'managers' }, undefined, now))

/** The id of what a link is for. */
const toldOf = (notice: LinkNotice): string => {
  if (notice.template === 'invitation') return notice.facts.invitation_id
  return notice.template === 'password-reset' ? notice.facts.reset_id : notice.facts.account_mail_id
}

/** The one delivery of a secret link; its address and the link are asked for when it is sent. */
export const linkDelivery = (notice: LinkNotice, now: Date): Delivery => ({
  ...fresh(notice, now),
  _id: deliveryId(notice._id, toldOf(notice)),
  user_id: null,
  to: null,
  locale: 'en',
  time_zone: 'UTC',
  about: null,
  shown_to: notice.template === 'invitation' ? 'managers' : 'nobody',
  status: 'pending',
  due_at: now,
})
