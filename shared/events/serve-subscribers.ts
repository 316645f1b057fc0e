// Answers what programs of other teams ask. They are in an account of their own and sign nothing: NATS holds each to its key
// and lets through what the key allows, with who asks and which events may be meant in the subject. Answers are JSON; what
// goes wrong is in the member `error`.
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

/** Requests that one instance works on at once: of one subscriber, and of all. */
const MAX_OF_ONE = 2
const MAX_IN_FLIGHT = 16
/** Bytes of a request. */
const MAX_REQUEST_BYTES = 4_096
/** How long a request may take (ms). */
const BUDGET_MS = 10_000
/** How long a stopping service waits for the requests under way (ms). */
const DRAIN_MS = 10_000

/** Who asks, and about which events. */
export type Asker = Readonly<{ subscriber: string; filter: string }>

type Operations<C extends Contract> = NonNullable<C['forSubscribers']>

/** What a service does for programs of other teams: one function per operation. */
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
  /** Counts a request. @returns 0, or how long the subscriber is to wait (ms). */
  count: (subscriber: string) => number
}>

/** @throws AppError `invalid_argument` when the subject names no filter in full length */
const askerOf = (subject: string): Asker => {
  const [, , subscriber = '', ...filter] = subject.split('.')
  const workspace = filter.at(-1) ?? ''
  const isWhole = filter.length === FILTER_PARTS && (workspace === '*' || Id.safeParse(workspace).success)
  if (isWhole) return { subscriber, filter: filter.join('.') }
  throw new AppError(
    'invalid_argument',
    `The subject ends in the filter in full length, such as ${eventSubject('tasks', '*.*', '*')}; its last part is * or the id of one workspace.`,
  )
}

const inputOf = ({ input }: SubscriberOperation, data: Uint8Array): unknown => {
  if (data.length > MAX_REQUEST_BYTES)
    throw new AppError(
      'invalid_argument',
      `The request has ${data.length} bytes; the limit is ${MAX_REQUEST_BYTES}.`,
    )
  if (data.length === 0) return checkInput(input, {})
  let said: unknown
  try {
    said = JSON.parse(Buffer.from(data).toString())
  } catch {
    throw new AppError('invalid_argument', 'The request is no JSON: send an object, such as {}, or nothing.')
  }
  return checkInput(input, said)
}

/**
 * Begins to answer the operations of a contract that programs of other teams ask, in the service's queue group.
 * @returns disposing takes no more requests and waits for those under way.
 */
export const serveSubscribers = async <C extends Contract>(
  bus: Bus,
  { name: service, forSubscribers = {} }: C,
  handlers: SubscriberHandlers<C>,
  { clock, ids, count }: ServeSubscribersOptions,
): Promise<AsyncDisposable> => {
  const log = bus.log.child('subscribers')
  const underWay = new Set<Promise<void>>()
  const busy = new Map<string, number>()

  /** @throws AppError `rate_limited` when it is too much, here or of this subscriber */
  const admit = (subscriber: string): void => {
    if ((busy.get(subscriber) ?? 0) >= MAX_OF_ONE || underWay.size >= MAX_IN_FLIGHT)
      throw new AppError(
        'rate_limited',
        'Too many requests at once: wait for an answer before you ask again.',
        {
          retry_after_ms: 250,
        },
      )
    const wait_ms = count(subscriber)
    if (wait_ms > 0)
      throw new AppError('rate_limited', `Too many requests of ${subscriber}; wait a while.`, {
        retry_after_ms: wait_ms,
      })
  }
  const answer = async (name: string, operation: SubscriberOperation, msg: Msg): Promise<unknown> => {
    const asker = askerOf(msg.subject)
    admit(asker.subscriber)
    const { subscriber } = asker
    busy.set(subscriber, (busy.get(subscriber) ?? 0) + 1)
    try {
      const input = inputOf(operation, msg.data)
      const call = ownCall(clock, ids.next(), BUDGET_MS)
      const output = await ((handlers as Record<string, unknown>)[name] as Untyped)(input, asker, call)
      const checked = operation.output.safeParse(output)
      if (!checked.success) throw new Error(`its answer breaks the contract: ${checked.error.message}`)
      return checked.data
    } finally {
      const left = (busy.get(subscriber) ?? 1) - 1
      if (left > 0) busy.set(subscriber, left)
      else busy.delete(subscriber)
    }
  }
  const handle = async (name: string, operation: SubscriberOperation, msg: Msg): Promise<void> => {
    let said: unknown
    try {
      said = await answer(name, operation, msg)
    } catch (fault) {
      const request_id = ids.next()
      const error = asAppError(fault, request_id)
      if (error.code === 'internal')
        log.error('handler failed', { operation: name, request_id, error: fault })
      said = { error: toErrorBody(error) }
    }
    msg.respond(JSON.stringify(said))
  }
  const accept = (name: string, operation: SubscriberOperation, msg: Msg): void => {
    // An event that a consumer was made to deliver here, or somebody's answer: nobody asks, and nobody would hear.
    if (!msg.reply || isFromStream(msg.reply, msg.headers)) return
    const work = handle(name, operation, msg)
      .catch((error: unknown) => log.warn('a subscriber could not be answered', { operation: name, error }))
      .finally(() => underWay.delete(work))
    underWay.add(work)
  }

  const subscriptions = Object.entries(forSubscribers).map(
    ([name, operation]): Subscription =>
      bus.nc.subscribe(everySubscriber(name), {
        queue: service,
        callback: (error, msg) => {
          if (error)
            log.error('subscribers are not answered: NATS needs the infra/nats.conf of this release', {
              ...{ operation: name, error },
            })
          else accept(name, operation, msg)
        },
      }),
  )
  await bus.nc.flush()
  return {
    [Symbol.asyncDispose]: async () => {
      if (!bus.nc.isClosed()) await Promise.all(subscriptions.map((one) => one.drain()))
      await within(DRAIN_MS, Promise.allSettled([...underWay]))
    },
  }
}
