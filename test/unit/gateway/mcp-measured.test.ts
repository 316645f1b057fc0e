// Which requests of MCP are measured, under which name, and how they ended.
import { expect, test } from 'vitest'
import { measuredMethod, measuring } from '../../../services/gateway/mcp/measured.ts'
import { noMetrics } from '../../../shared/process/metrics.ts'

const connection = {} as Parameters<ReturnType<typeof measuring>>[2]
const request = new Request('http://localhost/mcp')

/** Measures one request, and returns the labels and durations that were noted. */
const measured = async (body: unknown, answer: () => Promise<Response>) => {
  const seen: unknown[] = []
  let now_ms = 0
  const metrics = {
    ...noMetrics,
    on: true,
    observe: (name: string, labels: object, seconds: number) => void seen.push([name, labels, seconds]),
  }
  const clock = { monotonicMs: () => (now_ms += 500) }
  await measuring({ metrics, clock }, answer)(request, body, connection).catch(() => undefined)
  return seen
}
const labels = (mcp_method_name: string, error_type: string) => [
  'mcp_server_operation_duration_seconds',
  { mcp_method_name, gen_ai_tool_name: '', error_type },
  0.5,
]

test('a_method_that_a_client_made_up_is_measured_as_other', () => {
  expect(measuredMethod({ method: 'tools/list' })).toBe('tools/list')
  expect(measuredMethod({ method: `tools/${'x'.repeat(50)}` })).toBe('other')
})

test('calls_of_tools_are_measured_where_their_tool_is_known', () => {
  for (const body of [{ method: 'tools/call' }, [], null, 'tools/list', {}, { method: 5 }])
    expect(measuredMethod(body)).toBeUndefined()
})

test('an_answer_is_measured_by_how_it_ended', async () => {
  const body = { method: 'tools/list' }
  expect(await measured(body, async () => new Response('{}'))).toEqual([labels('tools/list', '')])
  expect(await measured(body, async () => new Response('', { status: 404 }))).toEqual([
    labels('tools/list', '404'),
  ])
  expect(await measured(body, () => Promise.reject(new Error('no')))).toEqual([labels('tools/list', '500')])
})

test('without_metrics_nothing_stands_in_between', () => {
  const fetch = async () => new Response('{}')
  expect(measuring(undefined, fetch)).toBe(fetch)
  expect(measuring({ metrics: noMetrics, clock: { monotonicMs: () => 0 } }, fetch)).toBe(fetch)
})
