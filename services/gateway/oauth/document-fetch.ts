// Fetches a client metadata document from an address that a stranger named: guarded where the connection is made, so that
// no name can lead inside, and bounded in time and size. Knows no client.
import { lookup as systemLookup } from 'node:dns'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isPublicAddress } from '../http/public-address.ts'
import type { CacheMarks } from './document-rules.ts'

/** Bounds of one document [R8]. */
const TIMEOUT_MS = 5_000
const MAX_BYTES = 5 * 1024

/** Why there is no document: for the log only, since it would tell a stranger what there is inside. */
export type FetchFault =
  | 'address_not_public'
  | 'unreachable'
  | 'timed_out'
  | 'status_not_200'
  | 'type_not_json'
  | 'too_large'
  | 'not_json'

export type Fetched =
  | Readonly<{ ok: true; body: unknown; marks: CacheMarks }>
  | Readonly<{ ok: false; fault: FetchFault }>

export type FetchOptions = Readonly<{
  /** Lets it be on this machine, without TLS. */
  loopback: boolean
  /** Resolves names; the system's resolver unless given. */
  lookup?: LookupFunction
}>

class AddressNotPublic extends Error {
  override readonly name = 'AddressNotPublic'
}

/**
 * A resolver for one connection that refuses a name when any of its addresses is not public. What it lets through is what
 * is connected to: a name that resolves otherwise a moment later gains nothing.
 */
const guarded =
  (resolve: LookupFunction): LookupFunction =>
  (hostname, options, callback) =>
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, [])
      const addresses = typeof found === 'string' ? [{ address: found, family: 4 }] : found
      const [first] = addresses
      if (!first || !addresses.every(({ address }) => isPublicAddress(address)))
        return callback(new AddressNotPublic(), [])
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family)
    })

const no = (fault: FetchFault): Fetched => ({ ok: false, fault })

const faultOf = (error: unknown): FetchFault => {
  if (error instanceof AddressNotPublic) return 'address_not_public'
  return error instanceof Error && /^(Abort|Timeout)Error$/.test(error.name) ? 'timed_out' : 'unreachable'
}

const readBody = async (answer: IncomingMessage): Promise<string | undefined> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

const read = async (answer: IncomingMessage): Promise<Fetched> => {
  const { 'content-type': type = '', 'cache-control': cache_control, age, expires } = answer.headers
  // A redirect is an answer like any other that is no document: where it leads was not what the client is named by.
  if (answer.statusCode !== 200) return no('status_not_200')
  if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type)) return no('type_not_json')
  const text = await readBody(answer)
  if (text === undefined) return no('too_large')
  const marks = {
    ...(cache_control === undefined ? {} : { cache_control }),
    ...(age === undefined ? {} : { age }),
    ...(expires === undefined ? {} : { expires }),
  }
  try {
    return { ok: true, body: JSON.parse(text), marks }
  } catch {
    return no('not_json')
  }
}

const connect = (url: URL, { loopback, lookup = systemLookup as LookupFunction }: FetchOptions) => {
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return request(url, {
    agent: false,
    headers: { Accept: 'application/json', 'User-Agent': 'Loops' },
    lookup: loopback && url.protocol === 'http:' ? lookup : guarded(lookup),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
}

/** Fetches a document; never throws. The address must have passed `readDocumentId`, which lets no bare IP address by. */
export const fetchDocument = async (url: URL, options: FetchOptions): Promise<Fetched> => {
  const answered = Promise.withResolvers<IncomingMessage>()
  const request = connect(url, options)
  request.on('response', answered.resolve)
  request.on('error', answered.reject)
  request.end()
  try {
    return await read(await answered.promise)
  } catch (error) {
    return no(faultOf(error))
  } finally {
    request.destroy()
  }
}
