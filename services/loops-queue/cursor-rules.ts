// Where a page ended, as the opaque text that callers hand back, and what comes behind it. Pure.
//
// The pages of a list follow the order as it was at the first one, whatever becomes of the order meanwhile: a loop that
// stays is on exactly one of them. Loops that came to the order since are on the last ones.
import * as z from 'zod'
import { Id } from '../../shared/contracts/define/common.ts'
import { notACursor, packCursor, unpackCursor } from '../../shared/contracts/define/cursor.ts'

const Version = z.int().min(0)
/** Behind which loop of the order of version `v` the next page begins; at its beginning where no loop of it was shown. */
const InOrder = z.strictObject({ in: z.literal('active'), v: Version, id: Id.optional() })
/** Behind which moment the next page begins, newest first. `v`: of the order that the list began with. */
const InTime = z.strictObject({ in: z.enum(['on_hold', 'shipped']), key: Id, v: Version.optional() })
/** Behind which of the loops that came to the order after version `v` the next page begins, by their ids. */
const InCome = z.strictObject({ in: z.literal('came'), v: Version, id: Id })
/** As the release before wrote it; the list begins again. */
const Older = z.strictObject({ in: z.literal('active'), id: Id, place: z.int().min(0) })

const Position = z.union([InOrder, InTime, InCome, Older])
/** The end of a page: the section of the list, and the last loop shown of it. */
export type Position = Exclude<z.infer<typeof Position>, { place: number }>
export type Section = Position['in']

/** The text of a place. */
export const writeCursor = (place: Position): string => packCursor(JSON.stringify(place))

const parsed = (text: string): z.infer<typeof Position> | undefined => {
  try {
    return Position.parse(JSON.parse(unpackCursor(text) ?? ''))
  } catch {
    return undefined
  }
}

/**
 * The place of a text that `writeCursor` made; undefined for no text: the list begins.
 * @param sections those that the list has.
 * @throws AppError `invalid_argument` for any other text, also for a cursor of another list.
 */
export const readCursor = (text: string | undefined, sections: readonly Section[]): Position | undefined => {
  if (text === undefined) return undefined
  const place = parsed(text)
  if (!place || !sections.includes(place.in)) throw notACursor()
  return 'place' in place ? undefined : place
}

/** The order as a list goes through it. */
export type Walk = Readonly<{
  /** The version of the order that the list began with. */
  v: number | undefined
  /** The active loops that come next. */
  ids: readonly string[]
  /** The loops that came to the order since the list began, and come at its end. */
  came: readonly string[]
  /** Whether one of these loops was in the order that the list began with. */
  wasThere: (id: string) => boolean
}>

/** An order as its caller sees it now, and as they would have seen it before. */
export type Walkable = Readonly<{
  visible: readonly string[]
  read_at: number
  visibleAt: (version: number) => readonly string[] | undefined
}>

/** What of the order comes behind a place. Too old a place begins again: what was shown is shown once more. */
export const walkFrom = ({ visible, read_at, visibleAt }: Walkable, place: Position | undefined): Walk => {
  const began = place?.v === undefined ? undefined : visibleAt(place.v)
  if (place === undefined || (place.in === 'active' && began === undefined)) {
    const first = visibleAt(read_at)
    const same = first === visible
    const was = new Set(same ? [] : first)
    return { v: read_at, ids: visible, came: [], wasThere: (id) => same || was.has(id) }
  }
  const was = new Set(began)
  const wasThere = (id: string): boolean => was.has(id)
  const came = visible.filter((id) => !was.has(id)).toSorted()
  if (place.in === 'came') return { v: place.v, ids: [], came: came.filter((id) => id > place.id), wasThere }
  if (place.in !== 'active') return { v: place.v, ids: [], came: place.v === undefined ? [] : came, wasThere }
  const now = new Set(visible)
  const shown = place.id === undefined ? -1 : (began ?? []).indexOf(place.id)
  return { v: place.v, ids: (began ?? []).slice(shown + 1).filter((id) => now.has(id)), came, wasThere }
}
