// The folder in which the subscribers of one installation are kept: the list, and the file that its NATS servers include.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StartFault } from '../report.ts'
import { type Subscriber, subscribersConf } from './access.ts'

const LIST = 'subscribers.json'
/** What servers include. */
export const SUBSCRIBERS_CONF = 'subscribers.conf'

/**
 * The subscribers of a folder; none where it has no list.
 * @throws StartFault when the list cannot be read: an empty one in its place would lock everybody out
 */
export const readSubscribers = (folder: string): readonly Subscriber[] => {
  const file = join(folder, LIST)
  if (!existsSync(file)) return []
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as readonly Subscriber[]
  } catch (error) {
    throw new StartFault(
      `${file} cannot be read (${error}): restore it from a copy, or delete it to begin anew.`,
    )
  }
}

/** Each file appears whole, so that a server that reads it at this moment reads the old or the new. */
const put = (file: string, text: string): void => {
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
}

/** Writes the list and what servers include. */
export const writeSubscribers = (folder: string, subscribers: readonly Subscriber[]): void => {
  mkdirSync(folder, { recursive: true })
  put(join(folder, LIST), `${JSON.stringify(subscribers, null, 2)}\n`)
  put(join(folder, SUBSCRIBERS_CONF), subscribersConf(subscribers))
}
