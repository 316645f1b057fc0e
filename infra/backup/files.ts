// Writes and reads the files of a backup as streams: a document at a time, whatever their number.
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import type { FileEntry, Found } from './manifest-rules.ts'

/** Fast rather than small: at this level one core compresses more than a disk of an ordinary server writes. */
const LEVEL = 1
/** Documents are small; each write to the compressor costs as much as compressing a few kilobytes. */
const BLOCK_BYTES = 256 * 1_024
/** The server stores documents of up to 16 MiB, and a little more inside itself. */
const MAX_DOCUMENT_BYTES = 17 * 1_024 * 1_024
const MIN_DOCUMENT_BYTES = 5

/** What was written of a collection. */
export type Written = Omit<FileEntry, 'path'> & Readonly<{ documents: number; document_bytes: number }>

type Counts = { documents: number; document_bytes: number }

async function* inBlocks(
  documents: AsyncIterable<Uint8Array>,
  counts: Counts,
  on: (counts: Readonly<Counts>) => void,
): AsyncGenerator<Buffer> {
  let block: Uint8Array[] = []
  let bytes = 0
  for await (const document of documents) {
    block.push(document)
    bytes += document.length
    counts.documents += 1
    counts.document_bytes += document.length
    if (bytes < BLOCK_BYTES) continue
    yield Buffer.concat(block)
    on(counts)
    block = []
    bytes = 0
  }
  if (bytes > 0) yield Buffer.concat(block)
}

/**
 * Writes documents to a new file, compressed, as `mongodump --gzip` does. Once it returns, the file is on the disk.
 * @param documents in BSON, one by one.
 * @param on hears now and then how much was read.
 * @throws the system's error (`ENOSPC`, …), or that of `documents`; an AbortError if the signal is aborted.
 */
export const writeDocuments = async (
  file: string,
  documents: AsyncIterable<Uint8Array>,
  { signal, on }: Readonly<{ signal: AbortSignal; on: (counts: Readonly<Counts>) => void }>,
): Promise<Written> => {
  const hash = createHash('sha256')
  const counts: Counts = { documents: 0, document_bytes: 0 }
  let bytes = 0
  const hashed = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      hash.update(chunk)
      bytes += chunk.length
      yield chunk
    }
  }
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600, flush: true })
  await pipeline(inBlocks(documents, counts, on), createGzip({ level: LEVEL }), hashed, target, { signal })
  return { bytes, sha256: hash.digest('hex'), ...counts }
}

/** Writes a text to a new file that only its owner can read. Once it returns, the file is on the disk. */
export const writeText = async (file: string, text: string): Promise<Omit<FileEntry, 'path'>> => {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
  return { bytes: Buffer.byteLength(text), sha256: createHash('sha256').update(text).digest('hex') }
}

/** Has the names in a folder on the disk. */
export const syncFolder = async (folder: string): Promise<void> => {
  let handle: FileHandle | undefined
  try {
    handle = await open(folder, 'r')
    await handle.sync()
  } catch (error) {
    // Some file systems refuse it for folders; they need none.
    if (!['EINVAL', 'EISDIR', 'EPERM', 'ENOTSUP'].includes(String((error as NodeJS.ErrnoException).code)))
      throw error
  } finally {
    await handle?.close()
  }
}

/** The size of a file; null if it is not there. */
export const findFile = async (file: string): Promise<Found> => {
  try {
    return { bytes: (await stat(file)).size }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Reads a file to its end. @param on hears how many bytes were read. @returns its SHA-256, in hexadecimal digits */
export const hashFile = async (file: string, on: (bytes: number) => void): Promise<string> => {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file, { highWaterMark: BLOCK_BYTES })) {
    hash.update(chunk as Buffer)
    on((chunk as Buffer).length)
  }
  return hash.digest('hex')
}

/**
 * Splits bytes into documents of BSON, by the length with which each begins (https://bsonspec.org).
 * @throws Error where the bytes are none.
 */
export async function* splitDocuments(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk])
    let start = 0
    while (rest.length - start >= 4) {
      const length = rest.readInt32LE(start)
      if (length < MIN_DOCUMENT_BYTES || length > MAX_DOCUMENT_BYTES)
        throw new Error(`there is no document of ${length} bytes`)
      if (rest.length - start < length) break
      yield rest.subarray(start, start + length)
      start += length
    }
    rest = rest.subarray(start)
  }
  if (rest.length > 0) throw new Error(`${rest.length} bytes are left behind the last document`)
}

/** The documents of a file that `writeDocuments` wrote. */
export const readDocuments = (file: string): AsyncIterable<Uint8Array> => {
  const packed = createReadStream(file, { highWaterMark: BLOCK_BYTES })
  const unpacked = createGunzip({ chunkSize: BLOCK_BYTES })
  // Errors of the file end the reading of what is unpacked.
  packed.on('error', (error) => unpacked.destroy(error))
  return splitDocuments(packed.pipe(unpacked))
}
