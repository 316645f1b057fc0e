// Events as they travel: CloudEvents 1.0 in structured JSON (https://github.com/cloudevents/spec). Pure.
import * as z from 'zod'
import { type Call, eventSubject, type PlainEvent } from './contract.ts'
import { READING_RULES } from './reading-rules.ts'

/** The envelope of every event. `sequence` is the version of what it happened to: later is larger. */
export const CloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(64).describe(`Its own. ${READING_RULES.once}`),
  source: z.string().describe('/loops/ and the service that tells it'),
  type: z.string().describe('The name of the event'),
  subject: z.string().describe('The id of what it happened to'),
  time: z.iso.datetime().describe('When it happened'),
  datacontenttype: z.literal('application/json'),
  workspaceid: z.string().describe('The workspace that it happened in'),
  sequence: z
    .int()
    .min(1)
    .describe(
      `The version of the subject that it made. ${READING_RULES.newest} ${READING_RULES.all} ${READING_RULES.gaps}`,
    ),
  traceparent: z.string().optional().describe('W3C trace context of the request that caused it'),
  data: z.record(z.string(), z.unknown()),
})
export type CloudEvent = z.infer<typeof CloudEvent>

/** What a service calls itself in what it tells. */
export const sourceOf = (service: string): string => `/loops/${service}`

/** An event waiting in the document that it is about until the stream has it. */
export type OutboxEvent = Readonly<{ id: string; at: Date; subject: string; event: CloudEvent }>

/** What an envelope needs besides the event itself. */
export type Stamp = Readonly<{
  service: string
  workspace_id: string
  /** Id and version of the changed document. */
  entity_id: string
  version: number
  now: Date
  nextId: () => string
  call?: Pick<Call, 'traceparent'>
}>

/** Puts plain events into their envelopes, ready for the outbox. */
export const stampEvents = (events: readonly PlainEvent[], stamp: Stamp): OutboxEvent[] =>
  events.map(({ name, data }) => {
    const id = stamp.nextId()
    return {
      id,
      at: stamp.now,
      subject: eventSubject(stamp.service, name, stamp.workspace_id),
      event: {
        specversion: '1.0',
        id,
        source: sourceOf(stamp.service),
        type: name,
        subject: stamp.entity_id,
        time: stamp.now.toISOString(),
        datacontenttype: 'application/json',
        workspaceid: stamp.workspace_id,
        sequence: stamp.version,
        ...(stamp.call?.traceparent === undefined ? {} : { traceparent: stamp.call.traceparent }),
        data: { ...data },
      },
    }
  })
