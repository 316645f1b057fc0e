// A stand-in for a collector that takes OTLP over gRPC: HTTP/2 without TLS, by hand, so that no package of ours is judge of
// itself. It keeps the messages as the bytes that came.
import { createServer, type Http2Session, type ServerHttp2Stream } from 'node:http2'
import type { AddressInfo } from 'node:net'

/** The one method that it knows (opentelemetry-proto, collector/trace/v1/trace_service.proto). */
const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export'
/** A message begins with a byte for compression and four for its length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
const PREFIX_BYTES = 5
const UNIMPLEMENTED = '12'

export type GrpcCollector = AsyncDisposable &
  Readonly<{
    /** What OTEL_EXPORTER_OTLP_ENDPOINT is to be. */
    url: string
    /** Each message so far, in protobuf. */
    messages: readonly Buffer[]
    /** The headers of each call so far. */
    headers: readonly Readonly<Record<string, unknown>>[]
  }>

const answer = (stream: ServerHttp2Stream, status: string): void => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }))
  // An answer without any field has no bytes.
  stream.end(status === '0' ? Buffer.alloc(PREFIX_BYTES) : undefined)
}

/** Starts a collector. */
export const startGrpcCollector = async (): Promise<GrpcCollector> => {
  const messages: Buffer[] = []
  const headers: Record<string, unknown>[] = []
  const sessions = new Set<Http2Session>()
  const server = createServer()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('close', () => sessions.delete(session))
  })
  server.on('stream', async (stream, sent) => {
    const body = Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>))
    if (sent[':path'] !== EXPORT) return answer(stream, UNIMPLEMENTED)
    headers.push(sent)
    messages.push(body.subarray(PREFIX_BYTES))
    answer(stream, '0')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    messages,
    headers,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const session of sessions) session.destroy()
      await closed
    },
  }
}
