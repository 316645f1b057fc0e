// The cursors of lists of tasks and comments: where a page ended. Pure.
//
// A cursor names a position in a list and grants nothing: every query decides again what may be seen behind it.
import { packCursor, unpackCursor } from '../../shared/contracts/define/cursor.ts'

/** The lists that have pages, each with the form of its positions. */
const POSITIONS = {
  /** Newest first: the id of the last task. */
  newest: /^[0-9A-HJKMNP-TV-Z]{26}$/,
  /** In order of work: the rank of the last task. */
  work: /^[0-4]:(\d{4}-\d{2}-\d{2}|~):[0-9A-HJKMNP-TV-Z]{26}$/,
  /** Oldest first: the id of the last comment. */
  comments: /^[0-9A-HJKMNP-TV-Z]{26}$/,
} as const
export type Paged = keyof typeof POSITIONS

/** The cursor behind a position; null when the list ends there. */
export const writeCursor = (list: Paged, position: string | undefined): string | null =>
  position === undefined ? null : packCursor(`${list} ${position}`)

/**
 * The position that a cursor of the same list names; undefined for no cursor.
 * @throws AppError `invalid_argument` for any other text; `field` is the parameter that it came in.
 */
export const readCursor = (list: Paged, cursor: string | undefined, field?: string): string | undefined =>
  unpackCursor(
    cursor,
    (text) => {
      const [, of, position = ''] = /^(\w+) (.+)$/.exec(text) ?? []
      return of === list && POSITIONS[list].test(position) ? position : undefined
    },
    field,
  )
