// The messages of the Events extension (SEP-3415) as this server reads and writes them, and its errors. Knows no service.
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { type AppError, textOf, toErrorBody } from '../../../shared/contracts/define/errors.ts'
import { inputSchema, outputSchema } from '../../../shared/contracts/define/json-schema.ts'
import {
  EVENT_TYPES,
  type EventType,
  type EventTypeName,
  isEventTypeName,
} from '../../../shared/contracts/event-types.ts'
import type { Subscription } from '../../../shared/events/occurrence-rules.ts'

const EXTENSION = 'io.modelcontextprotocol/events'

/** What a server that has events declares among its capabilities. The types never change while a version runs. */
export const EVENTS_CAPABILITY = { [EXTENSION]: {} } as const
/** The same as drafts of the extension had it: clients that were made by them look for it here. */
export const EARLY_EVENTS_CAPABILITY = { events: {} } as const

/** Names the request that a message of a stream belongs to. */
export const SUBSCRIPTION_ID = 'io.modelcontextprotocol/subscriptionId'

/** How each type can be delivered. */
const DELIVERY = ['poll', 'push', 'webhook'] as const

/** The error codes that the extension adds to those of JSON-RPC (SEP-3415, Error Handling). */
export const EVENT_ERRORS = {
  NotFound: -32_023,
  Forbidden: -32_024,
  ResourceExhausted: -32_025,
  Unsupported: -32_026,
  CallbackEndpointError: -32_027,
} as const

/** An error as messages of a stream carry it. */
export type EventError = Readonly<{ code: number; message: string; data?: unknown }>

/** Faults that one answer names. */
const MAX_FAULTS = 5
/** Most occurrences of one answer, and how many unless the client says. */
const MAX_EVENTS = 100
const DEFAULT_EVENTS = 50

const Asked = z.looseObject({
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()).nullish(),
  cursor: z.string().nullish(),
  maxAgeMs: z.int().min(0).nullish(),
  maxEvents: z.int().min(1).nullish(),
})

/** A subscription as a request asks for it. */
export type AskedEvents = Readonly<{
  subscription: Subscription
  cursor: string | undefined
  max_age_ms: number | undefined
  max: number
}>

const invalid = (message: string): ProtocolError =>
  new ProtocolError(ProtocolErrorCode.InvalidParams, message)

const parse = <S extends z.ZodType>(schema: S, value: unknown, at: readonly string[]): z.output<S> => {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const faults = parsed.error.issues
    .slice(0, MAX_FAULTS)
    .map(
      ({ path, message }) =>
        `${[...at, ...path.map(String)].join('.').slice(0, 200)}: ${message.slice(0, 200)}`,
    )
  throw invalid(`The params do not fit. ${faults.join('; ')}.`)
}

/** The refusal of a cursor that no key of this server opens for this workspace. */
export const notACursor = (): ProtocolError =>
  invalid('cursor: is not a cursor of this server for this workspace. Begin again without one.')

/** A type of event by its name. @throws ProtocolError `NotFound`. */
export const eventTypeNamed = (name: string): EventTypeName => {
  if (isEventTypeName(name)) return name
  throw new ProtocolError(EVENT_ERRORS.NotFound, 'There is no such event. events/list names them all.', {
    kind: 'event',
  })
}

/**
 * Reads the params of events/poll and events/stream.
 * @throws ProtocolError for what does not fit, and for a type of event that does not exist.
 */
export const readAsked = (params: unknown): AskedEvents => {
  const asked = parse(Asked, params, ['params'])
  const name = eventTypeNamed(asked.name)
  const args = parse(EVENT_TYPES[name].arguments, asked.arguments ?? {}, ['arguments'])
  return {
    subscription: { name, arguments: args } as Subscription,
    cursor: asked.cursor ?? undefined,
    max_age_ms: asked.maxAgeMs ?? undefined,
    max: Math.min(asked.maxEvents ?? DEFAULT_EVENTS, MAX_EVENTS),
  }
}

/** The types of event as events/list shows them. */
export const LISTED_EVENTS = Object.entries<EventType>(EVENT_TYPES).map(([name, type]) => ({
  name: name as EventTypeName,
  description: type.description,
  delivery: [...DELIVERY],
  inputSchema: inputSchema(type.arguments),
  payloadSchema: outputSchema(type.payload),
}))

/** Checks the params of events/list, which has one page. */
export const readListed = (params: unknown): void => {
  const { cursor } = parse(z.looseObject({ cursor: z.string().nullish() }), params ?? {}, ['params'])
  if (typeof cursor === 'string')
    throw invalid('This cursor is not from this list. Begin again without a cursor.')
}

/** The refusal for lack of a right to read. */
export const forbidden = (reason: string): EventError => ({
  code: EVENT_ERRORS.Forbidden,
  message: 'Forbidden',
  data: { reason },
})

/** The refusal because of a bound of this server. */
export const exhausted = (limit: string, max?: number): ProtocolError =>
  new ProtocolError(
    EVENT_ERRORS.ResourceExhausted,
    `No more ${limit} can be had here now. Try again later.`,
    {
      limit,
      ...(max === undefined ? {} : { max }),
    },
  )

/** Any other error as one of the protocol. */
export const eventError = (error: AppError): EventError => {
  const data = toErrorBody(error)
  const message = textOf(error)
  if (error.code === 'rate_limited')
    return { code: EVENT_ERRORS.ResourceExhausted, message, data: { ...data, limit: 'calls' } }
  return { code: ProtocolErrorCode.InternalError, message, data }
}
