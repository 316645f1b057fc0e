// Every query of the gateway's stores over thousands of documents uses an index and reads hardly more than it answers, by
// the database's own profile.
import type { Db, Document } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  openPeopleStores,
  type PeopleStore,
  type Session,
} from '../../services/gateway/accounts/account-store.ts'
import { type LinkStores, openLinkStores } from '../../services/gateway/accounts/link-store.ts'
import type { Person } from '../../services/gateway/accounts/person-rules.ts'
import type { PersonalToken } from '../../services/gateway/accounts/personal-token-rules.ts'
import {
  openPersonalTokenStore,
  type PersonalTokenStore,
} from '../../services/gateway/accounts/personal-token-store.ts'
import type { ServiceAccount } from '../../services/gateway/accounts/service-account-rules.ts'
import {
  openServiceAccountStore,
  type ServiceAccountStore,
} from '../../services/gateway/accounts/service-account-store.ts'
import type { Invitation } from '../../services/gateway/accounts/workspace-rules.ts'
import { openWorkspaceStores } from '../../services/gateway/accounts/workspace-store.ts'
import {
  type AuditRecord,
  CHAIN_START,
  type ChainEntry,
  chained,
} from '../../services/gateway/audit/audit-rules.ts'
import { type AuditStore, openAuditStore } from '../../services/gateway/audit/audit-store.ts'
import { openLimitStore } from '../../services/gateway/limits/limit-store.ts'
import type { Client, Grant } from '../../services/gateway/oauth/model.ts'
import { type OAuthStores, openOAuthStores } from '../../services/gateway/oauth/oauth-store.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { ids } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

const MANY = 2_000
const MEMBERS = 100
const PAGE = 20
const WS = ids.next()
const NOW = clock.now()
const LATER = new Date(NOW.getTime() + 60 * 60_000)

let mongo: Mongo
let db: Db
let people: PeopleStore
let oauth: OAuthStores
let links: LinkStores
let tokens: PersonalTokenStore
let accounts: ServiceAccountStore
let audit: AuditStore
let stores: Awaited<ReturnType<typeof openPeopleStores>> &
  Awaited<ReturnType<typeof openWorkspaceStores>> &
  Awaited<ReturnType<typeof openLimitStore>>

const persons = Array.from(
  { length: MANY },
  (_, n): Person => ({
    _id: ids.next(),
    v: 1,
    email: `person${n}@example.com`,
    name: `Person ${n}`,
    password_hash: '',
    memberships: [
      { workspace_id: n < MEMBERS ? WS : ids.next(), workspace_name: 'W', role: 'member', joined_at: NOW },
    ],
    ...(n % 2 === 0 ? { invitation_ids: [ids.next()] } : {}),
    unsettled: n % 500 === 0 ? [{ workspace_id: WS, at: NOW }] : [],
    locale: 'en',
    created_at: NOW,
  }),
)
const invitations = Array.from(
  { length: MANY },
  (_, n): Invitation => ({
    _id: ids.next(),
    ws: n % 2 === 0 ? WS : ids.next(),
    v: 1,
    outbox: [],
    ledger: [],
    email: `guest${n}@example.com`,
    role: 'member',
    invited_by: { user_id: WS, name: 'Ann', client: 'web' },
    status: n % 4 === 0 ? 'pending' : 'accepted',
    created_at: NOW,
    expires_at: LATER,
    purge_at: LATER,
  }),
)
const clients = Array.from(
  { length: MANY },
  (): Client => ({
    _id: ids.next(),
    name: 'App',
    redirect_uris: [],
    grant_types: [],
    auth_method: 'none',
    metadata: {},
    created_at: NOW,
    expires_at: LATER,
  }),
)
const grants = clients.map(
  ({ _id }): Grant => ({
    _id: ids.next(),
    client_id: _id,
    client_name: 'App',
    redirect_uri: '',
    user_id: ids.next(),
    ws: WS,
    scopes: [],
    resource: '',
    code: { challenge: '', expires_at: LATER, used_at: NOW },
    gen: 1,
    rotated_at: NOW,
    used_gen: 0,
    last_used_at: null,
    revoked: null,
    ended_tokens: [],
    created_at: NOW,
    expires_at: LATER,
    ends_at: LATER,
    purge_at: LATER,
  }),
)
const sessions = persons.map(
  ({ _id }): Session => ({
    _id: ids.next(),
    user_id: _id,
    workspace_id: WS,
    created_at: NOW,
    expires_at: LATER,
  }),
)

const personalTokens = persons.map(
  ({ _id }, n): PersonalToken => ({
    _id: ids.next(),
    hash: `hash ${n}`,
    ending: '',
    name: 'CI',
    user_id: _id,
    password_version: 1,
    ws: WS,
    scopes: [],
    last_used_on: null,
    created_at: NOW,
    expires_at: LATER,
    purge_at: LATER,
  }),
)
const serviceAccounts = persons.map(
  ({ name }, n): ServiceAccount => ({
    _id: ids.next(),
    ws: n % 2 === 0 ? WS : ids.next(),
    v: 1,
    name,
    scopes: [],
    secret_hash: '',
    secret_version: 1,
    secret_made_at: NOW,
    disabled: false,
    created_by: { user_id: WS, name: 'Ann', client: 'web' },
    created_at: NOW,
  }),
)

/** A minute between two entries of the log; each of two people does each of two things in turn. */
const MINUTE_MS = 60_000
const auditors = [ids.next(), ids.next()]
const momentOf = (n: number): Date => new Date(NOW.getTime() - (MANY - n) * MINUTE_MS)
const auditRecord = (n: number): AuditRecord => ({
  id: ids.next(),
  at: momentOf(n).toISOString(),
  action: n % 4 < 2 ? 'token.made' : 'token.revoked',
  by: { user_id: auditors[n % 2] ?? null, name: 'Ann', via: 'web' },
  address: null,
  target: {},
  outcome: 'done',
})
const chainOf = (ws: string, length: number): ChainEntry[] => {
  const entries: ChainEntry[] = []
  for (let n = 0; n < length; n += 1) entries.push(chained(ws, entries.at(-1) ?? CHAIN_START, auditRecord(n)))
  return entries
}
const storedEntry = ({ at, ...entry }: ChainEntry): Document => ({
  ...entry,
  _id: `${entry.id} ${entry.ws}`,
  at: new Date(at),
  outbox: [],
})
const auditEntries = [...chainOf(WS, MANY), ...chainOf(ids.next(), MANY)]
/** From the middle of the log on, by two of its filters, and by all. */
const half = { from: momentOf(MANY / 2 - 100), before: momentOf(MANY / 2 + 100) }
const middle = { at: momentOf(MANY / 2), seq: MANY / 2 + 1 }
const oneActor = auditors[0] ?? ''

beforeAll(async () => {
  mongo = await connectMongo(freshStack().mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  db = mongo.database('gateway')
  const aggregate = { service: 'gateway', clock, ids, onCommit: () => undefined }
  stores = {
    ...(await openPeopleStores(db, aggregate)),
    ...(await openWorkspaceStores(db, aggregate)),
    ...(await openLimitStore(db)),
  }
  people = stores.people
  links = await openLinkStores(db, aggregate)
  // The index by which an earlier release found a person's grants.
  await db.collection('grants').createIndex({ user_id: 1, ws: 1 }, { name: 'person' })
  oauth = await openOAuthStores(db)
  tokens = await openPersonalTokenStore(db)
  accounts = await openServiceAccountStore(db)
  await db.collection<PersonalToken>('personal_tokens').insertMany(personalTokens)
  await db.collection<ServiceAccount>('service_accounts').insertMany(serviceAccounts)
  await db.collection<Person>('people').insertMany(persons)
  await db.collection<Invitation>('invitations').insertMany(invitations)
  await db.collection<Client>('clients').insertMany(clients)
  await db.collection<Grant>('grants').insertMany(grants)
  await db.collection<Session>('sessions').insertMany(sessions)
  audit = await openAuditStore(db, aggregate)
  await db.collection('audit').insertMany(auditEntries.map(storedEntry))
  await db
    .collection('audit_pending')
    .insertMany(persons.map(({ _id }, n) => ({ _id, due_at: n < PAGE ? NOW : LATER }) as Document))
  await db.command({ profile: 2 })
})
afterAll(() => mongo?.[Symbol.asyncDispose]())

type Profiled = Readonly<{ plan: string; docs: number; keys: number }>

const profiled = async (work: () => Promise<unknown>): Promise<Profiled[]> => {
  const marker = ids.next()
  await db.collection('people').findOne({ _id: marker } as Document)
  await work()
  const entries = await db
    .collection('system.profile')
    .find({ ns: { $not: /system\.profile$/ }, op: { $ne: 'insert' } })
    .sort({ $natural: -1 })
    .limit(20)
    .toArray()
  const marked = entries.findIndex(({ command }) => command?.filter?._id === marker)
  return entries.slice(0, marked).map(({ planSummary, docsExamined, keysExamined }) => ({
    plan: String(planSummary ?? ''),
    docs: Number(docsExamined ?? 0),
    keys: Number(keysExamined ?? 0),
  }))
}

const one = persons[7] as Person
const invited = persons[8]?.invitation_ids?.[0] ?? ''
const guest = invitations[4] as Invitation
const grant = grants[7] as Grant
const dates = { now: NOW, expires_at: LATER, purge_at: LATER }

/** Each query, and how many documents it may read at most. */
const QUERIES: readonly (readonly [string, number, () => Promise<unknown>])[] = [
  ['people.byId', 1, () => people.byId(one._id)],
  ['people.byEmail', 1, () => people.byEmail(one.email)],
  ['people.byInvitation', 1, () => people.byInvitation(invited)],
  ['people.isEmpty', 1, () => people.isEmpty()],
  ['people.members', PAGE, () => people.members(WS, { limit: PAGE })],
  ['people.members after one', PAGE, () => people.members(WS, { limit: PAGE, after: one._id })],
  [
    'people.members by id',
    2,
    () => people.members(WS, { limit: PAGE, user_ids: [one._id, persons[9]!._id] }),
  ],
  ['people.countMembers', MEMBERS, () => people.countMembers(WS)],
  ['people.managers', MEMBERS, () => people.managers(WS, PAGE)],
  ['people.countOwners', MEMBERS, () => people.countOwners(WS)],
  ['people.outbox', 0, () => people.outbox.pending(LATER, PAGE)],
  ['people.unfinished', 4, () => people.unfinished(LATER, PAGE)],
  ['people.markFinished', 1, () => people.markFinished(one._id, WS)],
  ['sessions.find', 1, () => stores.sessions.find(sessions[3]!._id, NOW)],
  ['sessions.list', 1, () => stores.sessions.list(one._id, NOW, PAGE)],
  ['sessions.removeOf', 1, () => stores.sessions.removeOf(sessions[7]!.user_id, sessions[7]!._id)],
  ['sessions.removeOthers', 0, () => stores.sessions.removeOthers(ids.next(), undefined)],
  ['people.setPassword', 1, () => people.setPassword(persons[11]!, '', undefined, [])],
  ['resets.find', 0, () => links.resets.find(WS)],
  ['resets.outbox', 0, () => links.resets.outbox.pending(LATER, PAGE)],
  ['throttles.find', 0, () => stores.throttles.find('account x')],
  ['workspaces.find', 0, () => stores.workspaces.find(WS)],
  ['workspaces.changing', 0, () => stores.workspaces.changing(LATER, PAGE)],
  ['workspaces.endChange', 0, () => stores.workspaces.endChange(WS, WS)],
  ['invitations.find', 1, () => stores.invitations.find(guest._id)],
  ['invitations.findPending', 1, () => stores.invitations.findPending(WS, guest.email)],
  ['invitations.listPending', PAGE, () => stores.invitations.listPending(WS, PAGE)],
  ['invitations.outbox', 0, () => stores.invitations.outbox.pending(LATER, PAGE)],
  ['clients.find', 1, () => oauth.clients.find(clients[5]!._id, NOW)],
  ['clients.put', 1, () => oauth.clients.put(clients[5]!)],
  ['clients.keep', 1, () => oauth.clients.keep(clients[5]!._id, LATER)],
  ['grants.find', 1, () => oauth.grants.find(grant._id)],
  ['grants.inForce', 1, () => oauth.grants.inForce(grant.user_id, NOW, PAGE)],
  ['grants.ofWorkspace', PAGE, () => oauth.grants.ofWorkspace(WS, NOW, PAGE)],
  ['grants.ofClient', 1, () => oauth.grants.ofClient(grant.ws, grant.client_id)],
  ['grants.revokeClient', 1, () => oauth.grants.revokeClient(grants[9]!.ws, grants[9]!.client_id, NOW)],
  ['grants.rotate', 1, () => oauth.grants.rotate(grant._id, 1, dates)],
  ['grants.markUsed', 1, () => oauth.grants.markUsed(grant._id, 2, NOW)],
  ['personalTokens.byHash', 1, () => tokens.byHash('hash 9')],
  ['personalTokens.ofWorkspace', PAGE, () => tokens.ofWorkspace(WS, PAGE)],
  ['personalTokens.byHash of none', 0, () => tokens.byHash('nothing')],
  ['personalTokens.replace', 1, () => tokens.replace(personalTokens[4]!, personalTokens[4]!)],
  ['workspaces.accessRules', 0, () => stores.workspaces.accessRules(WS)],
  ['personalTokens.endingSoon', PAGE, () => tokens.endingSoon(NOW, LATER, PAGE)],
  ['personalTokens.markWarned', 1, () => tokens.markWarned(personalTokens[5]!, NOW)],
  ['personalTokens.list', 1, () => tokens.list(one._id, PAGE)],
  ['personalTokens.list of a workspace', 1, () => tokens.list(one._id, PAGE, WS)],
  ['personalTokens.markUsed', 1, () => tokens.markUsed(personalTokens[3]!._id, '2026-11-27')],
  ['personalTokens.remove', 1, () => tokens.remove(one._id, personalTokens[7]!._id)],
  ['personalTokens.removeAll', 1, () => tokens.removeAll(persons[12]!._id)],
  ['serviceAccounts.find', 1, () => accounts.find(serviceAccounts[5]!._id)],
  ['serviceAccounts.list', PAGE, () => accounts.list(WS, PAGE)],
  ['serviceAccounts.save', 1, () => accounts.save(serviceAccounts[5]!, serviceAccounts[5]!)],
  ['serviceAccounts.remove', 1, () => accounts.remove(WS, serviceAccounts[6]!._id)],
  ['audit.read', PAGE, () => audit.read(WS, MANY / 2, PAGE)],
  ['audit.byTime', PAGE, () => audit.byTime(WS, {}, 'newest first', PAGE)],
  ['audit.byTime after one', PAGE + 1, () => audit.byTime(WS, {}, 'newest first', PAGE, middle)],
  ['audit.byTime oldest first', PAGE + 1, () => audit.byTime(WS, half, 'oldest first', PAGE, middle)],
  ['audit.byTime of days', PAGE, () => audit.byTime(WS, half, 'newest first', PAGE)],
  ['audit.byTime of days after one', PAGE + 1, () => audit.byTime(WS, half, 'newest first', PAGE, middle)],
  [
    'audit.byTime of days and a person',
    PAGE + 1,
    () => audit.byTime(WS, { ...half, user_id: oneActor }, 'newest first', PAGE, middle),
  ],
  [
    'audit.byTime of days and an action',
    PAGE + 1,
    () => audit.byTime(WS, { ...half, action: 'token.revoked' }, 'oldest first', PAGE, middle),
  ],
  [
    'audit.byTime of days, a person and an action',
    PAGE + 1,
    () => audit.byTime(WS, { ...half, user_id: oneActor, action: 'token.made' }, 'newest first', PAGE),
  ],
  [
    'audit.byTime of days without entries',
    0,
    () => audit.byTime(WS, { before: new Date(0) }, 'newest first', PAGE),
  ],
  ['audit.append', 1, () => audit.append(WS, auditRecord(MANY))],
  ['audit.append of what is there', 1, () => audit.append(WS, auditEntries[3]!)],
  ['audit.anchor', 0, () => audit.anchor(WS)],
  ['audit.chains', 3, () => audit.chains()],
  ['audit.outbox', 0, () => audit.outbox.pending(new Date(0), PAGE)],
  ['audit.settle', 1, () => audit.settle(persons[3]!._id, { outcome: 'done' }, LATER)],
  ['audit.end', 1, () => audit.end(persons[4]!._id)],
  ['audit.leftBehind', PAGE, () => audit.leftBehind(NOW, PAGE)],
  ['audit.forget', PAGE, () => audit.forget(momentOf(PAGE), PAGE)],
  ['grants.keep', 1, () => oauth.grants.keep(grant)],
  ['grants.revoke', 1, () => oauth.grants.revoke(grant._id, 'revoked_by_client', NOW)],
]

test.each(QUERIES)('%s reads through an index and at most %i documents', async (_, documents, query) => {
  const commands = await profiled(query)
  expect(commands.length).toBeGreaterThan(0)
  for (const { plan, docs, keys } of commands) {
    expect(plan).toMatch(/^(IXSCAN|IDHACK|COUNT_SCAN|DISTINCT_SCAN|EXPRESS|EOF)/)
    expect(docs).toBeLessThanOrEqual(documents)
    expect(keys).toBeLessThanOrEqual(2 * documents + 2)
  }
})

test('an_index_that_is_no_longer_used_is_dropped', async () => {
  const names = (await db.collection('grants').indexes()).map(({ name }) => name)
  expect(names.toSorted()).toEqual(['_id_', 'connections', 'of_client', 'of_workspace', 'purge'])
})

test('expired_documents_are_deleted', async () => {
  const expiring = {
    sessions: 'expires_at',
    throttles: 'expires_at',
    clients: 'expires_at',
    requests: 'expires_at',
  }
  const purged = {
    invitations: 'purge_at',
    grants: 'purge_at',
    password_resets: 'purge_at',
    personal_tokens: 'purge_at',
  }
  for (const [collection, field] of Object.entries({ ...expiring, ...purged })) {
    const indexes = await db.collection(collection).indexes()
    expect(indexes.filter(({ expireAfterSeconds }) => expireAfterSeconds === 0)).toMatchObject([
      { key: { [field]: 1 } },
    ])
  }
})
