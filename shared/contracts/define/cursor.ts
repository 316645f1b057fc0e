// Cursors and pages: where a page of a list ended, as an opaque text. Pure. What a position is, each list decides.
import { AppError } from './errors.ts'
import { countFitting, REPLY_BYTES } from './page-bytes.ts'

/** A position as a cursor. */
export const packCursor = (position: string): string => Buffer.from(position).toString('base64url')

/** The refusal of a text that is no cursor of the list. */
const notACursor = (field: string): AppError =>
  new AppError('invalid_argument', `${field}: is not a cursor of this list.`, {
    hint: 'Pass the cursor of the page before unchanged, or leave it out for the first page.',
    details: { fields: [{ field, message: 'is not a cursor of this list' }] },
  })

/**
 * The position that a cursor names; undefined for no cursor: the list begins.
 * @param read takes the text that was packed. It returns undefined, or throws, where that is no position of this list.
 * @param field the parameter that the cursor came in
 * @throws AppError `invalid_argument` for any other text
 */
export const unpackCursor = <P>(
  cursor: string | undefined,
  read: (text: string) => P | undefined,
  field = 'cursor',
): P | undefined => {
  if (cursor === undefined) return undefined
  const text = Buffer.from(cursor, 'base64url').toString()
  try {
    // Decoding ignores stray characters, so compare with the text packed again.
    const position = packCursor(text) === cursor ? read(text) : undefined
    if (position !== undefined) return position
  } catch {
    // Not a cursor: refused below.
  }
  throw notACursor(field)
}

/**
 * One page of rows. It ends early where the rows would be too large.
 * @param found one row more than `limit` where there are so many: this shows whether another page follows, without a count
 * @param bytes for all rows together
 * @returns the rows as `view` shows them, and the row, as found, behind which the next page begins; undefined at the end
 */
export const pageWithin = <T, R>(
  found: readonly T[],
  limit: number,
  view: (row: T) => R,
  bytes: number,
): Readonly<{ page: R[]; last: T | undefined }> => {
  const rows = found.slice(0, limit).map(view)
  const page = rows.slice(0, countFitting(rows, bytes))
  return { page, last: found.length > page.length ? found[page.length - 1] : undefined }
}

/**
 * One page of rows in the order of their ids, as large as a reply may be. The cursor is the last id; null at the end.
 * @see pageWithin
 */
export const pageById = <T extends Readonly<{ _id: string }>, R>(
  found: readonly T[],
  limit: number,
  view: (row: T) => R,
): Readonly<{ page: R[]; next_cursor: string | null }> => {
  const { page, last } = pageWithin(found, limit, view, REPLY_BYTES)
  return { page, next_cursor: last?._id ?? null }
}
