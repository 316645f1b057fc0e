// Where a form of the queue page wants a loop to go, and what of the queue a page shows. Pure.

/** Loops of one page. */
export const SHOWN = 50

export const MOVES = ['up', 'down', 'top', 'bottom'] as const
export type Move = (typeof MOVES)[number]

/** Where a loop is to go: one step, an end of the queue, or a position among the loops that the person sees, 0 = first. */
export type Target = Readonly<{ move: Move }> | Readonly<{ position: number }>

/** What a posted form says; undefined: nothing that can be understood. */
export const targetOf = (form: URLSearchParams): Target | undefined => {
  const move = MOVES.find((one) => one === form.get('move'))
  if (move) return { move }
  const position = form.get('position')?.trim() ?? ''
  return /^\d{1,9}$/.test(position) ? { position: Number(position) } : undefined
}

/** Far behind every end; the service takes any such position for the last. */
const LAST = 999_999_999

/** The position that is meant for a loop that is at `at`. */
export const positionOf = (target: Target, at: number): number => {
  if ('position' in target) return target.position
  const { move } = target
  if (move === 'up') return Math.max(0, at - 1)
  if (move === 'down') return at + 1
  return move === 'top' ? 0 : LAST
}

/** The number of a page, from 1. */
export const pageOf = (text: string | undefined): number => {
  const page = Number(text ?? 1)
  return Number.isSafeInteger(page) && page >= 1 && page <= 1_000 ? page : 1
}

/** The last page with loops on it. */
export const lastPage = (total: number): number => Math.max(1, Math.ceil(total / SHOWN))

/** The address of a page of the queue. */
export const pathOfPage = (page: number): string => (page === 1 ? '/' : `/?page=${page}`)

/** Most versions that a refusal of an old version looks back. */
const REMEMBERED = 50

/**
 * The version to try a move again at, though the order has changed: nothing of what changed was visible to the person, so they
 * see the order that they decided on. Undefined: they have to look first.
 */
export const versionUnseen = (details: Readonly<Record<string, unknown>> | undefined): number | undefined => {
  const { expected, current, changed_since } = details ?? {}
  if (typeof expected !== 'number' || typeof current !== 'number' || !Array.isArray(changed_since)) return
  const recent = current > expected && current - expected <= REMEMBERED
  return recent && changed_since.length === 0 ? current : undefined
}

/** How far the work on a loop is, by numbers of tasks. Rejected ones are no work. */
export type Progress = Readonly<{
  total: number
  shipped: number
  in_progress: number
  ready: number
  blocked: number
}>

/** The widths of the parts of a bar of 100, none of them invisible. */
export const partsOf = ({
  total,
  ...counts
}: Progress): readonly Readonly<{
  kind: keyof typeof counts
  from: number
  width: number
}>[] => {
  let from = 0
  return (['shipped', 'in_progress', 'ready', 'blocked'] as const).flatMap((kind) => {
    if (counts[kind] === 0 || total === 0) return []
    const width = Math.min(100 - from, Math.max(2, (100 * counts[kind]) / total))
    const part = { kind, from: Math.round(from * 10) / 10, width: Math.round(width * 10) / 10 }
    from += width
    return [part]
  })
}
