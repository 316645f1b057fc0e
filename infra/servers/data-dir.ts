// The data folder of one copy of Loops: its lock, free space and secrets.
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatBytes, StartFault } from '../report.ts'
import { identityOf } from './identity.ts'

/** A data folder that belongs to this process until it is disposed of. */
export type DataDir = Disposable &
  Readonly<{
    /** Absolute path. */
    path: string
    /** Announces that this copy is stopping, so that another one that wants the folder waits for it. */
    announceStop: () => void
  }>

type Holder = Readonly<{ pid: number; identity: string; port: number; stopping: boolean }>

/** How long a start waits for a copy that may be about to stop (one whose npm was killed notices within this time). */
const HOLDER_MAY_STOP_MS = 1_500
/** How long a start waits for a copy that has announced its stop. */
const HOLDER_STOPS_MS = 40_000
const POLL_MS = 50
const FULL_BELOW_BYTES = 100e6

/**
 * Makes the folder if needed, and locks it.
 * @param port the port of this copy, which a second copy shows to its user
 * @throws StartFault if it is not writable or another copy has it
 */
export const openDataDir = async (folder: string, port: number): Promise<DataDir> => {
  const path = resolve(folder)
  const file = join(path, 'lock')
  const { pid } = process
  const mine: Holder = { pid, identity: identityOf(pid) ?? '', port, stopping: false }
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    await takeLock(path, file, mine)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (error instanceof StartFault || code === undefined) throw error
    if (code === 'ENOSPC')
      throw new StartFault(`The disk that holds ${path} is full: free some space, then start again.`)
    throw new StartFault(
      `The data folder ${path} cannot be used (${code}): make it a folder that you may write to, or set DATA_DIR.`,
    )
  }
  return {
    path,
    announceStop: () => {
      try {
        renameSync(writeAside(file, { ...mine, stopping: true }), file)
      } catch {
        // On a full disk the announcement is lost. The stop itself matters more.
      }
    },
    [Symbol.dispose]: () => rmSync(file, { force: true }),
  }
}

/** Writes a file beside the lock, which then becomes it in one step. Half a lock file would be taken for a broken one. */
const writeAside = (file: string, holder: Holder): string => {
  const aside = `${file}.${process.pid}`
  writeFileSync(aside, JSON.stringify(holder), { mode: 0o600 })
  return aside
}

/** Creates the lock file. A link, unlike a rename, does not replace an existing one. @returns whether it worked */
const createLock = (file: string, mine: Holder): boolean => {
  const aside = writeAside(file, mine)
  try {
    linkSync(aside, file)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return false
  } finally {
    rmSync(aside, { force: true })
  }
}

/** Takes the lock: only one process can. Removes the lock of a dead process, and waits for a copy that is stopping. */
const takeLock = async (path: string, file: string, mine: Holder): Promise<void> => {
  for (let waited_ms = 0; ; waited_ms += POLL_MS) {
    if (createLock(file, mine)) return
    const holder = readHolder(file)
    if (holder === undefined || !isRunning(holder)) {
      removeStale(file, holder)
      continue
    }
    if (waited_ms > (holder.stopping ? HOLDER_STOPS_MS : HOLDER_MAY_STOP_MS)) {
      throw new StartFault(
        `The data folder ${path} is in use by the copy of Loops on port ${holder.port} (process ${holder.pid}): stop that one, or start this one with its own DATA_DIR and PORT.`,
      )
    }
    await sleep(POLL_MS)
  }
}

/** Containers give their processes the same ids at each start, so this process's own id in the file is an earlier one's. */
const isRunning = ({ pid, identity }: Holder): boolean => pid !== process.pid && identityOf(pid) === identity

const readHolder = (file: string): Holder | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

/** Moves the stale file aside before deleting it, and back if it turns out to be a new one. */
const removeStale = (file: string, stale: Holder | undefined): void => {
  const aside = `${file}.${process.pid}`
  try {
    renameSync(file, aside)
    const moved = readHolder(aside)
    if (moved !== undefined && moved.identity !== stale?.identity) renameSync(aside, file)
  } catch {
    // Another start was faster.
  }
  rmSync(aside, { force: true })
}

/** Free bytes on the disk that holds a folder. */
const freeBytes = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}

/** Whether the disk that holds a folder is too full for a server to write its files. */
export const isFull = (folder: string): boolean => freeBytes(folder) < FULL_BELOW_BYTES

/** @throws StartFault if the disk that holds the folder has less free space */
export const requireRoom = (folder: string, needed_bytes: number): void => {
  const free = freeBytes(folder)
  if (free >= needed_bytes) return
  throw new StartFault(
    `The disk that holds ${folder} has ${formatBytes(free)} left and Loops needs ${formatBytes(needed_bytes)}: free some space, then start again.`,
  )
}

/** The file with the secret from which the keys and links of this copy are derived. */
export const secretFile = (folder: string): string => join(folder, 'secret')

/** The secret in a file. If there is no file, makes one that only its owner can read. */
export const keptSecret = (file: string, make: () => string): string => {
  if (!existsSync(file)) {
    const whole = `${file}.new`
    writeFileSync(whole, `${make()}\n`, { mode: 0o600, flush: true })
    renameSync(whole, file)
  }
  return readFileSync(file, 'utf8').trim()
}
