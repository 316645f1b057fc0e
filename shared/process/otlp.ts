// Spans by OpenTelemetry, sent to a collector by OTLP. The only file that knows its packages; loaded only where it is wanted.
import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { within } from './lifecycle.ts'
import type { Log } from './log.ts'
import { readSpan, withinSpan, writeSpan } from './trace-context.ts'
import { errorType, type LiveSpan, type Tracing } from './tracing.ts'

/** Where traces go, and how many of them. */
export type OtlpOptions = Readonly<{
  service: string
  /** The address of the collector, without `/v1/traces`. */
  endpoint: string
  protocol: 'grpc' | 'http/protobuf' | 'http/json'
  /** `name=value`, separated by commas; values are percent-encoded. */
  headers: string | undefined
  /** The share of the traces that begin here which are kept, 0 to 1. What came with a decision follows it. */
  ratio: number
  log: Log
}>

/** Bounds of what waits to be sent: what is more is dropped, so that a collector that is away costs no memory. */
const QUEUE = { maxQueueSize: 4_096, maxExportBatchSize: 512, scheduledDelayMillis: 1_000 } as const
/** How long one sending may take, and the last one of a process that stops (ms). */
const SEND_MS = 5_000
const LAST_MS = 2_000
/** How often it is logged that nothing can be sent (ms). */
const COMPLAIN_MS = 60_000

const KINDS = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
} as const

/** Reads the headers for the collector (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). */
export const readHeaders = (text: string | undefined): Record<string, string> =>
  Object.fromEntries(
    (text ?? '').split(',').flatMap((pair) => {
      const [name = '', ...value] = pair.split('=')
      return name.trim() === '' || value.length === 0
        ? []
        : [[name.trim(), decodeURIComponent(value.join('=').trim())]]
    }),
  )

/** Where spans are sent over HTTP (same page: "/v1/traces" is added to the endpoint). */
export const tracesUrl = (endpoint: string): string => `${endpoint.replace(/\/+$/, '')}/v1/traces`

const exporterOf = async ({ endpoint, protocol, headers }: OtlpOptions): Promise<SpanExporter> => {
  if (protocol === 'grpc') {
    const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-grpc')
    // It reads OTEL_EXPORTER_OTLP_HEADERS itself, because it takes headers only in a type of its own.
    return new OTLPTraceExporter({ url: endpoint, timeoutMillis: SEND_MS })
  }
  const options = { url: tracesUrl(endpoint), headers: readHeaders(headers), timeoutMillis: SEND_MS }
  const { OTLPTraceExporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto')
  return new OTLPTraceExporter(options)
}

/** An exporter that says in the log what keeps it from sending, now and then. */
const complaining = (exporter: SpanExporter, { endpoint, protocol, log }: OtlpOptions): SpanExporter => {
  let quiet = false
  const complain = (error: unknown): void => {
    if (quiet) return
    quiet = true
    setTimeout(() => {
      quiet = false
    }, COMPLAIN_MS).unref()
    const { host } = new URL(endpoint)
    log.warn(
      `Traces cannot be sent to ${host} by ${protocol}: check OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_EXPORTER_OTLP_PROTOCOL, and that a collector listens there. Calls go on without.`,
      { error },
    )
  }
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.code !== 0) complain(result.error)
        done(result)
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush?.() ?? Promise.resolve(),
  }
}

const contextOf = (parent: string | undefined) => {
  const ids = readSpan(parent)
  if (!ids) return ROOT_CONTEXT
  const traceFlags = ids.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE
  const remote = { traceId: ids.trace_id, spanId: ids.span_id, traceFlags, isRemote: true }
  return trace.setSpanContext(ROOT_CONTEXT, remote)
}

const idsOf = (span: Span) => {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return { trace_id: traceId, span_id: spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 }
}

const failing = (span: Span, error_type: string): void => {
  span.setAttribute('error.type', error_type)
  span.setStatus({ code: SpanStatusCode.ERROR })
}

/** Starts to make and send spans. Disposing sends what waits, within seconds. */
export const startOtlp = async (options: OtlpOptions): Promise<Tracing & AsyncDisposable> => {
  const { service, ratio, log } = options
  const exporter = complaining(await exporterOf(options), options)
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.namespace': 'loops', 'service.name': service }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: SEND_MS, ...QUEUE })],
  })
  const tracer = provider.getTracer('loops')
  return {
    on: true,
    span: async ({ name, kind, parent, attributes = {} }, work) => {
      const span = tracer.startSpan(name, { kind: KINDS[kind], attributes }, contextOf(parent))
      const ids = idsOf(span)
      const live: LiveSpan = {
        traceparent: writeSpan(ids),
        set: (more) => void span.setAttributes(more),
        fail: (error_type) => failing(span, error_type),
      }
      try {
        return await withinSpan(ids, () => work(live))
      } catch (error) {
        failing(span, errorType(error))
        throw error
      } finally {
        span.end()
      }
    },
    [Symbol.asyncDispose]: async () => {
      const sent = await within(LAST_MS, provider.shutdown()).catch(() => false)
      if (!sent) log.debug('the last traces were not sent')
    },
  }
}
