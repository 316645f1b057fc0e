// The MCP endpoint when the other side disconnects or answers garbage. The test plays a service on the real bus, behind
// the gateway's own routes.
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GatewayEnv } from '../../services/gateway/http/env.ts'
import { type Listener, listen } from '../../services/gateway/listen.ts'
import { createCatalog } from '../../services/gateway/mcp/catalog.ts'
import { createMcp } from '../../services/gateway/mcp/handler.ts'
import { createHeldCalls } from '../../services/gateway/mcp/held-calls.ts'
import { createLoad } from '../../services/gateway/mcp/load.ts'
import { loopsServer } from '../../services/gateway/mcp/offer.ts'
import { mcpRoutes } from '../../services/gateway/mcp/routes.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { requestSubject } from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { openWatch } from '../../shared/events/watch.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { keysOf } from '../support/keys.ts'
import { openWire } from '../support/raw-http.ts'
import { person } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'
import { SOME_ID } from '../support/tools.ts'

const TOKEN = 'canary-of-a-token'
const log = createLog({ filter: 'error', topic: 'test' })

let bus: Bus
/** The connection of the services that the test plays. */
let played: Bus
let listener: Listener
let url: URL
beforeAll(async () => {
  const { natsUrl } = freshStack()
  bus = await connectBus(natsUrl, 'gateway', log, keysOf('gateway'))
  played = await connectBus(natsUrl, 'test', log)
  const catalog = createCatalog(CONTRACTS)
  const load = createLoad(1)
  const held = createHeldCalls({ watch: openWatch(bus, []), clock, random: Math.random })
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
      stateKeys: [Buffer.alloc(32)],
    }),
    log,
  )
  const caller = person(SOME_ID)
  const app = new Hono<GatewayEnv>()
  app.use(async (c, next) => {
    c.set('request_id', SOME_ID)
    await next()
  })
  const routes = mcpRoutes({
    publicUrl: 'http://localhost',
    log,
    load,
    mcp,
    mayAsk: async () => true,
    verify: async () => ({ ok: true, caller, grant_id: SOME_ID, gen: 1, expires_at: 0 }),
    countStranger: () => undefined,
  })
  app.route('/', routes)
  listener = await listen(app.fetch, '127.0.0.1', 0)
  url = new URL(`http://${listener.address}/mcp`)
})
afterAll(async () => {
  await listener?.close()
  await played?.[Symbol.asyncDispose]()
  await bus?.[Symbol.asyncDispose]()
})

const headers = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' }
const call = (name: string): string =>
  JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } })

test('a_client_that_disconnects_frees_what_its_call_held [T18]', async () => {
  const subscription = played.nc.subscribe(requestSubject('tasks', 'list_tasks'))
  await played.nc.flush()
  const arrived = subscription[Symbol.asyncIterator]().next()
  const gone = new AbortController()
  const broken = fetch(url, { method: 'POST', headers, body: call('list_tasks'), signal: gone.signal })
  await arrived
  using wire = openWire(url, headers)
  // The only free slot is taken.
  expect((await wire.rpc('tools/list')).status).toBe(503)
  gone.abort()
  await expect(broken).rejects.toThrow()
  // Sooner than the call would have timed out.
  await expect.poll(async () => (await wire.rpc('tools/list')).status, { timeout: 5_000 }).toBe(200)
  subscription.unsubscribe()
}, 20_000)

test('an_internal_fault_is_answered_with_its_number_and_not_its_text [P10]', async () => {
  const subscription = played.nc.subscribe(requestSubject('loops-queue', 'get_queue_stats'), {
    callback: (_, message) => void message.respond('Traceback: secret words of the inside'),
  })
  await played.nc.flush()
  using wire = openWire(url, headers)
  const answer = await wire.send(call('get_queue_stats'))
  expect(answer.status).toBe(200)
  expect(JSON.parse(answer.text)).toMatchObject({
    result: {
      isError: true,
      structuredContent: { error: { code: 'internal', correlation_id: expect.any(String) } },
    },
  })
  expect(answer.text).not.toMatch(/secret|Traceback|SyntaxError|JSON|\.ts/)
  subscription.unsubscribe()
})

test('the_token_stays_at_the_gateway [B3]', async () => {
  const seen: string[] = []
  const everything = played.nc.subscribe('>', {
    callback: (_, message) => {
      seen.push(`${message.subject} ${message.string()} ${message.headers?.toString() ?? ''}`)
      if (message.subject.startsWith('rpc.')) message.respond('{}')
    },
  })
  await played.nc.flush()
  using wire = openWire(url, headers)
  await wire.send(call('get_queue_stats'))
  expect(seen.join('\n')).toContain('get_queue_stats')
  expect(seen.join('\n')).not.toContain(TOKEN)
  everything.unsubscribe()
})
