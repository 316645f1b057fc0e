// Loops' own MCP endpoint, with sign-in, over any registry of tools. An entry in front of it adds the token for suites
// that cannot send one.
import { createServer, request } from 'node:http'
import type { Socket } from 'node:net'
import type { NewServer } from '../../../services/gateway/mcp/handler.ts'
import { signUp } from '../accounts.ts'
import { openGatewayEnvironment } from '../gateway-environment.ts'
import { connectApp } from '../oauth-client.ts'

export type Endpoint = AsyncDisposable & Readonly<{ url: string }>

/** Starts the gateway's whole HTTP side; `newServer` replaces Loops' tools. */
export const openEndpoint = (newServer: NewServer): Promise<Endpoint> =>
  openGatewayEnvironment({}, undefined, newServer)

/** Signs up a person and returns an access token of an app of theirs. */
export const tokenOf = async (endpoint: Endpoint): Promise<string> => {
  const account = await signUp(endpoint, { name: 'Olga' })
  const { tokens } = await connectApp(endpoint.url, account)
  return tokens.access_token
}

/** Listens on the loopback and forwards every request unchanged, except for the token that it adds. */
export const openTokenEntry = async (target: string, token: string): Promise<Endpoint> => {
  const { hostname, port } = new URL(target)
  const sockets = new Set<Socket>()
  const entry = createServer((incoming, answer) => {
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
  entry.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => entry.listen(0, '127.0.0.1', resolve))
  const address = entry.address()
  return {
    url: `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 0}`,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => entry.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
