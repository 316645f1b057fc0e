// Asks an address whether it wants the calls that somebody subscribed it to (SEP-3415, Endpoint verification).
import { createHash, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { CallFault } from '../../shared/contracts/webhooks/subscriptions.ts'
import type { Answered } from '../../shared/net/outbound.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import { callSigned, type SignedCall } from './calls.ts'
import { faultOf, MEDIA_TYPE, SUBSCRIPTION_HEADER } from './event-delivery-rules.ts'

export type VerifyDeps = Readonly<{ loopback: boolean; clock: Clock; ids: Pick<Ids, 'token'> }>

/** What is to be verified. */
type Verified = Readonly<{ url: string; secret: string; subscription_id: string }>

/** Asks an address. @throws AppError `invalid_argument` with the fault in `callback`; `rate_limited`. */
export type Verify = (asked: Verified) => Promise<void>

/** Time for an answer (ms): whoever subscribes waits for it. */
const TIMEOUT_MS = 5_000
/** How often a host is asked by one process (per minute), so that nobody can flood it from here. */
const PER_HOST = 30
const MINUTE_MS = 60_000
/** Questions of one process under way. */
const PARALLEL = 64
/** Hosts whose questions are counted. */
const HOSTS = 10_000

const sameText = (a: string, b: string): boolean =>
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest())

const echoOf = ({ body }: Readonly<{ body: Buffer }>): string => {
  try {
    const { challenge } = JSON.parse(body.toString()) as { challenge?: unknown }
    return typeof challenge === 'string' ? challenge : ''
  } catch {
    return ''
  }
}

const faultIn = (answered: Answered, challenge: string): CallFault | undefined => {
  if (!answered.ok) return faultOf(answered)
  const isEchoed = answered.status >= 200 && answered.status < 300 && sameText(echoOf(answered), challenge)
  return isEchoed ? undefined : 'challenge_failed'
}

/** Makes the verification of addresses, one per process. */
export const openVerification = ({ loopback, clock, ids }: VerifyDeps): Verify => {
  const asked = new LRUCache<string, number>({ max: HOSTS, ttl: MINUTE_MS, perf: { now: clock.monotonicMs } })
  let underWay = 0
  const ask = async (call: SignedCall): Promise<Answered> => {
    if (underWay >= PARALLEL)
      throw new AppError('unavailable', 'Too many addresses are being verified now.', {
        retry_after_ms: 1_000,
      })
    underWay += 1
    try {
      return await callSigned(call, loopback, clock.now())
    } finally {
      underWay -= 1
    }
  }
  return async ({ url, secret, subscription_id }) => {
    const { host } = new URL(url)
    const times = (asked.get(host) ?? 0) + 1
    // The minute begins with the first question of a host.
    asked.set(host, times, { ttl: asked.getRemainingTTL(host) || MINUTE_MS })
    if (times > PER_HOST)
      throw new AppError('rate_limited', 'This address was asked too often whether it wants calls.', {
        retry_after_ms: MINUTE_MS,
      })
    const challenge = ids.token()
    const call = {
      url,
      id: `msg_verification_${ids.token()}`,
      body: JSON.stringify({ type: 'verification', challenge }),
      media_type: MEDIA_TYPE,
      secrets: [secret],
      headers: { [SUBSCRIPTION_HEADER]: subscription_id },
      timeout_ms: TIMEOUT_MS,
    }
    const fault = faultIn(await ask(call), challenge)
    if (fault !== undefined)
      throw new AppError('invalid_argument', `The address did not confirm that it wants calls: ${fault}.`, {
        hint: 'It must answer a verification with 200 and the same challenge, as JSON.',
        details: { field: 'url', callback: fault },
      })
  }
}
