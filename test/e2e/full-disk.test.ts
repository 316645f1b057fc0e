// The disk of NATS fills up and has room again. Nothing that was answered is lost, and readiness reports the fault.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { createLog } from '../../shared/process/log.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import { canFillDisk, fillDisk } from '../support/chaos/full-disk.ts'
import { freePort } from '../support/free-port.ts'
import { type NatsProcess, startNatsProcess } from '../support/nats-process.ts'
import { type System, startSystem } from '../support/system.ts'

const LIMIT_MS = 60_000
const NAMES = ['gateway', 'tasks', 'loops-queue', 'notifier']

const stack = new AsyncDisposableStack()
let nats: NatsProcess
let system: System
let bus: Bus
let metrics_port: number

beforeAll(async () => {
  nats = await startNatsProcess(stack, LIMIT_MS)
  const NATS_URL = `nats://127.0.0.1:${nats.port}`
  metrics_port = await freePort()
  const env = { NATS_URL, LOG: 'error', METRICS_PORT: `${metrics_port}` }
  system = stack.use(await startSystem({ names: NAMES, env }))
  bus = stack.use(await connectBus(NATS_URL, 'looker', createLog({ filter: 'error', topic: 'test' })))
})
afterAll(() => stack.disposeAsync())

const readiness = async () => {
  const answer = await fetch(new URL('/readyz', system.url))
  return { http: answer.status, ...((await answer.json()) as Record<string, unknown>) }
}
/** What the process says on METRICS_PORT: of its readiness, and of the tasks service's events. */
const measured = async () => {
  const at = (path: string) => fetch(`http://127.0.0.1:${metrics_port}${path}`)
  const ready = await at('/readyz')
  const page = await (await at('/metrics')).text()
  const stalled = /^loops_events_stalled\{service="tasks"\} (\d)$/m.exec(page)?.[1]
  return { http: ready.status, stalled, ...((await ready.json()) as Record<string, unknown>) }
}
const subjectsInStream = async (): Promise<string[]> => {
  const { state } = await bus.jsm.streams.info(EVENTS_STREAM)
  const found: string[] = []
  for (let seq = state.first_seq; seq <= state.last_seq; seq += 1) {
    const message = await bus.jsm.direct.getMessage(EVENTS_STREAM, { seq })
    if (message) found.push((message.json() as { subject: string }).subject)
  }
  return found
}

test('the_stream_is_bounded_so_that_events_alone_cannot_fill_the_disk', async () => {
  const { config } = await bus.jsm.streams.info(EVENTS_STREAM)
  expect(config).toMatchObject({ discard: 'old', max_bytes: expect.any(Number) })
  expect(config.max_bytes).toBeGreaterThanOrEqual(2 ** 26)
})

test.skipIf(!canFillDisk())('calls_go_on_and_readiness_says_that_events_wait_and_why', async () => {
  const owner = await signUp(system, { name: 'Ann' })
  await using agent = await agentOf(system, owner)
  expect(await readiness()).toEqual({ http: 200, status: 'ok', bus: true, open: true })
  expect(await measured()).toEqual({ http: 200, stalled: '0', status: 'ok' })

  await fillDisk(nats.server.pid() as number)
  const made: string[] = []
  const makeOne = async () => {
    made.push((await agent.call('create_task', { title: `Task ${made.length}` })).task.id)
    return await readiness()
  }
  await expect.poll(makeOne, { timeout: LIMIT_MS, interval: 1_000 }).toMatchObject({
    http: 200,
    status: 'degraded',
    events_stalled: { services: ['tasks'], why: expect.stringContaining('disk may be full') },
  })
  await expect.poll(measured, { timeout: LIMIT_MS }).toMatchObject({
    http: 200,
    status: 'degraded',
    stalled: '1',
    degraded: expect.arrayContaining([expect.stringMatching(/^tasks: .*disk may be full/)]),
  })

  await nats.server.kill()
  nats.server.start()
  await nats.accepting()
  await expect.poll(subjectsInStream, { timeout: LIMIT_MS }).toEqual(expect.arrayContaining(made))
  // The gateway believes for a minute what an answer of the service said.
  await expect.poll(measured, { timeout: LIMIT_MS }).toMatchObject({ http: 200, stalled: '0' })
})
