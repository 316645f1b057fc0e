// Every middleware and route of the gateway, in order. It is given what they need and opens nothing itself.
import { Hono, type MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Clock } from '../../shared/clock.ts'
import { LIMITS } from '../../shared/contracts/common.ts'
import { AppError } from '../../shared/errors.ts'
import type { Ids } from '../../shared/ids.ts'
import type { Log } from '../../shared/log.ts'
import { discardBody, readBytes } from './http/bytes.ts'
import type { GatewayEnv } from './http/env.ts'
import { type Health, metaRoutes } from './http/meta.ts'
import { onError, onNotFound, problem } from './http/problems.ts'
import { type McpRouteDeps, mcpRoutes } from './mcp/routes.ts'
import { eventRoutes } from './pages/events.ts'

export type AppDeps = Readonly<{
  publicUrl: string
  clock: Clock
  ids: Ids
  log: Log
  health: Health
  mcp: McpRouteDeps
  /** Sign-in, pages and whatever else answers people and programs over HTTP. */
  routes: readonly Hono<GatewayEnv>[]
}>

/** Headers of every answer that does not state its own. A page that shows something brings its own policy. */
const secure = (publicUrl: string): MiddlewareHandler<GatewayEnv> => {
  const headers = Object.entries({
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    // Not no-referrer: that would send forms with `Origin: null`, and they are checked by it.
    'Referrer-Policy': 'same-origin',
    'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    ...(publicUrl.startsWith('https:') ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
  })
  return async (c, next) => {
    await next()
    for (const [name, value] of headers) if (!c.res.headers.has(name)) c.res.headers.set(name, value)
  }
}

/** Gives each request its id, and one line in the log with the route's pattern: paths may hold secrets. */
const identify =
  ({ clock, ids, log }: AppDeps): MiddlewareHandler<GatewayEnv> =>
  async (c, next) => {
    const began = clock.monotonicMs()
    const request_id = ids.next()
    c.set('request_id', request_id)
    await next()
    c.res.headers.set('X-Request-Id', request_id)
    log.debug('answered', {
      request_id,
      method: c.req.method,
      route: routePath(c, -1),
      status: c.res.status,
      ms: Math.round(clock.monotonicMs() - began),
    })
  }

/** A refusal often comes before the body was read; see discardBody. */
const readToTheEnd: MiddlewareHandler<GatewayEnv> = async (c, next) => {
  await next()
  if (c.res.status >= 400) await discardBody(c.req.raw)
}

/** Refuses larger bodies; one of unknown length is read here, so that routes may read theirs without counting. */
const limitBody = (limit: number): MiddlewareHandler<GatewayEnv> => {
  const refuse = (): Response =>
    problem(new AppError('limit_exceeded', `The request is larger than the limit of ${limit} bytes.`), 413)
  return async (c, next) => {
    const { raw } = c.req
    const declared = raw.headers.get('content-length')
    if (declared !== null && Number(declared) > limit) return refuse()
    if (raw.headers.has('transfer-encoding')) {
      const read = await readBytes(raw, limit)
      if (!read.ok) return refuse()
      const { method, headers, signal } = raw
      c.req.raw = new Request(raw.url, { method, headers, signal, body: Buffer.from(read.bytes) })
    }
    return await next()
  }
}

/** The gateway as one application. */
export const createApp = (deps: AppDeps): Hono<GatewayEnv> => {
  const log = deps.log.child('http')
  const app = new Hono<GatewayEnv>()
  app.use(identify({ ...deps, log }), readToTheEnd, secure(deps.publicUrl))
  app.route('/', metaRoutes(deps.health))
  app.route('/', eventRoutes(deps.publicUrl))
  // Before the general limit: it has the same one, and answers in the protocol's own form.
  app.route('/', mcpRoutes(deps.mcp))
  app.use(limitBody(LIMITS.request_bytes))
  for (const routes of deps.routes) app.route('/', routes)
  app.onError(onError(log))
  app.notFound(onNotFound)
  return app
}
