// Stores the subscribers of an installation in a folder.
// It holds their list, and the file with their keys that NATS servers include.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartFault } from '../report.ts'
import { type Subscriber, subscribersConf } from './access.ts'

const LIST = 'subscribers.json'
/** The file that servers include. */
export const SUBSCRIBERS_CONF = 'subscribers.conf'

/**
 * Reads the subscribers of a folder; none if it has no list.
 * @throws StartFault if the list cannot be read; to go on with an empty one would lock everybody out
 */
export const readSubscribers = (folder: string): readonly Subscriber[] => {
  const file = join(folder, LIST)
  if (!existsSync(file)) return []
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as readonly Subscriber[]
  } catch (error) {
    throw new StartFault(
      `${file} cannot be read (${error}): restore it from a backup, or delete it to start without subscribers.`,
    )
  }
}

/** Replaces a file in one step: a server that reads it meanwhile gets either the old text or the new one. */
const replaceFile = (file: string, text: string): void => {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

/** Writes the list, and the file that servers include. */
export const writeSubscribers = (folder: string, subscribers: readonly Subscriber[]): void => {
  mkdirSync(folder, { recursive: true })
  replaceFile(join(folder, LIST), `${JSON.stringify(subscribers, null, 2)}\n`)
  replaceFile(join(folder, SUBSCRIBERS_CONF), subscribersConf(subscribers))
}
