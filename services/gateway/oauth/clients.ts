// Clients: dynamic registration (RFC 7591), and authentication at the token endpoint (RFC 6749 §2.3).
import type { ServiceAccount } from '../accounts/service-account-rules.ts'
import type { Deps } from '../deps.ts'
import { field } from '../http/forms.ts'
import type { Limits } from '../limits/limits.ts'
import { PER_ADDRESS, REGISTRATIONS_A_DAY } from '../limits/policies.ts'
import { sha256 } from '../secrets.ts'
import { ASSERTION_TYPE } from './assertion-rules.ts'
import { acceptAssertion, subjectOf } from './assertions.ts'
import { type Credentials, checkCredentials } from './grant-rules.ts'
import { type Client, type Grant, KEY_METHOD } from './model.ts'
import { allowed, type Ruled, refused } from './refusals.ts'
import { checkRegistration } from './registration.ts'

const DAY_MS = 24 * 60 * 60_000
/** How long an unused registration is kept (ms). Anybody can make one, and some apps register at each start. */
const UNUSED_MS = DAY_MS
/** The same for one made with the operator's token. It belongs to a service, whose first person may come much later. */
const UNUSED_INVITED_MS = 90 * DAY_MS
/** How long one made by the operator's own hand is kept, used or not (ms): until it is removed. */
const PREREGISTERED_MS = 100 * 365 * DAY_MS
/** How long a used registration is kept after its last grant can have ended (ms). */
const AFTER_GRANT_MS = 90 * DAY_MS

/**
 * Who registers. `invited`: with the initial access token that the operator gives out (RFC 7591 §3); `operator`: the operator
 * by a command, so that registration can be off.
 */
export type Registrant = Readonly<{ invited: boolean; operator?: true }>

/**
 * Counts one more client that is kept unused, whether registered or described by a document.
 * @param from the parties that it counts for: an address and its network.
 * @returns 0, or how long to wait (ms).
 */
export const countUnused = (limits: Pick<Limits, 'spendShare'>, from: readonly string[]): Promise<number> =>
  limits.spendShare('unused clients', REGISTRATIONS_A_DAY, from)

const keptFor = ({ invited, operator }: Registrant): number => {
  if (operator) return PREREGISTERED_MS
  return invited ? UNUSED_INVITED_MS : UNUSED_MS
}

/** Registers a client. The answer is the only one with its secret. */
export const register = async (
  deps: Pick<Deps, 'clock' | 'ids'> &
    Readonly<{
      store: Readonly<{ clients: Pick<Deps['store']['clients'], 'insert'> }>
      oauth: Pick<Deps['oauth'], 'redirect_schemes'>
    }>,
  body: unknown,
  registrant: Registrant,
): Promise<Ruled<Record<string, unknown>>> => {
  const ruled = checkRegistration(body, deps.oauth.redirect_schemes)
  if (!ruled.ok) return ruled
  const { name, redirect_uris, grant_types, response_types, auth_method, metadata } = ruled.value
  const now = deps.clock.now()
  const secret = auth_method === 'none' ? undefined : deps.ids.token()
  const client: Client = {
    _id: deps.ids.next(),
    name,
    redirect_uris,
    grant_types,
    auth_method,
    ...(secret === undefined ? {} : { secret_hash: sha256(secret) }),
    metadata,
    ...(registrant.operator ? { preregistered: true } : {}),
    created_at: now,
    expires_at: new Date(now.getTime() + keptFor(registrant)),
  }
  await deps.store.clients.insert(client)
  return allowed({
    ...metadata,
    client_id: client._id,
    client_id_issued_at: Math.floor(now.getTime() / 1_000),
    client_name: name,
    redirect_uris,
    grant_types,
    response_types,
    token_endpoint_auth_method: auth_method,
    ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
  })
}

/** Keeps the registration of a client that now has a grant. */
export const keepClient = (deps: Deps, grant: Grant): Promise<void> =>
  deps.store.clients.keep(grant.client_id, new Date(grant.ends_at.getTime() + AFTER_GRANT_MS))

/** Both halves of Basic credentials are form-encoded (RFC 6749 §2.3.1); some clients forget that. */
const decoded = (half: string): string => {
  try {
    return decodeURIComponent(half.replaceAll('+', ' '))
  } catch {
    return half
  }
}

const readBasic = (header: string | undefined): Credentials | undefined => {
  const encoded = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(header ?? '')?.[1]
  if (encoded === undefined) return undefined
  const pair = Buffer.from(encoded, 'base64').toString()
  const colon = pair.indexOf(':')
  if (colon < 0) return undefined
  return {
    client_id: decoded(pair.slice(0, colon)),
    secret: decoded(pair.slice(colon + 1)),
    by: 'client_secret_basic',
  }
}

/** Reads an assertion, whose subject is the client (RFC 7521 §4.2); undefined where there is none. */
const readAssertion = (form: URLSearchParams): Ruled<Credentials> | undefined => {
  const [type, assertion] = [field(form, 'client_assertion_type'), field(form, 'client_assertion')]
  if (type === undefined && assertion === undefined) return undefined
  if (type !== ASSERTION_TYPE) return refused('assertion_type_unknown')
  if (assertion === undefined) return refused('assertion_missing')
  const client_id = subjectOf(assertion)
  const named = field(form, 'client_id')
  if (client_id === undefined) return refused('assertion_malformed')
  if (named !== undefined && named !== client_id) return refused('assertion_of_another')
  return allowed({ client_id, assertion, by: KEY_METHOD })
}

/** Reads the client's credentials from a request to the token endpoint. */
export const readCredentials = (
  authorization: string | undefined,
  form: URLSearchParams,
): Ruled<Credentials> => {
  const client_id = field(form, 'client_id')
  const secret = field(form, 'client_secret')
  const signed = readAssertion(form)
  if (signed) {
    const another = authorization !== undefined || secret !== undefined
    return another ? refused('credentials_in_two_places') : signed
  }
  if (authorization !== undefined) {
    const basic = readBasic(authorization)
    if (!basic) return refused('credentials_wrong')
    if (secret !== undefined || (client_id !== undefined && client_id !== basic.client_id))
      return refused('credentials_in_two_places')
    return allowed(basic)
  }
  if (client_id === undefined) return refused('credentials_missing')
  return allowed(
    secret === undefined ? { client_id, by: 'none' } : { client_id, secret, by: 'client_secret_post' },
  )
}

/** A service account as the client that it is at the token endpoint. */
const clientOf = (
  { _id, name, secret_hash, old_secret, keys, created_at }: ServiceAccount,
  now: Date,
): Client => ({
  _id,
  name,
  redirect_uris: [],
  grant_types: ['client_credentials'],
  auth_method: keys ? KEY_METHOD : 'client_secret_basic',
  ...(keys ? { keys } : {}),
  secret_hash,
  ...(old_secret && old_secret.until > now ? { old_secret_hash: old_secret.hash } : {}),
  metadata: {},
  created_at,
  expires_at: created_at,
})

const findClient = async ({ store, clock }: Deps, id: string): Promise<Client | null> => {
  const now = clock.now()
  const client = await store.clients.find(id, now)
  if (client) return client
  const account = await store.serviceAccounts.find(id)
  return account && !account.disabled ? clientOf(account, now) : null
}

/** The client that these credentials prove, by a secret or by an assertion. */
const checkProof = async (deps: Deps, credentials: Credentials): Promise<Ruled<Client>> => {
  const { client_id, assertion } = credentials
  const client = await findClient(deps, client_id)
  if (assertion === undefined || !client?.keys) return checkCredentials(client, credentials)
  const accepted = await acceptAssertion(deps, { client_id, keys: client.keys }, assertion)
  return accepted.ok ? allowed(client) : accepted
}

/**
 * Finds the client of a request, which may be a service account, and checks its credentials (RFC 6749 §2.3). Wrong secrets
 * slow down the address that they come from, for this client alone: a secret cannot be guessed, and one program with an
 * old one must not stop the others of its office.
 * @throws AppError `rate_limited` after too many wrong secrets.
 */
export const authenticate = async (
  deps: Deps,
  authorization: string | undefined,
  form: URLSearchParams,
  address: string,
): Promise<Ruled<Client>> => {
  const credentials = readCredentials(authorization, form)
  if (!credentials.ok) return credentials
  const { client_id, by } = credentials.value
  const tried = `secrets of ${sha256(client_id)} from ${address}`
  if (by !== 'none') await deps.limits.refuseBlocked(tried)
  const ruled = await checkProof(deps, credentials.value)
  if (!ruled.ok && by !== 'none') await deps.limits.countTry(tried, PER_ADDRESS)
  return ruled
}
