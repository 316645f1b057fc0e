// Reactions: what a service does about events, typed by the contracts that declare them.
import type * as z from 'zod'
import { CloudEvent } from '../contracts/define/cloud-event.ts'
import { type Contract, eventFilter } from '../contracts/define/contract.ts'
import { noTracing, type Tracing } from '../process/tracing.ts'
import { PoisonError, UnknownEventError } from './deliveries.ts'

/** An event with its data checked and typed. */
export type TypedEvent<D> = Readonly<Omit<CloudEvent, 'data'> & { data: D }>

/** An event of a contract, and what to do about it. */
export type Reaction = Readonly<{
  filter: string
  /** Matches the subjects of its events. */
  subjects: RegExp
  type: string
  source: string
  react: (event: CloudEvent) => Promise<void>
}>

/** Matches the subjects of a reaction's events: its filter, with a workspace id in place of the star. */
export const subjectPattern = (filter: string): RegExp =>
  new RegExp(`^${filter.replaceAll('.', '\\.').replace('*', '[^.]+')}$`)

/** Declares a reaction, typed by the contract that declares the event. */
export const on = <C extends Contract, N extends keyof C['events'] & string>(
  contract: C,
  name: N,
  react: (event: TypedEvent<z.output<C['events'][N]['data']>>) => Promise<void>,
): Reaction => ({
  filter: eventFilter(contract.name, name),
  subjects: subjectPattern(eventFilter(contract.name, name)),
  type: name,
  source: `/loops/${contract.name}`,
  react: async (event) => {
    const data = contract.events[name]?.data.safeParse(event.data)
    if (!data?.success)
      throw new PoisonError(`the data of ${name} does not fit its contract: ${data?.error.message}`)
    await react({ ...event, data: data.data as z.output<C['events'][N]['data']> })
  },
})

const parse = (payload: string): CloudEvent => {
  let value: unknown
  try {
    value = JSON.parse(payload)
  } catch (error) {
    throw new PoisonError('not JSON', { cause: error })
  }
  const event = CloudEvent.safeParse(value)
  if (!event.success) throw new PoisonError(`not a CloudEvent: ${event.error.message}`)
  return event.data
}

/** The id of the event in a payload, or null when it has none. */
export const eventIdOf = (payload: string): string | null => {
  try {
    const { id } = JSON.parse(payload) as { id?: unknown }
    return typeof id === 'string' && id.length > 0 && id.length <= 64 ? id : null
  } catch {
    return null
  }
}

/** Reacts in a span of the trace that caused the event, if one did. */
const traced = async (tracing: Tracing, event: CloudEvent, react: Reaction['react']): Promise<void> => {
  if (!tracing.on || event.traceparent === undefined) return await react(event)
  const attributes = {
    'messaging.system': 'nats',
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.message.id': event.id,
  }
  const { traceparent: parent } = event
  await tracing.span({ name: `process ${event.type}`, kind: 'consumer', parent, attributes }, (span) =>
    react({ ...event, traceparent: span.traceparent }),
  )
}

/** A message of the stream. NATS controls who publishes on which subject, but not what a payload says. */
export type ReceivedEvent = Readonly<{ subject: string; payload: string }>

/**
 * Runs the reaction to a message.
 * @throws UnknownEventError when there is no reaction to its subject; PoisonError when it is not an event, or claims another
 * type, service or workspace than its subject has; else what the reaction throws.
 */
export const reactTo = async (
  reactions: readonly Reaction[],
  { subject, payload }: ReceivedEvent,
  tracing: Tracing = noTracing,
): Promise<void> => {
  if (!reactions.some(({ subjects }) => subjects.test(subject)))
    throw new UnknownEventError(`nothing here reacts to ${subject}`)
  const event = parse(payload)
  const reaction = reactions.find(({ type, source }) => type === event.type && source === event.source)
  if (!reaction) throw new PoisonError(`nothing here reacts to ${event.type} of ${event.source}`)
  if (subject !== reaction.filter.replace('*', event.workspaceid))
    throw new PoisonError(`the event does not belong on its subject: ${subject}`)
  await traced(tracing, event, reaction.react)
}
