// Signs requests between services, and verifies who sent a request, that it is unchanged, and that it is new.
//
// The signature is a MAC under a key that the two services share (HMAC-SHA256, RFC 2104). Reaching the bus is not enough to
// send a request, not even for another service.
//
// The clocks of two machines differ, so the time of issue alone can only be checked loosely. Checked are:
//   the time of issue, to a quarter of an hour, so that nothing old comes back after a restart;
//   the number and age of the request within its process, by that process's own order and clock.
// So a captured request is refused by the process that had it, and after a minute by every other. Within that minute, another
// replica takes it as the same call once more, as when a network duplicates it.
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../process/clock.ts'
import type { ServiceKeys } from '../process/service-keys.ts'
import { emptyWindow, recordRequest, type Window } from './repeats.ts'

/** How far apart the clocks of two machines may be (ms): each is off by five minutes, and a margin. */
export const CLOCK_TOLERANCE_MS = 15 * 60_000
/** How many processes are remembered. Requests of a forgotten one are checked by their time of issue alone. */
const MAX_PROCESSES = 1_024

const VERSION = '1'
const MAC_CHARS = 43

/** The context of a request: everything that is signed besides its input. */
export type Said = Readonly<{
  asked: string
  operation: string
  request_id: string
  budget_ms: string
  caller: string
  traceparent: string
}>

type Payload = string | Uint8Array

const mac = (key: KeyObject, head: string, said: Said, payload: Payload): string => {
  const { asked, operation, request_id, budget_ms, caller, traceparent } = said
  // No member can hold a line feed: header values cannot, and names are the contract's.
  const text = [head, asked, operation, request_id, budget_ms, caller, traceparent, ''].join('\n')
  return createHmac('sha256', key).update(text).update(payload).digest('base64url')
}

/**
 * Signs a request.
 * @param attempt 0 for the newest key, 1 for the one before, and so on.
 * @returns undefined when there is no such key.
 */
export type Sign = (said: Said, payload: Payload, attempt?: number) => string | undefined

/**
 * Makes the signer of one process.
 * @param process a name that no other process has.
 */
export const signer = (keys: ServiceKeys, clock: Clock, process: string): Sign => {
  let number = 0
  return (said, payload, attempt = 0) => {
    const key = keys.asking(said.asked)[attempt]
    if (!key) return undefined
    number += 1
    const head = `${VERSION}.${keys.service}.${process}.${number}.${Math.floor(clock.monotonicMs())}.${clock.now().getTime()}`
    return `${head}.${mac(key, head, said, payload)}`
  }
}

/** Why the gate refuses a request. */
export type Refusal = 'from_stream' | 'unsigned' | 'forged' | 'late' | 'repeated' | 'not_allowed'

export type Verified =
  | Readonly<{ ok: true; asking: string }>
  | Readonly<{ ok: false; reason: Refusal; asking?: string }>

const isRight = (right: string, given: string): boolean =>
  given.length === MAC_CHARS && timingSafeEqual(Buffer.from(right), Buffer.from(given))

/** Reads numbers as the signer writes them; NaN for anything else that `Number` would take. */
const readNumber = (text: string | undefined): number =>
  /^\d{1,15}$/.test(text ?? '') ? Number(text) : Number.NaN

/** Makes the verifier of one process. It remembers the requests that it has verified. */
export const verifier = (
  keys: ServiceKeys,
  clock: Clock,
): ((signature: string | undefined, said: Said, payload: Payload) => Verified) => {
  const processes = new LRUCache<string, Window>({ max: MAX_PROCESSES })
  const windowOf = (name: string): Window => {
    const window = processes.get(name) ?? emptyWindow()
    processes.set(name, window)
    return window
  }
  return (signature, said, payload) => {
    if (!signature) return { ok: false, reason: 'unsigned' }
    const dot = signature.lastIndexOf('.')
    const head = signature.slice(0, dot)
    const [version, asking = '', process, number, sent_ms, at_ms] = head.split('.')
    if (version !== VERSION) return { ok: false, reason: 'forged' }
    const given = signature.slice(dot + 1)
    if (!keys.askedBy(asking).some((key) => isRight(mac(key, head, said, payload), given)))
      return { ok: false, reason: 'forged', asking }
    const [count, sent, at] = [number, sent_ms, at_ms].map(readNumber) as [number, number, number]
    // Negated comparisons, so that NaN is refused.
    if (!(Math.abs(clock.now().getTime() - at) <= CLOCK_TOLERANCE_MS) || !(count > 0 && sent >= 0))
      return { ok: false, reason: 'late', asking }
    const outcome = recordRequest(windowOf(`${asking}.${process}`), count, sent)
    return outcome === 'first' ? { ok: true, asking } : { ok: false, reason: outcome, asking }
  }
}
