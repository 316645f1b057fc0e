// One MCP call over HTTP as cheaply as a client can make it: a fixed body in the newest revision on kept connections.
import { Agent, request } from 'node:http'
import { MODERN } from '../support/mcp-client.ts'

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

type Wanted = Readonly<{
  method: string
  params: Readonly<Record<string, unknown>>
  headers?: Readonly<Record<string, string>>
  /** Text that a good answer contains. */
  holds: string
}>

/** A function that sends one request and rejects when the answer is not a good one. */
const requester = (url: string, token: string, wanted: Wanted): (() => Promise<void>) => {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: wanted.method,
    params: {
      ...wanted.params,
      _meta: {
        'io.modelcontextprotocol/protocolVersion': MODERN,
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  })
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${token}`,
    'mcp-protocol-version': MODERN,
    'mcp-method': wanted.method,
    ...wanted.headers,
  }
  return () =>
    new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', agent, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          const good = text.includes(wanted.holds) && !text.includes('"isError":true')
          if (response.statusCode === 200 && good) resolve()
          else reject(new Error(`${response.statusCode} ${text.slice(0, 300)}`))
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
}

/** A function that calls `tool` once and rejects when the answer is not a success. */
export const toolCall = (
  url: string,
  token: string,
  tool: string,
  input: Record<string, unknown>,
): (() => Promise<void>) =>
  requester(url, token, {
    method: 'tools/call',
    params: { name: tool, arguments: input },
    headers: { 'mcp-name': tool },
    holds: '"structuredContent"',
  })

/** A function that requests the list of tools once. */
export const toolsList = (url: string, token: string): (() => Promise<void>) =>
  requester(url, token, { method: 'tools/list', params: {}, holds: '"inputSchema"' })
