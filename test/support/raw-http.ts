// Requests as bytes, over one kept connection. It sends what a client library would not, and shows whether the server
// keeps the connection. Knows no tool.
import { Agent, type IncomingHttpHeaders, request } from 'node:http'
import type { Socket } from 'node:net'

export type Answer = Readonly<{ status: number; headers: IncomingHttpHeaders; text: string }>

export type Wire = Disposable &
  Readonly<{
    /** Sends a body unchanged. @throws when the connection ends before the answer */
    send: (
      body: string | Uint8Array,
      headers?: Readonly<Record<string, string>>,
      method?: string,
    ) => Promise<Answer>
    /** Calls a method in the older form, without an envelope. */
    rpc: (method: string, params?: unknown) => Promise<Answer>
    /** How many connections were opened so far. */
    connections: () => number
  }>

/** Opens a wire to an address; `headers` go with every request. */
export const openWire = (url: URL, headers: Readonly<Record<string, string>>): Wire => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const sockets = new Set<Socket>()
  const send: Wire['send'] = (body, more = {}, method = 'POST') =>
    new Promise((resolve, reject) => {
      const sent = request(url, {
        agent,
        method,
        headers: { 'Content-Length': Buffer.byteLength(body), ...headers, ...more },
      })
      sent.on('socket', (socket) => sockets.add(socket))
      sent.on('error', reject)
      sent.on('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        )
      })
      sent.end(body)
    })
  let id = 0
  return {
    send,
    rpc: (method, params) => {
      id += 1
      return send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    },
    connections: () => sockets.size,
    [Symbol.dispose]: () => agent.destroy(),
  }
}
