// A webhook: an address that a workspace wants told, what it wants to hear, and whether it is in use. Pure.
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { Actor } from '../../shared/contracts/define/common.ts'
import type { Caller, EventDeclaration } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { OLD_SECRET_HOURS, type WebhookRow } from '../../shared/contracts/webhooks/shapes.ts'
import { allowedFor, literalOf } from '../../shared/net/public-address.ts'

/** A secret as it is kept: encrypted, and the moment from which on it signs no more; null for the present one. */
export type KeptSecret = Readonly<{ sealed: string; until: Date | null }>

export type Webhook = Readonly<{
  _id: string
  ws: string
  v: number
  /** From 0 up, one webhook each: what holds their number. */
  slot: number
  url: string
  /** What its calls say that they are; absent in those made when calls were `application/json`, and still are to them. */
  media_type?: string
  description: string
  /** Empty: all. */
  events: readonly string[]
  status: 'active' | 'disabled'
  reason: string | null
  /** The present one first. */
  secrets: readonly KeptSecret[]
  created_at: Date
  created_by: Actor
  delivered_at: Date | null
  /** Since when no call was answered well. */
  failing_since: Date | null
  /** On how many days (UTC) since then calls failed, and the last of those days. */
  failed_days?: number
  failed_on?: string
}>

const HOUR_MS = 60 * 60_000
/**
 * An address at which no call succeeds for so many days is called no more: what standardwebhooks.com advises, "days". Only
 * days with tries count: where something happens once a week, five weeks must fail.
 */
const FAILING_DAYS = 5
const FAILING_MS = FAILING_DAYS * 24 * HOUR_MS
/** `delivered_at` is for people: no need to write it with each call. */
const NOTED_EVERY_MS = 60_000

/**
 * The person of a call, who looks after the webhooks of a workspace.
 * @throws AppError `forbidden` for everybody but the owner and the admins.
 */
export const managerOf = (caller: Caller | null): Caller => {
  if (caller?.role === 'owner' || caller?.role === 'admin') return caller
  throw new AppError('forbidden', 'Only the owner and the admins of the workspace look after its webhooks.')
}

const fault = (sentence: string): AppError =>
  new AppError('invalid_argument', sentence, { details: { field: 'url' } })

/**
 * An address that may be called, as far as that can be seen from it. Where its name leads is seen when it is called.
 * @param loopback whether it may be on this machine, without TLS.
 * @throws AppError `invalid_argument` with a sentence that says what is wrong.
 */
export const readTarget = (text: string, loopback: boolean): string => {
  const url = new URL(text)
  const literal = literalOf(url)
  const local = loopback && url.protocol === 'http:'
  if (url.protocol !== 'https:' && !local) throw fault('The address must begin with https://.')
  if (url.username !== '' || url.password !== '')
    throw fault('The address must hold no name and no password: calls are known by their signature.')
  if (url.hash !== '') throw fault('The address must have no # part: it is never sent.')
  if (
    literal === undefined
      ? /(^|\.)localhost$/.test(url.hostname) && !local
      : !allowedFor(url, loopback)(literal)
  )
    throw fault('The address must be out in the internet.')
  return url.href
}

/** Whether an event may be sent to teams at all: what is in a private loop stays with its members. */
export const isPublic = ({ public: when }: EventDeclaration, { data }: Pick<CloudEvent, 'data'>): boolean =>
  when !== undefined && (when === true || data[when.member] === when.is)

/** Whether a webhook gets an event: it wants it, and was there when it happened. */
export const listens = (
  { events, status, created_at }: Webhook,
  { type, time }: Pick<CloudEvent, 'type' | 'time'>,
): boolean =>
  status === 'active' && new Date(time) >= created_at && (events.length === 0 || events.includes(type))

/** With another secret: the one before goes on beside it for a while, older ones end. */
export const rotated = (before: Webhook, sealed: string, now: Date): Webhook => {
  const [present] = before.secrets
  const until = new Date(now.getTime() + OLD_SECRET_HOURS * HOUR_MS)
  return { ...before, secrets: [{ sealed, until: null }, ...(present ? [{ ...present, until }] : [])] }
}

/** What the calls of a webhook say that they are. A receiver that was made for one type may refuse another. */
export const mediaTypeOf = ({ media_type = 'application/json' }: Pick<Webhook, 'media_type'>): string =>
  media_type

/** The secrets that sign now. */
export const signingSecrets = ({ secrets }: Webhook, now: Date): readonly KeptSecret[] =>
  secrets.filter(({ until }) => until === null || until > now)

/** In use or not; undefined when it is so already. */
export const switched = (before: Webhook, status: Webhook['status'], reason: string | null) =>
  before.status === status ? undefined : { ...before, status, reason, failing_since: null }

/** What a call that was answered well says of the webhook; undefined: nothing new. */
export const proven = (before: Webhook, now: Date): Webhook | undefined =>
  before.failing_since === null && now.getTime() - (before.delivered_at?.getTime() ?? 0) < NOTED_EVERY_MS
    ? undefined
    : { ...before, failing_since: null, delivered_at: now }

/** The day of a moment (UTC). */
const dayOf = (at: Date): string => at.toISOString().slice(0, 10)

/** What a call that failed says of it: it fails from now on, or has failed for too long; undefined: nothing new. */
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

/** The event when a webhook is disabled by what its address answers, or does not. */
export const disabledEvent = ({ _id, url, failing_since }: Webhook, cause: 'failing' | 'gone') => ({
  name: 'webhook.disabled',
  data: { webhook_id: _id, url, cause, failing_since: failing_since?.toISOString() ?? null },
})

/** As its workspace's managers see it. */
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
