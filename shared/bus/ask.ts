// One request and its one answer, whatever becomes of the connection meanwhile: what was never delivered is sent again, what
// may be repeated too, and nobody waits for an answer that cannot come. Knows no contract.
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

/** Patience with one request when the call has more left (ms). */
export const REQUEST_TIMEOUT_MS = 8_000
/** Kept back from the call's time, so that an answer still reaches whoever asked (ms). */
const MARGIN_MS = 50
/** Further tries when nobody listens: such a request was never delivered, so it may be sent again freely. */
const RETRIES = 2
/** Pauses between them: the first, and the longest (ms). */
const PAUSE_MS = { first: 50, longest: 200 } as const
/**
 * As long as the link is younger, nobody listening may only mean that the service is not back on the bus yet (ms). Clients
 * come back within half a second of each other; with the last pause it is two seconds to an answer in any case.
 */
const SETTLING_MS = 1_700
/** How often a request is sent again because its connection broke: a bus that comes and goes is no help to anybody. */
const MAX_LOSSES = 4

/** What is asked. */
export type Question = Readonly<{
  service: string
  subject: string
  payload: string
  /** What travels beside it, made anew for each try. @param timeout_ms how long this try may take. */
  headersFor: (timeout_ms: number) => MsgHdrs
  /** Whether it may be done twice: it changes nothing, or carries an idempotency key. */
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

/** The error of a question for which the bus did not come back in time. @param lost the loss of an earlier try, if any. */
const busAway = ({ service, call }: Question, lost: LinkLostError | undefined): AppError => {
  if (call.signal?.aborted) return abandoned(lost ? 'whether it was done is not known' : 'nothing was done')
  return lost
    ? toAppError(lost, service)
    : new AppError('unavailable', 'The message bus is away; nothing was done. Try again soon.', {
        retry_after_ms: 1_000,
      })
}

/** Waits for an answer as long as somebody wants it. What was sent is not called back: it may be done already. */
const whileWanted = (answer: Promise<Msg>, signal: AbortSignal | undefined): Promise<Msg> => {
  if (!signal) return answer
  const left = Promise.withResolvers<never>()
  const leave = (): void => left.reject(abandoned('whether it was done is not known'))
  signal.addEventListener('abort', leave, { once: true })
  return Promise.race([answer, left.promise]).finally(() => signal.removeEventListener('abort', leave))
}

/** Sends it once on the connection there is. */
const askOnce = (bus: Bus, { subject, payload, headersFor, call }: Question, timeout: number): Promise<Msg> =>
  whileWanted(
    bus.link.during(() => {
      const options: RequestOptions = { timeout, headers: headersFor(timeout) }
      return bus.nc.request(subject, payload, options)
    }),
    call.signal,
  )

/**
 * Asks until there is an answer or the time of the call is over.
 * @throws AppError `unavailable` when it was not done; `timeout` when nobody knows, as for what may not be repeated and whose
 * connection broke, or when nobody waits any more.
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
    // What is sent while the link is down would be forgotten.
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
