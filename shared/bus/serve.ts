// Serves a contract on the bus: checks what arrives and what leaves, and answers every request, whatever a handler does.
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
import { AppError, asAppError, ERROR_CODES, toErrorBody } from '../contracts/define/errors.ts'
import { includesScope } from '../contracts/define/scopes.ts'
import type { Clock } from '../process/clock.ts'
import { within } from '../process/lifecycle.ts'
import type { Bus } from './connect.ts'
import { openGate, REQUEST_REFUSED } from './gate.ts'
import { readCall } from './headers.ts'
import type { Refusal } from './signature.ts'

/** Requests that one instance works on at once; more are answered `unavailable` instead of waiting. */
export const MAX_IN_FLIGHT = 256
/** How long an answer waits for a link that is down, where the call does not say for how long it is wanted (ms). */
const ANSWER_WAIT_MS = 8_000
/** How long a stopping service waits for the requests under way (ms). */
const DRAIN_MS = 25_000

export type ServeOptions = Readonly<{
  clock: Clock
  /** Turns a driver's fault into an AppError, or undefined when it is a fault of the program. */
  translate?: (error: unknown) => AppError | undefined
  /** What becomes of requests without a signature: refused, but while a release is replaced that made none. */
  unsigned?: 'refused' | 'accepted'
}>

type Untyped = (input: unknown, call: MemberCall) => Promise<unknown>
type Numbers = { requests: number; errors: number; busy_ms: number }

const authorize = (operation: Operation, call: Call): void => {
  if (operation.kind === 'internal') return
  if (!call.caller) throw new AppError('forbidden', 'This operation is only for a person’s request.')
  if (!includesScope(call.caller.scopes, operation.scope))
    throw new AppError('forbidden', `This needs the scope ${operation.scope}.`, {
      details: { scope: operation.scope },
    })
}

const answer = async (
  operation: Operation,
  handler: Untyped,
  msg: ServiceMsg,
  call: Call,
): Promise<string> => {
  if (call.remainingMs() <= 0)
    throw new AppError('timeout', 'The request arrived after its time was over; nothing was done.')
  authorize(operation, call)
  const input = checkInput(operation.input, msg.json())
  const output = await handler(input, call as MemberCall)
  const checked = operation.output.safeParse(output)
  if (!checked.success) throw new Error(`its answer breaks the contract: ${checked.error.message}`)
  return JSON.stringify(checked.data)
}

/** The answer to a request that is not let in. */
const refusal = (reason: Refusal): AppError =>
  new AppError('forbidden', 'This is not a request that this service takes; nothing was done.', {
    details: { [REQUEST_REFUSED]: reason },
  })

const respondError = (msg: ServiceMsg, error: AppError): void => {
  msg.respondError(ERROR_CODES[error.code].http, error.code, JSON.stringify(toErrorBody(error)))
}

/**
 * Joins the service's queue group and answers every operation of the contract with its handler.
 * NATS micro does not await handlers: an async throw there would end the process. So this function alone awaits,
 * catches and answers, and keeps the numbers that STATS shows.
 * @returns disposing stops taking requests, waits for those under way, and leaves the group.
 */
export const serve = async <C extends Contract>(
  bus: Bus,
  contract: C,
  handlers: Handlers<C>,
  options: ServeOptions,
): Promise<AsyncDisposable> => {
  const log = bus.log.child('serve')
  const stop = new AbortController()
  const underWay = new Set<Promise<void>>()
  const numbers = new Map<string, Numbers>()
  const { clock, unsigned = 'refused' } = options
  const gate = openGate(contract.name, { keys: bus.keys, clock, log, unsigned })

  const handle = async (name: string, operation: Operation, msg: ServiceMsg): Promise<void> => {
    const began = options.clock.monotonicMs()
    const count = numbers.get(name) as Numbers
    count.requests += 1
    let request_id = '-'
    // What is sent while the link is down would be forgotten; whoever asked may have lost nothing and still wait.
    let linked = (): Promise<unknown> => bus.link.untilUp(ANSWER_WAIT_MS, stop.signal)
    try {
      const call = readCall(msg.headers, options.clock, stop.signal)
      request_id = call.request_id
      linked = () => bus.link.untilUp(call.remainingMs(), stop.signal)
      const said = await answer(operation, (handlers as Record<string, unknown>)[name] as Untyped, msg, call)
      await linked()
      const headers = bus.events.forAnswer()
      msg.respond(said, headers && { headers })
    } catch (fault) {
      const error = asAppError(fault, request_id, options.translate)
      count.errors += 1
      if (error.code === 'internal')
        log.error('handler failed', { operation: name, request_id, error: fault })
      else log.debug('refused', { operation: name, request_id, code: error.code })
      await linked()
      respondError(msg, error)
    } finally {
      count.busy_ms += options.clock.monotonicMs() - began
    }
  }

  const accept = (name: string, operation: Operation, msg: ServiceMsg): void => {
    const admitted = gate.check(name, operation, msg)
    if (!admitted.ok) {
      // To JetStream an answer would be an acknowledgement.
      if (admitted.reason !== 'from_stream') respondError(msg, refusal(admitted.reason))
      return
    }
    if (underWay.size >= MAX_IN_FLIGHT) {
      respondError(msg, new AppError('unavailable', 'Too busy now; try again.', { retry_after_ms: 250 }))
      return
    }
    const work = handle(name, operation, msg)
      .catch((error: unknown) => log.error('could not answer', { operation: name, error }))
      .finally(() => underWay.delete(work))
    underWay.add(work)
  }

  const service = await new Svcm(bus.nc).add({
    name: contract.name,
    version: contract.version,
    description: contract.description,
    queue: contract.name,
    statsHandler: async ({ subject }) => {
      const name = subject.split('.').at(-1) ?? ''
      return { ...numbers.get(name), refused: gate.refused(name) }
    },
  })
  for (const [name, operation] of Object.entries(contract.operations)) {
    numbers.set(name, { requests: 0, errors: 0, busy_ms: 0 })
    service.addEndpoint(name, {
      subject: requestSubject(contract.name, name),
      metadata: { kind: operation.kind, ...(operation.kind === 'tool' ? { scope: operation.scope } : {}) },
      handler: (error, msg) => {
        if (error) log.error('subscription failed', { operation: name, error })
        else accept(name, operation, msg)
      },
    })
  }
  await bus.nc.flush()
  log.info('serving', { service: contract.name, operations: numbers.size })
  return {
    [Symbol.asyncDispose]: async () => {
      if (!bus.nc.isClosed()) await service.stop()
      await within(DRAIN_MS, Promise.allSettled([...underWay]))
      stop.abort()
    },
  }
}
