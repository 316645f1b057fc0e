// A stand-in for a collector of traces: it takes OTLP over HTTP, and keeps the spans that came as JSON.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'vitest'

/** A span as it came. */
export type Span = Readonly<{
  service: string
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  attributes: Readonly<Record<string, unknown>>
}>

export type Collector = AsyncDisposable &
  Readonly<{
    /** What OTEL_EXPORTER_OTLP_ENDPOINT is to be. */
    url: string
    spans: readonly Span[]
    /** Path and content type of each request so far. */
    requests: readonly string[]
    /** Waits for a span. */
    span: (wanted: (span: Span) => boolean) => Promise<Span>
  }>

type Attribute = Readonly<{ key: string; value: Readonly<Record<string, unknown>> }>
type SentSpan = Omit<Span, 'service' | 'attributes'> & Readonly<{ attributes?: readonly Attribute[] }>
type Sent = Readonly<{
  resourceSpans: readonly Readonly<{
    resource: Readonly<{ attributes: readonly Attribute[] }>
    scopeSpans: readonly Readonly<{ spans: readonly SentSpan[] }>[]
  }>[]
}>

/** Spans are sent within a second or so; this is far longer. */
const WAIT = { timeout: 20_000, interval: 100 } as const

const plain = (attributes: readonly Attribute[] = []): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

const spansIn = ({ resourceSpans }: Sent): Span[] =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        service: String(plain(resource.attributes)['service.name']),
        attributes: plain(span.attributes),
      })),
    ),
  )

/** Starts a collector. */
export const startCollector = async (): Promise<Collector> => {
  const spans: Span[] = []
  const requests: string[] = []
  const server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>))
    const type = request.headers['content-type'] ?? ''
    requests.push(`${request.url} ${type}`)
    if (request.url !== '/v1/traces') {
      response.writeHead(404).end()
      return
    }
    if (type === 'application/json') spans.push(...spansIn(JSON.parse(body.toString()) as Sent))
    response.writeHead(200, { 'Content-Type': type }).end(type === 'application/json' ? '{}' : '')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    requests,
    span: async (wanted) => {
      await expect.poll(() => spans.some(wanted), WAIT).toBe(true)
      return spans.find(wanted) as Span
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
