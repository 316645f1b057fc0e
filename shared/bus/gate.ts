// The gate of a service: lets in only requests of services that may call the operation.
//
// A refused request is counted before anything reads its input. NATS permissions are the first wall, this is the second.
import type { Msg, MsgHdrs } from '@nats-io/nats-core'
import { askersOf, type Operation } from '../contracts/define/contract.ts'
import type { Clock } from '../process/clock.ts'
import type { Log } from '../process/log.ts'
import type { ServiceKeys } from '../process/service-keys.ts'
import { readSigned } from './headers.ts'
import { type Refusal, type Verified, verifier } from './signature.ts'

/** The member of an error that says that the gate refused the request, and why. */
export const REQUEST_REFUSED = 'request_refused'

/** How often refusals of one kind are logged, with their number (ms). */
const LOG_EVERY_MS = 1_000

/** What to do about a refusal that is not an attack. */
const ADVICE: Readonly<Record<Refusal, string>> = {
  from_stream: 'a stream or consumer of NATS delivers to this service: remove it',
  unsigned: 'all services must be of this release, or UNSIGNED_REQUESTS=accepted while they are replaced',
  forged: 'services must have secrets made from the same LOOPS_SECRET (npm run keys -- service-secrets)',
  late: 'the clocks of the machines must not differ by more than a quarter of an hour',
  repeated: 'somebody sends captured requests again',
  not_allowed: 'the contract does not let that service call this operation',
}

export type RefusedCounts = Partial<Record<Refusal, number>>

export type Gate = Readonly<{
  /** Checks a request; the answer says why it is refused. */
  check: (name: string, operation: Operation, msg: Pick<Msg, 'headers' | 'reply' | 'data'>) => Verified
  /** How many requests of an operation were refused so far, by reason. */
  refused: (name: string) => RefusedCounts
}>

export type GateOptions = Readonly<{
  keys: ServiceKeys
  clock: Clock
  log: Log
  /** Whether to accept requests without a signature. @see ServeOptions */
  unsigned: 'refused' | 'accepted'
}>

/** The header that the server itself adds to a request from another account. */
const FROM_ACCOUNT = 'nats-request-info'

/**
 * Whether JetStream delivered the message: somebody made a consumer deliver to the subject of an operation, or a stream
 * republish to it. Clients of the bus never set these headers on a request.
 */
export const isFromStream = (reply: string | undefined, headers: MsgHdrs | undefined): boolean =>
  reply?.startsWith('$JS.') === true ||
  (headers?.keys().some((key) => /^nats-/i.test(key) && key.toLowerCase() !== FROM_ACCOUNT) ?? false)

/** Makes the gate of one service in this process. */
export const openGate = (service: string, { keys, clock, log, unsigned }: GateOptions): Gate => {
  const verify = verifier(keys, clock)
  const counts = new Map<string, RefusedCounts>()
  const quiet = new Map<Refusal, { until_ms: number; unlogged: number }>()
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
    const line = quiet.get(reason) ?? { until_ms: 0, unlogged: 0 }
    line.unlogged += 1
    quiet.set(reason, line)
    if (now_ms < line.until_ms) return
    log.warn('request refused at the gate', {
      ...{ operation: name, reason, asking, requests: line.unlogged, advice: ADVICE[reason] },
    })
    quiet.set(reason, { until_ms: now_ms + LOG_EVERY_MS, unlogged: 0 })
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
