// Cuts parsed tasks to what fits, and says so. Pure.
import { createHash } from 'node:crypto'
import { LIMITS, Link, normalizeLabel } from '../contracts/define/common.ts'
import { IMPORT_LIMITS, type ImportedTask } from '../contracts/tasks/imports.ts'
import { attributed } from './attribution-rules.ts'
import type { Note, NoteCode, Parsed, ParsedComment, ParsedLoop, ParsedTask, Row } from './shape-rules.ts'

/** A comment that fits. */
export type FittedComment = Readonly<{ key: string; text: string; kind?: ParsedComment['kind'] }>

/** A task that fits. */
export type FittedTask = Omit<ImportedTask, 'finished' | 'further'> &
  Readonly<{
    status: ParsedTask['status']
    comments: readonly FittedComment[]
    blocked_by: readonly ParsedTask['ref'][]
    loop?: string | undefined
  }>

/** What is imported. */
export type Fitted = Readonly<{
  tasks: readonly FittedTask[]
  loops: readonly ParsedLoop[]
  rows: readonly Row[]
}>

const ELLIPSIS = '…'
const CUT_MARK = '\n\n[cut by the import]'

/** A text that can be stored: without NUL and halves of surrogate pairs. */
const clean = (text: string): string => text.toWellFormed().replaceAll('\0', '')

/** A text cut to characters. */
const cutChars = (text: string, limit: number): string => {
  if (text.length <= limit) return text
  const characters = [...text]
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join('')}${ELLIPSIS}`
}

/** A text cut to bytes of UTF-8, with a mark. */
const cutBytes = (text: string, limit: number): string => {
  if (Buffer.byteLength(text) <= limit) return text
  const room = limit - Buffer.byteLength(CUT_MARK)
  // A character that was cut in the middle is taken off.
  const kept = Buffer.from(text)
    .subarray(0, room)
    .toString()
    .replace(/\uFFFD+$/, '')
  return `${kept}${CUT_MARK}`
}

/** The name of a ref, for comparing. */
export const refName = ({ source, id }: ParsedTask['ref']): string => `${source}\n${id}`

const fitLabels = (labels: readonly string[]): Readonly<{ labels: string[]; codes: NoteCode[] }> => {
  const all = labels
    .map((label) => clean(label).replaceAll(/\s+/g, ' ').trim())
    .filter((label) => label !== '')
  const cut = all.map((label) => cutChars(label, LIMITS.task_label_chars))
  const distinct = [...new Map(cut.map((label) => [normalizeLabel(label), label])).values()]
  return {
    labels: distinct.slice(0, LIMITS.task_labels),
    codes: [
      ...(cut.some((label, n) => label !== all[n]) ? ['label_cut' as const] : []),
      ...(distinct.length > LIMITS.task_labels ? ['labels_cut' as const] : []),
    ],
  }
}

const fitComment = (comment: ParsedComment): FittedComment => {
  const { id, author, at, text, kind } = comment
  const digest = createHash('sha256')
    .update(JSON.stringify([author, at, text]))
    .digest('base64url')
  return {
    key: cutChars(id || digest, IMPORT_LIMITS.ref_chars),
    text: clean(attributed(comment)),
    ...(kind ? { kind } : {}),
  }
}

/** Comments that fit: those that say something. */
export const fitComments = (comments: readonly ParsedComment[]): FittedComment[] =>
  comments
    .filter(({ text }) => clean(text).trim() !== '')
    .map(fitComment)
    .map((comment) => ({ ...comment, text: cutBytes(comment.text, LIMITS.comment_bytes) }))

const fitTask = (task: ParsedTask): Readonly<{ task: FittedTask; notes: readonly Note[] }> => {
  const whole = clean(task.title).replaceAll(/\s+/g, ' ').trim()
  const title = cutChars(whole, LIMITS.name_chars)
  const body = clean(task.body)
  const full = title === whole ? body : `${whole}\n\n${body}`
  const { labels, codes } = fitLabels(task.labels)
  const comments = fitComments(task.comments)
  const links = task.links?.filter((link) => Link.safeParse(link).success).slice(0, LIMITS.links) ?? []
  const longest = Math.max(0, ...task.comments.map(({ text }) => Buffer.byteLength(text)))
  const said: NoteCode[] = [
    ...(title === whole ? [] : ['title_cut' as const]),
    ...(Buffer.byteLength(full) > LIMITS.body_bytes ? ['body_cut' as const] : []),
    ...codes,
    ...(longest > LIMITS.comment_bytes ? ['comment_cut' as const] : []),
  ]
  return {
    task: {
      ref: task.ref,
      title,
      body: cutBytes(full, LIMITS.body_bytes),
      status: task.status,
      priority: task.priority,
      due_date: task.due_date,
      labels,
      ...(links.length > 0 ? { links } : {}),
      comments,
      blocked_by: task.blocked_by,
      ...(task.loop ? { loop: task.loop } : {}),
    },
    notes: [...(task.notes ?? []), ...said.map((code) => ({ code }))],
  }
}

const rowOf = ({ ref, title }: Pick<ParsedTask, 'ref' | 'title'>, note: Note): Row => ({
  id: cutChars(ref.id, 60),
  title: cutChars(clean(title).replaceAll(/\s+/g, ' ').trim(), 80),
  ...note,
})

/** Whether a task can be imported at all, given those before it. */
const refusal = ({ ref, title }: ParsedTask, known: ReadonlySet<string>): Note | undefined => {
  if (ref.id.trim() === '' || ref.id.length > IMPORT_LIMITS.ref_chars || clean(ref.id) !== ref.id)
    return { code: 'no_id' }
  if (clean(title).trim() === '') return { code: 'no_title' }
  return known.has(refName(ref)) ? { code: 'same_id' } : undefined
}

/** The edges that close a cycle, found by walking from each task in turn. */
const closingEdges = (edges: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> => {
  const closing = new Set<string>()
  const state = new Map<string, 'open' | 'done'>()
  for (const start of edges.keys()) {
    const path: { name: string; next: number }[] = state.has(start) ? [] : [{ name: start, next: 0 }]
    state.set(start, state.get(start) ?? 'open')
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const to = edges.get(top.name)?.[top.next]
      top.next += 1
      if (to === undefined) {
        state.set(top.name, 'done')
        path.pop()
      } else if (state.get(to) === 'open') closing.add(`${top.name}\n${to}`)
      else if (!state.has(to)) {
        state.set(to, 'open')
        path.push({ name: to, next: 0 })
      }
    }
  }
  return closing
}

/** The tasks with the edges that can be: to other tasks of the file, no more than fit, and no cycle. */
const fitEdges = (tasks: readonly FittedTask[], rows: Row[]): FittedTask[] => {
  const known = new Set(tasks.map(({ ref }) => refName(ref)))
  const bounded = tasks.map((task) => {
    const distinct = [...new Map(task.blocked_by.map((ref) => [refName(ref), ref])).values()]
    for (const ref of distinct)
      if (!known.has(refName(ref))) rows.push(rowOf(task, { code: 'blocker_unknown', detail: ref.id }))
    const inFile = distinct.filter((ref) => known.has(refName(ref)))
    if (inFile.length > LIMITS.blockers) rows.push(rowOf(task, { code: 'blockers_cut' }))
    return { ...task, blocked_by: inFile.slice(0, LIMITS.blockers) }
  })
  const closing = closingEdges(
    new Map(bounded.map((task) => [refName(task.ref), task.blocked_by.map(refName)])),
  )
  return bounded.map((task) => {
    const closes = (ref: ParsedTask['ref']) => closing.has(`${refName(task.ref)}\n${refName(ref)}`)
    for (const ref of task.blocked_by.filter(closes))
      rows.push(rowOf(task, { code: 'cycle', detail: ref.id }))
    return { ...task, blocked_by: task.blocked_by.filter((ref) => !closes(ref)) }
  })
}

/** How long the longest chain is that leads to each task, of those without cycles: 0 where it waits for nothing. */
export const levelsOf = (
  tasks: readonly Pick<FittedTask, 'ref' | 'blocked_by'>[],
): ReadonlyMap<string, number> => {
  const waiting = new Map(tasks.map(({ ref, blocked_by }) => [refName(ref), blocked_by.length]))
  const edges = tasks.flatMap(({ ref, blocked_by }) =>
    blocked_by.map((blocker) => ({ blocker: refName(blocker), dependent: refName(ref) })),
  )
  const dependents = Map.groupBy(edges, ({ blocker }) => blocker)
  const levels = new Map<string, number>()
  let free = [...waiting].flatMap(([name, count]) => (count === 0 ? [name] : []))
  for (let level = 0; free.length > 0; level += 1) {
    for (const name of free) levels.set(name, level)
    free = free.flatMap((name) =>
      (dependents.get(name) ?? []).flatMap(({ dependent }) => {
        const left = (waiting.get(dependent) ?? 0) - 1
        waiting.set(dependent, left)
        return left === 0 ? [dependent] : []
      }),
    )
  }
  return levels
}

const fitLoop = (loop: ParsedLoop): ParsedLoop => ({
  ...loop,
  name: cutChars(clean(loop.name).trim() || loop.key, LIMITS.name_chars),
  ...(loop.description === undefined
    ? {}
    : { description: cutChars(clean(loop.description), LIMITS.description_chars) }),
  ...(loop.ai_context === undefined
    ? {}
    : { ai_context: cutBytes(clean(loop.ai_context), LIMITS.ai_context_bytes) }),
})

/** What of a file can be imported, and a row for each thing that cannot, or not whole. */
export const fitToLimits = (parsed: Parsed): Fitted => {
  const rows: Row[] = [...parsed.passed_over]
  const known = new Set<string>()
  const tasks: FittedTask[] = []
  const shipped = new Set(parsed.loops.flatMap((loop) => (loop.shipped ? [loop.key] : [])))
  for (const parsedTask of parsed.tasks) {
    const refused = refusal(parsedTask, known)
    if (refused) {
      rows.push(rowOf(parsedTask, refused))
      continue
    }
    known.add(refName(parsedTask.ref))
    const { task, notes } = fitTask(parsedTask)
    const lost = task.loop !== undefined && shipped.has(task.loop)
    for (const note of [...notes, ...(lost ? [{ code: 'loop_shipped' as const }] : [])])
      rows.push(rowOf(task, note))
    tasks.push(lost ? { ...task, loop: undefined } : task)
  }
  const loops = parsed.loops.filter((loop) => !loop.shipped).map(fitLoop)
  return { tasks: fitEdges(tasks, rows), loops, rows }
}

/** A row of a report about a task. */
export const reportRow = rowOf
