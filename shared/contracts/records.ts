// What a snapshot is made of, and what the services that have some of it are asked.
import * as z from 'zod'
import * as c from './define/common.ts'
import { type EventDeclaration, GATEWAY, internalRead } from './define/contract.ts'

/** One thing as it is now, in the form of an event but without what says that something happened. */
export const SnapshotRecord = z.object({
  source: z.string().describe('/loops/ and the service that has it'),
  type: z.string().describe('The event whose form it has'),
  subject: z.string().describe('The id of the thing'),
  workspaceid: z.string().describe('The workspace that it is in'),
  sequence: z.int().min(1).describe('The version that it has'),
  data: z.record(z.string(), z.unknown()).describe('As in that event'),
})
export type SnapshotRecord = z.infer<typeof SnapshotRecord>

/** Where the stream stood when a snapshot began. */
export const SnapshotPlace = z.object({
  stream: z
    .string()
    .describe('The stream, by the moment of its making: one that was lost and made again is another'),
  sequence: z.int().min(0).describe('Read the stream from the sequence behind this one'),
  at: c.Timestamp.describe('When the snapshot began'),
})
export type SnapshotPlace = z.infer<typeof SnapshotPlace>

/** The types of the records that the events of a contract stand for, in the order of their declaration. */
export const recordTypesOf = (events: Readonly<Record<string, EventDeclaration>>): readonly string[] =>
  Object.keys(events).filter((type) => events[type]?.record !== undefined)

/** The operations of a service that has records, asked by the one that puts a snapshot together. */
export const recordOperations = () => ({
  check_published: internalRead({
    asked_by: [GATEWAY],
    description: 'Whether the stream has every event that is about what has records, from before a moment.',
    input: z.object({ before: c.Timestamp }),
    output: z.object({ published: z.boolean() }),
    errors: [],
  }),
  list_records: internalRead({
    asked_by: [GATEWAY],
    description:
      'What there is of one type, as records, in the order of the ids, a page at a time; of one workspace when it is named.',
    input: z.object({
      type: z.string(),
      workspace_id: c.Id.optional(),
      after: z.string().optional().describe('`next` of the page before'),
    }),
    output: z.object({ records: z.array(SnapshotRecord), next: z.string().nullable() }),
    errors: ['invalid_argument'],
  }),
})

/** Those of a contract's operations that `recordHandlers` answers. */
export type RecordOperation = keyof ReturnType<typeof recordOperations>
