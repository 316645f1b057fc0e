// Measures requests of MCP other than calls of tools, which call-tool.ts measures by their tool and outcome.
import type { Clock } from '../../../shared/process/clock.ts'
import type { Metrics } from '../../../shared/process/metrics.ts'
import { isObject } from './arguments.ts'
import type { Mcp } from './handler.ts'

/** The methods that are measured by name; any client can send any other. */
const METHODS: ReadonlySet<string> = new Set([
  ...['initialize', 'ping', 'server/discover', 'tools/list', 'completion/complete'],
  ...['prompts/list', 'prompts/get', 'skills/list'],
  ...['resources/list', 'resources/templates/list', 'resources/read'],
  ...['resources/subscribe', 'resources/unsubscribe', 'subscriptions/listen'],
  ...['events/list', 'events/poll', 'events/stream', 'events/subscribe', 'events/unsubscribe'],
  ...['notifications/initialized', 'notifications/cancelled'],
])

export type MeasuredBy = Readonly<{ metrics: Metrics; clock: Pick<Clock, 'monotonicMs'> }>

/** The method of a body, as it is measured; undefined: something that is not measured here. */
export const measuredMethod = (body: unknown): string | undefined => {
  if (!isObject(body) || typeof body.method !== 'string' || body.method === 'tools/call') return undefined
  return METHODS.has(body.method) ? body.method : 'other'
}

/** Has a way to answer measured. Of a batch nothing is measured but its calls of tools. */
export const measuring = (measured: MeasuredBy | undefined, fetch: Mcp['fetch']): Mcp['fetch'] => {
  if (!measured?.metrics.on) return fetch
  const { metrics, clock } = measured
  return async (request, body, connection) => {
    const method = measuredMethod(body)
    if (method === undefined) return await fetch(request, body, connection)
    const start_ms = clock.monotonicMs()
    const note = (error_type: string): void => {
      const labels = { mcp_method_name: method, gen_ai_tool_name: '', error_type }
      const took_ms = clock.monotonicMs() - start_ms
      metrics.observe('mcp_server_operation_duration_seconds', labels, took_ms / 1_000)
    }
    try {
      const response = await fetch(request, body, connection)
      note(response.status >= 400 ? String(response.status) : '')
      return response
    } catch (error) {
      note('500')
      throw error
    }
  }
}
