// Events as they travel: CloudEvents 1.0 in structured JSON (https://github.com/cloudevents/spec). Pure.
import * as z from 'zod'
import { type Call, eventSubject, type PlainEvent } from './contract.ts'

/**
 * How a program reads events without doing work twice or going back in time: the rules in the order in which a reader needs
 * them, in Markdown. They are shown wherever events are described.
 */
export const READING_RULES = {
  once: 'Skip an `id` that you have seen.',
  newest:
    'Where you keep the state of things, skip an event whose `sequence` is lower than the newest you know of the same `source`, `workspaceid` and `subject`. An equal one is not older: one change may be two events.',
  all: 'Where you count, or alert somebody, go by `id` alone: an older event happened too.',
  gaps: 'A gap in `sequence` means nothing, but for `queue.changed`: not every version of a thing makes an event, and not every event passes your filter.',
  restored:
    'An `epoch` that you have not seen before means that the installation was restored from a backup: versions after it are given again. Forget each `sequence` that you know, keep the ids, and where you keep the state of things, begin again with a snapshot.',
  lenient: 'Take no notice of members and events that you do not know: events are only ever extended.',
} as const

/** The rules as one paragraph. */
export const READING_PARAGRAPH = Object.values(READING_RULES).join(' ')

/** The envelope of every event. `sequence` is the version of what it happened to: later is larger. */
export const CloudEvent = z.object({
  specversion: z.literal('1.0'),
  id: z.string().min(1).max(64).describe(`Its own. ${READING_RULES.once}`),
  source: z.string().describe('/loops/ and the service that published it'),
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
  epoch: z.iso
    .datetime()
    .optional()
    .describe(
      `When the installation was restored from a backup; absent if it never was. ${READING_RULES.restored}`,
    ),
  traceparent: z.string().optional().describe('W3C trace context of the request that caused it'),
  data: z.record(z.string(), z.unknown()),
})
export type CloudEvent = z.infer<typeof CloudEvent>

/** The `source` of a service's events. */
export const sourceOf = (service: string): string => `/loops/${service}`

/** An event that waits in the document that it is about until the stream has it. */
export type OutboxEvent = Readonly<{ id: string; at: Date; subject: string; event: CloudEvent }>

/** What the envelope of an event needs besides the event. */
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
