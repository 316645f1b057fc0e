// Serves every revision of MCP from one stateless handler, with a new server for each request. It gets a checked caller and a
// parsed body, knows no tokens, and keeps nothing between requests.
import { createMcpHandler, type McpServer, type Server } from '@modelcontextprotocol/server'
import type { Log } from '../../../shared/process/log.ts'
import type { Connection } from './call-tool.ts'

export type Mcp = Readonly<{
  /** Answers one request whose JSON body was parsed and whose caller was checked. */
  fetch: (request: Request, body: unknown, connection: Connection) => Promise<Response>
  /** Aborts what is still under way. Call it when nothing more arrives. */
  close: () => Promise<void>
}>

/** Who asks, and the body that they sent. */
export type Exchange = Readonly<{ connection: Connection; body: unknown }>

/** Makes the server for one exchange. It holds what is one caller's, so it must not serve another. */
export type NewServer = (exchange: Exchange) => Server | McpServer

/** An exchange on its way through the SDK, found again by the `authInfo` that the SDK passes to the factory. */
type Passing = Exchange & { legacy: boolean }

const isRequest = (message: unknown): boolean =>
  message !== null && typeof message === 'object' && 'method' in message && 'id' in message

/**
 * The answer to a client of an older revision as one JSON body (an array for a batch), where the SDK makes a stream: many
 * clients read only JSON. An answer with more messages than results stays a stream.
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

/** Makes the handler, one per process. */
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
    fetch: async (request, body, connection) => {
      const { client_id, scopes } = connection.caller
      const exchange: Passing = { connection, body, legacy: false }
      // The SDK wants a token and does not use it; the real one stays outside.
      const authInfo = { token: '', clientId: client_id, scopes: [...scopes] }
      passing.set(authInfo, exchange)
      const response = await handler.fetch(request, { authInfo, parsedBody: body })
      return exchange.legacy ? await asJson(response, body) : response
    },
    close: handler.close,
  }
}
