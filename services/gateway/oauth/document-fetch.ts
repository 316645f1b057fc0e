// Fetches a client metadata document from a URL that a stranger named. Knows no client.
import {
  type Answered,
  type OutboundFault,
  type OutboundOptions,
  reach,
} from '../../../shared/net/outbound.ts'
import { allowedFor } from '../../../shared/net/public-address.ts'
import type { CacheHeaders } from './document-rules.ts'

/** Bounds of fetching one document; the draft recommends 5 KiB (“Maximum Response Size”). */
const TIMEOUT_MS = 5_000
const MAX_BYTES = 5 * 1024

/** Why there is no document. For the log alone: it would tell a stranger what is on the internal network. */
export type FetchFault =
  | OutboundFault
  | 'site_failed'
  | 'status_not_200'
  | 'type_not_json'
  | 'too_large'
  | 'not_json'

export type Fetched =
  | Readonly<{ ok: true; body: unknown; caching: CacheHeaders }>
  | Readonly<{ ok: false; fault: FetchFault }>

export type FetchOptions = Omit<OutboundOptions, 'allows'> &
  Readonly<{
    /** Whether it may be on this machine, without TLS. */
    loopback: boolean
    /** Whether it may be at a private address too: only where the operator named it. */
    inside?: boolean
    /** How much of it is read at most; MAX_BYTES when absent. */
    max_bytes?: number
  }>

/** Faults that say nothing about the document, so that a stale copy may be used (RFC 5861 §4). */
export const OUTAGES: ReadonlySet<FetchFault> = new Set([
  'timed_out',
  'unreachable',
  'certificate_not_trusted',
  'site_failed',
])

const no = (fault: FetchFault): Fetched => ({ ok: false, fault })

const read = (answer: Answered): Fetched => {
  if (!answer.ok) return no(answer.fault)
  const { 'content-type': type = '', 'cache-control': cache_control, age, expires } = answer.headers
  if (answer.status >= 500 || answer.status === 429) return no('site_failed')
  // A redirect is not followed: where it leads is not the client's id.
  if (answer.status !== 200) return no('status_not_200')
  if (!/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type)) return no('type_not_json')
  if (!answer.whole) return no('too_large')
  const caching = {
    ...(cache_control === undefined ? {} : { cache_control }),
    ...(age === undefined ? {} : { age }),
    ...(expires === undefined ? {} : { expires }),
  }
  try {
    return { ok: true, body: JSON.parse(answer.body.toString()), caching }
  } catch {
    return no('not_json')
  }
}

/** Fetches a document; never throws. */
export const fetchDocument = async (
  url: URL,
  { loopback, inside = false, max_bytes = MAX_BYTES, ...options }: FetchOptions,
): Promise<Fetched> =>
  read(
    await reach(
      url,
      {
        method: 'GET',
        headers: { Accept: 'application/json', 'User-Agent': 'Loops' },
        timeout_ms: TIMEOUT_MS,
        max_bytes,
      },
      { ...options, allows: inside ? () => true : allowedFor(url, loopback) },
    ),
  )
