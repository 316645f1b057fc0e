// What the data folder of `npm start` keeps beside the databases: what a backup takes from it, and what a restore puts there.
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { StartFault } from '../report.ts'
import { secretFile } from '../servers/data-dir.ts'
import { readSubscribers, writeSubscribers } from '../subscribers/registry.ts'
import { syncFolder, writeText } from './files.ts'
import { NATS_PORT_FILE, SECRET_FILE, SUBSCRIBERS_FILE } from './manifest-rules.ts'
import type { Beside } from './take.ts'

/** The file that says that a restore into the folder is not finished. */
const MARKER = 'restoring.json'
/** What `npm start` makes in its folder, and a restore must not find there. */
const OF_AN_INSTALLATION = ['mongod', 'nats', 'secret', 'running.json'] as const

const natsFolder = (dataDir: string): string => join(dataDir, 'nats')
const portFile = (dataDir: string): string => join(natsFolder(dataDir), 'port')

const textIn = (file: string): string | undefined =>
  existsSync(file) ? readFileSync(file, 'utf8') : undefined

/** The list of subscribers of a folder that NATS servers include, as a file of a backup; none if it has no list. */
export const subscribersIn = (folder: string): Beside => {
  const subscribers = readSubscribers(folder)
  return subscribers.length === 0 ? {} : { [SUBSCRIBERS_FILE]: `${JSON.stringify(subscribers, null, 2)}\n` }
}

/**
 * What cannot be made anew: the secret where `npm start` made it, the keys of subscribers, and the port that they connect to.
 * The password of mongod and the streams of NATS are made anew.
 * @param withSecret false: it is kept elsewhere
 */
export const besideOf = (dataDir: string, withSecret: boolean): Beside => {
  const secret = withSecret ? textIn(secretFile(dataDir)) : undefined
  const port = textIn(portFile(dataDir))
  return {
    ...(secret === undefined ? {} : { [SECRET_FILE]: secret }),
    ...subscribersIn(natsFolder(dataDir)),
    ...(port === undefined ? {} : { [NATS_PORT_FILE]: port }),
  }
}

/** The restore that was begun in a data folder; undefined if none is unfinished. */
const unfinishedIn = (dataDir: string): string | undefined => textIn(join(dataDir, MARKER))

/**
 * Checks that nothing was started in a data folder, or that only a restore was begun there.
 * @throws StartFault if it is not empty
 */
export const requireEmpty = (dataDir: string): void => {
  if (unfinishedIn(dataDir) !== undefined) return
  const there = OF_AN_INSTALLATION.filter((name) => existsSync(join(dataDir, name)))
  if (there.length > 0)
    throw new StartFault(
      `The data folder ${dataDir} is not empty (${there.join(', ')}), and a restore overwrites nothing: restore into a new one with --into FOLDER, or move this one away.`,
    )
}

/** @throws StartFault if a restore into the data folder is not finished: half of it must not be taken for the whole */
export const requireRestored = (dataDir: string): void => {
  if (unfinishedIn(dataDir) !== undefined)
    throw new StartFault(
      `A restore into ${dataDir} was not finished: run npm run restore again with the same backup, or delete the folder.`,
    )
}

/** Marks a data folder as half restored, until `finish`. */
export const beginIn = async (dataDir: string, backup: string): Promise<void> => {
  if (unfinishedIn(dataDir) !== undefined) return
  await writeText(join(dataDir, MARKER), `${JSON.stringify({ backup })}\n`)
  await syncFolder(dataDir)
}

const replace = async (file: string, text: string): Promise<void> => {
  await rm(`${file}.new`, { force: true })
  await writeText(`${file}.new`, text)
  await rename(`${file}.new`, file)
}

/** Puts what a backup has beside the databases into a folder that NATS servers include. */
export const putSubscribers = async (backup: string, folder: string): Promise<void> => {
  if (!existsSync(join(backup, SUBSCRIBERS_FILE))) return
  await mkdir(folder, { recursive: true })
  await replace(join(folder, SUBSCRIBERS_FILE), await readFile(join(backup, SUBSCRIBERS_FILE), 'utf8'))
  writeSubscribers(folder, readSubscribers(folder))
}

/** Puts what a backup has beside the databases into a data folder, and takes the mark of the unfinished restore away. */
export const finishIn = async (dataDir: string, backup: string): Promise<void> => {
  const nats = natsFolder(dataDir)
  await mkdir(nats, { recursive: true })
  const secret = textIn(join(backup, SECRET_FILE))
  if (secret !== undefined) await replace(secretFile(dataDir), secret)
  const port = textIn(join(backup, NATS_PORT_FILE))
  if (port !== undefined) await replace(portFile(dataDir), port)
  await putSubscribers(backup, nats)
  await syncFolder(nats)
  await rm(join(dataDir, MARKER), { force: true })
  await syncFolder(dataDir)
}

/** The secret that a backup holds; undefined if it is kept elsewhere. */
export const secretIn = (backup: string): string | undefined => textIn(join(backup, SECRET_FILE))?.trim()
