// A webhook: the address that is called, the events that it gets, and whether it is active. Pure.
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { Actor } from '../../shared/contracts/define/common.ts'
import type { Caller, EventDeclaration } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { OLD_SECRET_HOURS, type WebhookRow } from '../../shared/contracts/webhooks/shapes.ts'
import { allowedFor, literalOf } from '../../shared/net/public-address.ts'

/** A stored secret: encrypted, and when it stops signing; null for the current one. */
export type KeptSecret = Readonly<{ sealed: string; until: Date | null }>

export type Webhook = Readonly<{
  _id: string
  ws: string
  v: number
  /** A number from 0, unique in the workspace: the unique index on it limits how many there can be. */
  slot: number
  url: string
  /** Content type of its calls. Absent in webhooks from when that was `application/json`: theirs still is. */
  media_type?: string
  description: string
  /** Names of the events that it gets; empty for all. */
  events: readonly string[]
  status: 'active' | 'disabled'
  reason: string | null
  /** The current one first. */
  secrets: readonly KeptSecret[]
  created_at: Date
  created_by: Actor
  delivered_at: Date | null
  /** Since when no call has succeeded. */
  failing_since: Date | null
  /** On how many days (UTC) since then calls failed, and the last of those days. */
  failed_days?: number
  failed_on?: string
}>

const HOUR_MS = 60 * 60_000
/**
 * A webhook is disabled after so many days without a success, as standardwebhooks.com advises. Only days with calls count:
 * where there is one call a week, five weeks must fail.
 */
const FAILING_DAYS = 5
const FAILING_MS = FAILING_DAYS * 24 * HOUR_MS
/** How often `delivered_at` is written (ms): it is for people, so not with every call. */
const NOTED_EVERY_MS = 60_000

/**
 * The caller, who must be allowed to manage webhooks.
 * @throws AppError `forbidden` for everybody but the owner and the admins.
 */
export const managerOf = (caller: Caller | null): Caller => {
  if (caller?.role === 'owner' || caller?.role === 'admin') return caller
  throw new AppError('forbidden', 'Only the owner and the admins of the workspace can manage its webhooks.')
}

const fault = (sentence: string): AppError =>
  new AppError('invalid_argument', sentence, { details: { field: 'url' } })

/**
 * Checks an address that is to be called. Where its host name leads is checked at each call.
 * @param loopback whether it may be on this machine, without TLS.
 * @returns the address in its normal form.
 * @throws AppError `invalid_argument` that says what to correct.
 */
export const readTarget = (text: string, loopback: boolean): string => {
  const url = new URL(text)
  const literal = literalOf(url)
  const local = loopback && url.protocol === 'http:'
  if (url.protocol !== 'https:' && !local) throw fault('The address must begin with https://.')
  if (url.username !== '' || url.password !== '')
    throw fault('The address must have no user name or password. Calls are recognized by their signature.')
  if (url.hash !== '') throw fault('The address must have no # part, because that is never sent.')
  if (
    literal === undefined
      ? /(^|\.)localhost$/.test(url.hostname) && !local
      : !allowedFor(url, loopback)(literal)
  )
    throw fault('The address must be out in the internet.')
  return url.href
}

/** Whether webhooks may get an event: what is in a private loop stays with its members. */
export const isPublic = ({ public: when }: EventDeclaration, { data }: Pick<CloudEvent, 'data'>): boolean =>
  when !== undefined && (when === true || data[when.member] === when.is)

/** Whether a webhook gets an event: it is active, has chosen the event, and existed when it happened. */
export const listens = (
  { events, status, created_at }: Webhook,
  { type, time }: Pick<CloudEvent, 'type' | 'time'>,
): boolean =>
  status === 'active' && new Date(time) >= created_at && (events.length === 0 || events.includes(type))

/** The webhook with a new secret. The previous one signs beside it for a while; older ones end. */
export const rotated = (before: Webhook, sealed: string, now: Date): Webhook => {
  const [present] = before.secrets
  const until = new Date(now.getTime() + OLD_SECRET_HOURS * HOUR_MS)
  return { ...before, secrets: [{ sealed, until: null }, ...(present ? [{ ...present, until }] : [])] }
}

/** The content type of a webhook's calls. A receiver made for one type may refuse another. */
export const mediaTypeOf = ({ media_type = 'application/json' }: Pick<Webhook, 'media_type'>): string =>
  media_type

/** The secrets that sign now. */
export const signingSecrets = ({ secrets }: Pick<Webhook, 'secrets'>, now: Date): readonly KeptSecret[] =>
  secrets.filter(({ until }) => until === null || until > now)

/** Enabled or disabled; undefined when it is so already. */
export const switched = (before: Webhook, status: Webhook['status'], reason: string | null) =>
  before.status === status ? undefined : { ...before, status, reason, failing_since: null }

/** The webhook after a call that succeeded; undefined when nothing changes. */
export const proven = (before: Webhook, now: Date): Webhook | undefined =>
  before.failing_since === null && now.getTime() - (before.delivered_at?.getTime() ?? 0) < NOTED_EVERY_MS
    ? undefined
    : { ...before, failing_since: null, delivered_at: now }

/** The day of a moment (UTC). */
const dayOf = (at: Date): string => at.toISOString().slice(0, 10)

/** The webhook after a call that failed: failing, or disabled after too many days; undefined when nothing changes. */
export const doubted = (before: Webhook, now: Date): Webhook | undefined => {
  const { status, failing_since } = before
  if (status === 'disabled') return undefined
  const today = dayOf(now)
  if (failing_since === null) return { ...before, failing_since: now, failed_days: 1, failed_on: today }
  const { failed_days = 1, failed_on = dayOf(failing_since) } = before
  const days = failed_days + (failed_on === today ? 0 : 1)
  if (days >= FAILING_DAYS && now.getTime() - failing_since.getTime() >= FAILING_MS)
    return {
      ...before,
      status: 'disabled',
      reason: `Calls failed on ${days} days; none has succeeded since ${dayOf(failing_since)}.`,
    }
  return days === failed_days ? undefined : { ...before, failed_days: days, failed_on: today }
}

/** The event of a webhook that Loops disabled because of its answers. */
export const disabledEvent = ({ _id, url, failing_since }: Webhook, cause: 'failing' | 'gone') => ({
  name: 'webhook.disabled',
  data: { webhook_id: _id, url, cause, failing_since: failing_since?.toISOString() ?? null },
})

/** A webhook as the managers of the workspace see it. */
export const webhookView = (webhook: Webhook): WebhookRow => ({
  id: webhook._id,
  url: webhook.url,
  description: webhook.description,
  events: [...webhook.events],
  status: webhook.status,
  reason: webhook.reason,
  created_at: webhook.created_at.toISOString(),
  delivered_at: webhook.delivered_at?.toISOString() ?? null,
  failing_since: webhook.failing_since?.toISOString() ?? null,
})
