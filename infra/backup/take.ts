// Copies the databases of all services, and what else cannot be made anew, into the folder of a backup.
import type { Clock } from '../../shared/process/clock.ts'
import type { Copied, DatabasesThen } from '../../shared/storage/backup-store.ts'
import { formatBytes, type Report, StartFault } from '../report.ts'
import { writeDocuments } from './files.ts'
import { diskFault, makeFolder, type NewFolder, openMeter } from './folder.ts'
import { type CollectionEntry, FORMAT, fingerprintOf, type Manifest } from './manifest-rules.ts'

/** What is backed up besides the databases, by the name of its file. */
export type Beside = Readonly<Partial<Record<'secret' | 'subscribers.json' | 'nats-port', string>>>

/** A backup that is to be made. */
export type Plan = Readonly<{
  folder: string
  id: string
  /** The release. */
  loops: string
  /** LOOPS_SECRET, to recognize it at a restore; undefined: it is not known. */
  secret: string | undefined
  epoch: string | undefined
  beside: Beside
}>

type Tools = Readonly<{ clock: Clock; report: Report; signal: AbortSignal }>

const counted = (documents: number): string =>
  `${documents.toLocaleString('en')} document${documents === 1 ? '' : 's'}`

const copyAll = async (
  databases: DatabasesThen,
  folder: NewFolder,
  { clock, report, signal }: Tools,
): Promise<CollectionEntry[]> => {
  const shapes = new Map<string, Readonly<Record<string, number>>>()
  const schemaOf = async ({ service, name }: Copied): Promise<number> => {
    const known = shapes.get(service) ?? (await databases.schemas(service))
    shapes.set(service, known)
    return known[name] ?? 1
  }
  const entries: CollectionEntry[] = []
  for (const copied of databases.collections) {
    const { service, name } = copied
    const path = `databases/${service}/${name}.bson.gz`
    const meter = openMeter(clock)
    let before = 0
    const written = await writeDocuments(await folder.place(path), databases.documents(copied), {
      signal,
      on: ({ documents, document_bytes }) => {
        meter.add(document_bytes - before)
        before = document_bytes
        report.progress(`${service}.${name}: ${counted(documents)}, ${meter.text()}`)
      },
    })
    meter.add(written.document_bytes - before)
    report.step(`${service}.${name}: ${counted(written.documents)}, ${meter.text()}`)
    entries.push({
      ...{ service, name, path, schema: await schemaOf(copied) },
      ...written,
      indexes: (await databases.indexes(copied)) as CollectionEntry['indexes'],
    })
  }
  return entries
}

/**
 * Makes a backup. The folder has its name only once everything is in it and on the disk.
 * @returns the manifest
 * @throws StartFault if the folder is not empty, or the disk is full; nothing is left there then
 */
export const takeBackup = async (
  databases: DatabasesThen,
  { folder: named, id, loops, secret, epoch, beside }: Plan,
  tools: Tools,
): Promise<Manifest> => {
  const started_at = tools.clock.now().toISOString()
  try {
    await using folder = await makeFolder(named)
    const collections = await copyAll(databases, folder, tools)
    const files: Manifest['files'] = []
    for (const [path, text] of Object.entries(beside)) files.push(await folder.write(path, text))
    const manifest: Manifest = {
      ...{ format: FORMAT, id, loops, started_at },
      moment: databases.moment?.toISOString() ?? null,
      epoch: epoch ?? null,
      secret: secret === undefined ? null : fingerprintOf(secret),
      collections,
      files,
    }
    await folder.finish(manifest)
    return manifest
  } catch (error) {
    if (tools.signal.aborted) throw new StartFault('The backup was stopped; nothing of it is left.')
    throw diskFault(error, named, 'Nothing was left there.')
  }
}

/** What was backed up, in one sentence. */
export const summaryOf = ({ collections, files, moment, started_at }: Manifest): string => {
  const sum = (of: (entry: CollectionEntry) => number): number =>
    collections.reduce((total, entry) => total + of(entry), 0)
  const bytes = sum((entry) => entry.bytes) + files.reduce((total, entry) => total + entry.bytes, 0)
  return `${counted(sum(({ documents }) => documents))} in ${collections.length} collections as of ${moment ?? started_at}, ${formatBytes(bytes)}`
}
