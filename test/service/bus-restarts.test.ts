// A nats-server that dies and comes back during requests. Nobody waits for an answer that cannot come.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import * as z from 'zod'
import { client } from '../../shared/bus/client.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { ownCall } from '../../shared/bus/headers.ts'
import { LinkLostError } from '../../shared/bus/link.ts'
import { serve } from '../../shared/bus/serve.ts'
import { type Call, defineContract, internal, internalRead } from '../../shared/contracts/define/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { type FaultProxy, startFaultProxy } from '../support/chaos/fault-proxy.ts'
import { keysOf } from '../support/keys.ts'
import { type NatsProcess, startNatsProcess } from '../support/nats-process.ts'

const N = z.object({ n: z.int() })
const Keyed = N.extend({ idempotency_key: z.string().optional() })
const contract = defineContract({
  name: 'under-test',
  version: '1.0.0',
  description: 'What is asked while its server dies.',
  operations: {
    read: internalRead({ description: 'Reads.', input: N, output: N, errors: [] }),
    write: internal({ description: 'Writes.', input: Keyed, output: N, errors: [] }),
  },
  events: {},
})
const ids = systemIds()
const log = createLog({ filter: 'error', topic: 'test', write: () => undefined })

const stack = new AsyncDisposableStack()
let nats: NatsProcess
/** The proxy between the service and its server. */
let way: FaultProxy
let asker: Bus
let asked: Bus
/** The calls that arrived, each with the function that lets its handler answer. */
let arrived: { call: Call; answer: () => void }[] = []
/** Whether handlers wait to be released. */
let holding = false

const handle = async (input: { n: number }, call: Call): Promise<{ n: number }> => {
  const gate = Promise.withResolvers<void>()
  arrived.push({ call, answer: gate.resolve })
  if (holding) await gate.promise
  return { n: input.n }
}
const call = (budget_ms = 8_000): Call => ownCall(clock, ids.next(), budget_ms)
const ours = () => client(asker, contract)
const comeBack = async (): Promise<void> => {
  nats.server.start()
  await nats.accepting()
}
const hasArrived = (count: number) => expect.poll(() => arrived.length).toBe(count)

beforeAll(async () => {
  nats = await startNatsProcess(stack, 20_000)
  const { port } = nats
  way = stack.use(await startFaultProxy(() => ({ host: '127.0.0.1', port })))
  asker = stack.use(await connectBus(`nats://127.0.0.1:${port}`, 'asker', log, keysOf('gateway')))
  asked = stack.use(await connectBus(`nats://127.0.0.1:${way.port}`, 'asked', log, keysOf(contract.name)))
  const handlers = { read: handle, write: handle }
  stack.use(await serve(asked, contract, handlers, { clock }))
})
beforeEach(() => {
  arrived = []
  holding = false
})
afterEach(async () => {
  for (const { answer } of arrived) answer()
  await expect.poll(() => asker.link.up() && asked.link.up()).toBe(true)
})
afterAll(() => stack.disposeAsync())

test.each([
  ['a_read', () => ours().read({ n: 1 }, call())],
  ['a_write_with_a_key', () => ours().write({ n: 1, idempotency_key: 'key' }, call())],
])('%s_under_way_is_asked_again_with_the_time_that_is_left', async (_, start) => {
  holding = true
  const answer = start()
  await hasArrived(1)
  await nats.server.kill()
  await comeBack()
  await hasArrived(2)
  arrived[1]?.answer()
  expect(await answer).toEqual({ n: 1 })
  const [first, second] = arrived.map(({ call: { request_id } }) => request_id)
  expect(second).toBe(first)
})

test('a_repeated_request_keeps_its_deadline', async () => {
  holding = true
  const answer = ours().read({ n: 1 }, call(4_000))
  const refused = expect(answer).rejects.toMatchObject({ code: 'timeout' })
  await hasArrived(1)
  await nats.server.kill()
  await comeBack()
  await hasArrived(2)
  expect(arrived[1]?.call.remainingMs()).toBeLessThan(4_000)
  await refused
  await expect.poll(() => arrived[1]?.call.remainingMs()).toBe(0)
})

test('a_write_without_a_key_fails_as_unknown_at_once_and_is_not_repeated', async () => {
  holding = true
  const answer = ours().write({ n: 1 }, call())
  const refused = expect(answer).rejects.toMatchObject({
    code: 'timeout',
    message: expect.stringContaining('the message bus went away; whether it was done is not known'),
    extras: { hint: expect.stringContaining('Read the thing again') },
  })
  await hasArrived(1)
  await nats.server.kill()
  // Only now may the server come back: until then it would have kept the caller waiting.
  await refused
  await comeBack()
  holding = false
  await ours().read({ n: 2 }, call())
  expect(arrived).toHaveLength(2)
})

test('a_request_made_while_the_bus_is_down_is_sent_once_it_is_back', async () => {
  await nats.server.kill()
  await expect.poll(() => asker.link.up()).toBe(false)
  const answers = Promise.all([ours().read({ n: 1 }, call()), ours().write({ n: 2 }, call())])
  await comeBack()
  expect(await answers).toEqual([{ n: 1 }, { n: 2 }])
  expect(arrived).toHaveLength(2)
})

test('unavailable_and_nothing_done_when_the_bus_stays_down', async () => {
  await nats.server.kill()
  await expect.poll(() => asker.link.up()).toBe(false)
  await expect(ours().write({ n: 1 }, call(300))).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('nothing was done'),
  })
  await comeBack()
})

test('reads_before_during_and_after_a_restart_are_all_answered', async () => {
  const asking: Promise<{ n: number }>[] = []
  const some = (): void => {
    for (let count = 0; count < 40; count += 1) asking.push(ours().read({ n: asking.length }, call()))
  }
  some()
  const killed = nats.server.kill()
  some()
  await killed
  some()
  await expect.poll(() => asker.link.up()).toBe(false)
  some()
  await comeBack()
  some()
  await expect.poll(() => asker.link.up()).toBe(true)
  some()
  const answers = await Promise.all(asking)
  expect(answers.map(({ n }) => n)).toEqual(answers.map((_, index) => index))
})

test('no_responders_is_not_final_while_the_service_may_not_be_back_yet', async () => {
  way.inflict({ kind: 'refuse' })
  await nats.server.kill()
  await comeBack()
  await expect.poll(() => asker.link.up()).toBe(true)
  const answer = ours().write({ n: 1 }, call())
  // The service tries once more in vain, so that it is not back within a quarter of a second.
  let tries = 0
  for await (const { type } of asked.nc.status()) if (type === 'reconnecting' && ++tries === 2) break
  way.heal()
  expect(await answer).toEqual({ n: 1 })
  expect(arrived).toHaveLength(1)
})

test('an_answer_waits_for_the_connection_of_the_service_that_gives_it', async () => {
  holding = true
  const answer = ours().write({ n: 1 }, call())
  await hasArrived(1)
  way.inflict({ kind: 'refuse' })
  await expect.poll(() => asked.link.up()).toBe(false)
  arrived[0]?.answer()
  way.heal()
  expect(await answer).toEqual({ n: 1 })
  expect(arrived).toHaveLength(1)
})

test('a_request_to_jetstream_ends_with_the_connection_and_waits_for_the_next', async () => {
  await asker.jsm.streams.add({ name: 'SOME', subjects: ['some'] })
  nats.server.pause()
  const publishing = expect(asker.js.publish('some', '')).rejects.toBeInstanceOf(LinkLostError)
  await nats.server.kill()
  await publishing
  const publishedLater = asker.js.publish('some', '')
  await comeBack()
  expect(await publishedLater).toMatchObject({ stream: 'SOME' })
})
