// One MCP call over HTTP as cheaply as a client can make it: a fixed body in the newest revision on kept connections.
import { Agent, request } from 'node:http'
import { MODERN } from '../support/mcp-client.ts'

const agent = new Agent({ keepAlive: true, maxSockets: 64 })

/** A function that calls `tool` once and rejects when the answer is not a success. */
export const toolCall = (
  url: string,
  token: string,
  tool: string,
  input: Record<string, unknown>,
): (() => Promise<void>) => {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: {
      name: tool,
      arguments: input,
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
    'mcp-method': 'tools/call',
    'mcp-name': tool,
  }
  return () =>
    new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', agent, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString()
          if (
            response.statusCode === 200 &&
            text.includes('"structuredContent"') &&
            !text.includes('"isError":true')
          )
            resolve()
          else reject(new Error(`${response.statusCode} ${text.slice(0, 300)}`))
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
}
