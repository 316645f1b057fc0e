// Publishes one event to the stream, and looks for it there.
import type { Bus } from '../bus/connect.ts'
import type { CloudEvent, OutboxEvent } from '../contracts/define/cloud-event.ts'
import type { JournalPosition, Published } from './journal-store.ts'
import { EVENTS_STREAM } from './streams.ts'

const MESSAGE_ID = 'Nats-Msg-Id'

const count = ({ metrics, name: service }: Bus, outcome: 'ok' | 'failed'): void =>
  metrics.count('loops_outbox_published_total', { service, outcome })

/** Publishes in a span of the trace that caused the event, if one did. */
const traced = <T>(
  { tracing }: Pick<Bus, 'tracing'>,
  { id, type, traceparent }: CloudEvent,
  work: () => Promise<T>,
): Promise<T> => {
  if (!tracing.on || traceparent === undefined) return work()
  return tracing.span(
    {
      name: `send ${type}`,
      kind: 'producer',
      parent: traceparent,
      attributes: {
        'messaging.system': 'nats',
        'messaging.operation.name': 'publish',
        'messaging.operation.type': 'send',
        'messaging.destination.name': EVENTS_STREAM,
        'messaging.message.id': id,
      },
    },
    work,
  )
}

/** The event as the stream has it: with the epoch of the installation that publishes it. */
const withEpoch = (event: OutboxEvent['event'], epoch: string | undefined): OutboxEvent['event'] =>
  epoch === undefined ? event : { ...event, epoch }

/**
 * Publishes an event and waits until the stream acknowledges it.
 * @param stream the stream as it was last seen. If it is another by now, the event is merely published once more later.
 * @param epoch when the installation was restored; undefined if it never was. It is no part of the stored event, since one
 * from before the restore is published again after it.
 * @throws when the stream does not acknowledge it.
 */
export const publish = async (
  bus: Bus,
  { id, at, subject, event }: OutboxEvent,
  stream: string,
  epoch?: string,
): Promise<Published> => {
  try {
    const { seq } = await traced(bus, event, () =>
      bus.js.publish(subject, JSON.stringify(withEpoch(event, epoch)), { msgID: id }),
    )
    bus.events.published()
    count(bus, 'ok')
    return { id, at, subject, event, stream, seq }
  } catch (error) {
    bus.events.failed(error)
    count(bus, 'failed')
    throw error
  }
}

/** Whether the stream has the event at its number. */
export const isInStream = async (
  bus: Bus,
  id: string,
  { seq }: Pick<JournalPosition, 'seq'>,
): Promise<boolean> => {
  const message = await bus.jsm.direct.getMessage(EVENTS_STREAM, { seq })
  return message?.header.get(MESSAGE_ID) === id
}

/** Whether the stream answers now. */
export const isStreamThere = async (bus: Bus): Promise<boolean> => {
  try {
    await bus.jsm.streams.info(EVENTS_STREAM)
    return true
  } catch {
    return false
  }
}
