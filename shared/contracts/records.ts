// Snapshots: what they are made of, and the operations of the services that provide the records.
import * as z from 'zod'
import * as c from './define/common.ts'
import { type EventDeclaration, GATEWAY, internalRead } from './define/contract.ts'

/** One thing as it is now, in the form of an event. */
export const SnapshotRecord = z.object({
  source: z.string().describe('/loops/ and the service that it belongs to'),
  type: z.string().describe('The event whose form `data` has'),
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
    .describe(
      'Names the stream by the moment when it was created: one that was lost and created again has another name',
    ),
  sequence: z.int().min(0).describe('Read the stream from the sequence after this one'),
  at: c.Timestamp.describe('When the snapshot began'),
  epoch: c.Timestamp.optional().describe(
    'When the installation was restored from a backup, as its events say; absent if it never was',
  ),
})
export type SnapshotPlace = z.infer<typeof SnapshotPlace>

/** The types of the records that the events of a contract stand for, in the order of their declaration. */
export const recordTypesOf = (events: Readonly<Record<string, EventDeclaration>>): readonly string[] =>
  Object.keys(events).filter((type) => events[type]?.record !== undefined)

/** The operations of a service that has records. The gateway calls them to make a snapshot. */
export const recordOperations = () => ({
  check_published: internalRead({
    asked_by: [GATEWAY],
    description: 'Whether the stream has every event from before a moment that is about things with records.',
    input: z.object({ before: c.Timestamp }),
    output: z.object({ published: z.boolean() }),
    errors: [],
  }),
  list_records: internalRead({
    asked_by: [GATEWAY],
    description:
      'A page of the records of one type, in the order of their ids; of one workspace when one is given.',
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
