// The signature of a request: which service asks, that it said all of this itself, and that it said it now. A MAC under the
// key of the pair of services (HMAC-SHA256, RFC 2104), so that who can reach the bus, even as another service, cannot ask.
//
// Clocks of two machines differ, so an issue time alone could only be checked loosely. What is checked:
//   the issue time, to a quarter of an hour, so that nothing old comes back after a restart;
//   the number and the age of the request among those of the same process, by that process's own clock and order.
// One that is captured and sent again is thus refused by the process that had it, and by any other a minute later. Within
// that minute another replica takes it as what it is, the same call once more: as when a network doubles it.
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../process/clock.ts'
import type { ServiceKeys } from '../process/service-keys.ts'
import { emptyWindow, takeDown, type Window } from './repeats.ts'

/** How far the clocks of two machines may be apart (ms): each of them five minutes wrong, and a margin. */
export const CLOCK_TOLERANCE_MS = 15 * 60_000
/** Processes whose requests are remembered; one that is forgotten is held to its issue time alone. */
const MAX_PROCESSES = 1_024

const VERSION = '1'
const MAC_CHARS = 43

/** What a request says besides its input, as it travels. */
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
 * @param attempt 0 for the newest key; undefined is answered when there are no more.
 */
export type Sign = (said: Said, payload: Payload, attempt?: number) => string | undefined

/**
 * Makes the signatures of one process.
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

/** Why a request is refused before anybody looks at what it wants. */
export type Refusal = 'from_stream' | 'unsigned' | 'forged' | 'late' | 'repeated' | 'not_allowed'

export type Verified =
  | Readonly<{ ok: true; asking: string }>
  | Readonly<{ ok: false; reason: Refusal; asking?: string }>

const isRight = (right: string, given: string): boolean =>
  given.length === MAC_CHARS && timingSafeEqual(Buffer.from(right), Buffer.from(given))

/** Numbers as the signer writes them, and nothing else that `Number` would take. */
const readNumber = (text: string | undefined): number =>
  /^\d{1,15}$/.test(text ?? '') ? Number(text) : Number.NaN

/** Checks the signatures of the requests to one process, and remembers which were here. */
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
    // Written so that what is no number is refused.
    if (!(Math.abs(clock.now().getTime() - at) <= CLOCK_TOLERANCE_MS) || !(count > 0 && sent >= 0))
      return { ok: false, reason: 'late', asking }
    const place = takeDown(windowOf(`${asking}.${process}`), count, sent)
    return place === 'first' ? { ok: true, asking } : { ok: false, reason: place, asking }
  }
}
