// Another system with a webhook: it accepts every call, and remembers the events.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Ids of the events that were called out, and how many came again. */
export type Receiver = AsyncDisposable &
  Readonly<{
    url: string
    called: ReadonlySet<string>
    repeats: () => number
    /** What came in the headers and bodies of all calls (bytes). */
    bytes: () => number
  }>

/** Starts to listen on a free port of this machine. */
export const startReceiver = async (): Promise<Receiver> => {
  const called = new Set<string>()
  let repeats = 0
  let bytes = 0
  const server = createServer((request, response) => {
    bytes += request.rawHeaders.reduce((sum, part) => sum + part.length + 2, 0)
    request.on('data', (part: Buffer) => {
      bytes += part.length
    })
    request.on('end', () => {
      const id = String(request.headers['webhook-id'])
      if (called.has(id)) repeats += 1
      called.add(id)
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    called,
    repeats: () => repeats,
    bytes: () => bytes,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
