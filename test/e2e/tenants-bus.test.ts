// A forged caller on the bus, such as a compromised service, gets nothing of another workspace. Every tool and every
// internal operation answers for its things as if they did not exist.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { callByName } from '../../shared/bus/client.ts'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { startBudget } from '../../shared/bus/headers.ts'
import { type Caller, eventSubject, ROLES } from '../../shared/contracts/define/contract.ts'
import { AppError, toErrorBody } from '../../shared/contracts/define/errors.ts'
import { inputSchema } from '../../shared/contracts/define/json-schema.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { asAskerOf } from '../support/keys.ts'
import {
  argumentsOf,
  type IdParameter,
  idParameters,
  idsIn,
  internalArguments,
  type Listed,
  type Own,
  thingsIn,
} from '../support/outsider.ts'
import { ids, person } from '../support/service-environment.ts'
import { MAIL_WAIT, type System, startSystem } from '../support/system.ts'
import { TOOLS } from '../support/tools.ts'

let system: System
let bus: Bus
let tools: readonly Listed[]
let parameters: readonly IdParameter[]
/** The attacked workspace: its owner, and everything in it that has an id. */
let owner: Caller
let things: readonly string[]
/** The attackers, and their own things. */
let stranger: Own & Readonly<{ workspace_id: string }>

const ask = async <T>(caller: Caller, service: string, operation: string, input: unknown): Promise<T> => {
  const contract = CONTRACTS.find(({ name }) => name === service)
  if (!contract) throw new Error(`There is no service ${service}.`)
  const call = { caller, request_id: ids.next(), ...startBudget(clock, 8_000) }
  return (await callByName(asAskerOf(bus, contract, operation), contract, operation, input, call)) as T
}
const answerOf = (...asked: Parameters<typeof ask>): Promise<string> =>
  ask(...asked).then(JSON.stringify, (error: unknown) => {
    if (error instanceof AppError) return JSON.stringify(toErrorBody(error))
    throw error
  })

/** Creates one thing of every kind and returns the ids of everything that came of it. */
const furnish = async (): Promise<readonly string[]> => {
  const ann = await signUp(system, { name: 'Ann' })
  await joinWorkspace(system, ann, { name: 'Bo' })
  await using agent = await agentOf(system, ann)
  tools = (await agent.raw.listTools()).tools as unknown as readonly Listed[]
  const { you, workspace } = await agent.call('get_workspace', {})
  owner = person(workspace.id, { user_id: you.user_id, role: 'owner' })
  const published: unknown[] = []
  const subject = eventSubject('*', '*.*', workspace.id)
  bus.nc.subscribe(subject, { callback: (_, message) => void published.push(message.json()) })
  const made: unknown[] = []
  for (const visibility of ['public', 'private'] as const) {
    const { loop } = await agent.call('create_loop', { name: 'Loop', visibility })
    const { task } = await agent.call('create_task', { title: 'Task', loop_id: loop.id })
    made.push(loop, task, await agent.call('add_comment', { task_id: task.id, text: 'Comment' }))
  }
  const { loop } = await agent.call('create_loop', { name: 'Shipped' })
  await agent.call('ship_loop', { loop_id: loop.id })
  const webhook = await ask<{ id: string }>(owner, 'webhooks', 'add_webhook', {
    url: 'https://hooks.example.com/',
  })
  const call = await ask<{ delivery_id: string }>(owner, 'webhooks', 'send_test', { webhook_id: webhook.id })
  const mails = await vi.waitFor(async () => {
    const { deliveries } = await ask<{ deliveries: { id: string }[] }>(
      owner,
      'notifier',
      'list_deliveries',
      {},
    )
    expect(deliveries).toHaveLength(3)
    return deliveries.map(({ id }) => id)
  }, MAIL_WAIT)
  return [...idsIn([made, loop, webhook, published, await system.mails()]), call.delivery_id, ...mails]
}

beforeAll(async () => {
  system = await startSystem()
  bus = await connectBus(system.stack.natsUrl, 'test', createLog({ filter: 'error', topic: 'test' }))
  things = await furnish()
  parameters = idParameters(tools)
  await using agent = await agentOf(system, await signUp(system, { name: 'Eve' }))
  const { you, workspace } = await agent.call('get_workspace', {})
  const { loop } = await agent.call('create_loop', { name: 'Mine' })
  const { task } = await agent.call('create_task', { title: 'Mine', loop_id: loop.id })
  stranger = { workspace_id: workspace.id, user_id: you.user_id, loop_id: loop.id, task_id: task.id }
})
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]()
  await system?.stop()
})

/** Expects the same bytes for a thing of the other workspace, with its id removed, and for one that never existed. */
const expectNothing = async (
  caller: Caller,
  service: string,
  operation: string,
  given: (id: string) => unknown,
): Promise<void> => {
  const asking = async (id: string): Promise<string> =>
    (await answerOf(caller, service, operation, given(id))).replaceAll(id, '<asked>')
  const nothing = await asking(ids.next())
  expect(nothing).not.toContain('invalid_argument')
  for (const id of things) {
    const answer = await asking(id)
    // A name longer than an id is refused as such where an id is required.
    if (!answer.includes('invalid_argument')) expect(answer, `${operation} ${id}`).toBe(nothing)
  }
}

test.each(ROLES)('tools_answer_for_things_of_another_workspace_like_for_none: %s', async (role) => {
  expect(things.length).toBeGreaterThan(20)
  // The caller claims to be the owner of the other workspace, but in their own one.
  const caller = person(stranger.workspace_id, { user_id: owner.user_id, role })
  for (const { tool, parameter, many } of parameters) {
    const listed = tools.find(({ name }) => name === tool) as Listed
    const service = TOOLS.find(({ name }) => name === tool)?.service as string
    await expectNothing(caller, service, tool, (id) =>
      argumentsOf(listed, stranger, { [parameter]: many ? [id] : id }),
    )
  }
})

/** Asked by the notifier itself after an event: there is no caller, so no caller’s workspace can be checked. */
const FOR_NO_CALLER = ['get_invitation', 'get_password_reset', 'get_account_mail']

/** Opened by the link of a mail, whoever follows it. */
const isByLink = (schema: Listed['inputSchema']): boolean => 'token' in (schema.properties as object)

const INTERNALS = CONTRACTS.flatMap((contract) =>
  Object.entries(contract.operations).flatMap(([name, { kind, input }]) => {
    const schema = inputSchema(input) as Listed['inputSchema']
    if (kind !== 'internal' || FOR_NO_CALLER.includes(name) || isByLink(schema)) return []
    return (
      thingsIn(schema)
        // The caller is only now forming the loop that the tasks are reserved for.
        .filter((given) => name !== 'prepare_move' || given !== 'loop_id')
        // Completing the caller's own task answers otherwise the second time.
        .filter((given) => name !== 'complete' || given === 'task_id')
        .map((given) => [name, given, contract.name, schema] as const)
    )
  }),
)

test.each(INTERNALS)(
  '%s_answers_for_a_%s_of_another_workspace_as_for_none',
  async (name, given, service, schema) => {
    const caller = person(stranger.workspace_id, { role: 'owner' })
    await expectNothing(caller, service, name, (id) => ({
      ...internalArguments(schema, stranger),
      [given]: given.endsWith('s') ? [id] : id,
    }))
  },
)
