// Reads the files of an import: bytes as text, and text by its source. Pure.
import { parseBacklog, type TextFile } from './backlog-rules.ts'
import { parseBeads } from './beads-rules.ts'
import { parseLoops } from './format-rules.ts'
import { parseGithub } from './github-rules.ts'
import { parseJira } from './jira-rules.ts'
import { parseLinear } from './linear-rules.ts'
import { refusal } from './refusals.ts'
import { type Parsed, SOURCES, type Source } from './shape-rules.ts'
import { parseTaskmaster } from './taskmaster-rules.ts'
import { parseTodoist } from './todoist-rules.ts'

/** Limits on what is read. */
export const READ_LIMITS = { bytes: 100_000_000, files: 20_000, tasks: 100_000 } as const

/** Whether a text names a source. */
export const isSource = (name: string): name is Source => Object.hasOwn(SOURCES, name)

/**
 * The text of a file.
 * @throws AppError `invalid_argument` when it is not UTF-8.
 */
export const decodeText = (bytes: Uint8Array, path: string): string => {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    throw refusal('utf_16', { file: path })
  const nul = bytes.indexOf(0)
  if (nul >= 0) throw refusal('nul', { file: path, place: String(nul + 1) })
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw refusal('not_utf_8', { file: path })
  }
}

const FILE_PARSERS: Readonly<Record<Exclude<Source, 'backlog'>, (text: string) => Parsed>> = {
  github: parseGithub,
  linear: parseLinear,
  jira: parseJira,
  todoist: parseTodoist,
  beads: parseBeads,
  taskmaster: parseTaskmaster,
  loops: parseLoops,
}

/** Another project of the same source, whose ids are the same again. */
const within = (parsed: Parsed, source: Source, project: string): Parsed => {
  const moved = <R extends Readonly<{ source: string; id: string }>>(ref: R): R =>
    ref.source === source ? { ...ref, id: `${project}/${ref.id}` } : ref
  const tasks = parsed.tasks.map((task) => ({
    ...task,
    ref: moved(task.ref),
    blocked_by: task.blocked_by.map(moved),
  }))
  return { ...parsed, tasks }
}

/**
 * What the files of a source hold.
 * @param project tells ids apart where several projects of one source have the same.
 * @throws AppError `invalid_argument` when they are no export of it, or hold too much.
 */
export const parseFiles = (source: Source, files: readonly TextFile[], project = ''): Parsed => {
  const [only, more] = files
  if (source !== 'backlog' && (!only || more)) throw refusal('one_file', { what: SOURCES[source] })
  const parsed = source === 'backlog' ? parseBacklog(files) : FILE_PARSERS[source](only?.text ?? '')
  if (parsed.tasks.length > READ_LIMITS.tasks)
    throw refusal('too_many_tasks', { limit: String(READ_LIMITS.tasks) })
  if (parsed.tasks.length + parsed.loops.length === 0) throw refusal('no_tasks', { what: SOURCES[source] })
  return project === '' ? parsed : within(parsed, source, project)
}
