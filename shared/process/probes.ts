// The small HTTP server of a process for `/livez`, `/readyz` and `/metrics`. It reads no body and knows no service.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Page } from './metrics.ts'
import { type Probes, readinessAnswer } from './readiness.ts'

/** The most connections: a scraper, an orchestrator and a few people who look. */
const MAX_CONNECTIONS = 32
/** How long a request may take to arrive (ms). */
const REQUEST_MS = 5_000

type Answer = Readonly<{ status: number; type: string; text: string }>

/** What the server answers from; without `page` it has no `/metrics`. */
export type Answering = Readonly<{
  readiness: Pick<Probes, 'read'>
  page?: (() => Promise<Page>) | undefined
}>

/** Where to listen, and the variables that say so, for the sentence when that is impossible. */
export type Listening = Readonly<{ variable: string; port: number; host: string; host_variable?: string }>

const json = (status: number, body: Readonly<Record<string, unknown>>): Answer => ({
  status,
  type: 'application/json',
  text: JSON.stringify(body),
})

const answerTo = async (path: string, { readiness, page }: Answering): Promise<Answer> => {
  if (path === '/livez') return json(200, { status: 'ok' })
  if (path === '/readyz') {
    const { status, body } = readinessAnswer(await readiness.read())
    return json(status, body)
  }
  if (path === '/metrics' && page) {
    const { type, text } = await page()
    return { status: 200, type, text }
  }
  return json(404, { status: 'not_found' })
}

const answer = async (
  request: IncomingMessage,
  response: ServerResponse,
  answering: Answering,
): Promise<void> => {
  const { method = '', url = '' } = request
  const isRead = method === 'GET' || method === 'HEAD'
  const said = isRead
    ? await answerTo(url.split('?', 1)[0] ?? '', answering).catch(() => json(500, { status: 'failed' }))
    : json(405, { status: 'only GET and HEAD' })
  response.writeHead(said.status, { 'Content-Type': said.type, 'Cache-Control': 'no-store' })
  response.end(method === 'HEAD' ? undefined : said.text)
}

/** Why it cannot listen, as a sentence that says what to do. */
const cannotListen = (
  { variable, port, host, host_variable }: Listening,
  error: NodeJS.ErrnoException,
): Error => {
  const isPlace = error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND'
  return new Error(
    isPlace && host_variable
      ? `${host_variable} ${host} is no address of this machine: choose one that is, or 0.0.0.0 for all.`
      : `${variable} ${port} cannot be listened on: choose another port.`,
    { cause: error },
  )
}

const listen = async (server: Server, listening: Listening): Promise<void> => {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', (error) => reject(cannotListen(listening, error)))
  server.listen(listening.port, listening.host, resolve)
  await promise
}

/**
 * Starts the server.
 * @returns disposing stops it.
 * @throws Error with one sentence when it cannot listen there, as when the port is in use.
 */
export const startProbes = async (listening: Listening, answering: Answering): Promise<AsyncDisposable> => {
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (...exchange) =>
    answer(...exchange, answering),
  )
  server.maxConnections = MAX_CONNECTIONS
  await listen(server, listening)
  return {
    [Symbol.asyncDispose]: async () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      server.closeAllConnections()
      await promise
    },
  }
}
