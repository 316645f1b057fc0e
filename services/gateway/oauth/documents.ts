// Clients that are known by a document at the address that is their id: read when a person is asked, kept with the other
// clients, so that the token endpoint never waits for another site.
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../../shared/clock.ts'
import type { Log } from '../../../shared/log.ts'
import { type FetchOptions, fetchDocument } from './document-fetch.ts'
import { checkDocument, freshUntil, readDocumentId } from './document-rules.ts'
import type { Client } from './model.ts'
import { allowed, type Refusal, type Ruled, refused } from './refusals.ts'
import type { OAuthSettings } from './settings.ts'
import type { ClientStore } from './store.ts'

/** How long a document that could not be had is not asked for again (ms). */
const FAILED_MS = 10_000
/** Documents that are fetched at once, so that nobody can have this machine ask at many places. */
const AT_ONCE = 16
/** A client that nobody has allowed anything is forgotten after this. */
const UNUSED_MS = 24 * 60 * 60_000

export type Documents = Readonly<{
  /** The client of a document's address. */
  client: (id: string) => Promise<Ruled<Client>>
}>

type DocumentDeps = Readonly<{
  settings: Pick<OAuthSettings, 'documents' | 'loopback_documents'>
  store: ClientStore
  clock: Clock
  log: Log
  lookup?: FetchOptions['lookup']
}>

const look = async (deps: DocumentDeps, id: string, url: URL): Promise<Ruled<Client>> => {
  const { settings, store, clock, log, lookup } = deps
  const fetched = await fetchDocument(url, {
    loopback: settings.loopback_documents,
    ...(lookup ? { lookup } : {}),
  })
  if (!fetched.ok) {
    log.info('no client document', { client_id: id, fault: fetched.fault })
    return refused('client_document_unreachable')
  }
  const ruled = checkDocument(id, fetched.body)
  if (!ruled.ok) return ruled
  const now = clock.now()
  const { name, redirect_uris, grant_types, auth_method, auth_method_open, metadata } = ruled.value
  const client: Client = {
    _id: id,
    name,
    redirect_uris,
    grant_types,
    auth_method,
    auth_method_open,
    metadata,
    created_at: now,
    expires_at: new Date(now.getTime() + UNUSED_MS),
    fresh_until: freshUntil(fetched.marks, now),
  }
  await store.put(client)
  return allowed(client)
}

/** Makes the reader of documents: one per process. Whoever asks for the same at once waits for one fetch. */
export const openDocuments = (deps: DocumentDeps): Documents => {
  const { settings, store, clock } = deps
  const underWay = new Map<string, Promise<Ruled<Client>>>()
  const failed = new LRUCache<string, Refusal>({
    max: 1_000,
    ttl: FAILED_MS,
    perf: { now: clock.monotonicMs },
  })
  const lookOnce = (id: string, url: URL): Promise<Ruled<Client>> => {
    const before = underWay.get(id)
    if (before) return before
    if (underWay.size >= AT_ONCE) return Promise.resolve(refused('client_documents_busy'))
    const looked = look(deps, id, url).finally(() => underWay.delete(id))
    underWay.set(id, looked)
    return looked
  }
  return {
    client: async (id) => {
      if (!settings.documents) return refused('client_unknown')
      const url = readDocumentId(id, settings.loopback_documents)
      if (!url.ok) return url
      const kept = await store.find(id, clock.now())
      if (kept?.fresh_until && kept.fresh_until > clock.now()) return allowed(kept)
      const known = failed.get(id)
      if (known) return refused(known)
      const looked = await lookOnce(id, url.value)
      if (!looked.ok && looked.reason !== 'client_documents_busy') failed.set(id, looked.reason)
      return looked
    },
  }
}
