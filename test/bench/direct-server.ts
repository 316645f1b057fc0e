// The gateway without the bus: requests are answered in this process at once. What remains is its own cost: HTTP, token,
// checks, protocol. Runs as a process of its own and prints its address.
import type { Msg } from '@nats-io/nats-core'
import { findSignedIn } from '../../services/gateway/accounts/sessions.ts'
import { createApp } from '../../services/gateway/app.ts'
import { openDeps } from '../../services/gateway/deps.ts'
import { listen } from '../../services/gateway/listen.ts'
import { createCatalog } from '../../services/gateway/mcp/catalog.ts'
import { createMcp } from '../../services/gateway/mcp/handler.ts'
import { createHeldCalls } from '../../services/gateway/mcp/held-calls.ts'
import { createLoad } from '../../services/gateway/mcp/load.ts'
import { loopsServer } from '../../services/gateway/mcp/offer.ts'
import { verifyAccess } from '../../services/gateway/oauth/access.ts'
import { oauthRoutes } from '../../services/gateway/oauth/routes.ts'
import { stepUp } from '../../services/gateway/oauth/step-up.ts'
import { openLive } from '../../services/gateway/web/board/live.ts'
import { authorizationPages } from '../../services/gateway/web/flow.ts'
import { pageRoutes } from '../../services/gateway/web/routes.ts'
import type { Bus } from '../../shared/bus/connect.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { openWatch } from '../../shared/events/watch.ts'
import { processEnv, readConfig } from '../../shared/process/config.ts'
import { openHost } from '../../shared/service.ts'
import { cannedTasks } from './canned.ts'

const config = readConfig(processEnv())
const host = await openHost('gateway', config)
const deps = await openDeps(host, config.PUBLIC_URL)
const answer = JSON.stringify(cannedTasks)
const reply = { headers: undefined, json: () => JSON.parse(answer) } as unknown as Msg
const bus = { ...host.bus, nc: { info: undefined, request: async () => reply } } as unknown as Bus

const { clock, ids, log } = host
const publicUrl = config.PUBLIC_URL
const catalog = createCatalog(CONTRACTS)
const load = createLoad()
const watch = openWatch(host.bus, [])
const held = createHeldCalls({ watch, clock, random: Math.random })
const mcp = createMcp(
  loopsServer({
    bus,
    clock,
    log,
    catalog,
    load,
    held,
    countCall: () => undefined,
    appsUrl: '',
    stateKeys: deps.secrets.confirmed_calls,
  }),
  log,
)
const app = createApp({
  publicUrl,
  host: config.HOST,
  limits: deps.limits,
  addressOf: deps.addressOf,
  clock,
  ids,
  log,
  health: { connected: () => true, closed: () => false },
  whoLooks: (c) => findSignedIn(c, deps),
  mcp: { publicUrl, log, mcp, load, verify: verifyAccess(deps), mayAsk: stepUp(deps) },
  routes: [oauthRoutes(deps, authorizationPages), pageRoutes(deps, openLive({ watch, ids, log }))],
})
const listener = await listen((request, env) => app.fetch(request, env), config.HOST, config.PORT)
console.log(`http://${listener.address}`)
