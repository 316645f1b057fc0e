// Calls the operations of a contract over the bus: typed functions with typed errors and deadlines.
import type { Msg } from '@nats-io/nats-core'
import { ServiceError } from '@nats-io/services'
import {
  type Call,
  type Client,
  type Contract,
  isRead,
  type Operation,
  requestSubject,
} from '../contracts/define/contract.ts'
import { AppError, type ErrorBody, type ErrorCode, fromErrorBody } from '../contracts/define/errors.ts'
import { systemClock } from '../process/clock.ts'
import { ask } from './ask.ts'
import type { Bus } from './connect.ts'
import { REQUEST_REFUSED } from './gate.ts'
import { writeCall } from './headers.ts'

const unwrap = (msg: Msg): unknown => {
  if (ServiceError.isServiceError(msg)) throw fromErrorBody(msg.json<Partial<ErrorBody>>())
  return msg.json()
}

/** Whether doing a request twice is harmless. */
const isRepeatable = (operation: Operation, input: unknown): boolean =>
  isRead(operation) ||
  ('idempotency_key' in operation.input.shape &&
    (input as { idempotency_key?: unknown }).idempotency_key !== undefined)

/** Whether the gate of the other side refused the request; then nothing was done. */
const isRefused = (error: unknown): error is AppError =>
  error instanceof AppError && error.extras.details?.[REQUEST_REFUSED] !== undefined

/** The error for the caller, who is not to blame for a refused request. */
const asUnavailable = (error: AppError, service: string): AppError =>
  new AppError('unavailable', `The ${service} service takes no requests from here; nothing was done.`, {
    hint: 'Tell whoever runs this server: the log of that service says what to correct.',
    cause: error,
  })

type Asked = readonly [name: string, input: unknown, call: Call]

/**
 * Sends a request, in a span of its own where it belongs to a trace or to a person's request: what a service does by itself
 * begins no trace.
 */
const request = async (bus: Bus, contract: Contract, ...asked: Asked): Promise<unknown> => {
  const [name, input, call] = asked
  if (!bus.tracing.on || (call.traceparent === undefined && call.caller === null))
    return await measured(bus, contract, ...asked)
  const { name: service } = contract
  const attributes = { 'rpc.system.name': 'nats', 'rpc.method': `${service}/${name}` }
  return await bus.tracing.span(
    { name: `${service}/${name}`, kind: 'client', parent: call.traceparent, attributes },
    ({ traceparent = '' }) => measured(bus, contract, name, input, { ...call, traceparent }),
  )
}

/** Sends a request, and measures how long it takes. */
const measured = async (bus: Bus, contract: Contract, ...asked: Asked): Promise<unknown> => {
  const { metrics } = bus
  if (!metrics.on) return await send(bus, contract, ...asked)
  const start_ms = systemClock.monotonicMs()
  const note = (outcome: 'ok' | ErrorCode): void => {
    const labels = { service: bus.name, asked: contract.name, outcome }
    const took_ms = systemClock.monotonicMs() - start_ms
    metrics.observe('loops_bus_call_duration_seconds', labels, took_ms / 1_000)
  }
  try {
    const output = await send(bus, contract, ...asked)
    note('ok')
    return output
  } catch (error) {
    note(error instanceof AppError ? error.code : 'internal')
    throw error
  }
}

const send = async (
  bus: Bus,
  { name: service, operations }: Contract,
  name: string,
  input: unknown,
  call: Call,
): Promise<unknown> => {
  const operation = operations[name]
  if (!operation) throw new Error(`The contract of ${service} has no operation ${name}.`)
  const payload = JSON.stringify(input)
  if (Buffer.byteLength(payload) > (bus.nc.info?.max_payload ?? Number.POSITIVE_INFINITY))
    throw new AppError('limit_exceeded', 'The request is too large for the message bus.', {
      details: { limit: bus.nc.info?.max_payload, size: Buffer.byteLength(payload) },
    })
  for (let key = 0; ; key += 1) {
    const asking = { asked: service, operation: name, payload, sign: bus.sign, attempt: key }
    try {
      const answer = await ask(bus, {
        service,
        subject: requestSubject(service, name),
        payload,
        headersFor: (timeout_ms) => writeCall(call, timeout_ms, asking),
        repeatable: isRepeatable(operation, input),
        call,
      })
      bus.events.heard(service, answer)
      return unwrap(answer)
    } catch (error) {
      if (!isRefused(error)) throw error
      // While a secret is being replaced, a process that does not know the new one yet takes the old one.
      if (key + 1 >= bus.keys.asking(service).length) throw asUnavailable(error, service)
    }
  }
}

/**
 * The operations of a contract as functions.
 * @throws (each of them) AppError: what the service answered, or what `ask` throws.
 */
export const client = <C extends Contract>(bus: Bus, contract: C): Client<C> =>
  Object.fromEntries(
    Object.keys(contract.operations).map((operation) => [
      operation,
      (input: unknown, call: Call) => request(bus, contract, operation, input, call),
    ]),
  ) as Client<C>

/** Calls an operation by its name, for the gateway's tools, which are made from the same contracts. */
export const callByName = (
  bus: Bus,
  contract: Contract,
  operation: string,
  input: unknown,
  call: Call,
): Promise<unknown> => request(bus, contract, operation, input, call)
