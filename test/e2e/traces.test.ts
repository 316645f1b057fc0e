// One call followed from its client through gateway, bus, service, event and notifier to the mail, by its trace.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { type Collector, type Span, startCollector } from '../support/collector.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const CLIENT_SPAN = '00f067aa0ba902b7'

let collector: Collector
let system: System
let owner: Account
let agent: McpClient

beforeAll(async () => {
  collector = await startCollector()
  system = await startSystem({
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
  })
  owner = await signUp(system, { name: 'Olga' })
  agent = await agentOf(system, owner)
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await system?.stop()
  await collector?.[Symbol.asyncDispose]()
})

const call = (name: string, args: Record<string, unknown>, trace: string) => {
  const _meta = { traceparent: `00-${trace}-${CLIENT_SPAN}-01` }
  const params = { name, arguments: args, _meta }
  return agent.raw.callTool(params) as Promise<{ isError?: boolean }>
}

/** The spans from one to the beginning of its trace, by their names; the last is the id of the client's span. */
const wayTo = (end: Span): string[] => {
  const way: string[] = []
  let at: Span | undefined = end
  let parent: string | undefined
  while (at !== undefined && way.length < 20) {
    const span: Span = at
    way.push(`${span.service}: ${span.name}`)
    parent = span.parentSpanId
    at = collector.spans.find(({ spanId }) => spanId === span.parentSpanId)
  }
  return [...way, parent ?? '']
}

test('a_call_is_followed_from_the_client_to_the_mail', async () => {
  const { loop } = await agent.call('create_loop', { name: 'Berths' })
  expect((await call('ship_loop', { loop_id: loop.id }, TRACE)).isError).not.toBe(true)
  const ofCall = (name: string) => collector.span((span) => span.traceId === TRACE && span.name === name)
  const mail = await ofCall('send mail loop-shipped')
  // A span is sent once it is over, and what caused another may be over later.
  const tool = await ofCall('tools/call ship_loop')
  await collector.span(
    ({ traceId, name, service }) =>
      traceId === TRACE && name === 'loops-queue/ship_loop' && service === 'gateway',
  )
  await ofCall('process loop.shipped')
  expect(wayTo(mail)).toEqual([
    'notifier: send mail loop-shipped',
    'notifier: process loop.shipped',
    'loops-queue: loops-queue/ship_loop',
    'gateway: loops-queue/ship_loop',
    'gateway: tools/call ship_loop',
    CLIENT_SPAN,
  ])
  expect(tool.attributes).toMatchObject({
    'mcp.method.name': 'tools/call',
    'gen_ai.tool.name': 'ship_loop',
    'gen_ai.operation.name': 'execute_tool',
  })
  await ofCall('send loop.shipped')
})

test('a_call_that_is_refused_says_so', async () => {
  const trace = TRACE.replace('4', '5')
  const result = await call('get_task', { task_id: '01JD3Z00000000000000000001' }, trace)
  expect(result.isError).toBe(true)
  const tool = await collector.span(
    ({ traceId, name }) => traceId === trace && name === 'tools/call get_task',
  )
  expect(tool.attributes['error.type']).toBe('tool_error')
})

test('what_services_do_by_themselves_begins_no_trace', () => {
  const roots = collector.spans.filter(({ parentSpanId }) => !parentSpanId)
  expect(roots.filter(({ name, service }) => service !== 'gateway' || /^(send|process) /.test(name))).toEqual(
    [],
  )
})
