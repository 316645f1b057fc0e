// Reads the files of an import, bounded, and none that lies outside of what was named.
import {
  closeSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { TextFile } from '../shared/imports/backlog-rules.ts'
import { decodeText, READ_LIMITS } from '../shared/imports/read-rules.ts'
import type { Source } from '../shared/imports/shape-rules.ts'
import { formatBytes, StartFault } from './report.ts'

/** Where a project keeps its tasks, if the project's folder was named. */
const KEPT_AT: Readonly<Partial<Record<Source, readonly string[]>>> = {
  backlog: ['backlog', '.backlog'],
  beads: ['.beads/issues.jsonl', 'issues.jsonl'],
  taskmaster: ['.taskmaster/tasks/tasks.json', 'tasks/tasks.json', 'tasks.json'],
}
const MAX_DEPTH = 8
const LIMIT = formatBytes(READ_LIMITS.bytes)

const statOf = (path: string): Stats | undefined => statSync(path, { throwIfNoEntry: false })

/** The text of a regular file of at most `room` bytes. */
const readText = (path: string, name: string, room: number): TextFile & Readonly<{ bytes: number }> => {
  const stats = statSync(path)
  if (!stats.isFile()) throw new StartFault(`${name} is no file: name the file that was exported.`)
  if (stats.size > room)
    throw new StartFault(
      `${name} has ${formatBytes(stats.size)}; at most ${LIMIT} are read: export fewer tasks, or divide the file.`,
    )
  const file = openSync(path, 'r')
  try {
    // Bounded a second time, for a file that grows meanwhile.
    const bytes = Buffer.alloc(stats.size)
    let read = 0
    for (let more = -1; more !== 0 && read < bytes.length; read += more)
      more = readSync(file, bytes, read, bytes.length - read, null)
    return { path: name, text: decodeText(bytes.subarray(0, read), name), bytes: read }
  } finally {
    closeSync(file)
  }
}

/** Where a link leads; undefined: nowhere, or to itself. */
const targetOf = (path: string): string | undefined => {
  try {
    return realpathSync.native(path)
  } catch {
    return undefined
  }
}

/** The Markdown files below a folder, in order; none is reached through a link that leads out. */
const listMarkdown = (root: string, folder: string, depth = 0): string[] => {
  if (depth > MAX_DEPTH) throw new StartFault(`${folder} is nested too deep: name the folder with the tasks.`)
  const found: string[] = []
  for (const name of readdirSync(folder).toSorted()) {
    const path = join(folder, name)
    const stats = lstatSync(path)
    if (stats.isSymbolicLink()) {
      const target = targetOf(path)
      if (target !== undefined && target !== root && !target.startsWith(root + sep))
        throw new StartFault(
          `${relative(root, path)} is a link that leads out of the folder: remove it, or name another folder.`,
        )
      continue
    }
    if (stats.isDirectory() && !name.startsWith('.') && name !== 'node_modules')
      found.push(...listMarkdown(root, path, depth + 1))
    else if (stats.isFile() && name.endsWith('.md')) found.push(path)
    if (found.length > READ_LIMITS.files)
      throw new StartFault(`There are more than ${READ_LIMITS.files} files: name the folder with the tasks.`)
  }
  return found
}

/**
 * The files that a path names: a file, a folder of Backlog.md, or the folder of a project.
 * @throws StartFault with a sentence for each thing that can be wrong with them; AppError for one that is no text.
 */
export const readFiles = (source: Source, path: string): readonly TextFile[] => {
  const stats = statOf(path)
  if (!stats) throw new StartFault(`There is no ${path}: name the file or folder to import.`)
  const kept = stats.isDirectory() ? KEPT_AT[source]?.find((name) => statOf(join(path, name))) : undefined
  const at = kept === undefined ? path : join(path, kept)
  if (!statOf(at)?.isDirectory()) {
    const { path: name, text } = readText(at, at, READ_LIMITS.bytes)
    return [{ path: name, text }]
  }
  if (source !== 'backlog') throw new StartFault(`${path} is a folder: name the file that was exported.`)
  const root = realpathSync.native(at)
  let room: number = READ_LIMITS.bytes
  return listMarkdown(root, root).map((file) => {
    const { bytes, ...one } = readText(file, relative(root, file), room)
    room -= bytes
    return one
  })
}
