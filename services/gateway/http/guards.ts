// What every request passes before its route: checks of the host name, the rate, the posting site and the size. They hold
// for every route; the exceptions are listed here, each with its reason.
import type { Context, MiddlewareHandler } from 'hono'
import { LIMITS } from '../../../shared/contracts/define/common.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import type { Limits } from '../limits/limits.ts'
import { STRANGERS_PER_ADDRESS } from '../limits/policies.ts'
import { translatedError } from '../translated-errors.ts'
import type { ClientAddressOf } from './address.ts'
import type { GatewayEnv } from './env.ts'
import { isLoopbackName, namesOf } from './host.ts'

type Guard = MiddlewareHandler<GatewayEnv>

/** Orchestrators probe these often, by IP address, and learn nothing. */
const HEALTH = ['/livez', '/readyz']
/** The MCP endpoint limits strangers itself, once it has found a token to be unknown. */
const MCP = ['/mcp', '/mcp/']
/** Services call it by an internal name, and prove themselves by a token that no browser has. */
const INTROSPECT = '/introspect'

/** Routes that answer to any host name. */
export const ANY_HOST: ReadonlySet<string> = new Set([...HEALTH, INTROSPECT])
/** Routes that are not limited by address. */
export const UNLIMITED: ReadonlySet<string> = new Set([...HEALTH, ...MCP])
/** Routes that take posts from other sites' pages. None of them goes by a cookie; /authorize only asks the person. */
export const ANY_SITE: ReadonlySet<string> = new Set([
  ...MCP,
  INTROSPECT,
  '/authorize',
  '/token',
  '/register',
  '/revoke',
])
/** Mail programs post here from anywhere (RFC 8058); the token in the path is the proof. */
const UNSUBSCRIBE = '/u/'

/**
 * Refuses requests for a host name that is not this server's. A site whose name was rebound to this address could otherwise
 * read everything (DNS rebinding).
 * @param host the address that the server listens on.
 */
export const refuseForeignHost = (publicUrl: string, host: string | undefined): Guard => {
  const isOurs = namesOf(publicUrl, host)
  return async (c, next) => {
    if (ANY_HOST.has(c.req.path) || isOurs(c.req.header('host') ?? '')) return next()
    throw new AppError(
      'forbidden',
      `This server is not known by that name. Open ${publicUrl}, or set PUBLIC_URL to the address that you use.`,
    )
  }
}

/**
 * Counts one more request of a stranger.
 * @throws AppError `rate_limited`.
 */
export const countStranger = (limits: Pick<Limits, 'count'>, address: string): void => {
  const retry_after_ms = limits.count(`strangers from ${address}`, STRANGERS_PER_ADDRESS)
  if (retry_after_ms > 0)
    throw translatedError('rate_limited', (words) => words.word('flood'), { retry_after_ms })
}

/** Refuses more requests from one address than people and their apps make. */
export const refuseFlood =
  (limits: Pick<Limits, 'count'>, addressOf: ClientAddressOf): Guard =>
  (c, next) => {
    if (!UNLIMITED.has(c.req.path)) countStranger(limits, addressOf(c))
    return next()
  }

/**
 * Whether a form was posted by another site's page (CSRF). Browsers say so: in Sec-Fetch-Site where the connection is
 * trustworthy, in Origin everywhere. A program that sends neither header carries nobody's cookie by accident.
 *
 * hono/csrf refuses such programs, and looks at form content types only.
 */
export const isForeign = (
  sent: Readonly<{ site: string | undefined; origin: string | undefined }>,
  publicUrl: string,
): boolean => {
  if (sent.site !== undefined) return sent.site !== 'same-origin' && sent.site !== 'none'
  return sent.origin !== undefined && sent.origin !== publicUrl
}

/** The largest import that a page takes (bytes): larger ones go by the command. */
export const UPLOAD_BYTES = 10 * 1024 * 1024
/** Routes that take more than other requests, with the rest of their form. */
const LARGER: ReadonlyMap<string, number> = new Map([['/import', UPLOAD_BYTES]])

const READING: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Refuses forms of other sites. */
export const refuseForeignForm =
  (publicUrl: string): Guard =>
  async (c, next) => {
    const { method, path } = c.req
    if (READING.has(method) || ANY_SITE.has(path) || path.startsWith(UNSUBSCRIBE)) return next()
    const sent = { site: c.req.header('sec-fetch-site'), origin: c.req.header('origin') }
    if (isForeign(sent, publicUrl))
      throw translatedError('forbidden', (words) => words.say('form_of_another_site', { url: publicUrl }))
    return next()
  }

/**
 * Refuses bodies whose declared length is over the limit. A body without a declared length is bounded where it is read
 * (bytes.ts), so that nothing is read before a route wants it; hono/body-limit would read all of it here. The MCP endpoint
 * has the same limit, and its own form of refusal.
 */
export const refuseLarge =
  (answer: (error: AppError, c: Context<GatewayEnv>) => Response | Promise<Response>): Guard =>
  async (c, next) => {
    const limit = LARGER.get(c.req.path) ?? LIMITS.request_bytes
    if (Number(c.req.header('content-length') ?? 0) <= limit || MCP.includes(c.req.path)) return next()
    return answer(
      translatedError('limit_exceeded', (words) => words.say('request_too_large', { bytes: String(limit) })),
      c,
    )
  }

/** Headers that proxies and tunnels add. */
const PASSED_ON = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** Whether a request came straight to this machine's own name, through no proxy. */
export const isLocal = (headers: Headers): boolean =>
  isLoopbackName(headers.get('host') ?? '') && !PASSED_ON.some((name) => headers.has(name))
