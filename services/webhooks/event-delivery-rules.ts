// One call to a subscription: what is kept of its event, what an answer means, and when it is tried again. Pure.
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { CallFault } from '../../shared/contracts/webhooks/subscriptions.ts'
import type { OutboundFault } from '../../shared/net/outbound.ts'
import { nextTry, type Schedule, spread } from '../../shared/process/retries.ts'

/** An event that is to be told to a subscription. What it says is looked up at each try. */
export type EventDelivery = Readonly<{
  /** `<event id>:<subscription id>`, so a repeated event makes no second one. */
  _id: string
  ws: string
  v: number
  subscription_id: string
  /** The event of the bus. */
  event: Pick<CloudEvent, 'id' | 'type' | 'time' | 'data'>
  /** `skipped`: its reader may not know of it now, or it is so no more. */
  status: 'pending' | 'sending' | 'delivered' | 'skipped' | 'failed'
  attempts: number
  due_at?: Date
  claim?: string
  /** Since when it is pending. */
  owed_since: Date
  /** How the last try ended. */
  answer: string | null
  expires_at?: Date
}>

/** The media type of calls, and the header that says which subscription they are of (SEP-3415, Delivery profile). */
export const MEDIA_TYPE = 'application/json'
export const SUBSCRIPTION_HEADER = 'X-MCP-Subscription-Id'

const MINUTE_MS = 60_000
/** When a call is made again: five tries within a quarter of an hour, as the extension advises. */
export const SCHEDULE: Schedule = {
  pauses_ms: [5_000, 30_000, 3 * MINUTE_MS, 15 * MINUTE_MS],
  pending_ms: 15 * MINUTE_MS,
}
/** The pause before a try that was not possible from here (ms). It counts as none. */
const NOT_HERE_MS = 5_000

/** The pending call of an event to a subscription. */
export const eventDeliveryOf = (
  { id, type, time, data, workspaceid }: CloudEvent,
  subscription_id: string,
  now: Date,
): EventDelivery => ({
  _id: `${id}:${subscription_id}`,
  ws: workspaceid,
  v: 1,
  subscription_id,
  event: { id, type, time, data },
  status: 'pending',
  attempts: 0,
  due_at: now,
  owed_since: now,
  answer: null,
})

/** The same for a private address and for one that does not answer: the difference would map the private network. */
const FAULTS: Readonly<Record<OutboundFault, CallFault>> = {
  address_not_public: 'connection_refused',
  unreachable: 'connection_refused',
  timed_out: 'timeout',
  certificate_not_trusted: 'tls_error',
}

/** What came back from a call: a status, or none. */
type Answer = Readonly<{ status: number }> | Readonly<{ fault: OutboundFault }>

/** Why a call did not succeed, in the words of the extension; undefined for success. A redirect is not followed. */
export const faultOf = (outcome: Answer): CallFault | undefined => {
  if ('fault' in outcome) return FAULTS[outcome.fault]
  if (outcome.status >= 200 && outcome.status < 300) return undefined
  return outcome.status >= 500 ? 'http_5xx' : 'http_4xx'
}

/** Answers after which a call is not made again: too large, and not wanted. Its subscription goes on. */
const FINAL: ReadonlySet<number> = new Set([410, 413])

/** What becomes of a delivery. `fault`: of the receiver, if it was called and did not accept. */
export type EventNext = Readonly<{
  status: EventDelivery['status']
  answer: string
  fault?: CallFault
  due_at?: Date
  counted: boolean
}>

/** What becomes of a delivery after a call. */
export const judgeCall = (outcome: Answer, delivery: EventDelivery, now: Date, random: number): EventNext => {
  const fault = faultOf(outcome)
  if (fault === undefined) return { status: 'delivered', answer: 'delivered', counted: true }
  const isFinal = 'status' in outcome && FINAL.has(outcome.status)
  const due_at = isFinal ? null : nextTry(SCHEDULE, delivery, now, random)
  const ended = { answer: fault, fault, counted: true }
  return due_at ? { ...ended, status: 'pending', due_at } : { ...ended, status: 'failed' }
}

/** What becomes of a delivery that could not be tried from here. */
export const judgeUntried = ({ owed_since }: EventDelivery, now: Date, random: number): EventNext => {
  const answer = 'could not be made here'
  return now.getTime() - owed_since.getTime() < SCHEDULE.pending_ms
    ? { status: 'pending', answer, due_at: spread(now, NOT_HERE_MS, random), counted: false }
    : { status: 'failed', answer, counted: true }
}
