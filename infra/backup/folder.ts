// The folder of a backup: made beside its name and moved there when it is whole, and checked before it is used.
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import type { Clock } from '../../shared/process/clock.ts'
import { formatBytes, type Report, StartFault } from '../report.ts'
import { findFile, hashFile, syncFolder, writeText } from './files.ts'
import {
  type FileEntry,
  fileFault,
  filesOf,
  MANIFEST,
  type Manifest,
  manifestText,
  PARTIAL,
  readManifest,
} from './manifest-rules.ts'

/** A folder in which a backup is being made. Disposing deletes it, unless it was finished. */
export type NewFolder = AsyncDisposable &
  Readonly<{
    /** Where a file of the backup is written; makes the folders above it. */
    place: (path: string) => Promise<string>
    /** Writes a file that only its owner can read. */
    write: (path: FileEntry['path'], text: string) => Promise<FileEntry>
    /** Writes the manifest, and gives the folder its name in one step. */
    finish: (manifest: Manifest) => Promise<void>
  }>

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code

/**
 * A fault of the disk as a sentence; any other as it is.
 * @param then what follows, as a sentence
 */
export const diskFault = (error: unknown, folder: string, then: string): unknown => {
  const { code, path = folder } = error as NodeJS.ErrnoException
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new StartFault(
      `The disk that holds ${folder} is full: free some space, or choose a folder on another disk. ${then}`,
    )
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new StartFault(
      `${path} may not be used (${code}): change who may use it, or name another folder. ${then}`,
    )
  return error
}

/**
 * Makes the folder of a new backup, under another name until it is finished.
 * @throws StartFault if something is there already, which is left as it is
 */
export const makeFolder = async (named: string): Promise<NewFolder> => {
  const folder = resolve(named)
  const partial = `${folder}${PARTIAL}`
  if (existsSync(folder) && (await readdir(folder).catch(() => ['a file'])).length > 0)
    throw new StartFault(`${folder} is not empty: name a new folder for the backup.`)
  if (existsSync(partial))
    throw new StartFault(
      `${partial} is there: another backup is being made, or one was interrupted. If none is, delete it and run this again.`,
    )
  await mkdir(dirname(folder), { recursive: true })
  await mkdir(partial, { mode: 0o700 })
  let finished = false
  const made = new Set([partial])
  const place = async (path: string): Promise<string> => {
    const file = join(partial, path)
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    for (let above = dirname(file); !made.has(above); above = dirname(above)) made.add(above)
    return file
  }
  return {
    place,
    write: async (path, text) => ({ path, ...(await writeText(await place(path), text)) }),
    finish: async (manifest) => {
      await writeText(join(partial, MANIFEST), manifestText(manifest))
      for (const one of made) await syncFolder(one)
      await rename(partial, folder)
      await syncFolder(dirname(folder))
      finished = true
    },
    [Symbol.asyncDispose]: async () => {
      if (!finished) await rm(partial, { recursive: true, force: true })
    },
  }
}

/** A backup as it is found. */
export type Backup = Readonly<{ folder: string; manifest: Manifest }>

/**
 * Reads the manifest of a backup, and looks whether all its files are there.
 * @throws StartFault if it is none, half of one, or changed
 */
export const openBackup = async (named: string): Promise<Backup> => {
  const folder = resolve(named)
  if (!existsSync(folder)) {
    const half = existsSync(`${folder}${PARTIAL}`) ? ` (${basename(folder)}${PARTIAL} is half a backup)` : ''
    throw new StartFault(`There is no backup ${folder}${half}: name the folder that npm run backup made.`)
  }
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined
    throw error
  })
  if (text === undefined || folder.endsWith(PARTIAL))
    throw new StartFault(
      `${folder} is half a backup, or none: it ${text === undefined ? 'has no manifest' : 'was not finished'}. Restore from a whole one.`,
    )
  const read = readManifest(text, folder)
  if ('fault' in read) throw new StartFault(read.fault)
  for (const entry of filesOf(read.manifest)) {
    const fault = fileFault(entry, await findFile(join(folder, entry.path)), folder)
    if (fault !== undefined) throw new StartFault(fault)
  }
  return { folder, manifest: read.manifest }
}

/**
 * Reads every file of a backup, and compares it with the manifest.
 * @throws StartFault for the first one that was changed
 */
export const checkFiles = async (
  { folder, manifest }: Backup,
  report: Report,
  clock: Clock,
): Promise<void> => {
  const files = filesOf(manifest)
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0)
  const meter = openMeter(clock)
  for (const entry of files) {
    const sha256 = await hashFile(join(folder, entry.path), (bytes) => {
      meter.add(bytes)
      report.progress(`Checking ${folder}: ${meter.text()} of ${formatBytes(total)}`)
    })
    const fault = fileFault(entry, { bytes: entry.bytes, sha256 }, folder)
    if (fault !== undefined) throw new StartFault(fault)
  }
  report.step(`${folder}: ${files.length} files, ${formatBytes(total)}, all as the manifest says.`)
}

/** Counts bytes, and says how many there were and how fast. */
export type Meter = Readonly<{ add: (bytes: number) => void; text: () => string }>

/** Opens a meter that begins now. */
export const openMeter = (clock: Clock): Meter => {
  const begun_ms = clock.monotonicMs()
  let sum = 0
  return {
    add: (bytes) => {
      sum += bytes
    },
    text: () => {
      const seconds = Math.max(0.001, (clock.monotonicMs() - begun_ms) / 1_000)
      return `${formatBytes(sum)} (${formatBytes(Math.round(sum / seconds))}/s)`
    },
  }
}
