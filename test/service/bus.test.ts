// The bus on a real NATS server: requests in queue groups, errors, deadlines, an orderly stop.
import { afterAll, beforeAll, expect, test } from 'vitest'
import * as z from 'zod'
import { client } from '../../shared/bus/client.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { ownCall } from '../../shared/bus/headers.ts'
import { MAX_IN_FLIGHT, serve } from '../../shared/bus/serve.ts'
import {
  type Call,
  defineContract,
  type Handlers,
  internal,
  tool,
} from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { keysOf } from '../support/keys.ts'
import { person } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

const N = z.object({ n: z.int() })
const reads = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false }
const operation = () => internal({ description: 'Of this test.', input: N, output: N, errors: [] })
const contract = defineContract({
  name: 'under-test',
  version: '1.0.0',
  description: 'What the tests of the bus serve.',
  operations: {
    echo: operation(),
    fail: operation(),
    refuse: operation(),
    wait: operation(),
    lie: operation(),
    read: tool({
      title: 'Read',
      description: 'Reads.',
      scope: 'loops:read',
      annotations: reads,
      input: N,
      output: N,
      errors: [],
    }),
  },
  events: {},
})

let asker: Bus
const servers: Bus[] = []
const ids = systemIds()
const quiet = createLog({ filter: 'error', topic: 'test', write: (line) => logged.push(line) })
const logged: string[] = []
const answeredBy: number[] = []
const waiting: (() => void)[] = []
let waited: Call | undefined

const handlers = (instance: number): Handlers<typeof contract> => ({
  echo: async (input) => {
    answeredBy.push(instance)
    return input
  },
  fail: async () => {
    throw new Error('a secret of the inside')
  },
  refuse: async () => {
    throw new AppError('version_conflict', 'It moved.', { hint: 'Read it again.', details: { current: 7 } })
  },
  wait: async (input, call) => {
    waited = call
    await new Promise<void>((resolve) => waiting.push(resolve))
    return input
  },
  lie: async () => ({ n: 'not a number' as unknown as number }),
  read: async (input) => input,
})

const { natsUrl } = freshStack()
const ours = () => client(asker, contract)
const call = (given: Partial<Call> = {}): Call => ({ ...ownCall(clock, ids.next(), 5_000), ...given })
const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  return error instanceof AppError ? error.code : String(error)
}

beforeAll(async () => {
  asker = await connectBus(natsUrl, 'asker', quiet, keysOf('gateway'))
  for (const instance of [0, 1]) {
    const bus = await connectBus(natsUrl, `server-${instance}`, quiet, keysOf(contract.name))
    servers.push(bus)
    await serve(bus, contract, handlers(instance), { clock })
  }
})
afterAll(async () => {
  for (const bus of [asker, ...servers]) await bus[Symbol.asyncDispose]()
})

test('each_request_is_answered_once_by_one_of_two_instances', async () => {
  const answers = await Promise.all(Array.from({ length: 200 }, (_, n) => ours().echo({ n }, call())))
  expect(answers.map(({ n }) => n)).toEqual(Array.from({ length: 200 }, (_, n) => n))
  expect(answeredBy).toHaveLength(200)
  expect(new Set(answeredBy)).toEqual(new Set([0, 1]))
})

test('invalid_input_is_refused_by_the_service_itself', async () => {
  await expect(ours().echo({ n: 'one' as unknown as number }, call())).rejects.toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining('n: '),
  })
})

test('an_error_arrives_as_it_was_thrown', async () => {
  await expect(ours().refuse({ n: 1 }, call())).rejects.toMatchObject({
    code: 'version_conflict',
    message: 'It moved.',
    extras: { hint: 'Read it again.', details: { current: 7 } },
  })
})

test('an_unforeseen_fault_is_hidden_behind_its_correlation_id_and_logged_once', async () => {
  const request_id = ids.next()
  const error = await ours()
    .fail({ n: 1 }, call({ request_id }))
    .catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'internal', extras: { details: { correlation_id: request_id } } })
  expect(JSON.stringify(error)).not.toContain('secret of the inside')
  expect(logged.filter((line) => line.includes(request_id))).toHaveLength(1)
  expect(await ours().echo({ n: 2 }, call())).toEqual({ n: 2 })
})

test('an_answer_that_breaks_the_contract_is_not_sent', async () => {
  expect(await codeOf(ours().lie({ n: 1 }, call()))).toBe('internal')
})

test('a_tool_is_refused_without_a_person_and_without_the_scope', async () => {
  expect(await codeOf(ours().read({ n: 1 }, call()))).toBe('forbidden')
  expect(await codeOf(ours().read({ n: 1 }, call({ caller: person(ids.next(), { scopes: [] }) })))).toBe(
    'forbidden',
  )
  const writer = person(ids.next(), { scopes: ['loops:write'], user_name: 'Åse דוד 🎈' })
  expect(await ours().read({ n: 1 }, call({ caller: writer }))).toEqual({ n: 1 })
})

test('unavailable_when_nobody_listens', async () => {
  const nobody = client(asker, { ...contract, name: 'nobody' })
  await expect(nobody.echo({ n: 1 }, call())).rejects.toMatchObject({
    code: 'unavailable',
    extras: { retry_after_ms: 1_000 },
  })
})

test('timeout_when_the_answer_does_not_come_and_the_handler_knows', async () => {
  waiting.length = 0
  expect(await codeOf(ours().wait({ n: 1 }, ownCall(clock, ids.next(), 300)))).toBe('timeout')
  await expect.poll(() => waited?.remainingMs()).toBe(0)
  waiting[0]?.()
})

test('a_handler_is_aborted_when_the_caller_has_gone', async () => {
  waiting.length = 0
  const asked = new AbortController()
  const answer = ours().wait({ n: 1 }, call({ signal: asked.signal }))
  const abandoned = expect(answer).rejects.toMatchObject({
    code: 'timeout',
    message: expect.stringMatching(/^Nobody waits/),
  })
  await expect.poll(() => waiting.length).toBe(1)
  asked.abort()
  // Only now may the handler end: until then it would have kept the caller waiting.
  await abandoned
  waiting[0]?.()
})

test('a_request_that_is_already_aborted_is_not_sent', async () => {
  const before = answeredBy.length
  expect(await codeOf(ours().echo({ n: 1 }, call({ signal: AbortSignal.abort() })))).toBe('timeout')
  expect(answeredBy).toHaveLength(before)
})

test('a_request_without_time_left_is_not_sent', async () => {
  const before = answeredBy.length
  expect(await codeOf(ours().echo({ n: 1 }, ownCall(clock, ids.next(), 0)))).toBe('timeout')
  expect(answeredBy).toHaveLength(before)
})

test('a_request_over_the_size_of_the_bus_is_refused_before_it_is_sent', async () => {
  const big = { n: 1, filler: 'x'.repeat(1_100_000) }
  expect(await codeOf(ours().echo(big, call()))).toBe('limit_exceeded')
  expect(await ours().echo({ n: 3 }, call())).toEqual({ n: 3 })
})

test('overload_is_answered_at_once_and_the_accepted_are_finished', async () => {
  waiting.length = 0
  // Requests are spread at random: twice what both accept leaves neither with room, and the rest is refused.
  const count = 4 * MAX_IN_FLIGHT
  let refused = 0
  const results = Array.from({ length: count }, async (_, n) => {
    const code = await codeOf(ours().wait({ n }, call()))
    if (code === 'unavailable') refused += 1
    return code
  })
  await expect.poll(() => waiting.length).toBe(2 * MAX_IN_FLIGHT)
  // A request that is still on its way would find room once the others are released.
  await expect.poll(() => refused).toBe(2 * MAX_IN_FLIGHT)
  for (const release of waiting) release()
  const codes = await Promise.all(results)
  expect(codes.filter((code) => code === 'unavailable')).toHaveLength(2 * MAX_IN_FLIGHT)
  expect(codes.filter((code) => code === 'undefined')).toHaveLength(2 * MAX_IN_FLIGHT)
})

test('a_stopping_instance_answers_what_it_has_taken', async () => {
  const bus = await connectBus(natsUrl, 'leaving', quiet, keysOf('leaving'))
  const leaving = await serve(bus, { ...contract, name: 'leaving' }, handlers(2), { clock })
  waiting.length = 0
  const answer = client(asker, { ...contract, name: 'leaving' }).wait({ n: 9 }, call())
  await expect.poll(() => waiting.length).toBe(1)
  const left = leaving[Symbol.asyncDispose]()
  waiting[0]?.()
  expect(await answer).toEqual({ n: 9 })
  await left
  await bus[Symbol.asyncDispose]()
})
