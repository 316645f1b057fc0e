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

/** An answer: its text, and all bytes that came. */
type Answer = Readonly<{ text: string; bytes: number }>

/** A function that sends one request and rejects when the answer is not a good one. */
const answerer = (url: string, token: string, wanted: Wanted): (() => Promise<Answer>) => {
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
          const headers = response.rawHeaders.join('::::').length
          if (response.statusCode === 200 && good) resolve({ text, bytes: Buffer.byteLength(text) + headers })
          else reject(new Error(`${response.statusCode} ${text.slice(0, 300)}`))
        })
      })
      sent.on('error', reject)
      sent.end(body)
    })
}

const requester = (url: string, token: string, wanted: Wanted): (() => Promise<void>) => {
  const answer = answerer(url, token, wanted)
  return async () => void (await answer())
}

/**
 * Calls `tool` once.
 * @param host what the request gives as the name of the site, where it goes to another address
 * @returns its structured answer, and the bytes that came
 * @throws Error when the answer is not a success
 */
export const callOnce = async (
  [url, token, host]: readonly [url: string, token: string, host?: string],
  tool: string,
  input: Readonly<Record<string, unknown>>,
): Promise<Readonly<{ content: unknown; bytes: number }>> => {
  const { text, bytes } = await answerer(url, token, {
    method: 'tools/call',
    params: { name: tool, arguments: input },
    headers: { 'mcp-name': tool, ...(host === undefined ? {} : { host }) },
    holds: '"structuredContent"',
  })()
  const json = text.startsWith('{') ? text : (/^data: (.*"structuredContent".*)$/m.exec(text)?.[1] ?? '')
  return { content: JSON.parse(json).result.structuredContent, bytes }
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
