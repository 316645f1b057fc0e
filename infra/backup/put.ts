// Loads a backup into databases that are empty, or that an interrupted restore of the same backup has begun to fill.
import { join } from 'node:path'
import type { Clock } from '../../shared/process/clock.ts'
import type { Mongo } from '../../shared/storage/mongo.ts'
import {
  collectionNames,
  dropLoaded,
  loadDocuments,
  loadIndexes,
  type Restore,
  readRestore,
  writeRestore,
} from '../../shared/storage/restore-store.ts'
import { messageOf, type Report, StartFault } from '../report.ts'
import { readDocuments } from './files.ts'
import { type Backup, openMeter } from './folder.ts'
import { nextEpoch } from './manifest-rules.ts'

type Tools = Readonly<{ clock: Clock; report: Report; services: readonly string[] }>

/** How the databases are found: with nothing in them, half loaded by this restore, loaded with some marks missing, or done. */
export type Standing = 'empty' | 'loading' | 'loaded' | 'done'

/**
 * Looks whether a restore may fill the databases.
 * @throws StartFault if one has data that this restore did not load
 */
export const standingOf = async (
  mongo: Mongo,
  services: readonly string[],
  backup: string,
): Promise<Standing> => {
  const found = new Set<'empty' | 'loading' | 'done'>()
  for (const service of services) {
    const db = mongo.database(service)
    const restore = await readRestore(db)
    const isThis = restore?.backup === backup
    if (restore && !isThis && restore.state === 'loading')
      throw new StartFault(
        `The database ${db.databaseName} was half restored from another backup (${restore.backup}): finish that one, or drop the database.`,
      )
    if (restore?.state === 'loading') found.add('loading')
    else if (isThis) found.add('done')
    else if (restore || (await collectionNames(db)).length > 0)
      throw new StartFault(
        `The database ${db.databaseName} is not empty, and a restore overwrites nothing: name others by the path of MONGODB_URL, or drop it.`,
      )
    else found.add('empty')
  }
  // A database is marked as done only once all are loaded, so an empty one beside it was emptied later.
  if (found.has('done') && found.has('empty'))
    throw new StartFault(
      'This backup was restored here already, and one of the databases was dropped since: drop all of them, then run the restore again.',
    )
  if (found.has('done')) return found.has('loading') ? 'loaded' : 'done'
  return found.has('loading') ? 'loading' : 'empty'
}

const loadAll = async (
  mongo: Mongo,
  { folder, manifest }: Backup,
  { clock, report }: Tools,
): Promise<void> => {
  for (const { service, name, path, documents, indexes } of manifest.collections) {
    const db = mongo.database(service)
    const meter = openMeter(clock)
    let count = 0
    const loaded = await loadDocuments(db, name, readDocuments(join(folder, path)), (more, bytes) => {
      count += more
      meter.add(bytes)
      report.progress(`${service}.${name}: ${count} of ${documents} documents, ${meter.text()}`)
    })
    if (loaded !== documents)
      throw new StartFault(
        `${service}.${name} has ${loaded} documents instead of ${documents}: run the restore again.`,
      )
    await loadIndexes(db, name, indexes)
    report.step(`${service}.${name}: ${loaded} documents, ${meter.text()}`)
  }
}

/** MongoDB’s code where its disk is full. */
const OUT_OF_DISK = /OutOfDiskSpace|No space left|ENOSPC/i

/**
 * Loads a backup. A restore that was interrupted is begun again; no service starts on what it has loaded.
 * @returns the epoch of the installation from now on
 * @throws StartFault if a database is not empty, or there is no room
 */
export const putBackup = async (mongo: Mongo, backup: Backup, tools: Tools): Promise<string> => {
  const { manifest } = backup
  const { services, clock, report } = tools
  const databases = services.map((service) => mongo.database(service))
  const standing = await standingOf(mongo, services, manifest.id)
  const [first] = await Promise.all(databases.map(readRestore))
  const epoch = first?.epoch ?? nextEpoch(manifest.epoch, clock.now())
  const mark = async (state: Restore['state']): Promise<void> => {
    for (const db of databases) await writeRestore(db, { state, backup: manifest.id, epoch })
  }
  if (standing === 'empty' || standing === 'loading') {
    // All are marked before one is filled: no service starts on any of them, and a repeat knows what is its own.
    await mark('loading')
    if (standing === 'loading') report.step('An interrupted restore is begun again.')
    for (const db of databases) await dropLoaded(db)
    try {
      await loadAll(mongo, backup, tools)
    } catch (error) {
      if (OUT_OF_DISK.test(messageOf(error)))
        throw new StartFault(
          'The disk of MongoDB is full: free some space, then run the restore again. It begins anew.',
        )
      throw error
    }
  }
  await mark('done')
  return epoch
}
