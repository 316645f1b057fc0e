// Wires the gateway: the socket, its parts, its routes, its answers on the bus, and the order in which all of it stops.
// The only file here that knows what is plugged in.
import { client } from '../../shared/bus/client.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { notifier } from '../../shared/contracts/notifier/contract.ts'
import { recordHandlers } from '../../shared/events/record-store.ts'
import { serveSubscribers } from '../../shared/events/serve-subscribers.ts'
import type { Config } from '../../shared/process/config.ts'
import { type Host, openHost } from '../../shared/service.ts'
import type { Started } from '../start.ts'
import { records } from './accounts/record-store.ts'
import { setupUrl } from './accounts/setup.ts'
import { createApp } from './app.ts'
import { openDeps } from './deps.ts'
import { handlers } from './handlers.ts'
import { type Health, metaRoutes } from './http/meta.ts'
import { type Fetch, type Listener, listen } from './listen.ts'
import { createCatalog } from './mcp/catalog.ts'
import { createMcp, type Mcp } from './mcp/handler.ts'
import { createLoad } from './mcp/load.ts'
import { loopsServer } from './mcp/offer.ts'
import { verifyAccess } from './oauth/access.ts'
import { oauthRoutes } from './oauth/routes.ts'
import { stepUp } from './oauth/step-up.ts'
import { SNAPSHOT_PAGES, subscriberHandlers } from './snapshot.ts'
import { startTending } from './tending.ts'
import { devMailRoutes } from './web/dev-mail/dev-mail-page.ts'
import { authorizationPages } from './web/flow.ts'
import { pageRoutes } from './web/routes.ts'

/** How long a gateway in production goes on answering after it says that it is not ready, so that nobody is cut off (ms). */
const SETTLE_MS = 3_000

/** What answers while the parts behind the socket are being opened: alive, not ready, and nothing else yet. */
const starting = metaRoutes({ connected: () => false, closed: () => true }).notFound(
  () => new Response(null, { status: 503, headers: { 'Retry-After': '1' } }),
)

/** Where clients and browsers find this server: as configured, but for a port that was only chosen by listening. */
const publicUrlOf = (config: Config, { port }: Listener): string => {
  const url = new URL(config.PUBLIC_URL)
  if (config.PORT === 0 && url.port === '0') url.port = String(port)
  return url.origin
}

type Wired = Readonly<{
  app: ReturnType<typeof createApp>
  mcp: Mcp
  /** By which the first account is made, where it needs a link. */
  setup_url: string | undefined
}>

/** Everything that a gateway answers, over HTTP and on the bus, on an open host. */
export const wire = async (host: Host, publicUrl: string, health: Health): Promise<Wired> => {
  const { bus, clock, config, ids, log } = host
  const deps = await openDeps(host, publicUrl)
  startTending(host, deps)
  const catalog = createCatalog(CONTRACTS)
  const load = createLoad()
  const calls = { count: config.TOOL_CALLS_PER_MINUTE, window_ms: 60_000 }
  const countCall = (grantId: string) => deps.limits.count(`calls of ${grantId}`, calls)
  const appsUrl = `${publicUrl}/apps`
  const mcp = createMcp(loopsServer({ bus, clock, log, catalog, load, countCall, appsUrl }), log)
  const app = createApp({
    publicUrl,
    host: config.HOST,
    limits: deps.limits,
    addressOf: deps.addressOf,
    clock,
    ids,
    log,
    health,
    mcp: { publicUrl, log, mcp, load, verify: verifyAccess(deps), mayAsk: stepUp(deps) },
    routes: [
      oauthRoutes(deps, authorizationPages),
      pageRoutes(deps),
      devMailRoutes({ config, clock, notifier: client(bus, notifier) }),
    ],
  })
  const ofRecords = recordHandlers(gateway, host.mongo.database(gateway.name), records)
  await host.serve(gateway, { ...handlers(deps), ...ofRecords })
  const countPage = (subscriber: string) => deps.limits.count(`snapshot of ${subscriber}`, SNAPSHOT_PAGES)
  const options = { clock, ids, count: countPage }
  host.stack.use(await serveSubscribers(bus, gateway, subscriberHandlers(bus, clock), options))
  return { app, mcp, setup_url: await setupUrl(deps) }
}

/**
 * Starts the gateway. It listens first, so that a port in use is reported at once, and answers 503 until all is open.
 * Stopping: not ready, no new connections, requests under way finished, what is left aborted, then the connections.
 * @throws Error with one sentence when it cannot listen; AppError `unavailable` when MongoDB or NATS does not answer.
 */
export const start = async (config: Config): Promise<Started> => {
  const state: { closed: boolean; host?: Host; mcp?: Mcp; fetch: Fetch } = {
    closed: true,
    fetch: starting.fetch,
  }
  const listener = await listen((request, env) => state.fetch(request, env), config.HOST, config.PORT)
  const stop = async (): Promise<void> => {
    const served = !state.closed
    state.closed = true
    await listener.close(served && config.NODE_ENV === 'production' ? SETTLE_MS : 0)
    await state.mcp?.close()
    await state.host?.stack.disposeAsync()
  }
  try {
    const host = await openHost(gateway.name, config)
    state.host = host
    const publicUrl = publicUrlOf(config, listener)
    const { connected, events } = host.bus
    const health = { connected, closed: () => state.closed, stalled: events.stalled }
    const { app, mcp, setup_url } = await wire(host, publicUrl, health)
    state.mcp = mcp
    state.fetch = app.fetch
    state.closed = false
    host.log.info('listening', { address: listener.address, public: publicUrl })
    // In the message: a field of this name would be hidden, and whoever reads this log is who may use the link.
    if (setup_url) host.log.warn(`There is no account yet. Make the first one at ${setup_url}`)
    return {
      url: `http://${listener.address}`,
      ...(setup_url ? { setup_url } : {}),
      [Symbol.asyncDispose]: stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
