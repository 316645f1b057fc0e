// Loops' own MCP endpoint, with sign-in before it, over any registry of tools; and a door in front of it that brings the
// token along, for suites that cannot carry one.
import { createServer, request } from 'node:http'
import type { Socket } from 'node:net'
import { createApp } from '../../../services/gateway/app.ts'
import { openDeps } from '../../../services/gateway/deps.ts'
import { type Fetch, listen } from '../../../services/gateway/listen.ts'
import { createMcp, type NewServer } from '../../../services/gateway/mcp/handler.ts'
import { createLoad } from '../../../services/gateway/mcp/load.ts'
import { verifyAccess } from '../../../services/gateway/oauth/access.ts'
import { oauthRoutes } from '../../../services/gateway/oauth/routes.ts'
import { stepUp } from '../../../services/gateway/oauth/step-up.ts'
import { pageRoutes } from '../../../services/gateway/pages/routes.ts'
import { start as startMigrator } from '../../../services/migrator/main.ts'
import { readConfig } from '../../../shared/config.ts'
import { openHost } from '../../../shared/host.ts'
import { signUp } from '../accounts.ts'
import { connectApp } from '../oauth-client.ts'
import { freshStack } from '../stack.ts'

export type Endpoint = AsyncDisposable & Readonly<{ url: string }>

/** Starts the gateway's whole HTTP side; `newServer` stands where Loops' tools do. */
export const openEndpoint = async (newServer: NewServer): Promise<Endpoint> => {
  const { natsUrl, mongodbUrl } = freshStack()
  const config = readConfig({
    NATS_URL: natsUrl,
    MONGODB_URL: mongodbUrl,
    LOOPS_SECRET: 'a secret of the tests that is long enough',
    LOG: 'error',
    NODE_ENV: 'test',
    SIGN_UP: 'open',
  })
  let fetch: Fetch = () => new Response(null, { status: 503 })
  const listener = await listen((incoming, env) => fetch(incoming, env), '127.0.0.1', 0)
  const publicUrl = `http://${listener.address}`
  const migrator = await startMigrator(config)
  const host = await openHost('gateway', config)
  const { clock, ids, log } = host
  const deps = await openDeps(host, publicUrl)
  const load = createLoad()
  const mcp = createMcp(newServer, log)
  const verify = verifyAccess(deps)
  fetch = createApp({
    publicUrl,
    host: undefined,
    limits: deps.limits,
    addressOf: deps.addressOf,
    clock,
    ids,
    log,
    health: { connected: () => true, closed: () => false },
    mcp: { publicUrl, log, mcp, load, verify, mayAsk: stepUp(deps) },
    routes: [oauthRoutes(deps), pageRoutes(deps)],
  }).fetch
  return {
    url: publicUrl,
    [Symbol.asyncDispose]: async () => {
      await listener.close()
      await mcp.close()
      await host.stack.disposeAsync()
      await migrator[Symbol.asyncDispose]()
    },
  }
}

/** Signs somebody up and gives an access token of an app of theirs. */
export const tokenOf = async (endpoint: Endpoint): Promise<string> => {
  const account = await signUp(endpoint, { name: 'Olga' })
  const { tokens } = await connectApp(endpoint.url, account)
  return tokens.access_token
}

/** Listens on the loopback and hands every request on as it came, but for the token that it adds. */
export const openTokenDoor = async (target: string, token: string): Promise<Endpoint> => {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const door = createServer((incoming, answer) => {
    const onward = request({
      hostname,
      port,
      method: incoming.method,
      path: incoming.url,
      headers: { ...incoming.headers, authorization: `Bearer ${token}` },
    })
    onward.on('response', (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers)
      answer.flushHeaders()
      response.pipe(answer)
    })
    onward.on('error', () => answer.destroy())
    answer.on('close', () => onward.destroy())
    incoming.pipe(onward)
  })
  door.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve))
  const address = door.address()
  return {
    url: `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => door.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
