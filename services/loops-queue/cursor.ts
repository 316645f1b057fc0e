// Where a page ended, as the opaque text that callers hand back. Pure.
import * as z from 'zod'
import { Id } from '../../shared/contracts/common.ts'
import { notACursor, packCursor, unpackCursor } from '../../shared/cursor.ts'

/** Behind which loop of the order the next page begins; at its old place where that loop has left. */
const InOrder = z.strictObject({ in: z.literal('active'), id: Id, place: z.int().min(0) })
/** Behind which moment the next page begins, newest first. */
const InTime = z.strictObject({ in: z.enum(['on_hold', 'shipped']), key: Id })

const Place = z.union([InOrder, InTime])
/** The end of a page: the section of the list, and the last loop shown of it. */
export type Place = z.infer<typeof Place>

const parsed = (text: string): Place | undefined => {
  try {
    return Place.parse(JSON.parse(unpackCursor(text) ?? ''))
  } catch {
    return undefined
  }
}

/** The text of a place. */
export const writeCursor = (place: Place): string => packCursor(JSON.stringify(place))

/**
 * The place of a text that `writeCursor` made; undefined for no text.
 * @param section the only section that the list has.
 * @throws AppError `invalid_argument` for any other text, also for a cursor of another section.
 */
export const readCursor = <S extends Place['in'] = Place['in']>(
  text: string | undefined,
  section?: S,
): Extract<Place, { in: S }> | undefined => {
  if (text === undefined) return undefined
  const place = parsed(text)
  if (place !== undefined && (section === undefined || place.in === section))
    return place as Extract<Place, { in: S }>
  throw notACursor()
}

/** Where in `order` the page behind a place begins. */
export const resumeAt = (
  order: readonly string[],
  place: Extract<Place, { in: 'active' }> | undefined,
): number => {
  if (place === undefined) return 0
  const found = order.indexOf(place.id)
  return found < 0 ? Math.min(place.place, order.length) : found + 1
}
