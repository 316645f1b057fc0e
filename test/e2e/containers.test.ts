// The whole set in containers of the project's own image, as an operator runs it. There are two of each service, each
// with only the NATS permissions it needs, driven through MCP and the pages from outside.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { STARTABLE } from '../../services/start.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { type ContainerSet, SET_SECRET, startContainerSet } from '../support/container-set.ts'
import type { McpClient } from '../support/mcp-client.ts'

/** The image may have to be built from nothing. */
const START_LIMIT_MS = 300_000

let set: ContainerSet
let owner: Account
let member: Account
let planner: McpClient
let builder: McpClient

beforeAll(async () => {
  set = await startContainerSet()
  owner = await signUp(set, { name: 'Olga', workspace: 'Quayside' })
  member = await joinWorkspace(set, owner, { name: 'Miro' })
  planner = await agentOf(set, owner, { era: 'modern', name: 'planner' })
  builder = await agentOf(set, member, { era: 'sdk1', name: 'builder' })
}, START_LIMIT_MS)

afterAll(async () => {
  await planner?.[Symbol.asyncDispose]()
  await builder?.[Symbol.asyncDispose]()
  await set?.[Symbol.asyncDispose]()
}, START_LIMIT_MS)

/** A loop with one task, from filed by the one agent to implemented by the other. */
const implementedLoop = async (name: string): Promise<string> => {
  const { loop } = await planner.call('create_loop', { name })
  const { task } = await planner.call('create_task', { title: `Task of ${name}`, loop_id: loop.id })
  await planner.call('update_task', { task_id: task.id, status: 'approved' })
  const work = await builder.call('get_next_work', {})
  expect(work.loop?.name).toBe(name)
  expect(work.tasks.map(({ id }) => id)).toEqual([task.id])
  await builder.call('update_task', { task_id: task.id, status: 'in_progress' })
  await builder.call('update_task', { task_id: task.id, status: 'shipped' })
  return loop.id
}

const shippedMailsOf = async (name: string) =>
  (await set.mails()).filter(({ subject }) => subject === `Shipped: ${name}`).flatMap(({ to }) => to)

test('a_loop_goes_from_filed_to_shipped_and_each_member_gets_one_mail', async () => {
  const loop_id = await implementedLoop('Lighthouse')

  await planner.call('ship_loop', { loop_id })

  await expect.poll(() => shippedMailsOf('Lighthouse'), { timeout: 20_000 }).toHaveLength(2)
  expect((await shippedMailsOf('Lighthouse')).toSorted()).toEqual([member.email, owner.email].toSorted())
})

test('the_services_run_as_a_user_without_rights', async () => {
  expect(await set.runIn('tasks', ['node', '-p', 'process.getuid()'])).toMatchObject({ output: '1000' })
})

test.each(CONTRACTS.map(({ name }) => name))(
  'the_health_check_of_the_composed_set_finds_%s_well',
  async (name) => {
    const text = await readFile(join(import.meta.dirname, '../../infra/compose.yaml'), 'utf8')
    const { services } = parse(text, { merge: true }) as {
      services: Record<string, { healthcheck: { test: string[] } }>
    }
    const [how, ...command] = services[name]?.healthcheck.test ?? []
    expect(how).toBe('CMD')
    expect(await set.runIn(name, command)).toMatchObject({ code: 0 })
  },
)

test('the_image_has_the_commands_of_operators', async () => {
  expect(await set.runIn('tasks', ['node', 'infra/events.ts'])).toMatchObject({
    output: expect.stringContaining('npm run events'),
  })
  expect(await set.runIn('tasks', ['node', 'infra/keys.ts'])).toMatchObject({
    output: expect.stringContaining('npm run keys'),
  })
  expect(await set.runIn('tasks', ['node', 'infra/admin.ts'])).toMatchObject({
    output: expect.stringContaining('npm run admin'),
  })
  // No secret of this checkout is in the image.
  const files = await set.runIn('tasks', ['node', '-p', "require('node:fs').readdirSync('infra').join(' ')"])
  expect(files.output).toContain('events.ts')
  expect(files.output).not.toMatch(/\.env|nats-users|examples/)
})

test('work_goes_on_when_one_of_each_service_stops_and_each_stops_in_order', async () => {
  expect(await set.stopOneOfEach()).toEqual(STARTABLE.map(() => 0))

  await planner.call('ship_loop', { loop_id: await implementedLoop('Harbour') })

  await expect.poll(() => shippedMailsOf('Harbour'), { timeout: 20_000 }).toHaveLength(2)
})

test('no_secret_is_in_a_log', () => {
  const said = set.logs.join('\n')
  expect(said).toContain('serving')
  for (const secret of [
    SET_SECRET,
    owner.password,
    planner.accessToken(),
    builder.accessToken(),
    'secret-of-',
  ])
    expect(said).not.toContain(secret)
})
