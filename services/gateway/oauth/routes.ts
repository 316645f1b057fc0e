// The authorization server over HTTP: its documents and endpoints.
import { type Context, Hono, type Next } from 'hono'
import { cors } from 'hono/cors'
import { routePath } from 'hono/route'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import { mongoFault } from '../../../shared/storage/mongo.ts'
import { secretScanning } from '../accounts/token-format.ts'
import type { Deps } from '../deps.ts'
import { partiesOf } from '../http/address.ts'
import { readBearer } from '../http/bearer.ts'
import { readBytes } from '../http/bytes.ts'
import type { GatewayEnv } from '../http/env.ts'
import { readForm, readParams } from '../http/forms.ts'
import { AUTHORIZATIONS, REGISTRATIONS } from '../limits/policies.ts'
import { sameText } from '../secrets.ts'
import { beginAuthorization } from './authorize.ts'
import { countUnused, type Registrant, register } from './clients.ts'
import { RESOURCE_PATH } from './grant-rules.ts'
import { answerIntrospect } from './introspect.ts'
import { openidMetadata, PATHS, resourceMetadata, serverMetadata } from './metadata.ts'
import { oauthError, type Refusal, type Ruled } from './refusals.ts'
import { REGISTRATION_BYTES } from './registration.ts'
import { answerRevoke, answerToken } from './token.ts'

type Ctx = Context<GatewayEnv>

/** The pages on which a browser continues from /authorize. */
export type AuthorizationPages = Readonly<{
  /** Shows a fault that must not be sent to the client. */
  fault: (c: Ctx, reason: Refusal) => Promise<Response>
  /** Refuses a request over the limit. @param wait_s seconds until the next may come. */
  tooMany: (c: Ctx, wait_s: number) => Promise<Response>
  /** Shows a new request to its person. */
  toPerson: (c: Ctx, deps: Deps, request_id: string) => Promise<Response>
}>

/** How long clients and caches may keep the documents (s). */
const DOCUMENTS_MAX_AGE_S = 300
const RETRY_AFTER_S = 5

/** Pages of any origin may read and post here: nothing depends on a cookie. */
const anywhere = cors({
  origin: '*',
  allowMethods: ['GET', 'HEAD', 'POST', 'OPTIONS'],
  allowHeaders: ['Authorization', 'Content-Type', 'MCP-Protocol-Version'],
  exposeHeaders: ['WWW-Authenticate', 'Retry-After'],
  maxAge: 86_400,
})

/** A wait as Retry-After has it: whole seconds, at least one. */
const secondsOf = (ms: number): number => Math.max(1, Math.ceil(ms / 1_000))

const noStore = async (c: Ctx, next: Next): Promise<void> => {
  await next()
  c.res.headers.set('Cache-Control', 'no-store')
  c.res.headers.set('Pragma', 'no-cache')
}

const document = (body: object) => (c: Ctx) =>
  c.json(body, 200, { 'Cache-Control': `public, max-age=${DOCUMENTS_MAX_AGE_S}` })

/**
 * The WWW-Authenticate of a refusal: Bearer for a service and for registration, Basic for a client that sent an
 * Authorization header (RFC 6749 §5.2).
 */
const challengeOf = (c: Ctx, reason: Refusal): string | undefined => {
  const header = c.req.header('authorization')
  if (oauthError(reason).status !== 401) return undefined
  if (reason !== 'service_unknown' && reason !== 'registration_token_wrong')
    return header === undefined ? undefined : 'Basic realm="Loops"'
  return header === undefined ? 'Bearer' : 'Bearer error="invalid_token"'
}

const refuse = (c: Ctx, deps: Deps, reason: Refusal, wait_ms = 0): Response => {
  const { status, ...body } = oauthError(reason)
  deps.log.info('refused', { request_id: c.get('request_id'), route: routePath(c, -1), reason })
  const challenge = challengeOf(c, reason)
  if (challenge !== undefined) c.header('WWW-Authenticate', challenge)
  if (wait_ms > 0) c.header('Retry-After', String(secondsOf(wait_ms)))
  return c.json(body, status)
}

/** Answers an internal fault in a way that makes a client keep its tokens and come back: never `invalid_grant`. */
const faulted =
  (deps: Deps) =>
  (fault: Error, c: Ctx): Response => {
    const error = fault instanceof AppError ? fault : mongoFault(fault)
    if (!error) deps.log.error('request failed', { request_id: c.get('request_id'), error: fault })
    const wait_ms = error?.extras.retry_after_ms ?? RETRY_AFTER_S * 1_000
    c.header('Cache-Control', 'no-store')
    c.header('Retry-After', String(secondsOf(wait_ms)))
    const status = error?.code === 'rate_limited' ? 429 : 503
    return error
      ? c.json({ error: 'temporarily_unavailable', error_description: error.message }, status)
      : c.json({ error: 'server_error', error_description: 'Something went wrong here.' }, 500)
  }

const documents = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const { public_url, keys, oauth } = deps
  const resource = '/.well-known/oauth-protected-resource'
  const server = '/.well-known/oauth-authorization-server'
  routes.use('/.well-known/*', anywhere)
  for (const path of ['', '/', RESOURCE_PATH])
    routes.get(`${resource}${path}`, document(resourceMetadata(public_url)))
  routes.get(`${resource}${RESOURCE_PATH}/`, document(resourceMetadata(public_url, `${RESOURCE_PATH}/`)))
  // Not also under the endpoint's path: a document there must name that path as its issuer (RFC 8414 §3.3), and clients that
  // look there first go on to look here.
  routes.get(server, document(serverMetadata(public_url, oauth)))
  routes.get('/.well-known/openid-configuration', document(openidMetadata(public_url, oauth)))
  routes.get(PATHS.jwks, (c) => document(keys.jwks())(c))
  routes.get('/.well-known/loops-secret-scanning.json', document(secretScanning(public_url)))
  routes.get('/.well-known/*', (c) => c.json({ error: 'not_found' }, 404))
}

const readJson = async (request: Request): Promise<unknown> => {
  const read = await readBytes(request, REGISTRATION_BYTES)
  if (!read.ok) return undefined
  try {
    return JSON.parse(new TextDecoder().decode(read.bytes))
  } catch {
    return undefined
  }
}

/** Who registers, or why nobody may. Only those without the initial access token (RFC 7591 §3) are limited in number. */
const registrantOf = (c: Ctx, { oauth }: Deps): Registrant | Refusal => {
  const { registration, registration_token } = oauth
  if (registration === 'off') return 'registration_off'
  const token = readBearer(c.req.header('authorization') ?? null)
  if (registration_token !== undefined && token !== undefined && sameText(token, registration_token))
    return { invited: true }
  return registration === 'token' ? 'registration_token_wrong' : { invited: false }
}

const countRegistration = async (c: Ctx, deps: Deps): Promise<number> => {
  const from = partiesOf(deps.addressOf(c))
  return (
    (await deps.limits.spendShare('registrations', REGISTRATIONS, from)) || countUnused(deps.limits, from)
  )
}

const localFault = (c: Ctx, deps: Deps, pages: AuthorizationPages, reason: Refusal): Promise<Response> => {
  deps.log.info('refused', { request_id: c.get('request_id'), route: PATHS.authorize, reason })
  return pages.fault(c, reason)
}

const authorize = async (
  c: Ctx,
  deps: Deps,
  pages: AuthorizationPages,
  params: URLSearchParams | undefined,
): Promise<Response> => {
  if (!params) return localFault(c, deps, pages, 'parameters_too_many')
  const from = partiesOf(deps.addressOf(c))
  const wait_ms = await deps.limits.spendShare('authorizations', AUTHORIZATIONS, from)
  if (wait_ms > 0) return pages.tooMany(c, secondsOf(wait_ms))
  const begun = await beginAuthorization(deps, params, from)
  if (begun.to === 'client') return c.redirect(begun.url, 303)
  if (begun.to === 'person') return pages.toPerson(c, deps, begun.request_id)
  return localFault(c, deps, pages, begun.reason)
}

const FORM_FAULTS = { not_a_form: 'form_expected', too_large: 'form_too_large' } as const

const answered = <T extends object>(c: Ctx, deps: Deps, ruled: Ruled<T>, status: 200 | 201): Response =>
  ruled.ok ? c.json(ruled.value, status) : refuse(c, deps, ruled.reason)

/** The routes of the authorization server. */
export const oauthRoutes = (deps: Deps, pages: AuthorizationPages): Hono<GatewayEnv> => {
  const routes = new Hono<GatewayEnv>({ strict: true })
  documents(routes, deps)
  for (const path of [PATHS.token, PATHS.register, PATHS.revoke]) routes.use(path, anywhere, noStore)

  routes.get(PATHS.authorize, (c) =>
    authorize(c, deps, pages, readParams(new URL(c.req.url).search.slice(1))),
  )
  routes.post(PATHS.authorize, async (c) => {
    const form = await readForm(c.req.raw)
    if (form === 'too_large') return authorize(c, deps, pages, undefined)
    return authorize(c, deps, pages, form === 'not_a_form' ? new URLSearchParams() : form)
  })
  routes.post(PATHS.register, async (c) => {
    const registrant = registrantOf(c, deps)
    if (typeof registrant === 'string') return refuse(c, deps, registrant)
    const wait_ms = registrant.invited ? 0 : await countRegistration(c, deps)
    if (wait_ms > 0) return refuse(c, deps, 'registrations_too_many', wait_ms)
    return answered(c, deps, await register(deps, await readJson(c.req.raw), registrant), 201)
  })
  routes.post(PATHS.token, async (c) => {
    const began = deps.clock.now()
    const form = await readForm(c.req.raw)
    if (!(form instanceof URLSearchParams)) return refuse(c, deps, FORM_FAULTS[form])
    const [authorization, address] = [c.req.header('authorization'), deps.addressOf(c)]
    return answered(c, deps, await answerToken(deps, authorization, form, address, began), 200)
  })
  routes.post(PATHS.revoke, async (c) => {
    const form = await readForm(c.req.raw)
    if (!(form instanceof URLSearchParams)) return refuse(c, deps, FORM_FAULTS[form])
    const ruled = await answerRevoke(deps, c.req.header('authorization'), form, deps.addressOf(c))
    return ruled.ok ? c.body(null, 200) : refuse(c, deps, ruled.reason)
  })
  routes.post(PATHS.introspect, noStore, async (c) => {
    const form = await readForm(c.req.raw)
    if (!(form instanceof URLSearchParams)) return refuse(c, deps, FORM_FAULTS[form])
    return answered(c, deps, await answerIntrospect(deps, c.req.header('authorization'), form), 200)
  })
  routes.onError(faulted(deps))
  return routes
}
