// Two gateways with people, their agents and two loops, for tests of the events that agents subscribe to.
import { expect } from 'vitest'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { type Account, agentOf, joinWorkspace, signUp } from './accounts.ts'
import { type EventClient, eventClient, type Polled, type RpcAnswer, type SeenEvent } from './event-client.ts'
import type { McpClient } from './mcp-client.ts'
import { type System, startSystem } from './system.ts'

/** Far longer than anything takes that is waited for. */
export const SOON = { timeout: 20_000, interval: 50 } as const
/** The errors of the extension. */
export const CODES = {
  invalid: -32_602,
  noMethod: -32_601,
  notFound: -32_023,
  forbidden: -32_024,
  exhausted: -32_025,
} as const

export type EventWorld = AsyncDisposable &
  Readonly<{
    system: System
    bus: Bus
    mongo: Mongo
    owner: Account
    member: Account
    /** An agent of the owner, and one of a member who does not see the hidden loop. */
    own: McpClient
    other: McpClient
    loop_id: string
    hidden_loop_id: string
    /** A client of an agent at one gateway. */
    at: (agent: McpClient, index?: number) => EventClient
    fileTask: (title: string, loop?: string, labels?: string[]) => Promise<string>
    approve: (task_id: string) => Promise<unknown>
    /** Files a task and approves it, in the loop that all see unless another is named. */
    readyTask: (title: string, loop?: string, labels?: string[]) => Promise<string>
  }>

export const openEventWorld = async (): Promise<EventWorld> => {
  const system = await startSystem({ instances: 2 })
  const log = createLog({ filter: 'error', topic: 'test' })
  const bus = await connectBus(system.stack.natsUrl, 'test', log)
  const mongo = await connectMongo(system.stack.mongodbUrl, log)
  const owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
  const member = await joinWorkspace(system, owner, { name: 'Milo' })
  const own = await agentOf(system, owner)
  const other = await agentOf(system, member)
  const loop_id = (await own.call('create_loop', { name: 'Berths' })).loop.id
  const hidden_loop_id = (await own.call('create_loop', { name: 'Night', visibility: 'private' })).loop.id
  const fileTask: EventWorld['fileTask'] = async (title, loop, labels) => {
    const { task } = await own.call('create_task', {
      title,
      ...(loop ? { loop_id: loop } : {}),
      ...(labels ? { labels } : {}),
    })
    return task.id
  }
  const approve = (task_id: string) => own.call('update_task', { task_id, status: 'approved' })
  return {
    system,
    bus,
    mongo,
    owner,
    member,
    own,
    other,
    loop_id,
    hidden_loop_id,
    at: (agent, index = 0) => eventClient(system.gateways[index] ?? '', agent.accessToken),
    fileTask,
    approve,
    readyTask: async (title, loop = loop_id, labels = undefined) => {
      const task_id = await fileTask(title, loop, labels)
      await approve(task_id)
      return task_id
    },
    [Symbol.asyncDispose]: async () => {
      for (const open of [other, own, mongo, bus]) await open[Symbol.asyncDispose]()
      await system.stop()
    },
  }
}

/** Polls once. */
export const poll = async (
  client: EventClient,
  params: Readonly<Record<string, unknown>>,
): Promise<Polled> => {
  const { result, error } = await client.ask<Polled>('events/poll', params)
  if (!result) throw new Error(JSON.stringify(error))
  return result
}

/** The cursor of a subscription that begins now. */
export const began = async (client: EventClient, name: string, args = {}): Promise<string> =>
  (await poll(client, { name, arguments: args, cursor: null })).cursor

/** Polls until some events have come. @returns all of them, and the last cursor. */
export const polled = async (client: EventClient, name: string, cursor: string, args = {}, count = 1) => {
  const events: SeenEvent[] = []
  let from = cursor
  await expect
    .poll(async () => {
      const page = await poll(client, { name, arguments: args, cursor: from })
      events.push(...page.events)
      from = page.cursor
      return events.length
    }, SOON)
    .toBeGreaterThanOrEqual(count)
  return { events, cursor: from }
}

/** The tasks that events are about. */
export const idsIn = (events: readonly SeenEvent[]) => events.map(({ data }) => data.task_id)

/** The refusal of a stream. */
export const refusal = (answer: Promise<unknown>): Promise<RpcAnswer> =>
  answer.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: Error) => error.cause as RpcAnswer,
  )
