// Clients described by a metadata document. It is read when a person is asked and kept with the other clients, so the token
// endpoint never waits for another site.
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

/** How long a document that could not be read is not fetched again (ms). */
const FAILED_MS = 10_000
/**
 * Documents that are fetched at once: in all, from one host, and for one party that asks. Nobody can use this machine to
 * query many sites, and neither a slow host nor one party with many documents blocks all others.
 */
const AT_ONCE = { all: 64, of_host: 4, for_party: 8 } as const
/** How long a stale document is used while its site fails (ms). */
const STALE_MS = 7 * 24 * 60 * 60_000
/** How long a client is kept to which nobody has granted anything (ms). */
const UNUSED_MS = 24 * 60 * 60_000

export type Documents = Readonly<{
  /**
   * The client with this document's URL as its id.
   * @param from the parties that a fetch counts for: an address and its network.
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

/** The outcome of fetching and checking a document. */
type ReadOutcome = Readonly<{
  ruled: Ruled<Client>
  /** Nothing was learnt about the document, so a stale copy may be used. */
  outage: boolean
}>

const BUSY: ReadOutcome = { ruled: refused('client_documents_busy'), outage: true }

/** Fetches a document, checks it, and keeps its client. */
const readDocument = async (deps: DocumentDeps, id: string, url: URL): Promise<ReadOutcome> => {
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
    fresh_until: freshUntil(fetched.caching, now),
  }
  await store.put(client)
  return { ruled: allowed(client), outage: false }
}

/** A read in flight, and the parties that it counts for. */
type Reading = Readonly<{ host: string; from: readonly string[]; outcome: Promise<ReadOutcome> }>

const isFull = (inFlight: readonly Reading[], host: string, from: readonly string[]): boolean =>
  inFlight.length >= AT_ONCE.all ||
  inFlight.filter((one) => one.host === host).length >= AT_ONCE.of_host ||
  from.some((party) => inFlight.filter((one) => one.from.includes(party)).length >= AT_ONCE.for_party)

/** Whether a document may be used while its site fails. */
const isUsableStale = ({ fresh_until }: Client, now: Date): boolean =>
  fresh_until !== undefined && now.getTime() < fresh_until.getTime() + STALE_MS

/** Makes the reader of documents, one per process. Concurrent requests for the same document share one fetch. */
export const openDocuments = (deps: DocumentDeps): Documents => {
  const { settings, store, clock, limits } = deps
  const inFlight = new Map<string, Reading>()
  const failed = new LRUCache<string, ReadOutcome>({
    max: 1_000,
    ttl: FAILED_MS,
    perf: { now: clock.monotonicMs },
  })
  /** Reads a document; one of a new client is counted first. */
  const readCounted = async (
    id: string,
    url: URL,
    from: readonly string[],
    isNew: boolean,
  ): Promise<ReadOutcome> =>
    isNew && (await countUnused(limits, from)) > 0 ? BUSY : readDocument(deps, id, url)
  const readOnce = async (
    id: string,
    url: URL,
    from: readonly string[],
    isNew: boolean,
  ): Promise<ReadOutcome> => {
    const known = failed.get(id) ?? inFlight.get(id)?.outcome
    if (known) return known
    if (isFull([...inFlight.values()], url.host, from)) return BUSY
    const outcome = readCounted(id, url, from, isNew).finally(() => inFlight.delete(id))
    inFlight.set(id, { host: url.host, from, outcome })
    const read = await outcome
    if (!read.ruled.ok && read !== BUSY) failed.set(id, read)
    return read
  }
  return {
    client: async (id, from) => {
      if (!settings.documents) return refused('client_unknown')
      const url = readDocumentId(id, settings.loopback_documents)
      if (!url.ok) return url
      const kept = await store.find(id, clock.now())
      if (kept?.fresh_until && kept.fresh_until > clock.now()) return allowed(kept)
      // Nothing is awaited in between, so whoever found nothing kept joins the read in flight.
      const { ruled, outage } = await readOnce(id, url.value, from, !kept)
      return !ruled.ok && outage && kept && isUsableStale(kept, clock.now()) ? allowed(kept) : ruled
    },
  }
}
