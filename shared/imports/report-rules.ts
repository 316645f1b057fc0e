// The report of an import as lines for a terminal. Pure.
import type { ImportReport } from './run-import.ts'
import { NOTES, type NoteCode, type Row } from './shape-rules.ts'

/** Rows of one kind that are shown where not all are asked for. */
const EXAMPLES = 5

/** A text that cannot control the terminal. */
const safe = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}]/gu, ' ')

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`

const rowLine = ({ id, title, detail }: Row): string =>
  safe(`    ${[id, title].filter((part) => part !== '').join('  ')}${detail ? ` (${detail})` : ''}`)

const group = (code: NoteCode, rows: readonly Row[], all: boolean): string[] => {
  const shown = all ? rows : rows.slice(0, EXAMPLES)
  const left = rows.length - shown.length
  return [
    `  ${String(rows.length).padStart(6)}  ${NOTES[code]}`,
    ...shown.map(rowLine),
    ...(left > 0 ? [`    … and ${left} more; --all shows them`] : []),
  ]
}

/** A table of what became what, and everything that did not come in as it is there. */
export const reportLines = (
  { created, updated, unchanged, comments, loops, rows }: ImportReport,
  { dry_run, all }: Readonly<{ dry_run: boolean; all: boolean }>,
): string[] => {
  const counted = (count: number, what: string): string[] => [`${String(count).padStart(8)}  ${what}`]
  const groups = Map.groupBy(rows, ({ code }) => code)
  return [
    dry_run ? 'This is what an import would do; nothing was changed.' : 'Imported.',
    ...counted(created, 'new tasks'),
    ...counted(updated, 'updated'),
    ...counted(unchanged, 'the same as before'),
    ...(dry_run ? [] : counted(comments, 'new comments')),
    ...counted(loops.length, `new loops${loops.length > 0 ? `: ${safe(loops.join(', '))}` : ''}`),
    ...(rows.length > 0 ? ['', `${plural(rows.length, 'row')} with something to say. A task that`] : []),
    ...[...groups].flatMap(([code, found]) => group(code, found, all)),
  ]
}

/** A report as a page shows it: each kind of row with some examples. */
export type ShownReport = Readonly<{
  created: number
  updated: number
  unchanged: number
  comments: number
  loops: readonly string[]
  groups: readonly Readonly<{
    code: NoteCode
    count: number
    examples: readonly Readonly<{ id: string; title: string; detail?: string }>[]
  }>[]
}>

/** Loops that a page names. */
const NAMED_LOOPS = 50
const DETAIL_CHARS = 200

/** The part of a report that fits on a page. */
export const shownReport = ({ rows, loops, ...counts }: ImportReport): ShownReport => ({
  ...counts,
  loops: loops.slice(0, NAMED_LOOPS),
  groups: [...Map.groupBy(rows, ({ code }) => code)].map(([code, found]) => ({
    code,
    count: found.length,
    examples: found.slice(0, EXAMPLES).map(({ id, title, detail }) => ({
      id,
      title,
      ...(detail ? { detail: detail.slice(0, DETAIL_CHARS) } : {}),
    })),
  })),
})
