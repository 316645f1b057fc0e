// The listening sockets: opened, with one sentence when they cannot be, and closed without cutting anybody off. Runs
// on Node and on Deno. Knows no route.
import { setTimeout } from 'node:timers/promises'
import { createAdaptorServer, type Http2Bindings, type HttpBindings } from '@hono/node-server'
import { within } from '../../shared/process/lifecycle.ts'

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
  /** Host (the first of several) and port, as they stand in a URL. */
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
  return Object.assign(new Error(text, { cause: error }), { code: error.code })
}

/** This machine's own addresses: `localhost` is either, and which of them comes first differs. */
export const LOOPBACK: readonly string[] = ['127.0.0.1', '::1']
/** What a system answers that lacks a kind of address. */
const LACKING: ReadonlySet<string | undefined> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'ENETUNREACH'])
/** Ports that are tried until one is free at every address. */
const CHOICES = 10

/** Something that was opened at a port, and can be closed again. */
export type Opened = Readonly<{ port: number; close: () => unknown }>

/**
 * Opens the same port at each of several addresses. Where the system lacks the kind of address of one that is not the
 * first, it is left out: a machine without IPv6 has the other.
 * @param port 0 takes one that is free at all of them.
 * @throws what `openAt` throws, an Error with the system's `code`.
 */
export const openAtEach = async <T extends Opened>(
  [first = '', ...others]: readonly string[],
  port: number,
  openAt: (host: string, port: number) => Promise<T>,
): Promise<readonly T[]> => {
  for (let choice = 1; ; choice += 1) {
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
      if (!isTaken || port !== 0 || choice === CHOICES) throw error
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
    // An IPv6 address is listened on as such, whatever the system makes of IPv4 there.
    server.listen({ port, host, ipv6Only: host === '::1' }, resolve)
  })
  const bound = server.address()
  return {
    server,
    port: bound !== null && typeof bound === 'object' ? bound.port : port,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

/** Takes no new connections, waits for the requests under way, at most FINISH_MS, and cuts off the rest. */
const finish = async ({ server, close }: Awaited<ReturnType<typeof startServer>>): Promise<void> => {
  // A connection that was busy until now, and whose client keeps it, would hold the server open.
  const sweep = setInterval(() => 'closeIdleConnections' in server && server.closeIdleConnections(), SWEEP_MS)
  const ended = await within(FINISH_MS, Promise.resolve(close()))
  clearInterval(sweep)
  if (!ended && 'closeAllConnections' in server) server.closeAllConnections()
}

/**
 * Listens.
 * @param host an address; none: this machine's own ones, LOOPBACK.
 * @param port 0 takes any free one.
 * @throws Error with one sentence that says what to do.
 */
export const listen = async (fetch: Fetch, host: string | undefined, port: number): Promise<Listener> => {
  let closing = false
  const answer: Fetch = async (request, env) => {
    const response = await fetch(request, env)
    // So that the client opens its next connection elsewhere.
    if (closing) response.headers.set('Connection', 'close')
    return response
  }
  const hosts = host === undefined ? LOOPBACK : [host]
  const servers = await openAtEach(hosts, port, (one, its) => startServer(answer, one, its))
  const taken = servers[0]?.port ?? port
  return {
    port: taken,
    address: placeOf(hosts[0] ?? '', taken),
    close: async (settle_ms = 0) => {
      closing = true
      if (settle_ms > 0) await setTimeout(settle_ms)
      await Promise.all(servers.map(finish))
    },
  }
}
