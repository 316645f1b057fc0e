// Unified diffs: made of two texts, and taken apart into lines. Pure.
import { createPatch, OMIT_HEADERS } from 'diff'

/** Most lines of both texts together, and most changed lines, that are compared: a few milliseconds at worst. */
const MAX_LINES = 8_000
const MAX_CHANGED_LINES = 500
/** Unchanged lines around a change. */
const CONTEXT = 2

/** A line of a diff; a `place` says from which line of the later text on the next ones are. */
export type DiffLine =
  | Readonly<{ kind: 'place'; line: number }>
  | Readonly<{ kind: 'same' | 'added' | 'removed'; text: string }>

const KINDS = { ' ': 'same', '+': 'added', '-': 'removed' } as const
const isMarked = (mark: string): mark is keyof typeof KINDS => Object.hasOwn(KINDS, mark)

/** The lines of a unified diff without file names. What is no line of one is left out. */
export const diffLines = (diff: string): readonly DiffLine[] =>
  diff.split('\n').flatMap((line): DiffLine[] => {
    const [, place] = /^@@ -\d+(?:,\d+)? \+(\d+)(?:,\d+)? @@/.exec(line) ?? []
    if (place !== undefined) return [{ kind: 'place', line: Number(place) }]
    const mark = line.slice(0, 1)
    return isMarked(mark) ? [{ kind: KINDS[mark], text: line.slice(1) }] : []
  })

const ended = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)

/**
 * What changes from one text to another.
 * @returns no lines when they are the same; undefined when more changes than a diff is good for.
 */
export const compareTexts = (before: string, after: string): readonly DiffLine[] | undefined => {
  if (before === after) return []
  const lines = [before, after].reduce((sum, text) => sum + text.split('\n').length, 0)
  if (lines > MAX_LINES) return undefined
  const options = { context: CONTEXT, maxEditLength: MAX_CHANGED_LINES, headerOptions: OMIT_HEADERS }
  const patch = createPatch('', ended(before), ended(after), '', '', options)
  return patch === undefined ? undefined : diffLines(patch)
}
