// Every middleware and route of the gateway, in order. It is given what they need and opens nothing itself.
import type { HttpBindings } from '@hono/node-server'
import { type Context, type ErrorHandler, Hono, type MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { Log } from '../../shared/process/log.ts'
import type { ClientAddressOf } from './http/address.ts'
import { discardBody } from './http/bytes.ts'
import type { GatewayEnv } from './http/env.ts'
import {
  countStranger,
  refuseFlood,
  refuseForeignForm,
  refuseForeignHost,
  refuseLarge,
} from './http/guards.ts'
import { type Health, metaRoutes } from './http/meta.ts'
import { onError, onNotFound } from './http/problems.ts'
import type { Limits } from './limits/limits.ts'
import { type McpRouteDeps, mcpRoutes } from './mcp/routes.ts'
import { eventRoutes } from './web/events/events-page.ts'
import { faultPage } from './web/fault-page.ts'

export type AppDeps = Readonly<{
  publicUrl: string
  /** The address that the server listens on. */
  host: string | undefined
  limits: Pick<Limits, 'count'>
  addressOf: ClientAddressOf
  clock: Clock
  ids: Ids
  log: Log
  health: Health
  mcp: Omit<McpRouteDeps, 'countStranger'>
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
  if (c.res.status >= 400) await discardBody(c.req.raw, (c.env as Partial<HttpBindings>)?.incoming)
}

/** A fault as a page where a person's browser asks for one, else as a problem for programs. */
const answerFault = (log: Log): ErrorHandler<GatewayEnv> => {
  const [page, problem] = [faultPage(log), onError(log)]
  return (fault, c) => (c.req.header('accept')?.includes('text/html') ? page(fault, c) : problem(fault, c))
}

/** The gateway as one application. */
export const createApp = (deps: AppDeps): Hono<GatewayEnv> => {
  const log = deps.log.child('http')
  const app = new Hono<GatewayEnv>()
  app.use(identify({ ...deps, log }), readToTheEnd, secure(deps.publicUrl))
  app.use(
    refuseForeignHost(deps.publicUrl, deps.host),
    refuseFlood(deps.limits, deps.addressOf),
    refuseForeignForm(deps.publicUrl),
    refuseLarge,
  )
  app.route('/', metaRoutes(deps.health))
  app.route('/', eventRoutes(deps.publicUrl))
  const countOne = (c: Context) => countStranger(deps.limits, deps.addressOf(c))
  app.route('/', mcpRoutes({ ...deps.mcp, countStranger: countOne }))
  for (const routes of deps.routes) app.route('/', routes)
  app.onError(answerFault(log))
  app.notFound(onNotFound)
  return app
}
