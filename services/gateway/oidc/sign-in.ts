// Signs people in by a provider: sends the browser there, and decides whose account the answer is. Knows no page.

import type { Caller, Role } from '../../../shared/contracts/define/contract.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import { openInvitation } from '../accounts/accounts.ts'
import { changeMember } from '../accounts/members.ts'
import { isActive, type Membership, membershipIn, type Person } from '../accounts/person-rules.ts'
import { joinedEvent } from '../accounts/role-rules.ts'
import { callerOf } from '../accounts/sessions.ts'
import { finish } from '../accounts/unfinished.ts'
import type { Invitation, Workspace } from '../accounts/workspace-rules.ts'
import { recordAudit } from '../audit/audit.ts'
import type { Deps } from '../deps.ts'
import { spendOrRefuse } from '../limits/limits.ts'
import { OIDC_STARTS_PER_ADDRESS } from '../limits/policies.ts'
import { sha256 } from '../secrets.ts'
import { connectIdentity } from './identities.ts'
import {
  decideSignUp,
  type Identity,
  identityOf,
  nameOf,
  type OidcRefusal,
  roleOfGroups,
  syncedRole,
} from './oidc-rules.ts'
import type { PendingLink, PendingSignIn } from './oidc-store.ts'
import type { Provider } from './provider.ts'

/** How long a sign-in may take at the provider, and a proof after it (ms). */
export const PENDING_MS = 10 * 60_000
/** How many invitations to one address are looked at. */
const INVITATIONS_LOOKED_AT = 20

/** The browser and where its person goes on. */
export type Begun = Readonly<{ browser: string; waiting: string; address: string }>

/** What came of an answer: somebody is signed in, or has to prove an account first, or neither. */
export type Outcome =
  | Readonly<{
      kind: 'signed_in'
      person: Person
      identity: Identity
      provider: Provider
      waiting: string
      /** The account was made by this answer. */
      fresh?: boolean
    }>
  | Readonly<{ kind: 'proof_needed'; token: string }>
  | Readonly<{ kind: 'refused'; reason: OidcRefusal; provider?: Provider | undefined; detail: string }>

type Refused = Extract<Outcome, { kind: 'refused' }>

const refused = (reason: OidcRefusal, provider?: Provider, detail = ''): Refused => ({
  kind: 'refused',
  reason,
  provider,
  detail,
})

/** The provider of this id; without an id the only one. */
export const findProvider = ({ oidc }: Pick<Deps, 'oidc'>, id: string | undefined): Provider | undefined =>
  id === undefined && oidc.length === 1 ? oidc[0] : oidc.find(({ settings }) => settings.id === id)

/** The provider that is the issuer of a token. It may spell its name otherwise than the operator did. */
export const findProviderOf = async (
  { oidc }: Pick<Deps, 'oidc'>,
  issuer: string | undefined,
): Promise<Provider | undefined> => {
  for (const provider of oidc)
    if (issuer !== undefined && (await provider.discover())?.issuer === issuer) return provider
  return undefined
}

/**
 * Begins a sign-in.
 * @param userId who connects the provider with their account; undefined for somebody who signs in.
 * @returns the address to send the browser to.
 * @throws AppError `rate_limited`.
 */
export const beginSignIn = async (
  deps: Deps,
  provider: Provider,
  { browser, waiting, address }: Begun,
  userId?: string,
): Promise<URL | undefined> => {
  const { ids, clock, store } = deps
  await spendOrRefuse(deps.limits, `provider sign-ins from ${address}`, OIDC_STARTS_PER_ADDRESS)
  const secrets = { state: ids.token(), nonce: ids.token(), code_verifier: ids.token() }
  const url = await provider.authorizationUrl(secrets)
  if (!url) return undefined
  const now = clock.now()
  await store.oidcSignIns.insert({
    _id: sha256(secrets.state),
    browser: sha256(browser),
    provider: provider.settings.id,
    waiting,
    nonce: secrets.nonce,
    code_verifier: secrets.code_verifier,
    user_id: userId ?? null,
    created_at: now,
    expires_at: new Date(now.getTime() + PENDING_MS),
  })
  return url
}

/** The workspace that the provider speaks for: the one that was set, else the oldest. */
const workspaceOf = ({ store }: Deps, { settings }: Provider) =>
  settings.workspace_id === undefined
    ? store.workspaces.oldest()
    : store.workspaces.find(settings.workspace_id)

/** The newest invitation to an address that still works. */
const invitationTo = async (deps: Deps, email: string): Promise<Invitation | undefined> => {
  for (const { _id } of await deps.store.invitations.pendingTo(email, INVITATIONS_LOOKED_AT)) {
    try {
      return await openInvitation(deps, _id)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
    }
  }
  return undefined
}

const membershipFor = ({ ids, clock }: Deps, { _id, name }: Workspace, role: Role): Membership => ({
  id: ids.next(),
  workspace_id: _id,
  workspace_name: name,
  role,
  joined_at: clock.now(),
})

/** Where an answer came from: the browser, the provider of the path, the language of a new account, the address. */
type From = Readonly<{
  browser: string | undefined
  provider: Provider | undefined
  locale: string
  address: string
}>

/** Makes the account of somebody who has none, where the rules allow it. */
const signUp = async (
  deps: Deps,
  provider: Provider,
  identity: Identity,
  { locale, address }: From,
): Promise<Person | Refused> => {
  const { store, ids, clock } = deps
  const { email } = identity
  const invitation = email === undefined ? undefined : await invitationTo(deps, email)
  const facts = { isNew: await store.people.isEmpty(), isInvited: invitation !== undefined }
  const decision = decideSignUp(identity, provider.settings, facts)
  if (decision.by === null) return refused(decision.reason, provider)
  if (email === undefined) return refused('unverified', provider)
  const own = await workspaceOf(deps, provider)
  const workspace = invitation ? await store.workspaces.find(invitation.ws) : own
  if (!workspace) return refused('no_invitation', provider, 'no workspace')
  const given =
    workspace._id === own?._id ? roleOfGroups(identity.groups, provider.settings.roles) : undefined
  const membership = membershipFor(deps, workspace, given ?? invitation?.role ?? 'member')
  const now = clock.now()
  const person: Person = {
    _id: ids.next(),
    v: 1,
    email,
    name: nameOf(identity),
    password_hash: null,
    identities: [{ iss: identity.iss, sub: identity.sub, at: now }],
    memberships: [membership],
    ...(invitation ? { invitation_ids: [invitation._id] } : {}),
    unsettled: invitation ? [{ workspace_id: workspace._id, invitation_id: invitation._id, at: now }] : [],
    locale,
    confirmed_at: now,
    created_at: now,
  }
  const inserted = await store.people.insert(person, [joinedEvent(person, membership)])
  // Of two answers at once one makes the account; the other finds it on its next try.
  if (inserted !== 'inserted') return refused('state', provider, inserted)
  await finish(deps, person)
  await recordAudit(deps, {
    action: 'account.made',
    ws: [workspace._id],
    by: { user_id: person._id, name: person.name, via: 'oidc' },
    address,
    target: { provider: provider.settings.name, by: decision.by },
    outcome: 'done',
  })
  return person
}

/** The caller in whose name a provider sets roles: the groups were made there, so nobody here is asked. */
const providerCaller = (person: Person, membership: Membership, { settings }: Provider): Caller => ({
  ...callerOf(person, { ...membership, role: 'owner' }),
  user_name: settings.name,
  client_id: 'oidc',
  client_name: settings.name,
})

/** Gives a member the role that their groups give. The last owner stays one. */
export const syncRole = async (
  deps: Deps,
  provider: Provider,
  person: Person,
  identity: Pick<Identity, 'groups'>,
): Promise<Person> => {
  const workspace = await workspaceOf(deps, provider)
  const membership = workspace && membershipIn(person, workspace._id)
  const role = membership && syncedRole(membership.role, identity, provider.settings)
  if (!membership || role === undefined) return person
  try {
    await changeMember(deps, providerCaller(person, membership, provider), person._id, role)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'forbidden') throw error
    deps.log.warn('the last owner of a workspace keeps their role, whatever their groups say', {
      provider: provider.settings.name,
      user_id: person._id,
    })
  }
  return (await deps.store.people.byId(person._id)) ?? person
}

/** Keeps the identity until its person has proved that the account is theirs. */
const askForProof = async (
  deps: Deps,
  pending: PendingSignIn,
  identity: Identity,
  userId: string,
): Promise<Outcome> => {
  const token = deps.ids.token()
  const now = deps.clock.now()
  const { iss, sub, sid, groups, email, name, second_factor } = identity
  await deps.store.oidcLinks.insert({
    _id: sha256(token),
    browser: pending.browser,
    provider: pending.provider,
    waiting: pending.waiting,
    user_id: userId,
    iss,
    sub,
    sid: sid ?? null,
    shown: email ?? name ?? sub,
    groups: [...groups],
    second_factor,
    // Only of somebody who signs in was the account found by it.
    email: pending.user_id === null ? (email ?? null) : null,
    created_at: now,
    expires_at: new Date(now.getTime() + PENDING_MS),
  })
  return { kind: 'proof_needed', token }
}

const decide = async (
  deps: Deps,
  provider: Provider,
  { pending, identity, from }: Readonly<{ pending: PendingSignIn; identity: Identity; from: From }>,
): Promise<Outcome> => {
  const { people } = deps.store
  const { waiting } = pending
  const known = await people.byIdentity(identity.iss, identity.sub)
  if (pending.user_id !== null && known?._id !== pending.user_id)
    return known ? refused('of_another', provider) : askForProof(deps, pending, identity, pending.user_id)
  if (known && !isActive(known)) return refused('deactivated', provider)
  if (known) {
    const person = await syncRole(deps, provider, known, identity)
    return { kind: 'signed_in', person, identity, provider, waiting }
  }
  const same = identity.email === undefined ? null : await people.byEmail(identity.email)
  if (same) return askForProof(deps, pending, identity, same._id)
  const made = await signUp(deps, provider, identity, from)
  return 'kind' in made ? made : { kind: 'signed_in', person: made, identity, provider, waiting, fresh: true }
}

/**
 * Takes the answer of a provider. What it belongs to is used up first, so of several at once one counts.
 * @param answer the parameters that came back.
 */
export const finishAnswer = async (deps: Deps, answer: URLSearchParams, from: From): Promise<Outcome> => {
  const { browser, provider } = from
  if (!provider) return refused('unknown_provider')
  const state = answer.get('state') ?? ''
  const pending =
    browser === undefined || state === ''
      ? null
      : await deps.store.oidcSignIns.take(sha256(state), sha256(browser), deps.clock.now())
  if (!pending) return refused('state', provider)
  if (pending.provider !== provider.settings.id) return refused('issuer', provider, 'the path of another')
  const { nonce, code_verifier } = pending
  const exchanged = await provider.exchange(answer, { state, nonce, code_verifier })
  if (!exchanged.ok) return refused(exchanged.reason, provider, exchanged.detail)
  const identity = identityOf(exchanged.claims, provider.settings)
  if (typeof identity === 'string') return refused(identity, provider)
  return decide(deps, provider, { pending, identity, from })
}

/** A link that waits for its proof, and the account that it is about. */
export type OpenLink = Readonly<{ link: PendingLink; person: Person; provider: Provider }>

/** The link of this browser; undefined when it was used or has expired. */
export const findLink = async (
  deps: Deps,
  token: string | undefined,
  browser: string | undefined,
): Promise<OpenLink | undefined> => {
  if (token === undefined || browser === undefined) return undefined
  const link = await deps.store.oidcLinks.find(sha256(token), sha256(browser), deps.clock.now())
  const person = link && (await deps.store.people.byId(link.user_id))
  const provider = link ? findProvider(deps, link.provider) : undefined
  return link && person && provider ? { link, person, provider } : undefined
}

/** Connects the identity with the account that was proved, once. */
export const completeLink = async (deps: Deps, { link, provider }: OpenLink): Promise<Outcome> => {
  const { iss, sub, browser } = link
  if (!(await deps.store.oidcLinks.take(link._id, browser, deps.clock.now())))
    return refused('link_over', provider)
  const saved = await connectIdentity(deps, link.user_id, { iss, sub })
  if (saved === 'gone') return refused('link_over', provider)
  if (saved === 'identity_taken') return refused('of_another', provider)
  if (saved === 'deactivated') return refused('deactivated', provider)
  const identity: Identity = {
    iss,
    sub,
    sid: link.sid ?? undefined,
    groups: link.groups,
    second_factor: link.second_factor,
    email: undefined,
    name: undefined,
  }
  const person = await syncRole(deps, provider, saved, identity)
  return { kind: 'signed_in', person, identity, provider, waiting: link.waiting }
}
