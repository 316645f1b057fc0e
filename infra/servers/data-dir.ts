// The data folder of one copy of Loops: one process at a time, room on its disk, and the secrets that are kept in it.
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

/** A data folder that is ours until it is disposed of. */
export type DataDir = Disposable &
  Readonly<{
    /** Absolute path. */
    path: string
    /** Says that this copy is about to end: another that wants the folder waits for it. */
    announceStop: () => void
  }>

type Holder = Readonly<{ pid: number; identity: string; port: number; stopping: boolean }>

/** How long a start waits for a copy that may be ending (one whose npm was killed notices within this time). */
const HOLDER_MAY_STOP_MS = 1_500
/** How long it waits for one that says that it is ending. */
const HOLDER_STOPS_MS = 40_000
const POLL_MS = 50
const FULL_BELOW_BYTES = 100e6

/**
 * Makes the folder, if need be, and takes it.
 * @param port what the other copy is told to listen on, for the sentence that a second one gets
 * @throws StartFault when it cannot be written or another copy has it
 */
export const openDataDir = async (folder: string, port: number): Promise<DataDir> => {
  const path = resolve(folder)
  const file = join(path, 'lock')
  const { pid } = process
  const mine = { pid, identity: identityOf(pid) ?? '', port, stopping: false }
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
        // On a full disk nobody is told; the stop itself matters more.
      }
    },
    [Symbol.dispose]: () => rmSync(file, { force: true }),
  }
}

/** Writes beside the file, so that it appears whole: who read half of it would take it for a broken one. */
const writeAside = (file: string, holder: Holder): string => {
  const aside = `${file}.${process.pid}`
  writeFileSync(aside, JSON.stringify(holder), { mode: 0o600 })
  return aside
}

/** @returns whether it is ours now; a link, unlike a rename, does not replace another's */
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

/** Creates the lock file, which only one can; removes one whose holder is dead; waits for one that is ending. */
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
        `The data folder ${path} is in use by the copy of Loops that runs on port ${holder.port} (process ${holder.pid}): stop that one, or start this one with a DATA_DIR and PORT of its own.`,
      )
    }
    await sleep(POLL_MS)
  }
}

/** A container gives its processes the same numbers at each start, so our own number in the file is another's. */
const isRunning = ({ pid, identity }: Holder): boolean => pid !== process.pid && identityOf(pid) === identity

const readHolder = (file: string): Holder | undefined => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Holder
  } catch {
    return undefined
  }
}

/** Moves the stale file away before deleting it, and back if it was a new one after all. */
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

/** Whether that disk is too full for a server to write its files. */
export const isFull = (folder: string): boolean => freeBytes(folder) < FULL_BELOW_BYTES

/** @throws StartFault when the disk that holds the folder has less room than that */
export const requireRoom = (folder: string, needed_bytes: number): void => {
  const free = freeBytes(folder)
  if (free >= needed_bytes) return
  throw new StartFault(
    `The disk that holds ${folder} has ${formatBytes(free)} left and Loops needs ${formatBytes(needed_bytes)}: free some space, then start again.`,
  )
}

/** The file of the secret that the keys and links of this copy are derived from. */
export const secretFile = (folder: string): string => join(folder, 'secret')

/** The secret that a file keeps, made when there is none; only its owner can read it. */
export const keptSecret = (file: string, make: () => string): string => {
  if (!existsSync(file)) {
    const whole = `${file}.new`
    writeFileSync(whole, `${make()}\n`, { mode: 0o600, flush: true })
    renameSync(whole, file)
  }
  return readFileSync(file, 'utf8').trim()
}
