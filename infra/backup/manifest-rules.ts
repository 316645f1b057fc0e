// The manifest of a backup: what is in it, whether it is whole, and whether this release can restore it. Pure.
import { createHash, createHmac } from 'node:crypto'
import * as z from 'zod'

/** The version of the form of backups. A change that this release could not read takes the next number. */
export const FORMAT = 1
/** The file that is written last, so that a folder without it is half a backup. */
export const MANIFEST = 'manifest.json'
/** What a folder is called while its backup is being made. */
export const PARTIAL = '.partial'
/** The files beside the documents. */
export const SECRET_FILE = 'secret'
export const SUBSCRIBERS_FILE = 'subscribers.json'
export const NATS_PORT_FILE = 'nats-port'

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const Count = z.int().min(0)
/** Only names that this program gives: a path must not lead out of the folder. */
const Path = z
  .string()
  .regex(/^(?:databases\/[a-z][a-z-]*\/[A-Za-z0-9_][\w.-]*\.bson\.gz|secret|subscribers\.json|nats-port)$/)

const FileEntry = z.object({ path: Path, bytes: Count, sha256: Sha256 })
/** A file of a backup: its path below the folder, size (bytes) and SHA-256. */
export type FileEntry = z.infer<typeof FileEntry>

const CollectionEntry = FileEntry.extend({
  service: z.string(),
  name: z.string(),
  /** The number of its documents' shape. */
  schema: z.int().min(1),
  documents: Count,
  /** Of BSON, before compression. */
  document_bytes: Count,
  /** As Extended JSON. */
  indexes: z.array(z.record(z.string(), z.unknown())).max(64),
})
/** A collection in a backup. */
export type CollectionEntry = z.infer<typeof CollectionEntry>

const Manifest = z.object({
  format: z.int(),
  /** The backup's own id (ULID). */
  id: z.string().regex(/^[0-9A-Z]{26}$/),
  /** The release that made it. */
  loops: z.string().regex(/^\d+\.\d+\.\d+/),
  started_at: z.iso.datetime(),
  /** What the databases are as of; null: they were read as they were, while Loops was stopped. */
  moment: z.iso.datetime().nullable(),
  /** When the installation was restored itself; null if it never was. */
  epoch: z.iso.datetime().nullable(),
  /** Recognizes LOOPS_SECRET, see `fingerprintOf`; null where it was not known. */
  secret: z.string().nullable(),
  collections: z.array(CollectionEntry).max(10_000),
  files: z.array(FileEntry).max(10),
})
/** What a backup says about itself. */
export type Manifest = z.infer<typeof Manifest>

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The text of the manifest: JSON, and the SHA-256 of that JSON as its last member. */
export const manifestText = (manifest: Manifest): string =>
  `${JSON.stringify({ ...manifest, sha256: sha256(JSON.stringify(manifest)) }, null, 2)}\n`

/** A manifest, or a sentence about what is wrong with it. */
export type Read = Readonly<{ manifest: Manifest } | { fault: string }>

/**
 * Reads the text of a manifest.
 * @param folder the backup, as the sentences name it.
 */
export const readManifest = (text: string, folder: string): Read => {
  const changed = {
    fault: `${folder}/${MANIFEST} was changed or is damaged: restore from another copy of this backup.`,
  }
  let found: unknown
  try {
    found = JSON.parse(text)
  } catch {
    return changed
  }
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return changed
  const { sha256: stated, ...rest } = found as Record<string, unknown>
  if (sha256(JSON.stringify(rest)) !== stated) return changed
  const { format, loops } = rest
  // A newer form may have other members, so it is named before they are looked at.
  if (typeof format === 'number' && format > FORMAT)
    return {
      fault: `${folder} was made by a newer release of Loops (${String(loops)}; format ${format}, this release knows ${FORMAT}): restore it with that release.`,
    }
  const parsed = Manifest.safeParse(rest)
  return parsed.success ? { manifest: parsed.data } : changed
}

/**
 * Compares two versions (https://semver.org): negative if the first is older, positive if it is newer. What follows the three
 * numbers counts only as older than none.
 */
export const compareVersions = (one: string, other: string): number => {
  const partsOf = (version: string): readonly number[] => {
    const [, major, minor, patch, rest = ''] = /^(\d+)\.(\d+)\.(\d+)(.*)$/.exec(version) ?? []
    return [Number(major), Number(minor), Number(patch), rest.startsWith('-') ? 0 : 1]
  }
  const others = partsOf(other)
  return partsOf(one).reduce((sign, part, index) => sign || part - (others[index] ?? 0), 0)
}

/** What a release can read: its version, and of each service the shapes of collections that are past their first one. */
export type Known = Readonly<{
  loops: string
  schemas: Readonly<Record<string, Readonly<Record<string, number>>>>
}>

/** Why this release cannot restore a backup, as a sentence; undefined if it can. */
export const refusalOf = (manifest: Manifest, known: Known, folder: string): string | undefined => {
  if (compareVersions(manifest.loops, known.loops) > 0)
    return `${folder} was made by Loops ${manifest.loops}, which is newer than this release (${known.loops}): restore it with Loops ${manifest.loops} or newer.`
  const stranger = manifest.collections.find(({ service }) => !(service in known.schemas))
  if (stranger)
    return `${folder} has data of the service ${stranger.service}, which this release does not have: restore it with a newer release.`
  const newer = manifest.collections.find(
    ({ service, name, schema }) => schema > (known.schemas[service]?.[name] ?? 1),
  )
  if (newer)
    return `${folder} has ${newer.service}.${newer.name} in a newer shape (${newer.schema}; this release knows ${known.schemas[newer.service]?.[newer.name] ?? 1}): restore it with a newer release.`
  return undefined
}

/** All files of a backup. */
export const filesOf = ({ collections, files }: Manifest): readonly FileEntry[] => [...collections, ...files]

/** A file as it was found: its size (bytes), and its SHA-256 once it was read; null if it is not there. */
export type Found = Readonly<{ bytes: number; sha256?: string }> | null

/** What is wrong with a file of a backup, as a sentence; undefined if it is as the manifest says. */
export const fileFault = (entry: FileEntry, found: Found, folder: string): string | undefined => {
  if (found === null)
    return `${folder} is half a backup: ${entry.path} is missing. Restore from another copy of it.`
  if (found.bytes !== entry.bytes || (found.sha256 !== undefined && found.sha256 !== entry.sha256))
    return `${folder}/${entry.path} was changed or is damaged: restore from another copy of this backup.`
  return undefined
}

/** What a restore writes besides documents: the journal of an empty MongoDB, and room to go on (bytes). */
const ROOM_BESIDE = 1e9

/** How much room a restore needs (bytes): documents are stored compressed, but their indexes come on top. */
export const roomFor = ({ collections }: Manifest): number =>
  ROOM_BESIDE + collections.reduce((sum, { document_bytes }) => sum + document_bytes, 0)

/**
 * The epoch of a restore, later than that of every restore before it, even where a clock went back.
 * @param before the epoch of the installation that was backed up.
 */
export const nextEpoch = (before: string | null, now: Date): string =>
  new Date(Math.max(now.getTime(), before === null ? 0 : Date.parse(before) + 1)).toISOString()

/** Recognizes LOOPS_SECRET without giving it away: it is random, or at least 32 characters long. */
export const fingerprintOf = (secret: string): string =>
  createHmac('sha256', secret).update('backup of Loops').digest('hex').slice(0, 32)

/** Whether one of these secrets is that of the backup; true where it was not known. */
export const fitsSecret = ({ secret }: Manifest, secrets: readonly string[]): boolean =>
  secret === null || secrets.some((one) => fingerprintOf(one) === secret)
