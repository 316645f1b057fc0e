// Who gets which mail: takes an event, members and preferences, gives notices and deliveries. Pure.
import type * as z from 'zod'
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { gateway } from '../../shared/contracts/gateway/contract.ts'
import {
  ACCOUNT_NOTICES,
  type DeliveryStatus,
  type TemplateName,
} from '../../shared/contracts/notifier/shapes.ts'
import type { webhooks } from '../../shared/contracts/webhooks/contract.ts'
import { toAddress } from '../../shared/net/email-address.ts'
import type { Mailbox } from './addresses.ts'
import type { LoopShipped } from './emails/loop-shipped.ts'
import type { Mention } from './emails/mention.ts'
import type { TaskHeld } from './emails/task-held.ts'
import { type About, isMine, type Participants, type Preference, unsentBecause } from './preference-rules.ts'

/** An event, as far as a notice needs it. */
type SourceEvent = Readonly<Pick<CloudEvent, 'id' | 'time' | 'workspaceid' | 'traceparent'>>
type DisabledWebhook = z.output<(typeof webhooks.events)['webhook.disabled']['data']>

/** What a comment is on: a task or a loop, the loop that it is in, and whether that is private. */
export type MentionedOn = Readonly<{ task_id: string | null; loop_id: string | null; private: boolean }>

/** A member of a workspace, as the gateway describes them. */
export type Recipient = z.output<(typeof gateway.operations)['list_members']['output']>['members'][number]

/** Mails about a loop, to those who see it: what each says to all of them. */
type LoopFacts = Readonly<{
  'loop-shipped': LoopShipped & Participants
}>
/** Mails about a task, to whoever approved it: what each says. */
type TaskFacts = Readonly<{
  'task-held': TaskHeld &
    Readonly<{ task_id: string; loop_id: string | null; private: boolean; approver_id: string }>
}>
/** Mails about a comment, to those whom it mentions: what each says to all of them. */
type MentionFacts = Readonly<{
  mention: Mention & Readonly<{ comment_id: string; on: MentionedOn }>
}>
/** Mails to the owners of a workspace: what each says to all of them. */
type OwnerFacts = Readonly<{
  'webhook-disabled': DisabledWebhook & Readonly<{ workspace_name: string }>
}>
/**
 * Mails with a link: the id of what the link is for. The gateway keeps link and address, and is asked for both when the mail
 * is sent.
 */
type LinkFacts = Readonly<{
  invitation: Readonly<{ invitation_id: string }>
  'password-reset': Readonly<{ reset_id: string }>
  confirmation: Readonly<{ account_mail_id: string }>
  'failed-sign-ins': Readonly<{ account_mail_id: string }>
  'password-changed': Readonly<{ account_mail_id: string }>
  'second-factor-changed': Readonly<{ account_mail_id: string }>
  'app-connected': Readonly<{ account_mail_id: string }>
  'new-address': Readonly<{ account_mail_id: string }>
  'address-changed': Readonly<{ account_mail_id: string }>
  'provider-changed': Readonly<{ account_mail_id: string }>
  'provider-link': Readonly<{ account_mail_id: string }>
  'token-expiring': Readonly<{ account_mail_id: string }>
  'new-browser': Readonly<{ account_mail_id: string }>
  'account-deleted': Readonly<{ account_mail_id: string }>
  'workspace-deleted': Readonly<{ account_mail_id: string }>
}>
/** Each mail has its facts in one of the five. */
type OfEachMail<F extends Readonly<Record<TemplateName, object>>> = F
type Facts = OfEachMail<LoopFacts & TaskFacts & MentionFacts & OwnerFacts & LinkFacts>
export type FactsOf<T extends keyof Facts> = Facts[T]

export type LoopTemplate = keyof LoopFacts
export type TaskTemplate = keyof TaskFacts
export type MentionTemplate = keyof MentionFacts
export type OwnerTemplate = keyof OwnerFacts
export type LinkTemplate = keyof LinkFacts
/** Mails to people of a workspace. */
export type MemberTemplate = LoopTemplate | TaskTemplate | MentionTemplate | OwnerTemplate

/** An event that people get a mail about, by the mail's template. Of several templates: the notice of any of them. */
export type NoticeOf<T extends keyof Facts> = {
  [Each in T]: Readonly<{
    /** The event's id. */
    _id: string
    ws: string
    /** When it happened. */
    at: Date
    template: Each
    facts: FactsOf<Each>
    /** The trace of the request that caused the event, for the mails. */
    traceparent?: string | undefined
  }>
}[T]
export type Notice = NoticeOf<keyof Facts>

export type AccountTemplate = (typeof ACCOUNT_NOTICES)[number]

/** Every mail about an account: it is its person's, not their workspace's. */
export const ACCOUNT_TEMPLATES: readonly LinkTemplate[] = [
  ...ACCOUNT_NOTICES,
  'password-reset',
  'confirmation',
  'failed-sign-ins',
]

/** Who may look at a delivery besides its recipient: owner and admins, the owner alone, or nobody. */
export type ShownTo = 'managers' | 'owner' | 'nobody'

/** One mail to one recipient. */
export type Delivery = Readonly<{
  /** `<event id>:<recipient id>`: a repeated event finds it there already. */
  _id: string
  ws: string
  v: number
  event_id: string
  template: TemplateName
  /** Null for a mail with a link: whoever is invited, or has forgotten a password, need not be a member. */
  user_id: string | null
  /** Null while only the gateway knows the address. */
  to: Mailbox | null
  locale: string
  time_zone: string
  /** The loop; null for a mail about anything else. */
  about: About | null
  /** The task that it is about: whoever does not see that any more does not get the mail. */
  task_id?: string
  shown_to: ShownTo
  status: DeliveryStatus
  /** Tries that said something about this mail; those that found no mail server do not count. */
  attempts: number
  /** Since when it is pending: since it was made, or was last sent again by hand. */
  owed_since: Date
  /** When a sender should look at it: at its next try, or when the lease of its sender ends; absent when settled. */
  due_at?: Date
  /** The lease: which claim holds it. */
  claim?: string
  created_at: Date
  /** The trace of the request that it follows from. */
  traceparent?: string | undefined
  sent_at: Date | null
  last_error: string | null
  /** When it is deleted; absent while it is pending, however long that takes. */
  expires_at?: Date
}>

/** The id of a delivery: `recipient_id` is that of a person, or of what a link is for. */
export const deliveryId = (event_id: string, recipient_id: string): string => `${event_id}:${recipient_id}`

/** How long notices and settled deliveries are kept (ms): longer than the stream keeps events, or one might be mailed again. */
export const KEPT_MS = 90 * 24 * 60 * 60 * 1_000

const newDelivery = (notice: Notice, now: Date) => ({
  ws: notice.ws,
  v: 1,
  event_id: notice._id,
  template: notice.template,
  attempts: 0,
  created_at: now,
  owed_since: now,
  sent_at: null,
  last_error: null,
  ...(notice.traceparent === undefined ? {} : { traceparent: notice.traceparent }),
})

/** The notice of an event. */
export const noticeOf = <T extends keyof Facts>(
  template: T,
  { id, time, workspaceid, traceparent }: SourceEvent,
  facts: FactsOf<T>,
): NoticeOf<T> => ({
  _id: id,
  ws: workspaceid,
  at: new Date(time),
  template,
  facts,
  ...(traceparent === undefined ? {} : { traceparent }),
})

/** Who gets a mail about a loop: ids, or null for every member. A private loop never goes to everybody. */
export const audienceOf = ({
  visibility,
  member_ids,
}: Pick<FactsOf<LoopTemplate>, 'visibility' | 'member_ids'>): readonly string[] | null =>
  visibility === 'private' ? (member_ids ?? []) : member_ids

/** Why nothing is sent to a person who has not shown that the address is theirs. */
const UNCONFIRMED = 'address not confirmed'
/** Why nothing is sent to a person whose account may not be used. */
const DEACTIVATED = 'account deactivated'

/** How a delivery begins: pending, suppressed for a reason, or failed for want of an address. */
const firstState = (suppressed: string | undefined, address: string | undefined, now: Date) => {
  const expires_at = new Date(now.getTime() + KEPT_MS)
  if (suppressed !== undefined) return { status: 'suppressed' as const, last_error: suppressed, expires_at }
  if (address === undefined) return { status: 'failed' as const, last_error: 'not an address', expires_at }
  return { status: 'pending' as const, due_at: now }
}

const deliveryTo = (
  notice: NoticeOf<MemberTemplate>,
  { user_id, name, email, unconfirmed, deactivated, locale, time_zone }: Recipient,
  shown: Pick<Delivery, 'about' | 'shown_to' | 'task_id'>,
  suppressed: string | undefined,
  now: Date,
): Delivery => {
  const address = toAddress(email)
  return {
    ...newDelivery(notice, now),
    _id: deliveryId(notice._id, user_id),
    user_id,
    to: address === undefined ? null : { name, address },
    locale,
    time_zone,
    ...shown,
    ...firstState(deactivated ? DEACTIVATED : unconfirmed ? UNCONFIRMED : suppressed, address, now),
  }
}

/**
 * One delivery to each member who sees the loop.
 * @param preferenceOf the preference of a member who has stated one.
 */
export const memberDeliveries = (
  notice: NoticeOf<LoopTemplate>,
  members: readonly Recipient[],
  preferenceOf: (user_id: string) => Preference | undefined,
  now: Date,
): Delivery[] =>
  members.map((member) => {
    const { loop_id, name: loop_name, visibility } = notice.facts
    const about = { loop_id, loop_name, mine: isMine(notice.facts, member.user_id) }
    const shown_to = visibility === 'private' ? 'owner' : 'managers'
    const suppressed = unsentBecause(preferenceOf(member.user_id), about)
    return deliveryTo(notice, member, { about, shown_to }, suppressed, now)
  })

/**
 * The delivery to whoever approved a task, out of these members. They may have muted its loop, or want no mails.
 * @param preferenceOf the preference of a member who has stated one.
 */
export const approverDeliveries = (
  notice: NoticeOf<TaskTemplate>,
  members: readonly Recipient[],
  preferenceOf: (user_id: string) => Preference | undefined,
  now: Date,
): Delivery[] => {
  const { task_id, loop_id, approver_id } = notice.facts
  // What somebody has approved is their own. The name of the loop is not known here, and not shown.
  const about = { loop_id: loop_id ?? '', loop_name: '', mine: true }
  const shown = { about, shown_to: notice.facts.private ? 'owner' : 'managers', task_id } as const
  return members
    .filter(({ user_id }) => user_id === approver_id)
    .map((approver) =>
      deliveryTo(notice, approver, shown, unsentBecause(preferenceOf(approver.user_id), about), now),
    )
}

/**
 * One delivery to each of the members whom a comment mentions.
 * @param heldBack why a member gets no mail about it, besides their preference; undefined when they do.
 */
export const mentionDeliveries = (
  notice: NoticeOf<MentionTemplate>,
  members: readonly Recipient[],
  preferenceOf: (user_id: string) => Preference | undefined,
  heldBack: (user_id: string) => string | undefined,
  now: Date,
): Delivery[] => {
  const { on } = notice.facts
  const about = aboutMention(on)
  const shown_to = on.private ? 'owner' : 'managers'
  const shown = { about, shown_to, ...(on.task_id === null ? {} : { task_id: on.task_id }) } as const
  return members.map((member) => {
    const { user_id } = member
    const unsent = unsentBecause(preferenceOf(user_id), about) ?? heldBack(user_id)
    return deliveryTo(notice, member, shown, unsent, now)
  })
}

/** The loop that a mention is about. Its name is not shown. */
export const aboutMention = ({ loop_id }: MentionedOn): About => ({
  loop_id: loop_id ?? '',
  loop_name: '',
  mine: true,
  mention: true,
})

/** One delivery to each owner of the workspace, whatever their preference: the workspace is theirs to look after. */
export const ownerDeliveries = (
  notice: NoticeOf<OwnerTemplate>,
  members: readonly Recipient[],
  now: Date,
): Delivery[] =>
  members
    .filter(({ role }) => role === 'owner')
    .map((owner) => deliveryTo(notice, owner, { about: null, shown_to: 'managers' }, undefined, now))

/**
 * The one delivery of a mail with a link.
 * @param link_id the id of what the link is for.
 */
export const linkDelivery = (
  notice: NoticeOf<LinkTemplate>,
  link_id: string,
  shown_to: ShownTo,
  now: Date,
): Delivery => ({
  ...newDelivery(notice, now),
  _id: deliveryId(notice._id, link_id),
  user_id: null,
  to: null,
  locale: 'en',
  time_zone: 'UTC',
  about: null,
  shown_to,
  status: 'pending',
  due_at: now,
})
