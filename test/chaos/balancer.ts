// The way of requests to the gateways in a cluster: connections go in turn to those that are in service. One is taken out of
// service when its probe fails twice, or at once when it is to end; connections that it has stay. Knows no protocol.
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A balancer. Disposing it cuts all connections. */
export type Balancer = AsyncDisposable &
  Readonly<{
    port: number
    /** Sends connections to this port of this machine too, while it is ready. */
    add: (port: number) => void
    /** Sends no new connections there. */
    remove: (port: number) => void
    /** Connections that found nobody in service. */
    refused: () => number
  }>

/** How often readiness is asked for, how long an answer may take, and how many failures count (infra/chart). */
const PROBE = { every_ms: 5_000, patience_ms: 3_000, failures: 2 }

/** Whether the process at a port says that it takes requests. */
export const isReady = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(PROBE.patience_ms) }).then(
    ({ ok }) => ok,
    () => false,
  )

type Backend = { readonly port: number; failures: number }

/** Probes all of them until the signal. */
const probe = async (backends: ReadonlyMap<number, Backend>, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    await Promise.all(
      [...backends.values()].map(async (one) => {
        one.failures = (await isReady(one.port)) ? 0 : one.failures + 1
      }),
    )
    await sleep(PROBE.every_ms, undefined, { signal }).catch(() => undefined)
  }
}

/** Starts a balancer on a free port of this machine. */
export const startBalancer = async (): Promise<Balancer> => {
  const backends = new Map<number, Backend>()
  const sockets = new Set<Socket>()
  const stop = new AbortController()
  let turn = 0
  let refused = 0
  const server = createServer((client) => {
    const inService = [...backends.values()].filter(({ failures }) => failures < PROBE.failures)
    const target = inService[turn++ % inService.length]
    if (!target) {
      refused += 1
      return client.destroy()
    }
    const upstream = connect(target.port, '127.0.0.1')
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy())
    }
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroySoon())
    client.pipe(upstream).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const probing = probe(backends, stop.signal)
  return {
    port: address !== null && typeof address === 'object' ? address.port : 0,
    add: (port) => void backends.set(port, { port, failures: 0 }),
    remove: (port) => void backends.delete(port),
    refused: () => refused,
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await probing
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
