// The W3C trace context (https://www.w3.org/TR/trace-context/), and which span this code runs in, for log lines.
import { AsyncLocalStorage } from 'node:async_hooks'

/** A span by its place in its trace. */
export type SpanIds = Readonly<{ trace_id: string; span_id: string; sampled: boolean }>

const running = new AsyncLocalStorage<SpanIds>()

/** Runs work within a span, so that its log lines name the trace. */
export const withinSpan = <T>(ids: SpanIds, work: () => T): T => running.run(ids, work)

/** The span that runs now; undefined: none. */
export const runningSpan = (): SpanIds | undefined => running.getStore()

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/
const NOTHING = /^0+$/
const SAMPLED = 1

/** Reads a `traceparent`; undefined for anything that is not a valid one, which the recommendation wants to be dropped. */
export const readSpan = (text: string | undefined): SpanIds | undefined => {
  const [, trace_id = '', span_id = '', flags = ''] = TRACEPARENT.exec(text ?? '') ?? []
  if (trace_id === '' || NOTHING.test(trace_id) || NOTHING.test(span_id) || text?.startsWith('ff'))
    return undefined
  return { trace_id, span_id, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED }
}

/** Writes a `traceparent`. */
export const writeSpan = ({ trace_id, span_id, sampled }: SpanIds): string =>
  `00-${trace_id}-${span_id}-${sampled ? '01' : '00'}`
