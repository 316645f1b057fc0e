// Where a page ended, as the opaque text that callers hand back. Pure. A cursor names only a place in a list: what may
// be seen behind it is decided again by every query.
import { notACursor, packCursor, unpackCursor } from '../../shared/contracts/define/cursor.ts'

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
  place === undefined ? null : packCursor(`${list} ${place}`)

/**
 * The place of a cursor of the same list; undefined for none.
 * @throws AppError `invalid_argument` for any other text; `field` is the parameter that it came in.
 */
export const readCursor = (list: Paged, cursor: string | undefined, field = 'cursor'): string | undefined => {
  if (cursor === undefined) return undefined
  const [, of, place = ''] = /^(\w+) (.+)$/.exec(unpackCursor(cursor) ?? '') ?? []
  if (of === list && PLACES[list].test(place)) return place
  throw notACursor(field)
}
