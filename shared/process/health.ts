// Health checks for services without HTTP of their own: whether the process lives, and whether it is ready.
//
// On the loopback address only, because the check runs beside the service, as a container's does.
import { createServer } from 'node:http'

/** The most connections; a health check needs one. */
const MAX_CONNECTIONS = 16

/**
 * Answers `/livez` with 200, and `/readyz` with 200 while `isReady`, else 503.
 * @returns disposing stops the server.
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
