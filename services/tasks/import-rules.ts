// Imported tasks: where they came from, and what an import that comes again may change. Pure.
//
// A field is written again only where it changed in the source since the import before, and nobody changed it here. For
// that, a task keeps a digest of each field as the source had it last.
import { createHash } from 'node:crypto'
import type { ExternalRef, ImportedField, ImportedTask } from '../../shared/contracts/tasks/imports.ts'
import { IMPORTED_FIELDS } from '../../shared/contracts/tasks/imports.ts'
import { labelsOf } from './label-rules.ts'
import type { TaskChange, TaskState } from './task-rules.ts'

/** What a task says of its source. */
export type Imported = ExternalRef &
  Readonly<{
    /**
     * Tells tasks of one ref apart, from 0: whoever does not see the first, which went into a private loop since, may not
     * learn of it and so makes another.
     */
    n: number
    /** Digests of the fields as the source had them last, and of what the task waits for there once that is saved. */
    seen: Readonly<Partial<Record<ImportedField | 'blocked_by', string>>>
  }>

type Fields = Pick<ImportedTask, ImportedField>

const CHARS = 16
/** A short name for a text, a list of texts or nothing: different values have different ones. */
export const digestOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url').slice(0, CHARS)

const comparable = (fields: Fields, name: ImportedField): unknown =>
  name === 'labels' ? (labelsOf(fields.labels) ?? []) : fields[name]

const fieldsOf = ({ title, body, priority, due_date, labels = [] }: TaskState): Fields => ({
  title,
  body,
  priority,
  due_date,
  labels: [...labels],
})

/** The digests of a task of an import. Without a second step, what it waits for is settled too: nothing. */
export const seenOf = (task: Fields & Partial<Pick<ImportedTask, 'further'>>): Imported['seen'] => ({
  ...Object.fromEntries(IMPORTED_FIELDS.map((name) => [name, digestOf(comparable(task, name))])),
  ...(task.further ? {} : { blocked_by: digestOf([]) }),
})

/** What an import changes of a task that came before, and which fields it leaves because they changed here too. */
export type Reimport = Readonly<{
  change: Pick<TaskChange, ImportedField>
  kept: readonly (ImportedField | 'text')[]
  seen: Imported['seen']
}>

/**
 * Compares a task with what its source says now.
 * @param may_approve whether the editor's new text is an approved one; the text of work in progress stays without that.
 */
export const reimport = (before: TaskState, now: Fields, may_approve: boolean): Reimport => {
  const known = before.imported?.seen ?? {}
  const [here, there] = [fieldsOf(before), seenOf({ ...now, further: true })]
  const kept: (ImportedField | 'text')[] = []
  const change: Record<string, unknown> = {}
  for (const name of IMPORTED_FIELDS) {
    const mine = digestOf(comparable(here, name))
    if (there[name] === known[name] || there[name] === mine) continue
    const text = name === 'title' || name === 'body'
    if (mine !== known[name]) kept.push(name)
    else if (text && before.status === 'in_progress' && !may_approve) kept.push('text')
    else change[name] = now[name]
  }
  // Until its text can change, the source stays ahead: the next import tries again.
  const waits = kept.includes('text') ? { title: known.title, body: known.body } : {}
  const seen = { ...known, ...there, ...waits }
  return { change, kept: [...new Set(kept)], seen }
}

/** Whether the digests are others than before. */
export const sameSeen = (a: Imported['seen'], b: Imported['seen']): boolean =>
  [...IMPORTED_FIELDS, 'blocked_by' as const].every((name) => a[name] === b[name])
