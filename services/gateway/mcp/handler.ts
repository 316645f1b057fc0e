// MCP in every revision from one stateless handler: a server of its own for each request, as it is given the making of.
// It is given a checked caller and a parsed body; it knows no tokens and keeps nothing between requests.
import { createMcpHandler, type McpServer, type Server } from '@modelcontextprotocol/server'
import type { Log } from '../../../shared/process/log.ts'
import type { Connection } from './call-tool.ts'

export type Mcp = Readonly<{
  /** Answers one request whose JSON body was parsed and whose caller was checked. */
  fetch: (request: Request, body: unknown, visit: Connection) => Promise<Response>
  /** Aborts what is still under way; call it when nothing more arrives. */
  close: () => Promise<void>
}>

/** Who asks, and what they sent. */
export type Exchange = Readonly<{ visit: Connection; body: unknown }>

/** Makes the server of one exchange. It must not be given to another: what it holds is one caller's. */
export type NewServer = (exchange: Exchange) => Server | McpServer

/** An exchange on its way through the SDK, which hands it from `fetch` to the factory as its `authInfo`. */
type Passing = Exchange & { legacy: boolean }

const isRequest = (message: unknown): boolean =>
  message !== null && typeof message === 'object' && 'method' in message && 'id' in message

/**
 * The answer to an older client as one JSON body (an array for a batch) instead of the stream that the SDK makes of it:
 * clients that read JSON alone are many. What has more to say than its results stays a stream.
 */
const asJson = async (response: Response, body: unknown): Promise<Response> => {
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) return response
  const field = 'data: '
  const stream = await response.text()
  const messages = stream
    .split('\n')
    .filter((line) => line.startsWith(field))
    .map((line) => line.slice(field.length))
  if (messages.length > [body].flat().filter(isRequest).length) return new Response(stream, response)
  const json = Array.isArray(body) ? `[${messages.join(',')}]` : (messages[0] ?? '')
  return new Response(json, { headers: { 'Content-Type': 'application/json' } })
}

/** Makes the handler. One per process; a new server for each request, so that nothing of one caller reaches another. */
export const createMcp = (newServer: NewServer, parentLog: Log): Mcp => {
  const passing = new WeakMap<object, Passing>()
  const log = parentLog.child('mcp')
  const handler = createMcpHandler(
    ({ authInfo, era }) => {
      const exchange = authInfo && passing.get(authInfo)
      if (!exchange) throw new Error('an MCP request came without its caller')
      exchange.legacy = era === 'legacy'
      return newServer(exchange)
    },
    { onerror: (error) => log.debug('not served', { error }) },
  )
  return {
    fetch: async (request, body, visit) => {
      const { client_id, scopes } = visit.caller
      const exchange: Passing = { visit, body, legacy: false }
      // The SDK wants a token here and has no use for it; the real one stays outside.
      const authInfo = { token: '', clientId: client_id, scopes: [...scopes] }
      passing.set(authInfo, exchange)
      const response = await handler.fetch(request, { authInfo, parsedBody: body })
      return exchange.legacy ? await asJson(response, body) : response
    },
    close: handler.close,
  }
}
