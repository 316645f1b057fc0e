// Uploaded imports: what was read, while its person looks at it, while it runs, and what became of it. Gone after a day.
import { gunzipSync, gzipSync } from 'node:zlib'
import { Binary, type Db, type IndexDescription } from 'mongodb'
import type { TextFile } from '../../../../shared/imports/backlog-rules.ts'
import type { ShownReport } from '../../../../shared/imports/report-rules.ts'
import type { Source } from '../../../../shared/imports/shape-rules.ts'
import { openCollection } from '../../../../shared/storage/collection.ts'

/** An uploaded import. */
export type Upload = Readonly<{
  _id: string
  ws: string
  user_id: string
  source: Source
  project: string
  into: string | null
  approve: boolean
  /** What it would do. */
  preview: ShownReport
  state: 'waiting' | 'running' | 'done' | 'failed'
  done: number
  total: number
  /** What it did. */
  report: ShownReport | null
  /** Why it stopped. */
  fault: string | null
  /** The run that works on it; another may take it over after `lease_until`. */
  run: string | null
  lease_until: Date | null
  created_at: Date
  expires_at: Date
}>

type UploadDoc = Upload & Readonly<{ files: Binary }>

const INDEXES: readonly IndexDescription[] = [
  { key: { ws: 1, user_id: 1, state: 1 }, name: 'own' },
  { key: { expires_at: 1 }, name: 'expires', expireAfterSeconds: 0 },
]

/** The most bytes that the files of an upload unpack to. */
const MAX_UNPACKED = 64 * 1024 * 1024

/** Opens the collection and makes its indexes. */
export const openUploads = async (db: Db) => {
  const { collection } = await openCollection<UploadDoc>(db, 'uploads', { indexes: INDEXES })
  const shown = { projection: { files: 0 } } as const
  return {
    /** Keeps an upload in place of those of its person that wait: nobody looks at two. */
    insert: async (upload: Upload, files: readonly TextFile[]): Promise<void> => {
      const { ws, user_id } = upload
      await collection.deleteMany({ ws, user_id, state: 'waiting' })
      await collection.insertOne({ ...upload, files: new Binary(gzipSync(JSON.stringify(files))) })
    },

    /** An upload of a person. */
    find: (ws: string, user_id: string, id: string): Promise<Upload | null> =>
      collection.findOne<Upload>({ _id: id, ws, user_id }, shown),

    /** The files of an upload. */
    files: async (ws: string, id: string): Promise<readonly TextFile[]> => {
      const found = await collection.findOne({ _id: id, ws })
      if (!found) return []
      const packed = found.files.buffer
      return JSON.parse(gunzipSync(packed, { maxOutputLength: MAX_UNPACKED }).toString()) as TextFile[]
    },

    /** Begins a run of what waits, or takes over one that was left; null when another has it. */
    claim: (
      { _id, ws, user_id }: Pick<Upload, '_id' | 'ws' | 'user_id'>,
      run: string,
      now: Date,
      lease_until: Date,
    ): Promise<Upload | null> =>
      collection.findOneAndUpdate(
        {
          _id,
          ws,
          user_id,
          $or: [{ state: { $in: ['waiting', 'failed'] } }, { state: 'running', lease_until: { $lte: now } }],
        },
        { $set: { state: 'running', run, lease_until, fault: null } },
        { returnDocument: 'after', ...shown },
      ),

    /** Notes how far a run is, or how it ended; false when another run has taken over. */
    note: async (
      { _id, ws }: Pick<Upload, '_id' | 'ws'>,
      run: string,
      now: Partial<Pick<Upload, 'state' | 'done' | 'total' | 'report' | 'fault' | 'lease_until'>>,
    ): Promise<boolean> => {
      const { matchedCount } = await collection.updateOne({ _id, ws, run, state: 'running' }, { $set: now })
      return matchedCount === 1
    },
  }
}
export type UploadStore = Awaited<ReturnType<typeof openUploads>>
