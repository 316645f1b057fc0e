// The headers of a request: its caller, deadline, trace and signature. Written by one side, read by the other.
import { headers, type MsgHdrs } from '@nats-io/nats-core'
import { LRUCache } from 'lru-cache'
import * as z from 'zod'
import { ClaimLimits } from '../contracts/define/claim-limits.ts'
import { ScopeName } from '../contracts/define/common.ts'
import { type Call, type Caller, ROLES } from '../contracts/define/contract.ts'
import { AppError } from '../contracts/define/errors.ts'
import type { Clock } from '../process/clock.ts'
import type { Said, Sign } from './signature.ts'

const CALLER = 'Loops-Caller'
const REQUEST_ID = 'Loops-Request-Id'
const BUDGET_MS = 'Loops-Budget-Ms'
const TRACEPARENT = 'traceparent'
const SIGNATURE = 'Loops-Signature'

/** The time of a call whose headers name none (ms). */
const DEFAULT_BUDGET_MS = 8_000

const CallerShape = z.object({
  // Requests of earlier releases lack these two.
  kind: z.literal('person').default('person'),
  grant_id: z.string().nullable().default(null),
  user_id: z.string(),
  user_name: z.string(),
  workspace_id: z.string(),
  role: z.enum(ROLES),
  scopes: z.array(ScopeName),
  client_id: z.string(),
  client_name: z.string(),
  claim_limits: ClaimLimits.optional(),
})

/** Callers that are remembered as they are written: one person's calls all bear the same text. */
const MAX_CALLERS = 1_000
const read = new LRUCache<string, Caller>({ max: MAX_CALLERS })
const written = new WeakMap<Caller, string>()

const writeCaller = (caller: Caller): string => {
  const known = written.get(caller)
  if (known !== undefined) return known
  const text = Buffer.from(JSON.stringify(caller)).toString('base64url')
  written.set(caller, text)
  return text
}

const saidIn = (h: MsgHdrs | undefined, asked: string, operation: string): Said => ({
  asked,
  operation,
  request_id: h?.get(REQUEST_ID) ?? '',
  budget_ms: h?.get(BUDGET_MS) ?? '',
  caller: h?.get(CALLER) ?? '',
  traceparent: h?.get(TRACEPARENT) ?? '',
})

/** A request to write headers for, and how to sign it. */
export type Asking = Readonly<{
  asked: string
  operation: string
  payload: string
  sign: Sign
  attempt: number
}>

/**
 * Writes a call's context as signed headers. The budget is a duration, because the clocks of two machines differ.
 * @throws AppError `forbidden` when this process has no key for the service.
 */
export const writeCall = (call: Call, budget_ms: number, asking: Asking): MsgHdrs => {
  const { asked, operation, payload, sign, attempt } = asking
  const h = headers()
  if (call.caller) h.set(CALLER, writeCaller(call.caller))
  h.set(REQUEST_ID, call.request_id)
  h.set(BUDGET_MS, String(Math.floor(budget_ms)))
  if (call.traceparent) h.set(TRACEPARENT, call.traceparent)
  const signature = sign(saidIn(h, asked, operation), payload, attempt)
  if (signature === undefined)
    throw new AppError('forbidden', `This process has no key to ask the ${asked} service; nothing was done.`)
  h.set(SIGNATURE, signature)
  return h
}

/** The signature of a request that arrived, and the context that it covers. */
export const readSigned = (
  h: MsgHdrs | undefined,
  asked: string,
  operation: string,
): Readonly<{ signature: string | undefined; said: Said }> => ({
  signature: h?.get(SIGNATURE) || undefined,
  said: saidIn(h, asked, operation),
})

/** The caller in a header. Of equal ones all calls share one, so it cannot be changed. */
const readCaller = (value: string): Caller | null => {
  if (value === '') return null
  const known = read.get(value)
  if (known) return known
  const caller: Caller = CallerShape.parse(JSON.parse(Buffer.from(value, 'base64url').toString()))
  for (const shared of [caller, caller.scopes, caller.claim_limits]) Object.freeze(shared)
  read.set(value, caller)
  return caller
}

/**
 * Reads the context of a request that the gate has let in.
 * @throws Error when the caller is malformed; AppError `forbidden` when it is not a request of Loops.
 */
export const readCall = (h: MsgHdrs | undefined, clock: Clock, stop: AbortSignal): Call => {
  const request_id = h?.get(REQUEST_ID)
  if (!request_id) throw new AppError('forbidden', 'This is not a request of a service of Loops.')
  const given = h?.has(BUDGET_MS) ? Number(h.get(BUDGET_MS)) : DEFAULT_BUDGET_MS
  const budget_ms = Number.isFinite(given) ? Math.min(Math.max(given, 0), 60_000) : DEFAULT_BUDGET_MS
  const traceparent = h?.get(TRACEPARENT)
  return {
    caller: readCaller(h?.get(CALLER) ?? ''),
    request_id,
    ...(traceparent ? { traceparent } : {}),
    ...startBudget(clock, budget_ms, stop),
  }
}

/** Starts the time of a call: `budget_ms` from now. @param signal aborts when the caller leaves before. */
export const startBudget = (
  clock: Clock,
  budget_ms: number,
  signal?: AbortSignal,
): Pick<Call, 'remainingMs' | 'signal'> => {
  const end = clock.monotonicMs() + budget_ms
  return {
    remainingMs: () => Math.max(0, end - clock.monotonicMs()),
    ...(signal ? { signal } : {}),
  }
}

/** A call that a service makes for itself, as sweepers and event consumers do. */
export const ownCall = (
  clock: Clock,
  request_id: string,
  budget_ms = DEFAULT_BUDGET_MS,
  traceparent?: string,
): Call => ({
  caller: null,
  request_id,
  ...(traceparent ? { traceparent } : {}),
  ...startBudget(clock, budget_ms),
})
