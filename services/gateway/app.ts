// Every middleware and route of the gateway, in order. Opens nothing itself.
import type { HttpBindings } from '@hono/node-server'
import { type Context, type ErrorHandler, Hono, type MiddlewareHandler, type NotFoundHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import type { AppError } from '../../shared/contracts/define/errors.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { Log } from '../../shared/process/log.ts'
import type { ClientAddressOf } from './http/address.ts'
import { discardBody } from './http/bytes.ts'
import { type GatewayEnv, identify } from './http/env.ts'
import {
  countStranger,
  refuseFlood,
  refuseForeignForm,
  refuseForeignHost,
  refuseLarge,
} from './http/guards.ts'
import { type Health, metaRoutes } from './http/meta.ts'
import { onError, onNotFound, problem } from './http/problems.ts'
import type { Limits } from './limits/limits.ts'
import { type McpRouteDeps, mcpRoutes } from './mcp/routes.ts'
import { eventRoutes } from './web/events/events-page.ts'
import { type FaultPageDeps, faultPage, notFoundPage } from './web/fault-page.ts'

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
  /** Who looks at a page of an error. */
  whoLooks: FaultPageDeps['whoLooks']
  mcp: Omit<McpRouteDeps, 'countStranger'>
  /** Sign-in, pages, and whatever else is served over HTTP. */
  routes: readonly Hono<GatewayEnv>[]
}>

/** Headers of every answer that does not state its own. A page that shows something brings its own policy. */
const secure = (publicUrl: string): MiddlewareHandler<GatewayEnv> =>
  secureHeaders({
    overwrite: false,
    // A client's window that opened the sign-in must still find it when it returns.
    crossOriginOpenerPolicy: false,
    xFrameOptions: 'DENY',
    // Not no-referrer: forms would then be sent with `Origin: null`, and they are checked by it.
    referrerPolicy: 'same-origin',
    strictTransportSecurity: publicUrl.startsWith('https:') && 'max-age=31536000',
    contentSecurityPolicy: { defaultSrc: ["'none'"], frameAncestors: ["'none'"], baseUri: ["'none'"] },
  })

/** Reads the rest of a refused request's body; see discardBody. */
const readToTheEnd: MiddlewareHandler<GatewayEnv> = async (c, next) => {
  await next()
  if (c.res.status >= 400) await discardBody(c.req.raw, (c.env as Partial<HttpBindings>)?.incoming)
}

const asksForPage = (c: Context): boolean => c.req.header('accept')?.includes('text/html') === true

/** Answers a fault with a page where a browser asks for one, else with a problem document. */
const answerFault = (deps: FaultPageDeps): ErrorHandler<GatewayEnv> => {
  const [page, problem] = [faultPage(deps), onError(deps.log)]
  return (fault, c) => (asksForPage(c) ? page(fault, c) : problem(fault, c))
}

/** Answers a body that is too large, in the same two forms. */
const answerLarge = (deps: FaultPageDeps) => (error: AppError, c: Context<GatewayEnv>) =>
  asksForPage(c) ? faultPage(deps)(error, c, 413) : problem(error, 413)

/** Answers a path without a route: with a page where a browser asks for one. */
const answerNotFound =
  (deps: FaultPageDeps): NotFoundHandler<GatewayEnv> =>
  (c) =>
    asksForPage(c) ? notFoundPage(deps)(c) : onNotFound(c)

/** The gateway as one application. */
export const createApp = (deps: AppDeps): Hono<GatewayEnv> => {
  const log = deps.log.child('http')
  const pages = { log, whoLooks: deps.whoLooks }
  const app = new Hono<GatewayEnv>()
  app.use(identify({ ...deps, log }), readToTheEnd, secure(deps.publicUrl))
  app.use(
    refuseForeignHost(deps.publicUrl, deps.host),
    refuseFlood(deps.limits, deps.addressOf),
    refuseForeignForm(deps.publicUrl),
    refuseLarge(answerLarge(pages)),
  )
  app.route('/', metaRoutes(deps.health))
  app.route('/', eventRoutes(deps.publicUrl))
  const countOne = (c: Context) => countStranger(deps.limits, deps.addressOf(c))
  app.route('/', mcpRoutes({ ...deps.mcp, countStranger: countOne }))
  for (const routes of deps.routes) app.route('/', routes)
  app.onError(answerFault(pages))
  app.notFound(answerNotFound(pages))
  return app
}
