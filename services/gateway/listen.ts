// The listening socket: opened, told of in one sentence when it cannot be, and closed without cutting anybody off. Runs on
// Node and on Deno. Knows no route.
import { setTimeout } from 'node:timers/promises'
import { createAdaptorServer, type Http2Bindings, type HttpBindings } from '@hono/node-server'
import { within } from '../../shared/lifecycle.ts'

/** Longest time that a client may take to send its headers, and its whole request (ms). */
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 30_000
/** Longer than the usual load balancer keeps idle connections, so that it is never the one that finds them closed (ms). */
const KEEP_ALIVE_MS = 65_000
/** How long requests under way may take when stopping (ms). */
const FINISH_MS = 15_000
/** How often connections that have become idle meanwhile are closed (ms). */
const SWEEP_MS = 50

/** Answers a request; `env` tells of its connection. */
export type Fetch = (request: Request, env: HttpBindings | Http2Bindings) => Response | Promise<Response>

export type Listener = Readonly<{
  port: number
  /** Host and port, as they stand in a URL. */
  address: string
  /**
   * For `settle_ms` still answers, but ends each connection with its answer, while load balancers notice and clients go
   * elsewhere; then takes no new connections, waits for the requests under way, at most FINISH_MS, and cuts off the rest.
   */
  close: (settle_ms?: number) => Promise<void>
}>

const REASONS: Readonly<Record<string, (place: string) => string>> = {
  EADDRINUSE: (place) =>
    `${place} is in use by another program; stop that one, or set PORT to a port that is free.`,
  EACCES: (place) => `${place} may not be opened by this user; set PORT to a port above 1023.`,
  EADDRNOTAVAIL: (place) =>
    `${place} is not an address of this machine; set HOST to one that is, such as 127.0.0.1.`,
  ENOTFOUND: (place) => `${place} is not an address; set HOST to one, such as 127.0.0.1.`,
}

const placeOf = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

const reason = (error: NodeJS.ErrnoException, host: string, port: number): Error => {
  const place = placeOf(host, port)
  const text = REASONS[error.code ?? '']?.(place) ?? `${place} cannot be listened on (${error.code}).`
  return new Error(text, { cause: error })
}

/**
 * Listens.
 * @param port 0 takes any free one.
 * @throws Error with one sentence that says what to do.
 */
export const listen = async (fetch: Fetch, host: string, port: number): Promise<Listener> => {
  let closing = false
  const server = createAdaptorServer({
    fetch: async (request, env) => {
      const response = await fetch(request, env)
      // So that the client opens its next connection elsewhere.
      if (closing) response.headers.set('Connection', 'close')
      return response
    },
    serverOptions: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
  })
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => reject(reason(error, host, port)))
    server.listen(port, host, resolve)
  })
  const bound = server.address()
  const taken = bound !== null && typeof bound === 'object' ? bound.port : port
  return {
    port: taken,
    address: placeOf(host, taken),
    close: async (settle_ms = 0) => {
      closing = true
      if (settle_ms > 0) await setTimeout(settle_ms)
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      // A connection that was busy until now, and whose client keeps it, would hold the server open.
      const sweep = setInterval(
        () => 'closeIdleConnections' in server && server.closeIdleConnections(),
        SWEEP_MS,
      )
      const ended = await within(FINISH_MS, closed)
      clearInterval(sweep)
      if (!ended && 'closeAllConnections' in server) server.closeAllConnections()
    },
  }
}
