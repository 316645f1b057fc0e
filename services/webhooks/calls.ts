// One signed call to an address that somebody outside named.
import { type Answered, reach } from '../../shared/net/outbound.ts'
import { allowedFor } from '../../shared/net/public-address.ts'
import { signedHeaders } from './secrets.ts'

/** A call to make. */
export type SignedCall = Readonly<{
  url: string
  /** Receivers recognize a repeat by it. */
  id: string
  body: string
  media_type: string
  /** One signature is made with each. */
  secrets: readonly string[]
  headers?: Readonly<Record<string, string>>
  timeout_ms: number
}>

/** Bytes that are read of an answer. */
const MAX_BYTES = 4 * 1024

/**
 * Makes a call; never throws. It reaches no address inside, and follows no redirect.
 * @param loopback whether http addresses lead to this machine.
 */
export const callSigned = (
  { url: address, id, body, media_type, secrets, headers = {}, timeout_ms }: SignedCall,
  loopback: boolean,
  now: Date,
): Promise<Answered> => {
  const url = new URL(address)
  return reach(
    url,
    {
      method: 'POST',
      headers: {
        'Content-Type': media_type,
        'User-Agent': 'Loops',
        'Content-Length': String(Buffer.byteLength(body)),
        ...signedHeaders(id, body, secrets, now),
        ...headers,
      },
      body,
      timeout_ms,
      max_bytes: MAX_BYTES,
    },
    { allows: allowedFor(url, loopback) },
  )
}
