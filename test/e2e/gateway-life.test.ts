// How a gateway stops, and how it answers while a service behind it is missing.
import { expect, test } from 'vitest'
import { agentOf, signUp } from '../support/accounts.ts'
import { type Answer, openWire, type Wire } from '../support/raw-http.ts'
import { startSystem } from '../support/system.ts'

const wireOf = (url: string, token: string): Wire =>
  openWire(new URL('/mcp', url), {
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
  })
const create = (wire: Wire, title: string): Promise<Answer> =>
  wire.rpc('tools/call', { name: 'create_task', arguments: { title } })

test('no_call_is_lost_while_one_of_two_instances_stops [T23]', async () => {
  await using system = await startSystem({
    instances: 2,
    names: ['tasks', 'loops-queue', 'gateway'],
    env: { NODE_ENV: 'production' },
  })
  const owner = await signUp(system, { name: 'Olga' })
  await using client = await agentOf(system, owner)
  const working = { go: true }
  const work = async (number: number): Promise<Answer[]> => {
    using wire = wireOf(system.url, client.accessToken())
    const answers: Answer[] = []
    while (working.go) answers.push(await create(wire, `Task ${number}.${answers.length}`))
    return answers
  }
  const workers = Array.from({ length: 8 }, (_, number) => work(number))
  const stopping = system.stopInstance(0)
  await stopping
  working.go = false
  const answers = (await Promise.all(workers)).flat()
  expect(answers.length).toBeGreaterThan(8)
  expect(answers.filter(({ status }) => status !== 200)).toEqual([])
  expect(answers.filter(({ text }) => text.includes('"isError":true'))).toEqual([])
  const { total } = await client.call('list_tasks', {})
  expect(total).toBe(answers.length)
})

test('a_missing_service_makes_its_tools_unavailable_and_nothing_else', async () => {
  await using system = await startSystem({ names: ['loops-queue', 'gateway'] })
  const owner = await signUp(system, { name: 'Olga' })
  await using client = await agentOf(system, owner)
  const result = await client.result('list_tasks', {})
  expect(result).toMatchObject({
    isError: true,
    structuredContent: { error: { code: 'unavailable', retryable: true, retry_after_ms: 1_000 } },
  })
  expect(await client.call('get_workspace', {})).toMatchObject({ you: { name: 'Olga' } })
  for (const path of ['/livez', '/readyz']) expect((await fetch(new URL(path, system.url))).status).toBe(200)
})
