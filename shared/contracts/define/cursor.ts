// Where a page ended, as the opaque text that callers hand back. Pure; knows no list: what a place is, its service says.
import { AppError } from './errors.ts'
import { countFitting, REPLY_BYTES } from './page-bytes.ts'

/** A place as a cursor. */
export const packCursor = (place: string): string => Buffer.from(place).toString('base64url')

/** The place of a cursor; undefined when `packCursor` did not make it. */
export const unpackCursor = (cursor: string): string | undefined => {
  const place = Buffer.from(cursor, 'base64url').toString()
  // Packed again, it must be the same text: decoding alone passes over what does not belong.
  return packCursor(place) === cursor ? place : undefined
}

/**
 * The page out of rows in order of their ids, one more of which was asked for than a page may have: whether there are
 * further ones shows without counting. The cursor is the page's last id; null at the end. A page ends early where its
 * rows would be too large for a reply.
 */
export const pageById = <T extends Readonly<{ _id: string }>, R>(
  found: readonly T[],
  limit: number,
  view: (row: T) => R,
): Readonly<{ page: R[]; next_cursor: string | null }> => {
  const rows = found.slice(0, limit).map(view)
  const page = rows.slice(0, countFitting(rows, REPLY_BYTES))
  return { page, next_cursor: found.length > page.length ? (found[page.length - 1]?._id ?? null) : null }
}

/** The refusal of a text that is no cursor of the list; `field` is the parameter that it came in. */
export const notACursor = (field = 'cursor'): AppError =>
  new AppError('invalid_argument', `${field}: is not a cursor that this list gave.`, {
    hint: 'Hand back the cursor of the page before as it was given, or leave it out for the first page.',
    details: { fields: [{ field, message: 'is not a cursor that this list gave' }] },
  })
