// Where a page ended, as the opaque text that callers hand back. Pure. A cursor names only a place in a list: what may
// be seen behind it is decided again by every query.
import { AppError } from '../../shared/errors.ts'

/** The lists that have pages, each with the shape of its places. */
const PLACES = {
  /** Newest first: the id of the last task. */
  newest: /^[0-9A-HJKMNP-TV-Z]{26}$/,
  /** In order of work: the rank of the last task. */
  work: /^[0-4]:(\d{4}-\d{2}-\d{2}|~):[0-9A-HJKMNP-TV-Z]{26}$/,
  /** Oldest first: the id of the last comment. */
  comments: /^[0-9A-HJKMNP-TV-Z]{26}$/,
} as const
export type Paged = keyof typeof PLACES

/** The cursor behind a place; null when the list ends there. */
export const writeCursor = (list: Paged, place: string | undefined): string | null =>
  place === undefined ? null : Buffer.from(`${list} ${place}`).toString('base64url')

/**
 * The place of a cursor of the same list; undefined for none.
 * @throws AppError `invalid_argument` for any other text; `field` is the parameter that it came in.
 */
export const readCursor = (list: Paged, cursor: string | undefined, field = 'cursor'): string | undefined => {
  if (cursor === undefined) return undefined
  const place = Buffer.from(cursor, 'base64url')
    .toString()
    .slice(list.length + 1)
  // Written again, it must be the same text: decoding alone passes over what does not belong.
  if (PLACES[list].test(place) && writeCursor(list, place) === cursor) return place
  throw new AppError('invalid_argument', `${field}: is not a cursor that this list gave.`, {
    hint: 'Hand back the cursor of the page before as it was given, or leave it out for the first page.',
    details: { fields: [{ field, message: 'is not a cursor that this list gave' }] },
  })
}
