// Key sets of others at an address (RFC 7517 §5), with a bounded memory: read seldom, never from an address inside.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../shared/process/clock.ts'
import type { Log } from '../../../shared/process/log.ts'
import { type PublicJwk, usableKeys } from '../accounts/service-key-rules.ts'
import { type FetchOptions, fetchDocument, OUTAGES } from './document-fetch.ts'
import { freshUntil } from './document-rules.ts'

const MINUTE_MS = 60_000
/** How long a set is used before it is read again, whatever its site says (ms). A key that was taken out stops within an hour. */
const FRESH_MS = { min: 5 * MINUTE_MS, max: 60 * MINUTE_MS } as const
/** How often a set is read again for a key that it had not, and how long one that could not be read is left alone (ms). */
const AGAIN_MS = MINUTE_MS
const FAILED_MS = 10_000
/** How long a set is used beyond that while its site fails (ms). */
const STALE_MS = 24 * 60 * MINUTE_MS
/** Largest set (bytes), sets that are kept, and reads at once. */
const MAX_BYTES = 64 * 1024
const SETS = 1_000
const AT_ONCE = 32

/** The keys of a set, or that it could not be read. */
type Kept = Readonly<{ keys: readonly PublicJwk[] | undefined; read_ms: number; fresh_until_ms: number }>

export type KeySets = Readonly<{
  /**
   * The keys at an address; undefined when they cannot be read.
   * @param kid the key that is looked for: a set that lacks it is read again, at most once a minute.
   */
  keys: (url: string, kid: string | undefined) => Promise<readonly PublicJwk[] | undefined>
}>

type KeySetDeps = Readonly<{
  /** Whether sets may be on this machine, without TLS. */
  loopback: boolean
  /** Whether sets may be at private addresses: only where the operator named them. */
  inside?: boolean
  clock: Clock
  log: Log
  lookup?: FetchOptions['lookup']
}>

/** Reads a set. */
const readSet = async (
  { loopback, inside = false, clock, log, lookup }: KeySetDeps,
  address: string,
  before: Kept | undefined,
): Promise<Kept> => {
  const options = { loopback, inside, max_bytes: MAX_BYTES, ...(lookup ? { lookup } : {}) }
  const fetched = await fetchDocument(new URL(address), options)
  const now_ms = clock.monotonicMs()
  if (!fetched.ok) {
    log.info('no key set', { url: address, fault: fetched.fault })
    const usable = before && OUTAGES.has(fetched.fault) && now_ms < before.fresh_until_ms + STALE_MS
    if (usable) return { ...before, read_ms: now_ms }
    return { keys: undefined, read_ms: now_ms, fresh_until_ms: now_ms + FAILED_MS }
  }
  const now = clock.now()
  const lifetime_ms = freshUntil(fetched.caching, now).getTime() - now.getTime()
  const fresh_ms = Math.min(FRESH_MS.max, Math.max(FRESH_MS.min, lifetime_ms))
  return { keys: usableKeys(fetched.body), read_ms: now_ms, fresh_until_ms: now_ms + fresh_ms }
}

/** Whether what is kept answers for a key now. */
const answers = (
  { keys, read_ms, fresh_until_ms }: Kept,
  kid: string | undefined,
  now_ms: number,
): boolean => {
  if (keys === undefined) return now_ms < fresh_until_ms
  const isRecent = now_ms < read_ms + AGAIN_MS
  if (isRecent || kid === undefined) return isRecent || now_ms < fresh_until_ms
  return now_ms < fresh_until_ms && keys.some((key) => key.kid === kid)
}

/** Makes the reader of key sets, one per process. Whoever wants the same set at the same time shares one read. */
export const openKeySets = (deps: KeySetDeps): KeySets => {
  const kept = new LRUCache<string, Kept>({ max: SETS })
  const reading = new Map<string, Promise<Kept>>()
  const readOnce = (address: string): Promise<Kept> => {
    const begun = reading.get(address)
    if (begun) return begun
    const read = readSet(deps, address, kept.get(address)).finally(() => reading.delete(address))
    reading.set(address, read)
    return read
  }
  return {
    keys: async (url, kid) => {
      const known = kept.get(url)
      if (known && answers(known, kid, deps.clock.monotonicMs())) return known.keys
      if (!reading.has(url) && reading.size >= AT_ONCE) return known?.keys
      const read = await readOnce(url)
      kept.set(url, read)
      return read.keys
    },
  }
}
