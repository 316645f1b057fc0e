// Serves every revision of MCP from one stateless handler, with a new server for each request. It gets a checked caller and a
// parsed body, knows no tokens, and keeps nothing between requests.
import {
  createMcpHandler,
  type McpServer,
  type McpServerFactory,
  PROTOCOL_VERSION_META_KEY,
  ProtocolErrorCode,
  type Server,
} from '@modelcontextprotocol/server'
import { type AppError, asAppError, textOf, toErrorBody } from '../../../shared/contracts/define/errors.ts'
import type { Log } from '../../../shared/process/log.ts'
import { isObject } from './arguments.ts'
import type { Connection } from './call-tool.ts'
import { type MeasuredBy, measuring } from './measured.ts'
import { paced } from './paced-body.ts'
import type { Subscriptions } from './subscriptions.ts'

export type Mcp = Readonly<{
  /** Answers one request whose JSON body was parsed and whose caller was checked. */
  fetch: (request: Request, body: unknown, connection: Connection) => Promise<Response>
  /** Aborts what is still under way. Call it when nothing more arrives. */
  close: () => Promise<void>
}>

/**
 * Who asks, the body that they sent, and whether it is of an older revision. `isRead` says of an answer that is a stream
 * whether its client has read all of it so far.
 */
export type Exchange = Readonly<{
  connection: Connection
  body: unknown
  legacy: boolean
  isRead: () => boolean
}>

/** Makes the server for one exchange. It holds what is one caller's, so it must not serve another. */
export type NewServer = (exchange: Exchange) => Server | McpServer

/** An exchange on its way through the SDK, found again by the `authInfo` that the SDK passes to the factory. */
type Passing = { -readonly [K in keyof Exchange]: Exchange[K] }

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

/** An answer; of one that is a stream, its exchange then knows whether it is read. */
const pacing = (response: Response, exchange: Passing): Response => {
  // The type first: to ask for the body of an answer makes a stream of it.
  if (!response.headers.get('content-type')?.startsWith('text/event-stream') || !response.body)
    return response
  const { body, isRead } = paced(response.body)
  exchange.isRead = isRead
  return new Response(body, response)
}

type Listen = Readonly<{ id: unknown; uris: readonly string[] }>

/** A request to listen, of the revision that has them; undefined: something else. The SDK checks the rest of it. */
const listenIn = (body: unknown): Listen | undefined => {
  if (!isObject(body) || body.method !== 'subscriptions/listen' || !isObject(body.params)) return undefined
  const { _meta, notifications } = body.params
  if (!isObject(_meta) || !(PROTOCOL_VERSION_META_KEY in _meta)) return undefined
  const uris = isObject(notifications) ? notifications.resourceSubscriptions : undefined
  return {
    id: body.id,
    uris: Array.isArray(uris) ? uris.filter((uri): uri is string => typeof uri === 'string') : [],
  }
}

/** A refusal as the answer to a request. */
const refusalOf = (error: AppError, id: unknown): Response => {
  const data = toErrorBody(error)
  const code =
    error.code === 'limit_exceeded' ? ProtocolErrorCode.InvalidParams : ProtocolErrorCode.InternalError
  return Response.json({ jsonrpc: '2.0', id: id ?? null, error: { code, message: textOf(error), data } })
}

/** Makes the handler, one per process. Without `subscriptions`, nobody who listens is ever notified. */
export const createMcp = (
  newServer: NewServer,
  parentLog: Log,
  subscriptions?: Subscriptions,
  measured?: MeasuredBy,
): Mcp => {
  const passing = new WeakMap<object, Passing>()
  const log = parentLog.child('mcp')
  const factory: McpServerFactory = ({ authInfo, era }) => {
    const exchange = authInfo && passing.get(authInfo)
    if (!exchange) throw new Error('an MCP request came without its caller')
    exchange.legacy = era === 'legacy'
    return newServer(exchange)
  }
  const onerror = (error: Error): void => log.debug('not served', { error })
  const handler = createMcpHandler(factory, { onerror })
  return {
    fetch: measuring(measured, async (request, body, connection) => {
      const { client_id, scopes } = connection.caller
      const exchange: Passing = { connection, body, legacy: false, isRead: () => false }
      // The SDK wants a token and does not use it; the real one stays outside.
      const authInfo = { token: '', clientId: client_id, scopes: [...scopes] }
      const options = { authInfo, parsedBody: body }
      passing.set(authInfo, exchange)
      const listen = subscriptions && listenIn(body)
      if (!listen) {
        const response = await handler.fetch(request, options)
        return exchange.legacy ? await asJson(response, body) : pacing(response, exchange)
      }
      const { signal } = request
      try {
        return await subscriptions.open({
          connection,
          uris: listen.uris,
          signal,
          answer: (streams) => {
            // One for each stream, so that each ends by itself.
            const { fetch, close } = createMcpHandler(factory, { ...streams, onerror })
            return { response: fetch(request, options), close }
          },
        })
      } catch (fault) {
        const error = asAppError(fault, connection.request_id)
        if (error !== fault) log.error('a stream failed to open', { error: fault })
        return refusalOf(error, listen.id)
      }
    }),
    close: handler.close,
  }
}
