// Opens the listening sockets, and closes them without cutting anybody off. Runs on Node and on Deno. Knows no route.
import { setTimeout } from 'node:timers/promises'
import { createAdaptorServer, type Http2Bindings, type HttpBindings } from '@hono/node-server'
import { within } from '../../shared/process/lifecycle.ts'

/** How long a client may take to send its headers, and its whole request (ms). */
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 30_000
/** Longer than load balancers usually keep idle connections, so that they never meet one that this side has closed (ms). */
const KEEP_ALIVE_MS = 65_000
/** How long requests in flight may still take when stopping (ms). */
const FINISH_MS = 15_000
/** How often connections that have become idle are closed while stopping (ms). */
const SWEEP_MS = 50

/** Answers a request. `env` has the runtime's view of its connection. */
export type Fetch = (request: Request, env: HttpBindings | Http2Bindings) => Response | Promise<Response>

export type Listener = Readonly<{
  port: number
  /** Host (the first of several) and port, as in a URL. */
  address: string
  /**
   * Stops. For `drain_ms` it still answers, but closes each connection after its answer, while load balancers notice and
   * clients go elsewhere. Then it takes no new connections, waits at most FINISH_MS for the requests in flight, and cuts off
   * the rest.
   */
  close: (drain_ms?: number) => Promise<void>
}>

const REASONS: Readonly<Record<string, (address: string) => string>> = {
  EADDRINUSE: (address) =>
    `${address} is in use by another program; stop that one, or set PORT to a port that is free.`,
  EACCES: (address) => `${address} may not be opened by this user; set PORT to a port above 1023.`,
  EADDRNOTAVAIL: (address) =>
    `${address} is not an address of this machine; set HOST to one that is, such as 127.0.0.1.`,
  ENOTFOUND: (address) => `${address} is not an address; set HOST to one, such as 127.0.0.1.`,
}

const addressAt = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

const reason = (error: NodeJS.ErrnoException, host: string, port: number): Error => {
  const address = addressAt(host, port)
  const text = REASONS[error.code ?? '']?.(address) ?? `${address} cannot be listened on (${error.code}).`
  return Object.assign(new Error(text, { cause: error }), { code: error.code })
}

/** This machine's own addresses: `localhost` is either, and which of them comes first differs. */
export const LOOPBACK: readonly string[] = ['127.0.0.1', '::1']
/** The error codes of a system that lacks a kind of address. */
const LACKING: ReadonlySet<string | undefined> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETUNREACH'])
/** How many ports are tried until one is free at every address. */
const PORTS_TRIED = 10

/** Something open at a port, which can be closed again. */
export type Opened = Readonly<{ port: number; close: () => unknown }>

/**
 * Opens the same port at each of several addresses. An address of a kind that the system lacks, such as IPv6, is left out
 * unless it is the first.
 * @param port 0 takes one that is free at all of them.
 * @throws what `openAt` throws, an Error with the system's `code`.
 */
export const openAtEach = async <T extends Opened>(
  [first = '', ...others]: readonly string[],
  port: number,
  openAt: (host: string, port: number) => Promise<T>,
): Promise<readonly T[]> => {
  for (let tried = 1; ; tried += 1) {
    const opened = [await openAt(first, port)]
    try {
      for (const host of others)
        opened.push(
          ...(await openAt(host, opened[0]?.port ?? port).then(
            (one) => [one],
            (error: NodeJS.ErrnoException) => {
              if (LACKING.has(error.code)) return []
              throw error
            },
          )),
        )
      return opened
    } catch (error) {
      await Promise.all(opened.map(({ close }) => close()))
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (!isTaken || port !== 0 || tried === PORTS_TRIED) throw error
    }
  }
}

type Server = ReturnType<typeof createAdaptorServer>

const startServer = async (
  fetch: Fetch,
  host: string,
  port: number,
): Promise<Opened & { server: Server }> => {
  const server = createAdaptorServer({
    fetch,
    serverOptions: {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
    },
  })
  await new Promise<void>((resolve, reject) => {
    server.on('error', (error: NodeJS.ErrnoException) => reject(reason(error, host, port)))
    // `::1` is opened for IPv6 alone, since IPv4 has a socket of its own.
    server.listen({ port, host, ipv6Only: host === '::1' }, resolve)
  })
  const bound = server.address()
  return {
    server,
    port: bound !== null && typeof bound === 'object' ? bound.port : port,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

/** Takes no new connections, waits at most FINISH_MS for the requests in flight, and cuts off the rest. */
const finish = async ({ server, close }: Awaited<ReturnType<typeof startServer>>): Promise<void> => {
  // A client that keeps its connection after the last answer would hold the server open.
  const sweep = setInterval(() => 'closeIdleConnections' in server && server.closeIdleConnections(), SWEEP_MS)
  const ended = await within(FINISH_MS, Promise.resolve(close()))
  clearInterval(sweep)
  if (!ended && 'closeAllConnections' in server) server.closeAllConnections()
}

/**
 * Opens the sockets.
 * @param host an address; undefined: this machine's own ones, LOOPBACK.
 * @param port 0 takes any free one.
 * @throws Error with a sentence that says what to do.
 */
export const listen = async (fetch: Fetch, host: string | undefined, port: number): Promise<Listener> => {
  let closing = false
  const answer: Fetch = async (request, env) => {
    const response = await fetch(request, env)
    // The client then opens its next connection elsewhere.
    if (closing) response.headers.set('Connection', 'close')
    return response
  }
  const hosts = host === undefined ? LOOPBACK : [host]
  const servers = await openAtEach(hosts, port, (one, its) => startServer(answer, one, its))
  const taken = servers[0]?.port ?? port
  return {
    port: taken,
    address: addressAt(hosts[0] ?? '', taken),
    close: async (drain_ms = 0) => {
      closing = true
      if (drain_ms > 0) await setTimeout(drain_ms)
      await Promise.all(servers.map(finish))
    },
  }
}
