// The cursors of lists of loops: where a page ended, and what comes behind it. Pure.
//
// The pages of a list follow the order as it was at the first page, however it changes meanwhile: a loop that stays in it is
// on exactly one page. Loops that came to the order since are on the last pages.
import * as z from 'zod'
import { Id } from '../../shared/contracts/define/common.ts'
import { packCursor, unpackCursor } from '../../shared/contracts/define/cursor.ts'

const Version = z.int().min(0)
/** In the order of version `v`, behind the loop `id`; before the first one where none of it was shown. */
const InOrder = z.strictObject({ in: z.literal('active'), v: Version, id: Id.optional() })
/** Newest first, behind the moment `key`. `v`: of the order that the list began with. */
const InTime = z.strictObject({ in: z.enum(['on_hold', 'shipped']), key: Id, v: Version.optional() })
/** Among the loops that came to the order after version `v`, by their ids, behind `id`. */
const NewlyInOrder = z.strictObject({ in: z.literal('came'), v: Version, id: Id })
/** A cursor of the release before; the list begins again. */
const Older = z.strictObject({ in: z.literal('active'), id: Id, place: z.int().min(0) })

const Position = z.union([InOrder, InTime, NewlyInOrder, Older])
/** The end of a page: the section of the list, and the last loop shown of it. */
export type Position = Exclude<z.infer<typeof Position>, { place: number }>
export type Section = Position['in']

/** The cursor of a position. */
export const writeCursor = (position: Position): string => packCursor(JSON.stringify(position))

/**
 * The position that a cursor names; undefined for no cursor: the list begins.
 * @param sections those of the list.
 * @throws AppError `invalid_argument` for any other text, also for a cursor of another list.
 */
export const readCursor = (text: string | undefined, sections: readonly Section[]): Position | undefined => {
  const position = unpackCursor(text, (json) => {
    const found = Position.parse(JSON.parse(json))
    return sections.includes(found.in) ? found : undefined
  })
  return position === undefined || 'place' in position ? undefined : position
}

/** How a list goes on through the order. */
export type Walk = Readonly<{
  /** The version of the order that the list began with. */
  v: number | undefined
  /** The active loops that are next. */
  ids: readonly string[]
  /** The loops that came to the order since the list began; they are at its end. */
  came: readonly string[]
  /** Whether one of these loops was in the order that the list began with. */
  wasThere: (id: string) => boolean
}>

/** An order as the caller sees it now, and as they would have seen it earlier. */
export type Walkable = Readonly<{
  visible: readonly string[]
  read_at: number
  visibleAt: (version: number) => readonly string[] | undefined
}>

/** The rest of an order behind a position. Behind one that is too old the list begins again, and repeats loops. */
export const walkFrom = ({ visible, read_at, visibleAt }: Walkable, position: Position | undefined): Walk => {
  const began = position?.v === undefined ? undefined : visibleAt(position.v)
  if (position === undefined || (position.in === 'active' && began === undefined)) {
    const first = visibleAt(read_at)
    const same = first === visible
    const was = new Set(same ? [] : first)
    return { v: read_at, ids: visible, came: [], wasThere: (id) => same || was.has(id) }
  }
  const was = new Set(began)
  const wasThere = (id: string): boolean => was.has(id)
  const came = visible.filter((id) => !was.has(id)).toSorted()
  if (position.in === 'came')
    return { v: position.v, ids: [], came: came.filter((id) => id > position.id), wasThere }
  if (position.in !== 'active')
    return { v: position.v, ids: [], came: position.v === undefined ? [] : came, wasThere }
  const now = new Set(visible)
  const shown = position.id === undefined ? -1 : (began ?? []).indexOf(position.id)
  return { v: position.v, ids: (began ?? []).slice(shown + 1).filter((id) => now.has(id)), came, wasThere }
}
