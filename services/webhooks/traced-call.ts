// The span of each call in the trace of what caused it.
import type { Tracing } from '../../shared/process/tracing.ts'
import type { Delivery, Outcome } from './delivery-rules.ts'

/** The trace of the request that caused the event of a body. */
const traceparentIn = (body: string): string | undefined => {
  const { traceparent } = JSON.parse(body) as { traceparent?: unknown }
  return typeof traceparent === 'string' ? traceparent : undefined
}

/** Makes a call in a span of the trace that caused its event, if one did. The receiver is not named. */
export const tracedCall = async (
  tracing: Tracing,
  { type, body }: Pick<Delivery, 'type' | 'body'>,
  call: () => Promise<Outcome>,
): Promise<Outcome> => {
  const parent = tracing.on ? traceparentIn(body) : undefined
  if (parent === undefined) return await call()
  return await tracing.span({ name: `call ${type}`, kind: 'client', parent }, async (span) => {
    const outcome = await call()
    if ('fault' in outcome) span.fail(outcome.fault)
    else span.set({ 'http.response.status_code': outcome.status })
    return outcome
  })
}
