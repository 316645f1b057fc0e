// Cursors: where a page ended, as an opaque text. Pure. What a position is, each list decides.
import { AppError } from './errors.ts'
import { countFitting, REPLY_BYTES } from './page-bytes.ts'

/** A position as a cursor. */
export const packCursor = (position: string): string => Buffer.from(position).toString('base64url')

/** The position of a cursor, or undefined when `packCursor` did not make it. */
export const unpackCursor = (cursor: string): string | undefined => {
  const position = Buffer.from(cursor, 'base64url').toString()
  // Decoding ignores stray characters, so compare with the text packed again.
  return packCursor(position) === cursor ? position : undefined
}

/**
 * One page of rows in the order of their ids. It ends early where the rows would be too large for a reply.
 * @param found one row more than `limit` where there are so many: this shows whether another page follows, without a count
 * @returns the rows as `view` shows them, and the last id as the cursor; null at the end
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

/** The refusal of a text that is no cursor of the list. `field` is the parameter that has it. */
export const notACursor = (field = 'cursor'): AppError =>
  new AppError('invalid_argument', `${field}: is not a cursor of this list.`, {
    hint: 'Pass the cursor of the page before unchanged, or leave it out for the first page.',
    details: { fields: [{ field, message: 'is not a cursor of this list' }] },
  })
