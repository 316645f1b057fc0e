// Answers the requests of subscribers: programs of other teams.
//
// They sign nothing, because they have an account of their own in NATS. It lets each through only on subjects of its own name
// and filter, so the subject says who asks, and about which events. Answers are JSON; an error is in the member `error`.
import type { Msg, Subscription } from '@nats-io/nats-core'
import type * as z from 'zod'
import type { Bus } from '../bus/connect.ts'
import { isFromStream } from '../bus/gate.ts'
import { ownCall } from '../bus/headers.ts'
import { checkInput } from '../contracts/define/check.ts'
import { Id } from '../contracts/define/common.ts'
import {
  type Call,
  type Contract,
  eventSubject,
  everySubscriber,
  FILTER_PARTS,
  type SubscriberOperation,
} from '../contracts/define/contract.ts'
import { AppError, asAppError, toErrorBody } from '../contracts/define/errors.ts'
import type { Clock } from '../process/clock.ts'
import type { Ids } from '../process/ids.ts'
import { within } from '../process/lifecycle.ts'
import type { Log } from '../process/log.ts'

/** How many requests one process works on at once: of one subscriber, and of all. */
const MAX_OF_ONE = 2
const MAX_IN_FLIGHT = 16
/** The most bytes of a request. */
const MAX_REQUEST_BYTES = 4_096
/** How long a request may take (ms). */
const BUDGET_MS = 10_000
/** How long a stopping service waits for the requests it works on (ms). */
const DRAIN_MS = 10_000

/** Who asks, and about which events. */
export type Asker = Readonly<{ subscriber: string; filter: string }>

type Operations<C extends Contract> = NonNullable<C['forSubscribers']>

/** One function for each operation that subscribers may ask for. */
export type SubscriberHandlers<C extends Contract> = {
  [K in keyof Operations<C>]: (
    input: z.output<Operations<C>[K]['input']>,
    asker: Asker,
    call: Call,
  ) => Promise<z.input<Operations<C>[K]['output']>>
}

type Untyped = (input: unknown, asker: Asker, call: Call) => Promise<unknown>

export type ServeSubscribersOptions = Readonly<{
  clock: Clock
  ids: Pick<Ids, 'next'>
  /** Counts a request. @returns how long the subscriber has to wait before another (ms); 0: not at all. */
  count: (subscriber: string) => number
}>

/** @throws AppError `invalid_argument` when the subject does not end in a whole filter. */
const askerOf = (subject: string): Asker => {
  const [, , subscriber = '', ...filter] = subject.split('.')
  const workspace = filter.at(-1) ?? ''
  const isWhole = filter.length === FILTER_PARTS && (workspace === '*' || Id.safeParse(workspace).success)
  if (isWhole) return { subscriber, filter: filter.join('.') }
  throw new AppError(
    'invalid_argument',
    `The subject must end in the whole filter, such as ${eventSubject('tasks', '*.*', '*')}; its last part is * or the id of one workspace.`,
  )
}

const inputOf = ({ input }: SubscriberOperation, data: Uint8Array): unknown => {
  if (data.length > MAX_REQUEST_BYTES)
    throw new AppError(
      'invalid_argument',
      `The request has ${data.length} bytes; the limit is ${MAX_REQUEST_BYTES}.`,
    )
  if (data.length === 0) return checkInput(input, {})
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(data).toString())
  } catch {
    throw new AppError('invalid_argument', 'The request is not JSON: send an object, such as {}, or nothing.')
  }
  return checkInput(input, parsed)
}

/** Bounds what subscribers ask for at once. */
const openAdmission = (count: ServeSubscribersOptions['count']) => {
  const busy = new Map<string, number>()
  let all = 0
  const enter = (subscriber: string): void => {
    if ((busy.get(subscriber) ?? 0) >= MAX_OF_ONE || all >= MAX_IN_FLIGHT)
      throw new AppError(
        'rate_limited',
        'Too many requests at once: wait for an answer before asking again.',
        {
          retry_after_ms: 250,
        },
      )
    const wait_ms = count(subscriber)
    if (wait_ms > 0)
      throw new AppError('rate_limited', `Too many requests of ${subscriber}; wait a while.`, {
        retry_after_ms: wait_ms,
      })
    all += 1
    busy.set(subscriber, (busy.get(subscriber) ?? 0) + 1)
  }
  const leave = (subscriber: string): void => {
    all -= 1
    const left = (busy.get(subscriber) ?? 1) - 1
    if (left > 0) busy.set(subscriber, left)
    else busy.delete(subscriber)
  }
  /** @throws AppError `rate_limited` when this subscriber, or all together, ask for too much. */
  return async <R>(subscriber: string, work: () => Promise<R>): Promise<R> => {
    enter(subscriber)
    try {
      return await work()
    } finally {
      leave(subscriber)
    }
  }
}

/** An operation as it is served. */
type Endpoint = Readonly<{ name: string; operation: SubscriberOperation; handler: Untyped }>

/** Makes the function that answers one request, with the output of its handler or with an error. */
const answering = ({ clock, ids, count }: ServeSubscribersOptions, log: Log) => {
  const admitted = openAdmission(count)
  const runHandler = async ({ operation, handler }: Endpoint, { subject, data }: Msg): Promise<unknown> => {
    const asker = askerOf(subject)
    return await admitted(asker.subscriber, async () => {
      const output = await handler(inputOf(operation, data), asker, ownCall(clock, ids.next(), BUDGET_MS))
      const checked = operation.output.safeParse(output)
      if (!checked.success) throw new Error(`its answer breaks the contract: ${checked.error.message}`)
      return checked.data
    })
  }
  return async (endpoint: Endpoint, msg: Msg): Promise<void> => {
    let answer: unknown
    try {
      answer = await runHandler(endpoint, msg)
    } catch (fault) {
      const request_id = ids.next()
      const error = asAppError(fault, request_id)
      if (error.code === 'internal')
        log.error('handler failed', { operation: endpoint.name, request_id, error: fault })
      answer = { error: toErrorBody(error) }
    }
    msg.respond(JSON.stringify(answer))
  }
}

/**
 * Answers the operations that a contract offers to subscribers, in the service's queue group.
 * @returns disposing takes no more requests and waits for those under way.
 */
export const serveSubscribers = async <C extends Contract>(
  bus: Bus,
  { name: service, forSubscribers = {} }: C,
  handlers: SubscriberHandlers<C>,
  options: ServeSubscribersOptions,
): Promise<AsyncDisposable> => {
  const log = bus.log.child('subscribers')
  const underWay = new Set<Promise<void>>()
  const answer = answering(options, log)
  const accept = (endpoint: Endpoint, msg: Msg): void => {
    // An event that a consumer was made to deliver here, or an answer: nobody asks, and nobody would hear the answer.
    if (!msg.reply || isFromStream(msg.reply, msg.headers)) return
    const work = answer(endpoint, msg)
      .catch((error: unknown) =>
        log.warn('a subscriber could not be answered', { operation: endpoint.name, error }),
      )
      .finally(() => underWay.delete(work))
    underWay.add(work)
  }
  const subscriptions = Object.entries(forSubscribers).map(([name, operation]): Subscription => {
    const handler = (handlers as Record<string, unknown>)[name] as Untyped
    return bus.nc.subscribe(everySubscriber(name), {
      queue: service,
      callback: (error, msg) => {
        if (error)
          log.error('subscribers are not answered: NATS needs the infra/nats.conf of this release', {
            ...{ operation: name, error },
          })
        else accept({ name, operation, handler }, msg)
      },
    })
  })
  await bus.nc.flush()
  return {
    [Symbol.asyncDispose]: async () => {
      if (!bus.nc.isClosed()) await Promise.all(subscriptions.map((one) => one.drain()))
      await within(DRAIN_MS, Promise.allSettled([...underWay]))
    },
  }
}
