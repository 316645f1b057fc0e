// Reads request bodies within bounds, and discards those that nobody wants: a connection with an unread body has to be cut
// off, and its client would see that instead of the answer. Knows no format.
import type { IncomingMessage } from 'node:http'
import { within } from '../../../shared/process/lifecycle.ts'

/** How much is discarded, and for how long, so that a client sees its answer; one that sends more is cut off (bytes, ms). */
const DISCARD_BYTES = 2 * 1024 * 1024
/** How far beyond its limit a body without a declared length is read on (bytes). */
const EXCESS_BYTES = 1024 * 1024
const DISCARD_MS = 5_000

/** A body's bytes, or why there are none. */
export type Bytes =
  | Readonly<{ ok: true; bytes: Uint8Array }>
  | Readonly<{ ok: false; reason: 'too_large' | 'broken_off' }>

const readCounting = async (request: Request, limit: number): Promise<Bytes> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > limit + EXCESS_BYTES) break
    if (size <= limit) chunks.push(chunk)
  }
  return size > limit ? { ok: false, reason: 'too_large' } : { ok: true, bytes: Buffer.concat(chunks) }
}

/** Reads a body of at most `limit` bytes, whether or not its length was declared. */
export const readBytes = async (request: Request, limit: number): Promise<Bytes> => {
  const declared = request.headers.get('content-length')
  try {
    if (declared === null || request.headers.has('transfer-encoding'))
      return await readCounting(request, limit)
    if (Number(declared) > limit) return { ok: false, reason: 'too_large' }
    return { ok: true, bytes: new Uint8Array(await request.arrayBuffer()) }
  } catch {
    return { ok: false, reason: 'broken_off' }
  }
}

/**
 * The first `limit` bytes of a body, and whether that is all of it. The rest is read away, as far as discardBody would.
 * A client that is too slow, or breaks off, gets what has come by then.
 */
export const readBeginning = async (
  request: Request,
  limit: number,
): Promise<Readonly<{ bytes: Uint8Array; complete: boolean }>> => {
  const chunks: Uint8Array[] = []
  let size = 0
  const read = async (): Promise<boolean> => {
    for await (const chunk of request.body ?? []) {
      if (size < limit) chunks.push(chunk.subarray(0, limit - size))
      size += chunk.byteLength
      if (size > limit + DISCARD_BYTES) return false
    }
    return size <= limit
  }
  let complete = false
  await within(
    DISCARD_MS,
    read().then(
      (all) => {
        complete = all
      },
      () => undefined,
    ),
  )
  return { bytes: Buffer.concat(chunks), complete }
}

/** Drains Node's own stream: making a web stream of it would cost more than reading it. */
const resume = (incoming: IncomingMessage): Promise<void> =>
  new Promise((resolve, reject) => {
    let size = 0
    incoming.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= DISCARD_BYTES) return
      incoming.pause()
      resolve()
    })
    incoming.on('end', resolve)
    incoming.on('error', reject)
    incoming.on('close', resolve)
  })

const readAway = async (request: Request): Promise<void> => {
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > DISCARD_BYTES) return
  }
}

/**
 * Discards a body that no route has read.
 * @param incoming the same request as Node has it, when it came over a socket.
 */
export const discardBody = async (request: Request, incoming?: IncomingMessage): Promise<void> => {
  if (request.method === 'GET' || request.method === 'HEAD' || request.bodyUsed) return
  if (incoming?.readableEnded || (!incoming && !request.body)) return
  const read = incoming && !incoming.readableDidRead ? resume(incoming) : readAway(request)
  // A client that breaks off misses its answer anyway.
  await within(
    DISCARD_MS,
    read.catch(() => undefined),
  )
}
