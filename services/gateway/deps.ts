// What the gateway's parts depend on: one plain object, filled once per process. Decides nothing.
import { callByName, client } from '../../shared/bus/client.ts'
import type { Call, Client, Contract } from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { notifier } from '../../shared/contracts/notifier/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Config } from '../../shared/process/config.ts'
import type { FaultPoint } from '../../shared/process/fault-points.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { Log } from '../../shared/process/log.ts'
import type { Host } from '../../shared/service.ts'
import type { AggregateDeps } from '../../shared/storage/aggregate.ts'
import { eraseNames, type Forgotten } from '../../shared/storage/erase-names.ts'
import { type Erasure, openErasure } from '../../shared/storage/erasure.ts'
import { openPeopleStores, type PeopleStore, type SessionStore } from './accounts/account-store.ts'
import { type FactorStores, openFactorStores } from './accounts/factor-store.ts'
import { type InstallationStore, openInstallationStore } from './accounts/installation-store.ts'
import { type LinkStores, openLinkStores } from './accounts/link-store.ts'
import { createPasswords, type Passwords } from './accounts/passwords.ts'
import { openPersonalTokenStore, type PersonalTokenStore } from './accounts/personal-token-store.ts'
import { openServiceAccountStore, type ServiceAccountStore } from './accounts/service-account-store.ts'
import type { SessionLimits } from './accounts/session-rules.ts'
import { type InvitationStore, openWorkspaceStores, type WorkspaceStore } from './accounts/workspace-store.ts'
import { type AuditStore, openAuditStore } from './audit/audit-store.ts'
import { ERASURES } from './erasures.ts'
import { type ClientAddressOf, clientAddress } from './http/address.ts'
import { openLimitStore } from './limits/limit-store.ts'
import { createLimits, type Limits } from './limits/limits.ts'
import { type Documents, openDocuments } from './oauth/documents.ts'
import { type Issuers, openIssuers } from './oauth/enterprise.ts'
import { type KeySets, openKeySets } from './oauth/key-sets.ts'
import { type Keys, openKeys } from './oauth/keys.ts'
import { type OAuthStores, openOAuthStores } from './oauth/oauth-store.ts'
import { type OAuthSettings, oauthSettings } from './oauth/settings.ts'
import { type OidcStores, openOidcStores } from './oidc/oidc-store.ts'
import { openProvider, type Provider } from './oidc/provider.ts'
import { providersOf } from './oidc/settings.ts'
import { openSecrets, type Secrets } from './secrets.ts'
import { openUploads, type UploadStore } from './web/import/import-store.ts'

const DAY_MS = 24 * 60 * 60_000

/** Every collection of the gateway but those that limits count in. */
export type Stores = OAuthStores &
  LinkStores &
  FactorStores &
  OidcStores &
  Readonly<{
    audit: AuditStore
    people: PeopleStore
    sessions: SessionStore
    personalTokens: PersonalTokenStore
    serviceAccounts: ServiceAccountStore
    installation: InstallationStore
    workspaces: WorkspaceStore
    invitations: InvitationStore
    uploads: UploadStore
    /** Erases a name from a page of documents; see eraseNames. Nothing changes the audit log. */
    eraseNames: (whose: Forgotten) => Promise<string | null>
  }>

export type Deps = Readonly<{
  /** The origin that browsers and clients use, without a trailing slash; also the issuer of tokens. */
  public_url: string
  sign_up: Config['SIGN_UP']
  /** Who may sign in with a password. */
  passwords_for: Config['PASSWORDS']
  /** The identity providers, none without single sign-on. */
  oidc: readonly Provider[]
  session_limits: SessionLimits
  oauth: OAuthSettings
  documents: Documents
  /** The key sets of service accounts that keep them at an address. */
  keySets: KeySets
  /** The identity providers whose assertions become tokens. */
  issuers: Issuers
  limits: Limits
  log: Log
  clock: Clock
  ids: Ids
  /** Tests kill the process at these steps. */
  at: FaultPoint
  store: Stores
  /** The workspaces that were deleted, and what is erased of them. */
  erasure: Erasure
  secrets: Secrets
  keys: Keys
  passwords: Passwords
  loops: Client<typeof loopsQueue>
  tasks: Client<typeof tasks>
  notifier: Client<typeof notifier>
  /** For how many days the audit log is kept. */
  audit_days: number
  /** Every service, for the pages that they declare. */
  contracts: readonly Contract[]
  /** Calls an operation of a service by its name. */
  ask: (contract: Contract, operation: string, input: unknown, call: Call) => Promise<unknown>
  /** The address by which limits count a request. */
  addressOf: ClientAddressOf
}>

/** Opens every collection: gateways do, and commands of the operator. */
export const openStores = async (
  db: Parameters<typeof openPeopleStores>[0],
  aggregate: AggregateDeps,
): Promise<Stores> => ({
  audit: await openAuditStore(db, aggregate),
  ...(await openPeopleStores(db, aggregate)),
  ...(await openLinkStores(db, aggregate)),
  ...(await openFactorStores(db)),
  personalTokens: await openPersonalTokenStore(db),
  serviceAccounts: await openServiceAccountStore(db),
  installation: await openInstallationStore(db, aggregate.ids),
  ...(await openWorkspaceStores(db, aggregate)),
  ...(await openOAuthStores(db)),
  ...(await openOidcStores(db)),
  uploads: await openUploads(db),
  eraseNames: (whose) => eraseNames(db, whose, ['audit', 'audit_pending']),
})

/**
 * Opens the collections, keys and clients of the gateway, and publishes the events of its people and workspaces.
 * @param publicUrl the origin that clients use, if not the configured one: a port may have been chosen at start.
 * @throws AppError `unavailable` when the keys in the database were made with another LOOPS_SECRET.
 */
export const openDeps = async (host: Host, publicUrl: string = host.config.PUBLIC_URL): Promise<Deps> => {
  const { config, log, clock, ids, at, bus, relay } = host
  const db = host.mongo.database('gateway')
  const secrets = openSecrets(bus.keys)
  const aggregate = { service: 'gateway', clock, ids, onCommit: relay.onCommit }
  const store = await openStores(db, aggregate)
  relay.watch(store.people.outbox)
  relay.watch(store.workspaces.outbox)
  relay.watch(store.invitations.outbox)
  relay.watch(store.resets.outbox)
  relay.watch(store.accountMails.outbox)
  relay.watch(store.audit.outbox)
  const oauth = oauthSettings(config)
  const limits = createLimits({ store: await openLimitStore(db), clock, log })
  return {
    public_url: publicUrl,
    sign_up: config.SIGN_UP,
    passwords_for: config.PASSWORDS,
    oidc: providersOf(config).map((settings) => openProvider(settings, publicUrl, { clock, log })),
    session_limits: {
      lasts_ms: config.SESSION_DAYS * DAY_MS,
      idle_ms: config.SESSION_IDLE_DAYS * DAY_MS,
    },
    oauth,
    limits,
    keySets: openKeySets({ loopback: oauth.loopback_documents, clock, log }),
    issuers: openIssuers({ issuers: oauth.enterprise_issuers, clock, log }),
    documents: openDocuments({ settings: oauth, store: store.clients, limits, clock, log }),
    log,
    clock,
    ids,
    at,
    store,
    erasure: await openErasure(db, ERASURES, { clock, at, log: log.child('erase') }),
    secrets,
    keys: await openKeys({ store: store.keys, secrets: secrets.signing_keys, clock }),
    passwords: await createPasswords(ids.token()),
    loops: client(bus, loopsQueue),
    tasks: client(bus, tasks),
    notifier: client(bus, notifier),
    audit_days: config.AUDIT_DAYS,
    contracts: CONTRACTS,
    ask: (contract, operation, input, call) => callByName(bus, contract, operation, input, call),
    addressOf: clientAddress(config.TRUSTED_PROXIES),
  }
}
