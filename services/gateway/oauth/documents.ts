// Clients that are known by a document at the address that is their id: read when a person is asked, kept with the other
// clients, so that the token endpoint never waits for another site.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../shared/process/clock.ts'
import type { Log } from '../../../shared/process/log.ts'
import type { Limits } from '../limits/limits.ts'
import { countUnused } from './clients.ts'
import { type FetchOptions, fetchDocument, OUTAGES } from './document-fetch.ts'
import { checkDocument, freshUntil, readDocumentId } from './document-rules.ts'
import type { Client } from './model.ts'
import type { ClientStore } from './oauth-store.ts'
import { allowed, type Ruled, refused } from './refusals.ts'
import type { OAuthSettings } from './settings.ts'

/** How long a document that could not be had is not asked for again (ms). */
const FAILED_MS = 10_000
/**
 * Documents that are fetched at once: in all, from one host, and for one party that asks. So nobody can have this machine
 * ask at many places, and neither a slow host nor somebody with many of them is in the way of all others.
 */
const AT_ONCE = { all: 64, of_host: 4, for_party: 8 } as const
/** For how long a document that was read counts while its site fails. */
const STALE_MS = 7 * 24 * 60 * 60_000
/** A client that nobody has allowed anything is forgotten after this. */
const UNUSED_MS = 24 * 60 * 60_000

export type Documents = Readonly<{
  /**
   * The client of a document's address.
   * @param from whom a fetch counts for: an address and its network.
   */
  client: (id: string, from: readonly string[]) => Promise<Ruled<Client>>
}>

type DocumentDeps = Readonly<{
  settings: Pick<OAuthSettings, 'documents' | 'loopback_documents' | 'redirect_schemes'>
  limits: Pick<Limits, 'spendShare'>
  store: ClientStore
  clock: Clock
  log: Log
  lookup?: FetchOptions['lookup']
}>

/** What a look at a document's address gave. */
type Looked = Readonly<{
  ruled: Ruled<Client>
  /** Nothing was learnt of the document: what is known of it may still be so. */
  outage: boolean
}>

const BUSY: Looked = { ruled: refused('client_documents_busy'), outage: true }

const look = async (deps: DocumentDeps, id: string, url: URL): Promise<Looked> => {
  const { settings, store, clock, log, lookup } = deps
  const fetched = await fetchDocument(url, {
    loopback: settings.loopback_documents,
    ...(lookup ? { lookup } : {}),
  })
  if (!fetched.ok) {
    log.info('no client document', { client_id: id, fault: fetched.fault })
    return { ruled: refused('client_document_unreachable'), outage: OUTAGES.has(fetched.fault) }
  }
  const ruled = checkDocument(id, fetched.body, settings.redirect_schemes)
  if (!ruled.ok) return { ruled, outage: false }
  const now = clock.now()
  const { name, redirect_uris, grant_types, auth_method, metadata } = ruled.value
  const client: Client = {
    _id: id,
    name,
    redirect_uris,
    grant_types,
    auth_method,
    metadata,
    created_at: now,
    expires_at: new Date(now.getTime() + UNUSED_MS),
    fresh_until: freshUntil(fetched.marks, now),
  }
  await store.put(client)
  return { ruled: allowed(client), outage: false }
}

/** A fetch under way, and whom it counts for. */
type Fetching = Readonly<{ host: string; from: readonly string[]; looked: Promise<Looked> }>

const isFull = (underWay: readonly Fetching[], host: string, from: readonly string[]): boolean =>
  underWay.length >= AT_ONCE.all ||
  underWay.filter((one) => one.host === host).length >= AT_ONCE.of_host ||
  from.some((party) => underWay.filter((one) => one.from.includes(party)).length >= AT_ONCE.for_party)

/** Whether a document that is no longer fresh counts while its site fails. */
const countsStale = ({ fresh_until }: Client, now: Date): boolean =>
  fresh_until !== undefined && now.getTime() < fresh_until.getTime() + STALE_MS

/** Makes the reader of documents: one per process. Whoever asks for the same at once waits for one fetch. */
export const openDocuments = (deps: DocumentDeps): Documents => {
  const { settings, store, clock, limits } = deps
  const underWay = new Map<string, Fetching>()
  const failed = new LRUCache<string, Looked>({
    max: 1_000,
    ttl: FAILED_MS,
    perf: { now: clock.monotonicMs },
  })
  /** A look that is counted first where it would have a further client kept. */
  const lookCounted = async (
    id: string,
    url: URL,
    from: readonly string[],
    isNew: boolean,
  ): Promise<Looked> => (isNew && (await countUnused(limits, from)) > 0 ? BUSY : look(deps, id, url))
  const lookOnce = async (id: string, url: URL, from: readonly string[], isNew: boolean): Promise<Looked> => {
    const known = failed.get(id) ?? underWay.get(id)?.looked
    if (known) return known
    if (isFull([...underWay.values()], url.host, from)) return BUSY
    const looked = lookCounted(id, url, from, isNew).finally(() => underWay.delete(id))
    underWay.set(id, { host: url.host, from, looked })
    const found = await looked
    if (!found.ruled.ok && found !== BUSY) failed.set(id, found)
    return found
  }
  return {
    client: async (id, from) => {
      if (!settings.documents) return refused('client_unknown')
      const url = readDocumentId(id, settings.loopback_documents)
      if (!url.ok) return url
      const kept = await store.find(id, clock.now())
      if (kept?.fresh_until && kept.fresh_until > clock.now()) return allowed(kept)
      // Nothing is waited for in between: whoever found nothing kept joins the look that is under way.
      const { ruled, outage } = await lookOnce(id, url.value, from, !kept)
      return !ruled.ok && outage && kept && countsStale(kept, clock.now()) ? allowed(kept) : ruled
    },
  }
}
