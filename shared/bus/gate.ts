// Who gets in: each request that reaches a service is from a service that may ask this operation, or it is refused and
// counted before anybody looks at its input. NATS' permissions are the first wall, this is the second.
import type { Msg, MsgHdrs } from '@nats-io/nats-core'
import { askersOf, type Operation } from '../contracts/define/contract.ts'
import type { Clock } from '../process/clock.ts'
import type { Log } from '../process/log.ts'
import type { ServiceKeys } from '../process/service-keys.ts'
import { readSigned } from './headers.ts'
import { type Refusal, type Verified, verifier } from './signature.ts'

/** The member of the answer by which whoever asks learns that its request was not let in, and why. */
export const REQUEST_REFUSED = 'request_refused'

/** Refusals of one kind are logged at most once in this time (ms), with their number. */
const LOG_EVERY_MS = 1_000

/** What to do about a refusal that is no attack. */
const ADVICE: Readonly<Record<Refusal, string>> = {
  from_stream: 'a stream or consumer of NATS delivers to this service: remove it',
  unsigned: 'all services must be of this release, or UNSIGNED_REQUESTS=accepted while they are replaced',
  forged: 'services must have secrets made from the same LOOPS_SECRET (npm run keys -- service-secrets)',
  late: 'the clocks of the machines must not differ by more than a quarter of an hour',
  repeated: 'somebody sends requests again that were captured',
  not_allowed: 'the contract does not let this service ask it',
}

export type RefusedCounts = Partial<Record<Refusal, number>>

export type Gate = Readonly<{
  /** Lets a request in or says why not. */
  check: (name: string, operation: Operation, msg: Pick<Msg, 'headers' | 'reply' | 'data'>) => Verified
  /** How many were refused so far, by operation. */
  refused: (name: string) => RefusedCounts
}>

export type GateOptions = Readonly<{
  keys: ServiceKeys
  clock: Clock
  log: Log
  /** Requests of a release that signed none; only while its processes are replaced. */
  unsigned: 'refused' | 'accepted'
}>

/** What the server itself adds to a request that came from another account. */
const FROM_ACCOUNT = 'nats-request-info'

/**
 * Whether JetStream delivered it: a consumer of a stream that somebody had deliver to the subject of an operation, or a
 * stream that republishes. No client of the bus writes these headers on a request.
 */
export const isFromStream = (reply: string | undefined, headers: MsgHdrs | undefined): boolean =>
  reply?.startsWith('$JS.') === true ||
  (headers?.keys().some((key) => /^nats-/i.test(key) && key.toLowerCase() !== FROM_ACCOUNT) ?? false)

/** Makes the gate of one service in this process. */
export const openGate = (service: string, { keys, clock, log, unsigned }: GateOptions): Gate => {
  const verify = verifier(keys, clock)
  const counts = new Map<string, RefusedCounts>()
  const quiet = new Map<Refusal, { until_ms: number; unsaid: number }>()
  const judge: Gate['check'] = (name, operation, { headers, reply, data }) => {
    if (isFromStream(reply, headers)) return { ok: false, reason: 'from_stream' }
    const { signature, said } = readSigned(headers, service, name)
    if (signature === undefined && unsigned === 'accepted' && said.request_id !== '')
      return { ok: true, asking: 'unsigned' }
    const verified = verify(signature, said, data)
    if (verified.ok && !askersOf(operation).includes(verified.asking))
      return { ok: false, reason: 'not_allowed', asking: verified.asking }
    return verified
  }
  const note = (name: string, reason: Refusal, asking: string | undefined): void => {
    const count = counts.get(name) ?? {}
    count[reason] = (count[reason] ?? 0) + 1
    counts.set(name, count)
    const now_ms = clock.monotonicMs()
    const line = quiet.get(reason) ?? { until_ms: 0, unsaid: 0 }
    line.unsaid += 1
    quiet.set(reason, line)
    if (now_ms < line.until_ms) return
    log.warn('request refused at the gate', {
      ...{ operation: name, reason, asking, requests: line.unsaid, advice: ADVICE[reason] },
    })
    quiet.set(reason, { until_ms: now_ms + LOG_EVERY_MS, unsaid: 0 })
  }
  return {
    check: (name, operation, msg) => {
      const verdict = judge(name, operation, msg)
      if (!verdict.ok) note(name, verdict.reason, verdict.asking)
      return verdict
    },
    refused: (name) => counts.get(name) ?? {},
  }
}
