// The newest mails of the development mailbox in MongoDB, shared by all notifiers. All queries are by id, which is in order of
// time.
import type { Db } from 'mongodb'
import type { DevMail } from '../../shared/contracts/notifier/shapes.ts'
import { openCollection } from '../../shared/storage/collection.ts'

/** Mails kept; older ones are deleted. */
export const KEPT_MAILS = 500
/** Most bytes of a mail as JSON, and of a page with more than one mail: an answer on the bus holds 1 MiB. */
const MAIL_BYTES = 768 * 1_024
const PAGE_BYTES = 512 * 1_024

type DevMailDocument = Omit<DevMail, 'id' | 'headers'> & {
  _id: string
  /** As pairs, because names of headers may have dots and dollars, and names of fields should not. */
  headers: [string, string][]
  size: number
}

export type DevMails = Readonly<{
  /** Keeps a mail. @returns false when it is too large. */
  add: (mail: DevMail) => Promise<boolean>
  find: (id: string) => Promise<DevMail | null>
  /** Newest first, after `cursor`. A page ends early when it grows large. */
  list: (
    limit: number,
    cursor?: string,
  ) => Promise<Readonly<{ mails: readonly DevMail[]; next_cursor: string | null }>>
}>

const view = ({ _id, size: _, headers, ...mail }: DevMailDocument): DevMail => ({
  id: _id,
  ...mail,
  headers: Object.fromEntries(headers),
})

/** Opens the collection. */
export const openDevMails = async (db: Db): Promise<DevMails> => {
  const { collection: mails } = await openCollection<DevMailDocument>(db, 'dev_mails', { indexes: [] })
  return {
    add: async (mail) => {
      const size = Buffer.byteLength(JSON.stringify(mail))
      if (size > MAIL_BYTES) return false
      const { id, headers, ...rest } = mail
      await mails.insertOne({ _id: id, ...rest, headers: Object.entries(headers), size })
      const surplus = await mails
        .find()
        .sort({ _id: -1 })
        .skip(KEPT_MAILS)
        .limit(1)
        .project<{ _id: string }>({ _id: 1 })
        .next()
      // No version in the filter: a mail is never changed, only deleted.
      if (surplus) await mails.deleteMany({ _id: { $lte: surplus._id } })
      return true
    },
    find: async (id) => {
      const found = await mails.findOne({ _id: id })
      return found && view(found)
    },
    list: async (limit, cursor) => {
      const sizes = await mails
        .find(cursor === undefined ? {} : { _id: { $lt: cursor } })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .project<{ _id: string; size: number }>({ size: 1 })
        .toArray()
      const page: string[] = []
      let bytes = 0
      for (const { _id, size } of sizes.slice(0, limit)) {
        bytes += size
        if (page.length > 0 && bytes > PAGE_BYTES) break
        page.push(_id)
      }
      const found = await mails
        .find({ _id: { $in: page } })
        .sort({ _id: -1 })
        .toArray()
      return {
        mails: found.map(view),
        next_cursor: sizes.length > page.length ? (page.at(-1) ?? null) : null,
      }
    },
  }
}
