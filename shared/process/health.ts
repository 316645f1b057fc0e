// What an orchestrator asks of a service that has no address of its own: whether its process lives, and whether it can be
// asked. On the loopback alone: the question comes from beside it, such as a container's health check.
import { createServer } from 'node:http'

/** Connections at most: an orchestrator needs one. */
const MAX_CONNECTIONS = 16

/**
 * Answers `/livez` (200 while the process answers at all) and `/readyz` (200 while `isReady`, else 503).
 * @returns disposing stops it.
 * @throws Error with one sentence when the port is in use.
 */
export const startHealth = async (port: number, isReady: () => boolean): Promise<AsyncDisposable> => {
  const server = createServer((request, answer) => {
    const ready = isReady()
    const status = { '/livez': 200, '/readyz': ready ? 200 : 503 }[request.url ?? ''] ?? 404
    answer.writeHead(status, { 'Content-Type': 'application/json' })
    answer.end(
      JSON.stringify({ status: status === 200 ? 'ok' : status === 404 ? 'not_found' : 'unavailable' }),
    )
  })
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new Error(`HEALTH_PORT ${port} cannot be listened on: choose another port.`, { cause })),
    )
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
