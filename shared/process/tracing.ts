// Spans of traces: the seams ask for them, and without OTEL_EXPORTER_OTLP_ENDPOINT nothing is made of that.
//
// Nothing is patched: each seam passes on the `traceparent` of its span, in headers, in events, and in what waits.
import type { Config } from './config.ts'
import type { Log } from './log.ts'

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer'
export type Attributes = Readonly<Record<string, string | number | boolean>>

/** A span to make. `parent` is a `traceparent`; without one, or with one that is not valid, a trace begins. */
export type AskedSpan = Readonly<{
  name: string
  kind: SpanKind
  parent?: string | undefined
  attributes?: Attributes
}>

/** A span under way. */
export type LiveSpan = Readonly<{
  /** What to pass on to whatever the work asks. */
  traceparent: string | undefined
  set: (attributes: Attributes) => void
  /** Marks it as failed, where the work does not throw. @param error_type from a short list. */
  fail: (error_type: string) => void
}>

export type Tracing = Readonly<{
  on: boolean
  /** Runs work in a span, which ends with it. What it throws marks the span as failed, by its code. */
  span: <T>(asked: AskedSpan, work: (span: LiveSpan) => Promise<T>) => Promise<T>
}>

const nothing = (): void => undefined

/** Makes no spans: passes on the trace that came. */
export const noTracing: Tracing = {
  on: false,
  span: ({ parent }, work) => work({ traceparent: parent, set: nothing, fail: nothing }),
}

/** The kind of an error for a span: its code where it has one, as errors of Loops and of the system do. */
export const errorType = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}

export type TracingConfig = Pick<
  Config,
  | 'OTEL_EXPORTER_OTLP_ENDPOINT'
  | 'OTEL_EXPORTER_OTLP_PROTOCOL'
  | 'OTEL_EXPORTER_OTLP_HEADERS'
  | 'OTEL_TRACES_SAMPLER_ARG'
>

/** Starts the tracing of one service. Its packages are loaded only where it is on. */
export const openTracing = async (
  service: string,
  config: TracingConfig,
  log: Log,
): Promise<Tracing & AsyncDisposable> => {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint } = config
  if (endpoint === undefined) return { ...noTracing, [Symbol.asyncDispose]: async () => undefined }
  const { startOtlp } = await import('./otlp.ts')
  return await startOtlp({
    service,
    endpoint,
    protocol: config.OTEL_EXPORTER_OTLP_PROTOCOL,
    headers: config.OTEL_EXPORTER_OTLP_HEADERS,
    ratio: config.OTEL_TRACES_SAMPLER_ARG,
    log,
  })
}
