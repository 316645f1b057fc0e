// POST /introspect: what an access token stands for now (RFC 7662), for services of this installation that receive one. They
// authenticate with a token made from LOOPS_SECRET; it is not for clients.
import { claimsToBe } from '../accounts/token-format.ts'
import type { Deps } from '../deps.ts'
import { readBearer } from '../http/bearer.ts'
import { field, repeats } from '../http/forms.ts'
import { type Secrets, sameText } from '../secrets.ts'
import { type Access, judge } from './access.ts'
import { governedNow } from './governed.ts'
import { resourceOf } from './grant-rules.ts'
import { findHolder } from './holders.ts'
import { readPersonal } from './personal-access.ts'
import { allowed, type Ruled, refused } from './refusals.ts'
import { readAccessToken } from './tokens.ts'

/** The answer (RFC 7662 §2.2). For an inactive token it says nothing else, not even why. */
export type Introspection =
  | Readonly<{ active: false }>
  | Readonly<{
      active: true
      scope: string
      client_id: string
      token_type: 'Bearer'
      sub: string
      aud: string
      iss: string
      exp: number
      iat: number
      jti: string
    }>

const INACTIVE: Introspection = { active: false }

const tokenOf = (key: Uint8Array): string => Buffer.from(key).toString('base64url')

/** The bearer token with which services of this installation authenticate. */
export const introspectionToken = (secrets: Secrets): string => tokenOf(secrets.introspection[0])

/** Whether a request comes from such a service. */
const isFromService = (deps: Deps, authorization: string | undefined): boolean => {
  const token = readBearer(authorization ?? null)
  return token !== undefined && deps.secrets.introspection.some((key) => sameText(token, tokenOf(key)))
}

type Times = Readonly<{ exp: number; iat: number; jti: string }>

const activeOf = ({ public_url: iss }: Deps, access: Access, times: Times): Introspection => {
  if (!access.ok) return INACTIVE
  const { scopes, client_id, user_id } = access.caller
  const about = { scope: scopes.join(' '), client_id, token_type: 'Bearer', sub: user_id } as const
  return { active: true, ...about, aud: resourceOf(iss), iss, ...times }
}

const introspectPersonal = async (deps: Deps, text: string): Promise<Introspection> => {
  const { token, ...read } = await readPersonal(deps, text)
  const access = await governedNow(deps, read.access)
  if (!access.ok || !token) return INACTIVE
  const iat = Math.floor(token.created_at.getTime() / 1_000)
  return activeOf(deps, access, { exp: access.expires_at, iat, jti: token._id })
}

/** Judges the token as the MCP endpoint would, but without its caches: the asking service may cache the answer itself. */
const introspect = async (deps: Deps, token: string): Promise<Introspection> => {
  if (claimsToBe('personal_token', token)) return introspectPersonal(deps, token)
  const { keys, store, clock, public_url: issuer } = deps
  const resource = resourceOf(issuer)
  const claims = await readAccessToken(keys, token, { issuer, resource, now: clock.now() })
  if (typeof claims === 'string') return INACTIVE
  const [grant, holder] = await Promise.all([store.grants.find(claims.grant), findHolder(deps)(claims.sub)])
  return activeOf(deps, await governedNow(deps, judge(claims, grant, holder, clock.now())), {
    exp: claims.exp,
    iat: claims.iat,
    jti: claims.jti,
  })
}

/**
 * Answers the introspection endpoint. Only access tokens, personal ones too, can be active: no service should ever receive a refresh token or a
 * code.
 */
export const answerIntrospect = async (
  deps: Deps,
  authorization: string | undefined,
  form: URLSearchParams,
): Promise<Ruled<Introspection>> => {
  if (!isFromService(deps, authorization)) return refused('service_unknown')
  if (repeats(form)) return refused('form_repeats')
  const token = field(form, 'token')
  return token === undefined ? refused('token_missing') : allowed(await introspect(deps, token))
}
