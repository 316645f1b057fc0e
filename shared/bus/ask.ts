// Sends one request and waits for its answer, whatever happens to the connection meanwhile.
//
// A request that was never delivered is sent again, and so is one that may be repeated. Nobody waits for an answer that cannot
// come. Knows no contract.
import {
  type Msg,
  type MsgHdrs,
  NoRespondersError,
  RequestError,
  type RequestOptions,
  TimeoutError,
} from '@nats-io/nats-core'
import type { Call } from '../contracts/define/contract.ts'
import { AppError } from '../contracts/define/errors.ts'
import { pause } from '../process/lifecycle.ts'
import type { Bus } from './connect.ts'
import { LinkLostError } from './link.ts'

/** The longest wait for an answer, even when the call has more time left (ms). */
export const REQUEST_TIMEOUT_MS = 8_000
/** Subtracted from the call's time, so that the answer still reaches the caller (ms). */
const MARGIN_MS = 50
/** How often to send again when nobody listens: such a request was never delivered. */
const RETRIES = 2
/** The pauses between these: the first, and the longest (ms). */
const PAUSE_MS = { first: 50, longest: 200 } as const
/**
 * While the link is younger than this, the service may only not be back on the bus yet (ms). Clients reconnect within half a
 * second of each other. With the last pause, the caller has an answer after two seconds in any case.
 */
const SETTLING_MS = 1_700
/** How often to send again because the connection broke. */
const MAX_LOSSES = 4

/** A request to send. */
export type Question = Readonly<{
  service: string
  subject: string
  payload: string
  /** Makes the headers of one try. @param timeout_ms how long the try may take. */
  headersFor: (timeout_ms: number) => MsgHdrs
  /** Whether doing it twice is harmless: it changes nothing, or has an idempotency key. */
  repeatable: boolean
  call: Pick<Call, 'remainingMs' | 'signal'>
}>

const noResponders = (error: unknown): boolean =>
  error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders())
const timedOut = (error: unknown): boolean =>
  error instanceof TimeoutError || (error instanceof RequestError && error.cause instanceof TimeoutError)

const notKnown = (service: string, what: string, cause: unknown): AppError =>
  new AppError('timeout', `The ${service} service ${what}; whether it was done is not known.`, {
    hint: 'Read the thing again before you repeat a change, or repeat it with the same idempotency_key.',
    cause,
  })

const toAppError = (error: unknown, service: string): AppError => {
  if (noResponders(error))
    return new AppError(
      'unavailable',
      `The ${service} service is not running; nothing was done. Try again soon.`,
      { retry_after_ms: 1_000, cause: error },
    )
  if (timedOut(error)) return notKnown(service, 'did not answer in time', error)
  if (error instanceof LinkLostError)
    return notKnown(service, 'could not answer, because the message bus went away', error)
  return new AppError('unavailable', `The ${service} service could not be reached.`, {
    retry_after_ms: 1_000,
    cause: error,
  })
}

const abandoned = (outcome: string): AppError =>
  new AppError('timeout', `Nobody waits for the answer any more; ${outcome}.`)

/** The error when the bus did not come back in time. @param lost the error of an earlier try, if it was sent. */
const busAway = ({ service, call }: Question, lost: LinkLostError | undefined): AppError => {
  if (call.signal?.aborted) return abandoned(lost ? 'whether it was done is not known' : 'nothing was done')
  return lost
    ? toAppError(lost, service)
    : new AppError('unavailable', 'The message bus is away; nothing was done. Try again soon.', {
        retry_after_ms: 1_000,
      })
}

/** Waits for an answer until the signal aborts. The request is not called back: it may be done already. */
const orAborted = (answer: Promise<Msg>, signal: AbortSignal | undefined): Promise<Msg> => {
  if (!signal) return answer
  const left = Promise.withResolvers<never>()
  const leave = (): void => left.reject(abandoned('whether it was done is not known'))
  signal.addEventListener('abort', leave, { once: true })
  return Promise.race([answer, left.promise]).finally(() => signal.removeEventListener('abort', leave))
}

/** Sends a request once, on the present connection. */
const askOnce = (bus: Bus, { subject, payload, headersFor, call }: Question, timeout: number): Promise<Msg> =>
  orAborted(
    bus.link.during(() => {
      const options: RequestOptions = { timeout, headers: headersFor(timeout) }
      return bus.nc.request(subject, payload, options)
    }),
    call.signal,
  )

/**
 * Sends a request until there is an answer or the call's time is over.
 * @throws AppError `unavailable` when it was not done. `timeout` when that is not known: no answer came in time, or the
 * connection broke and the request may not be repeated, or the caller has left.
 */
export const ask = async (bus: Bus, question: Question): Promise<Msg> => {
  const { service, call, repeatable } = question
  const timeLeft = (): number => Math.min(REQUEST_TIMEOUT_MS, call.remainingMs() - MARGIN_MS)
  let lost: LinkLostError | undefined
  for (let [unheard, losses] = [0, 0]; ; ) {
    if (call.signal?.aborted) throw busAway(question, lost)
    if (timeLeft() <= 0)
      throw lost
        ? toAppError(lost, service)
        : new AppError('timeout', 'The time of this request was over before it was sent; nothing was done.')
    // The client forgets what is sent while the link is down.
    if (!(await bus.link.untilUp(timeLeft(), call.signal))) throw busAway(question, lost)
    try {
      return await askOnce(bus, question, timeLeft())
    } catch (error) {
      if (error instanceof AppError) throw error
      if (error instanceof LinkLostError) {
        lost = error
        losses += 1
        if (repeatable && losses <= MAX_LOSSES) continue
      } else if (noResponders(error) && (unheard < RETRIES || bus.link.age_ms() < SETTLING_MS)) {
        const pause_ms = Math.min(PAUSE_MS.first * 2 ** unheard, PAUSE_MS.longest, call.remainingMs())
        unheard += 1
        await pause(pause_ms, call.signal ?? new AbortController().signal)
        continue
      }
      throw toAppError(error, service)
    }
  }
}
