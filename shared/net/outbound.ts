// Sends a request to an address that a stranger named: never to the inside, and with bounds.
//
// The guard is where the connection is made, so no name can resolve to an inside address. Time and bytes are bounded, and
// redirects are not followed.
import { lookup as systemLookup } from 'node:dns'
import {
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
} from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isPublicAddress, literalOf } from './public-address.ts'

/** A request and its bounds. */
export type OutboundRequest = Readonly<{
  method: 'GET' | 'POST'
  headers: Readonly<Record<string, string>>
  body?: string
  /** From the resolution of the name to the last byte (ms). */
  timeout_ms: number
  /** How many bytes of the answer are read; the rest is dropped. */
  max_bytes: number
}>

export type OutboundOptions = Readonly<{
  /** Whether an IP address may be connected to; public addresses only when absent. */
  allows?: (address: string) => boolean
  /** Resolves names; the system's resolver when absent. */
  lookup?: LookupFunction
  /** Certificates to trust instead of the system's (PEM). */
  ca?: string
}>

/** Why there is no answer. Do not show it to whoever named the address: it reveals what exists inside. */
export type OutboundFault = 'address_not_public' | 'certificate_not_trusted' | 'timed_out' | 'unreachable'

export type Answered =
  | Readonly<{ ok: true; status: number; headers: IncomingHttpHeaders; body: Buffer; whole: boolean }>
  | Readonly<{ ok: false; fault: OutboundFault }>

class AddressNotPublic extends Error {
  override readonly name = 'AddressNotPublic'
}

type Allows = NonNullable<OutboundOptions['allows']>

/**
 * A resolver for one connection that refuses a name when any of its addresses is not allowed. The connection uses the very
 * addresses that were checked, so a name that resolves otherwise a moment later gains nothing.
 */
const guarded =
  (resolve: LookupFunction, allows: Allows): LookupFunction =>
  (hostname, options, callback) =>
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, [])
      const addresses = typeof found === 'string' ? [{ address: found, family: 4 }] : found
      const [first] = addresses
      if (!first || !addresses.every(({ address }) => allows(address)))
        return callback(new AddressNotPublic(), [])
      return options.all ? callback(null, addresses) : callback(null, first.address, first.family)
    })

const faultOf = (error: unknown, outOfTime: boolean): OutboundFault => {
  if (error instanceof AddressNotPublic) return 'address_not_public'
  if (outOfTime) return 'timed_out'
  const { code = '' } = error as NodeJS.ErrnoException
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code) ? 'certificate_not_trusted' : 'unreachable'
}

const connect = (
  url: URL,
  asked: OutboundRequest,
  options: OutboundOptions,
  signal: AbortSignal,
): ClientRequest => {
  const { allows = isPublicAddress, lookup = systemLookup as LookupFunction, ca } = options
  // The resolver never sees an IP address, since there is no name to resolve.
  const literal = literalOf(url)
  if (literal !== undefined && !allows(literal)) throw new AddressNotPublic()
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest
  return request(url, {
    method: asked.method,
    // No connection is reused, since each must be guarded.
    agent: false,
    headers: asked.headers,
    lookup: guarded(lookup, allows),
    signal,
    ...(ca === undefined ? {} : { ca }),
  })
}

const readBody = async (answer: IncomingMessage, max_bytes: number): Promise<[Buffer, boolean]> => {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > max_bytes) return [Buffer.concat(chunks).subarray(0, max_bytes), false]
  }
  return [Buffer.concat(chunks), true]
}

/** Sends a request and reads its answer; never throws. A redirect is an answer like any other. */
export const reach = async (
  url: URL,
  asked: OutboundRequest,
  options: OutboundOptions,
): Promise<Answered> => {
  const answered = Promise.withResolvers<IncomingMessage>()
  const signal = AbortSignal.timeout(asked.timeout_ms)
  let request: ClientRequest | undefined
  try {
    request = connect(url, asked, options, signal)
    request.on('response', answered.resolve)
    request.on('error', answered.reject)
    request.end(asked.body)
    const answer = await answered.promise
    const [body, whole] = await readBody(answer, asked.max_bytes)
    return { ok: true, status: answer.statusCode ?? 0, headers: answer.headers, body, whole }
  } catch (error) {
    return { ok: false, fault: faultOf(error, signal.aborted) }
  } finally {
    request?.destroy()
  }
}
