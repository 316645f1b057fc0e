// Sending spans: to a collector in each protocol, and what the log says when there is none or something else answers there.
import { type AddressInfo, createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLog } from '../../shared/process/log.ts'
import { type OtlpOptions, startOtlp } from '../../shared/process/otlp.ts'
import { runningSpan } from '../../shared/process/trace-context.ts'
import type { Tracing } from '../../shared/process/tracing.ts'
import { type Collector, startCollector } from '../support/collector.ts'
import { freePort } from '../support/free-port.ts'
import { startGrpcCollector } from '../support/grpc-collector.ts'

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
const UNSAMPLED = PARENT.replace(/1$/, '0')

let collector: Collector
const lines: string[] = []
const log = createLog({
  filter: 'info',
  topic: 'test',
  pretty: false,
  write: (line) => void lines.push(line),
})

beforeEach(async () => {
  lines.length = 0
  collector = await startCollector()
})
afterEach(() => collector[Symbol.asyncDispose]())

const open = (given: Partial<OtlpOptions> = {}): Promise<Tracing & AsyncDisposable> =>
  startOtlp({
    service: 'tasks',
    endpoint: collector.url,
    protocol: 'http/json',
    headers: undefined,
    ratio: 1,
    log,
    ...given,
  })

/** Runs work in a span, and stops. */
const traced = async (given: Partial<OtlpOptions>, parent: string | undefined, work = async () => {}) => {
  await using tracing = await open(given)
  await tracing.span({ name: 'work', kind: 'server', parent, attributes: { 'rpc.method': 'a/b' } }, work)
}

describe('a span', () => {
  test('is_sent_with_its_parent_and_what_it_is_about', async () => {
    await traced({}, PARENT)
    const [, trace, parent] = PARENT.split('-')
    expect(collector.spans).toMatchObject([
      {
        service: 'tasks',
        name: 'work',
        traceId: trace,
        parentSpanId: parent,
        attributes: { 'rpc.method': 'a/b' },
      },
    ])
  })

  test('begins_a_trace_without_a_valid_parent', async () => {
    for (const parent of [undefined, 'nonsense', PARENT.replaceAll(/[1-9a-f]/g, '0')])
      await traced({}, parent)
    expect(collector.spans).toHaveLength(3)
    for (const { parentSpanId = '' } of collector.spans) expect(parentSpanId).toBe('')
  })

  test('is_failed_by_the_code_of_what_its_work_throws', async () => {
    const fault = Object.assign(new Error('no'), { code: 'not_found' })
    await expect(traced({}, PARENT, () => Promise.reject(fault))).rejects.toBe(fault)
    expect(collector.spans).toMatchObject([{ attributes: { 'error.type': 'not_found' } }])
  })

  test('names_its_trace_in_the_log_lines_of_its_work', async () => {
    await traced({}, PARENT, async () => log.info('at work'))
    log.info('afterwards')
    const [within, after] = lines.map((line) => JSON.parse(line))
    expect(within).toMatchObject({ message: 'at work', trace_id: PARENT.split('-')[1] })
    expect(after).not.toHaveProperty('trace_id')
    expect(runningSpan()).toBeUndefined()
  })

  test('is_not_sent_where_its_client_or_the_share_decided_against_it', async () => {
    await traced({}, UNSAMPLED)
    await traced({ ratio: 0 }, undefined)
    expect(collector.spans).toEqual([])
    await traced({ ratio: 0 }, PARENT)
    expect(collector.spans).toHaveLength(1)
  })
})

test.each([
  ['http/json', 'application/json'],
  ['http/protobuf', 'application/x-protobuf'],
] as const)('%s_is_sent_to_v1_traces', async (protocol, type) => {
  await traced({ protocol, endpoint: `${collector.url}/` }, PARENT)
  expect(collector.requests).toEqual([`/v1/traces ${type}`])
})

test('grpc_is_sent_with_its_trace_its_service_and_the_headers', async () => {
  await using grpc = await startGrpcCollector()
  vi.stubEnv('OTEL_EXPORTER_OTLP_HEADERS', 'api-key=a%20key')
  try {
    await traced({ protocol: 'grpc', endpoint: grpc.url }, PARENT)
  } finally {
    vi.unstubAllEnvs()
  }
  expect(grpc.headers).toMatchObject([{ 'api-key': 'a key' }])
  const [, trace = '', parent = ''] = PARENT.split('-')
  for (const bytes of [
    Buffer.from(trace, 'hex'),
    Buffer.from(parent, 'hex'),
    'service.name',
    'tasks',
    'work',
  ])
    expect(grpc.messages[0]?.includes(bytes), String(bytes)).toBe(true)
  expect(lines).toEqual([])
})

describe('the work is done, and the log says once that traces cannot be sent', () => {
  const PROTOCOLS = ['http/json', 'http/protobuf', 'grpc'] as const

  /** Works twice, and looks what the log says of it. */
  const saidOf = async (protocol: (typeof PROTOCOLS)[number], endpoint: string): Promise<void> => {
    const said = () => lines.filter((line) => line.includes('Traces cannot be sent to ')).length
    await using tracing = await open({ protocol, endpoint })
    const work = () => tracing.span({ name: 'work', kind: 'server' }, async () => 'done')
    expect(await work()).toBe('done')
    await expect.poll(said, { timeout: 30_000 }).toBe(1)
    expect(lines.join()).toContain(`Traces cannot be sent to ${new URL(endpoint).host} by ${protocol}: check`)
    expect(await work()).toBe('done')
    expect(said()).toBe(1)
  }

  test.each(PROTOCOLS)('without_a_collector_%s', async (protocol) => {
    await saidOf(protocol, `http://127.0.0.1:${await freePort()}`)
  })

  test.each(PROTOCOLS)('without_such_a_machine_%s', async (protocol) => {
    // RFC 6761: no machine has such a name.
    await saidOf(protocol, 'http://collector.invalid:4318')
  })

  test.each(['http/json', 'http/protobuf'] as const)(
    'where_a_web_server_knows_no_traces_%s',
    async (protocol) => {
      await saidOf(protocol, `${collector.url}/elsewhere`)
    },
  )

  test('where_no_grpc_is_spoken', async () => {
    await saidOf('grpc', collector.url)
  })

  test('where_nobody_answers', async () => {
    const silent = createServer(() => undefined)
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    await saidOf('http/json', `http://127.0.0.1:${(silent.address() as AddressInfo).port}`)
    silent.close()
  })
})
