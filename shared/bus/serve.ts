// Serves a contract on the bus: checks input and output, and answers every request, whatever its handler does.
import { type ServiceMsg, Svcm } from '@nats-io/services'
import { checkInput } from '../contracts/define/check.ts'
import {
  type Call,
  type Contract,
  type Handlers,
  type MemberCall,
  type Operation,
  requestSubject,
} from '../contracts/define/contract.ts'
import { AppError, asAppError, ERROR_CODES, type ErrorCode, toErrorBody } from '../contracts/define/errors.ts'
import { includesScope } from '../contracts/define/scopes.ts'
import type { Clock } from '../process/clock.ts'
import { within } from '../process/lifecycle.ts'
import type { Log } from '../process/log.ts'
import type { Bus } from './connect.ts'
import { type Gate, openGate, REQUEST_REFUSED } from './gate.ts'
import { readCall } from './headers.ts'
import type { Refusal } from './signature.ts'

/** How many requests one process works on at once; more are answered `unavailable` instead of waiting. */
export const MAX_IN_FLIGHT = 256
/** How long an answer waits for a lost connection when the request does not say how long its caller waits (ms). */
const ANSWER_WAIT_MS = 8_000
/** How long a stopping service waits for the requests it works on (ms). */
const DRAIN_MS = 25_000

export type ServeOptions = Readonly<{
  clock: Clock
  /** Turns a driver's error into an AppError; undefined for a fault of the program. */
  translate?: (error: unknown) => AppError | undefined
  /** Whether to accept requests without a signature: only while a release that made none is being replaced. */
  unsigned?: 'refused' | 'accepted'
}>

type Untyped = (input: unknown, call: MemberCall) => Promise<unknown>
type Numbers = { requests: number; errors: number; busy_ms: number }

/** An operation as it is served, with the numbers that STATS shows. */
type Endpoint = Readonly<{ name: string; operation: Operation; handler: Untyped; numbers: Numbers }>

const authorize = (operation: Operation, call: Call): void => {
  if (operation.kind === 'internal') return
  if (!call.caller) throw new AppError('forbidden', 'This operation is only for a person’s request.')
  if (!includesScope(call.caller.scopes, operation.scope))
    throw new AppError('forbidden', `This needs the scope ${operation.scope}.`, {
      details: { scope: operation.scope },
    })
}

const runHandler = async ({ operation, handler }: Endpoint, msg: ServiceMsg, call: Call): Promise<string> => {
  if (call.remainingMs() <= 0)
    throw new AppError('timeout', 'The request arrived after its time was over; nothing was done.')
  authorize(operation, call)
  const input = checkInput(operation.input, msg.json())
  const output = await handler(input, call as MemberCall)
  const checked = operation.output.safeParse(output)
  if (!checked.success) throw new Error(`its answer breaks the contract: ${checked.error.message}`)
  return JSON.stringify(checked.data)
}

/** Runs the work of a request in a span of the trace that it came with; without one, as it is. */
const traced = <T>(
  { name: service, tracing }: Pick<Bus, 'name' | 'tracing'>,
  operation: string,
  call: Call,
  work: (call: Call) => Promise<T>,
): Promise<T> => {
  if (!tracing.on || call.traceparent === undefined) return work(call)
  const name = `${service}/${operation}`
  const attributes = { 'rpc.system.name': 'nats', 'rpc.method': name }
  return tracing.span(
    { name, kind: 'server', parent: call.traceparent, attributes },
    ({ traceparent = '' }) => work({ ...call, traceparent }),
  )
}

/** The answer to a request that the gate refuses. */
const refusal = (reason: Refusal): AppError =>
  new AppError('forbidden', 'This is not a request that this service takes; nothing was done.', {
    details: { [REQUEST_REFUSED]: reason },
  })

const respondError = (msg: ServiceMsg, error: AppError): void => {
  msg.respondError(ERROR_CODES[error.code].http, error.code, JSON.stringify(toErrorBody(error)))
}

/** Makes the function that answers one request, with the output of its handler or with an error. */
const answering =
  (bus: Bus, { clock, translate }: ServeOptions, log: Log, stop: AbortSignal) =>
  async (endpoint: Endpoint, msg: ServiceMsg): Promise<void> => {
    const { name, numbers } = endpoint
    const start_ms = clock.monotonicMs()
    numbers.requests += 1
    let request_id = '-'
    let outcome: 'ok' | ErrorCode = 'ok'
    // What is sent while the link is down is lost, but the caller may still be connected and wait.
    let untilLinked = (): Promise<unknown> => bus.link.untilUp(ANSWER_WAIT_MS, stop)
    try {
      const call = readCall(msg.headers, clock, stop)
      request_id = call.request_id
      untilLinked = () => bus.link.untilUp(call.remainingMs(), stop)
      const answer = await traced(bus, name, call, (inSpan) => runHandler(endpoint, msg, inSpan))
      await untilLinked()
      const headers = bus.events.forAnswer()
      msg.respond(answer, headers && { headers })
    } catch (fault) {
      const error = asAppError(fault, request_id, translate)
      numbers.errors += 1
      outcome = error.code
      if (error.code === 'internal')
        log.error('handler failed', { operation: name, request_id, error: fault })
      else log.debug('refused', { operation: name, request_id, code: error.code })
      await untilLinked()
      respondError(msg, error)
    } finally {
      const took_ms = clock.monotonicMs() - start_ms
      numbers.busy_ms += took_ms
      const labels = { service: bus.name, operation: name, outcome }
      bus.metrics.observe('loops_bus_request_duration_seconds', labels, took_ms / 1_000)
    }
  }

/** Makes the function that takes in requests: refuses what the gate or the bound refuses, and has the others answered. */
const accepting = (
  { name: service, metrics }: Pick<Bus, 'name' | 'metrics'>,
  gate: Gate,
  answer: ReturnType<typeof answering>,
  log: Log,
) => {
  const underWay = new Set<Promise<void>>()
  const accept = (endpoint: Endpoint, msg: ServiceMsg): void => {
    const { name, operation } = endpoint
    const admitted = gate.check(name, operation, msg)
    if (!admitted.ok) {
      metrics.count('loops_bus_refused_total', { service, reason: admitted.reason })
      // JetStream would take an answer for an acknowledgement.
      if (admitted.reason !== 'from_stream') respondError(msg, refusal(admitted.reason))
      return
    }
    if (underWay.size >= MAX_IN_FLIGHT) {
      metrics.count('loops_bus_refused_total', { service, reason: 'busy' })
      respondError(msg, new AppError('unavailable', 'Too busy now; try again.', { retry_after_ms: 250 }))
      return
    }
    const work = answer(endpoint, msg)
      .catch((error: unknown) => log.error('could not answer', { operation: name, error }))
      .finally(() => underWay.delete(work))
    underWay.add(work)
  }
  return { accept, drained: () => Promise.allSettled([...underWay]) }
}

/**
 * Joins the service's queue group and answers every operation of the contract with its handler.
 *
 * NATS micro does not await handlers, so an async error in one would end the process. This function awaits and catches
 * instead, and counts what STATS shows.
 * @returns disposing takes no more requests, waits for those under way, and leaves the group.
 */
export const serve = async <C extends Contract>(
  bus: Bus,
  contract: C,
  handlers: Handlers<C>,
  options: ServeOptions,
): Promise<AsyncDisposable> => {
  const log = bus.log.child('serve')
  const stop = new AbortController()
  const endpoints = new Map<string, Endpoint>()
  const { clock, unsigned = 'refused' } = options
  const gate = openGate(contract.name, { keys: bus.keys, clock, log, unsigned })
  const { accept, drained } = accepting(bus, gate, answering(bus, options, log, stop.signal), log)
  const service = await new Svcm(bus.nc).add({
    name: contract.name,
    version: contract.version,
    description: contract.description,
    queue: contract.name,
    statsHandler: async ({ subject }) => {
      const name = subject.split('.').at(-1) ?? ''
      return { ...endpoints.get(name)?.numbers, refused: gate.refused(name) }
    },
  })
  for (const [name, operation] of Object.entries(contract.operations)) {
    const handler = (handlers as Record<string, unknown>)[name] as Untyped
    const endpoint = { name, operation, handler, numbers: { requests: 0, errors: 0, busy_ms: 0 } }
    endpoints.set(name, endpoint)
    service.addEndpoint(name, {
      subject: requestSubject(contract.name, name),
      metadata: { kind: operation.kind, ...(operation.kind === 'tool' ? { scope: operation.scope } : {}) },
      handler: (error, msg) => {
        if (error) log.error('subscription failed', { operation: name, error })
        else accept(endpoint, msg)
      },
    })
  }
  await bus.nc.flush()
  log.info('serving', { service: contract.name, operations: endpoints.size })
  return {
    [Symbol.asyncDispose]: async () => {
      if (!bus.nc.isClosed()) await service.stop()
      await within(DRAIN_MS, drained())
      stop.abort()
    },
  }
}
