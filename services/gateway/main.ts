// Wires the gateway: its socket, parts, routes and answers on the bus, and the order in which they stop.
import { client } from '../../shared/bus/client.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { notifier } from '../../shared/contracts/notifier/contract.ts'
import { recordHandlers } from '../../shared/events/record-store.ts'
import { serveSubscribers } from '../../shared/events/serve-subscribers.ts'
import { openWatch } from '../../shared/events/watch.ts'
import type { Config } from '../../shared/process/config.ts'
import { repeat } from '../../shared/process/lifecycle.ts'
import type { Telemetry } from '../../shared/process/telemetry.ts'
import { type Host, openHost } from '../../shared/service.ts'
import type { Started } from '../start.ts'
import { forgetLeaving } from './accounts/account-deletion.ts'
import { eraseDeleted } from './accounts/erasure.ts'
import { resealFactors } from './accounts/factors.ts'
import { records } from './accounts/record-store.ts'
import { findSignedIn } from './accounts/sessions.ts'
import { setupUrl } from './accounts/setup.ts'
import { warnOfTokenEnds } from './accounts/token-warnings.ts'
import { finishLeftBehind } from './accounts/unfinished.ts'
import { endDeleted } from './accounts/workspace-deletion.ts'
import { createApp } from './app.ts'
import { forgetOldEntries, takeUpLeftBehind } from './audit/audit.ts'
import { type Deps, openDeps } from './deps.ts'
import { handlers } from './handlers.ts'
import { type Health, metaRoutes } from './http/meta.ts'
import { callCounter } from './limits/calls.ts'
import { SNAPSHOT_PAGES } from './limits/policies.ts'
import { type Fetch, type Listener, listen } from './listen.ts'
import { openAgentEvents } from './mcp/agent-events.ts'
import { createCatalog } from './mcp/catalog.ts'
import { createMcp, type Mcp } from './mcp/handler.ts'
import { createHeldCalls } from './mcp/held-calls.ts'
import { createLoad } from './mcp/load.ts'
import { loopsServer } from './mcp/offer.ts'
import { sightFinder } from './mcp/sight.ts'
import { createSubscriptions } from './mcp/subscriptions.ts'
import { verifyAccess } from './oauth/access.ts'
import { LOOK_MS, READ_MS } from './oauth/key-schedule.ts'
import { oauthRoutes } from './oauth/routes.ts'
import { stepUp } from './oauth/step-up.ts'
import { subscriberHandlers } from './snapshot.ts'
import { openLive } from './web/board/live.ts'
import { devMailRoutes } from './web/dev-mail/dev-mail-page.ts'
import { authorizationPages } from './web/flow.ts'
import { pageRoutes } from './web/routes.ts'

/** How long a gateway in production still answers once it reports that it is not ready, so that nobody is cut off (ms). */
const DRAIN_MS = 3_000

/** How often the gateway looks for what a crash left unfinished (ms). */
const FINISH_EVERY_MS = 2_000

/** How often the gateway looks for tokens that end soon (ms). */
const WARN_EVERY_MS = 60_000

/** How often the gateway looks for deleted workspaces (ms). */
const ERASE_EVERY_MS = 1_000

/** How often the gateway removes old entries of the audit log (ms). */
const FORGET_EVERY_MS = 60_000

/** What answers while the parts behind the socket are opening: alive, but not ready. */
const starting = metaRoutes({ connected: () => false, closed: () => true }).notFound(
  () => new Response(null, { status: 503, headers: { 'Retry-After': '1' } }),
)

/** The configured public URL; a port of 0 becomes the one that the listener was given. */
const publicUrlOf = (config: Config, { port }: Listener): string => {
  const url = new URL(config.PUBLIC_URL)
  if (config.PORT === 0 && url.port === '0') url.port = String(port)
  return url.origin
}

/**
 * Starts the work that repeats until the host stops: finishing what a crash left behind, warning of tokens that end, ending
 * deleted workspaces, rotating the signing keys, and the upkeep of the audit log. Of all gateways one does it; each reads the
 * keys for itself.
 */
export const startUpkeep = ({ stack, log, ids, config, upkeep }: Host, deps: Deps): void => {
  const options = { log, random: ids.random }
  const works: readonly (readonly [number, () => Promise<unknown>])[] = [
    [FINISH_EVERY_MS, () => finishLeftBehind(deps)],
    [FINISH_EVERY_MS, () => forgetLeaving(deps)],
    [FINISH_EVERY_MS, () => eraseDeleted(deps)],
    [ERASE_EVERY_MS, () => endDeleted(deps)],
    [FINISH_EVERY_MS, () => takeUpLeftBehind(deps)],
    [FORGET_EVERY_MS, () => forgetOldEntries(deps, config.AUDIT_DAYS)],
    [WARN_EVERY_MS, () => warnOfTokenEnds(deps)],
    [LOOK_MS, () => resealFactors(deps)],
    [LOOK_MS, deps.keys.tend],
  ]
  for (const [interval_ms, work] of works) stack.use(upkeep.repeat(work, { ...options, interval_ms }))
  stack.use(repeat(deps.keys.look, { ...options, interval_ms: READ_MS }))
}

/** Has what is open here counted, by its kind. */
const countStreams = (
  { metrics, stack }: Pick<Host, 'metrics' | 'stack'>,
  open: Readonly<Record<string, Readonly<{ count: () => number }>>>,
): void => {
  const name = 'loops_open_streams' as const
  const read = () =>
    Object.entries(open).map(([kind, { count }]) => ({ name, labels: { kind }, value: count() }))
  stack.use(metrics.gauges(read))
}

type Wired = Readonly<{
  app: ReturnType<typeof createApp>
  mcp: Mcp
  /** Ends the calls and streams that wait for something to happen. */
  endWaiting: () => void
  /** The link for making the first account, where one is needed. */
  setup_url: string | undefined
}>

/** Opens everything that a gateway answers, over HTTP and on the bus, on an open host. */
export const wire = async (host: Host, publicUrl: string, health: Health): Promise<Wired> => {
  const { bus, clock, config, ids, log } = host
  const deps = await openDeps(host, publicUrl)
  startUpkeep(host, deps)
  const catalog = createCatalog(CONTRACTS)
  const load = createLoad()
  const countCall = callCounter(deps.limits, {
    of_connection: config.TOOL_CALLS_PER_MINUTE,
    of_workspace: config.WORKSPACE_CALLS_PER_MINUTE,
  })
  const appsUrl = `${publicUrl}/apps`
  const watch = openWatch(bus, gateway.watches)
  const held = createHeldCalls({ watch, clock, random: ids.random })
  const subscriptions = createSubscriptions({
    watch,
    clock,
    random: ids.random,
    log,
    catalog,
    findSight: sightFinder({ bus, clock, load }),
    countCall,
  })
  const live = openLive({ watch, ids, log })
  const { confirmed_calls: stateKeys, event_cursors: keys } = deps.secrets
  const events = openAgentEvents({ bus, clock, log, load, countCall, watch, ids, keys })
  const calling = { bus, clock, log, catalog, load, held, countCall, appsUrl, stateKeys }
  const server = loopsServer(calling, events)
  const mcp = createMcp(server, log, subscriptions, { metrics: host.metrics, clock })
  const app = createApp({
    publicUrl,
    host: config.HOST,
    limits: deps.limits,
    addressOf: deps.addressOf,
    clock,
    ids,
    log,
    health,
    whoLooks: (c) => findSignedIn(c, deps),
    mcp: { publicUrl, log, mcp, load, verify: verifyAccess(deps), mayAsk: stepUp(deps) },
    routes: [
      oauthRoutes(deps, authorizationPages),
      pageRoutes(deps, live),
      devMailRoutes({ config, clock, notifier: client(bus, notifier) }),
    ],
  })
  const ofRecords = recordHandlers(gateway, host.mongo.database(gateway.name), records)
  await host.serve(gateway, { ...handlers(deps), ...ofRecords })
  countStreams(host, { resources: subscriptions, events: events.streams, held_calls: held, pages: live })
  const countPage = (subscriber: string) => deps.limits.count(`snapshot of ${subscriber}`, SNAPSHOT_PAGES)
  const options = { clock, ids, count: countPage }
  host.stack.use(await serveSubscribers(bus, gateway, subscriberHandlers(bus, clock, host.epoch), options))
  const endWaiting = (): void => {
    held.end()
    live.end()
    subscriptions.end()
    events.streams.end()
  }
  return { app, mcp, endWaiting, setup_url: await setupUrl(deps) }
}

/**
 * Starts the gateway. It listens first, so that a port in use is reported at once, and answers 503 until all is open.
 * To stop, it reports that it is not ready, ends what waits, takes no new connections, finishes the requests in flight, aborts the rest, and
 * closes its own connections.
 * @throws Error with one sentence when it cannot listen; AppError `unavailable` when MongoDB or NATS does not answer.
 */
export const start = async (config: Config, telemetry?: Telemetry): Promise<Started> => {
  const state: { closed: boolean; host?: Host; mcp?: Mcp; endWaiting?: () => void; fetch: Fetch } = {
    closed: true,
    fetch: starting.fetch,
  }
  const listener = await listen((request, env) => state.fetch(request, env), config.HOST, config.PORT)
  const stop = async (): Promise<void> => {
    const served = !state.closed
    state.closed = true
    state.endWaiting?.()
    await listener.close(served && config.NODE_ENV === 'production' ? DRAIN_MS : 0)
    await state.mcp?.close()
    await state.host?.stack.disposeAsync()
  }
  try {
    const host = await openHost(gateway.name, config, telemetry)
    state.host = host
    const publicUrl = publicUrlOf(config, listener)
    const { connected, events } = host.bus
    const health = { connected, closed: () => state.closed, stalled: events.stalled }
    const { app, mcp, endWaiting, setup_url } = await wire(host, publicUrl, health)
    state.mcp = mcp
    state.endWaiting = endWaiting
    state.fetch = app.fetch
    state.closed = false
    host.ready(() => (state.closed ? ['nothing: it stops'] : []))
    host.log.info('listening', { address: listener.address, public: publicUrl })
    // In the message, since the log hides a field of this name; whoever reads this log may use the link.
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
