// The HTTP side of the MCP endpoint. It checks origin, token, method and body, in this order, before the protocol sees a
// request, and turns a refusal for lack of a scope into a challenge. Knows no tool.
import { isJsonContentType } from '@modelcontextprotocol/server'
import { type Context, Hono } from 'hono'
import { cors } from 'hono/cors'
import type { Scope } from '../../../shared/contracts/define/common.ts'
import { toErrorBody } from '../../../shared/contracts/define/errors.ts'
import type { Log } from '../../../shared/process/log.ts'
import { askForScopes, askForToken, readBearer, refuseToken } from '../http/bearer.ts'
import type { GatewayEnv } from '../http/env.ts'
import { isLoopbackUrl } from '../http/host.ts'
import type { VerifyAccess } from '../oauth/access.ts'
import type { MayAsk } from '../oauth/step-up.ts'
import { RPC, readBody, rpcError } from './body.ts'
import type { Mcp } from './handler.ts'
import { type Load, RETRY_AFTER_MS, tooBusy } from './load.ts'
import { readParams, refuseParams } from './params.ts'

/** The endpoint; some clients insist on the trailing slash. */
const PATHS = ['/mcp', '/mcp/']

export type McpRouteDeps = Readonly<{
  publicUrl: string
  mcp: Mcp
  load: Load
  verify: VerifyAccess
  /** Whether a client that lacks scopes should be sent to ask for them. */
  mayAsk: MayAsk
  /** Counts a request without a valid token. @throws AppError `rate_limited`. */
  countStranger: (c: Context<GatewayEnv>) => void
  log: Log
}>

/** Clients should accept both kinds of answer. Many name one or none, but understand both. */
const acceptBoth = (request: Request): Request => {
  const accept = request.headers.get('accept') ?? ''
  if (accept.includes('application/json') && accept.includes('text/event-stream')) return request
  const headers = new Headers(request.headers)
  headers.set('accept', 'application/json, text/event-stream')
  return new Request(request.url, { method: request.method, headers, signal: request.signal })
}

const busy = (): Response => {
  const error = tooBusy()
  return rpcError(503, RPC.refused, error.message, {
    data: toErrorBody(error),
    headers: { 'Retry-After': String(Math.ceil(RETRY_AFTER_MS / 1_000)) },
  })
}

const serve = async (c: Context<GatewayEnv>, deps: McpRouteDeps): Promise<Response> => {
  const { publicUrl } = deps
  const { path } = c.req
  const request = c.req.raw
  const token = readBearer(request.headers.get('authorization'))
  const stranger = (): void => deps.countStranger(c)
  if (token === undefined) {
    stranger()
    return askForToken(publicUrl, path)
  }
  const access = await deps.verify(token, stranger)
  if (!access.ok) {
    deps.log.debug('token refused', { request_id: c.get('request_id'), reason: access.reason })
    return refuseToken(publicUrl, path)
  }
  const { caller } = access
  if (c.req.method !== 'POST')
    return rpcError(405, RPC.refused, 'This endpoint takes only POST; it keeps no sessions or streams.', {
      headers: { Allow: 'POST' },
    })
  if (deps.load.full()) return busy()
  if (!isJsonContentType(request.headers.get('content-type')))
    return rpcError(415, RPC.refused, 'Send the request with the content type application/json.')
  const read = await readBody(request)
  if (!read.ok) return read.response
  const body = readParams(read.value)
  const refusal = refuseParams(body)
  if (refusal) return Response.json(refusal)
  const missing: Scope[] = []
  const response = await deps.mcp.fetch(acceptBoth(request), body, {
    caller,
    grant_id: access.grant_id,
    expires_at: access.expires_at,
    request_id: c.get('request_id'),
    recheck: async () => {
      const now = await deps.verify(token)
      return now.ok ? now.caller : undefined
    },
    onMissingScope: (scope) => missing.push(scope),
  })
  // Some calls of a batch may have done their work, so its answers stand.
  if (missing.length === 0 || Array.isArray(body) || !(await deps.mayAsk(access, missing))) return response
  await response.body?.cancel()
  return askForScopes(publicUrl, path, { held: caller.scopes, missing })
}

/**
 * Makes the check of an Origin header
 * (https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http). Pages of this server may call
 * the endpoint, and pages of this machine, for tools such as the MCP Inspector; they need a token like everybody.
 * @param publicUrl the origin that clients use.
 */
export const originsOf = (publicUrl: string): ((origin: string) => boolean) => {
  const own = new URL(publicUrl).origin
  return (origin) =>
    origin === own || (/^https?:/.test(origin) && URL.canParse(origin) && isLoopbackUrl(origin))
}

/** The routes of the endpoint. */
export const mcpRoutes = (deps: McpRouteDeps): Hono<GatewayEnv> => {
  const app = new Hono<GatewayEnv>()
  const allowsOrigin = originsOf(deps.publicUrl)
  const answerBrowsers = cors({
    origin: (origin) => origin,
    allowMethods: ['POST'],
    exposeHeaders: ['WWW-Authenticate', 'Retry-After', 'MCP-Protocol-Version'],
    maxAge: 7_200,
  })
  for (const path of PATHS) {
    app.use(path, async (c, next) => {
      const origin = c.req.header('origin')
      if (origin === undefined && c.req.method !== 'OPTIONS') {
        await next()
        c.res.headers.append('Vary', 'Origin')
        return
      }
      if (origin !== undefined && !allowsOrigin(origin))
        return rpcError(
          403,
          RPC.refused,
          'Web pages of this origin may not call this server. Call it from a program, or from a page on localhost.',
        )
      return await answerBrowsers(c, next)
    })
    app.all(path, (c) => serve(c, deps))
  }
  return app
}
