// Calls a contract over the bus as if it were local: typed functions, typed errors, a deadline on each.
import { type Msg, NoRespondersError, RequestError, TimeoutError } from '@nats-io/nats-core'
import { ServiceError } from '@nats-io/services'
import { type Call, type Client, type Contract, requestSubject } from '../contract.ts'
import { AppError, type ErrorBody, fromErrorBody } from '../errors.ts'
import type { Bus } from './connect.ts'
import { writeCall } from './headers.ts'

/** Patience with one request when the call has more left (ms). */
export const REQUEST_TIMEOUT_MS = 8_000
/** Kept back from the call's time, so that an answer still reaches whoever asked (ms). */
const MARGIN_MS = 50
/** Further tries when nobody listens: such a request was never delivered, so it may be sent again freely. */
const RETRIES = 2

const noResponders = (error: unknown): boolean =>
  error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders())

const toAppError = (error: unknown, service: string): AppError => {
  if (noResponders(error))
    return new AppError(
      'unavailable',
      `The ${service} service is not running; nothing was done. Try again soon.`,
      {
        retry_after_ms: 1_000,
        cause: error,
      },
    )
  if (error instanceof TimeoutError || (error instanceof RequestError && error.cause instanceof TimeoutError))
    return new AppError(
      'timeout',
      `The ${service} service did not answer in time; whether it was done is not known.`,
      {
        hint: 'Read the thing again before you repeat a change, or repeat it with the same idempotency_key.',
        cause: error,
      },
    )
  return new AppError('unavailable', `The ${service} service could not be reached.`, {
    retry_after_ms: 1_000,
    cause: error,
  })
}

const abandoned = (outcome: string): AppError =>
  new AppError('timeout', `Nobody waits for the answer any more; ${outcome}.`)

/** Waits for an answer as long as somebody wants it. What was sent is not called back: it may be done already. */
const whileWanted = (answer: Promise<Msg>, signal: AbortSignal | undefined): Promise<Msg> => {
  if (!signal) return answer
  const left = Promise.withResolvers<never>()
  const leave = (): void => left.reject(abandoned('whether it was done is not known'))
  signal.addEventListener('abort', leave, { once: true })
  return Promise.race([answer, left.promise]).finally(() => signal.removeEventListener('abort', leave))
}

const unwrap = (msg: Msg): unknown => {
  if (ServiceError.isServiceError(msg)) throw fromErrorBody(msg.json<Partial<ErrorBody>>())
  return msg.json()
}

const request = async (
  bus: Bus,
  service: string,
  operation: string,
  input: unknown,
  call: Call,
): Promise<unknown> => {
  const payload = JSON.stringify(input)
  if (Buffer.byteLength(payload) > (bus.nc.info?.max_payload ?? Number.POSITIVE_INFINITY))
    throw new AppError('limit_exceeded', 'The request is too large for the message bus.', {
      details: { limit: bus.nc.info?.max_payload, size: Buffer.byteLength(payload) },
    })
  for (let attempt = 0; ; attempt += 1) {
    if (call.signal?.aborted) throw abandoned('nothing was done')
    const timeout = Math.min(REQUEST_TIMEOUT_MS, call.remainingMs() - MARGIN_MS)
    if (timeout <= 0)
      throw new AppError('timeout', 'The time of this request was over before it was sent; nothing was done.')
    let reply: Msg
    try {
      const headers = writeCall(call, timeout)
      const answer = bus.nc.request(requestSubject(service, operation), payload, { timeout, headers })
      reply = await whileWanted(answer, call.signal)
    } catch (error) {
      if (error instanceof AppError) throw error
      if (!noResponders(error) || attempt >= RETRIES) throw toAppError(error, service)
      await new Promise((resolve) => setTimeout(resolve, Math.min(50 * 2 ** attempt, call.remainingMs())))
      continue
    }
    return unwrap(reply)
  }
}

/**
 * The operations of a contract as functions.
 * @throws (each of them) AppError: what the service answered; `unavailable` when nobody listens, `timeout` when the
 * answer did not come in time, or the call's signal said that nobody waits for it.
 */
export const client = <C extends Contract>(bus: Bus, contract: C): Client<C> =>
  Object.fromEntries(
    Object.keys(contract.operations).map((operation) => [
      operation,
      (input: unknown, call: Call) => request(bus, contract.name, operation, input, call),
    ]),
  ) as Client<C>

/** One operation by name, for the gateway's table of tools, which is made from the same contracts. */
export const callByName = (
  bus: Bus,
  service: string,
  operation: string,
  input: unknown,
  call: Call,
): Promise<unknown> => request(bus, service, operation, input, call)
