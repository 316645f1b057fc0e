// The hooks of the plugin for Claude Code, run against a real system as Claude Code runs them, over a connection with OAuth.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import type { Db } from 'mongodb'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

type Hook =
  | Readonly<{ type: 'mcp_tool'; tool: string; input?: Record<string, unknown> }>
  | Readonly<{ type: 'command'; command: string }>
type Groups = readonly Readonly<{ matcher?: string; hooks: readonly Hook[] }>[]
const { hooks } = JSON.parse(
  readFileSync(new URL('../../infra/plugin/hooks/hooks.json', import.meta.url), 'utf8'),
) as { hooks: Readonly<Record<'PostToolBatch' | 'SessionStart', Groups>> }

let system: System
let db: Db
let owner: Account
let manager: McpClient
let session: McpClient
const open = new AsyncDisposableStack()
beforeAll(async () => {
  system = await startSystem()
  open.defer(() => system.stop())
  const mongo = open.use(
    await connectMongo(system.stack.mongodbUrl, createLog({ filter: 'error', topic: 'test' })),
  )
  db = mongo.database('tasks')
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
  manager = open.use(await agentOf(system, owner, { name: 'manager' }))
})
afterAll(() => open.disposeAsync())
beforeEach(async () => {
  session = await agentOf(system, owner, { name: 'Claude Code' })
  return () => session[Symbol.asyncDispose]()
})

/**
 * Runs the hooks of an event as Claude Code does: tools over the connection of the plugin's server, commands in a shell. What a
 * command prints becomes context of the model when a session starts; what a tool answers does not.
 */
const fire = async (event: keyof typeof hooks, source = ''): Promise<string> => {
  const printed: string[] = []
  for (const { matcher, hooks: matched } of hooks[event]) {
    if (matcher !== undefined && !matcher.split('|').includes(source)) continue
    for (const hook of matched)
      if (hook.type === 'command')
        printed.push(execFileSync('sh', ['-c', hook.command], { encoding: 'utf8' }))
      else expect(await session.result(hook.tool, hook.input ?? {})).not.toMatchObject({ isError: true })
  }
  return printed.join('')
}

const claim = async (title: string, agent?: string): Promise<string> => {
  const { task } = await manager.call('create_task', { title, body: `How to: ${title}` })
  await manager.call('update_task', { task_id: task.id, status: 'approved' })
  await session.call('claim_task', { task_id: task.id, ...(agent ? { agent } : {}) })
  return task.id
}

const collection = () => db.collection<{ _id: string; claim?: { until: Date } }>('tasks')
const untilOf = async (task_id: string): Promise<number> =>
  (await collection().findOne({ _id: task_id }))?.claim?.until.getTime() ?? Number.NaN
/** Lets most of the term of a claim pass. */
const passTime = (task_id: string) =>
  collection().updateOne({ _id: task_id }, { $set: { 'claim.until': new Date(Date.now() + 60_000) } })

test('after_each_batch_of_tools_what_the_session_and_its_agents_hold_is_renewed', async () => {
  const held = [await claim('Moor the barge'), await claim('Paint the hull', 'sub-agent')]
  for (const task_id of held) await passTime(task_id)
  expect(await fire('PostToolBatch')).toBe('')
  for (const task_id of held) expect(await untilOf(task_id)).toBeGreaterThan(Date.now() + 600_000)
})

test('what_was_renewed_lately_is_not_written_again', async () => {
  const task_id = await claim('Tie the knot')
  // Not the whole document: what is to be published leaves it at any time.
  const look = () => collection().findOne({ _id: task_id }, { projection: { claim: 1, v: 1 } })
  const before = await look()
  await fire('PostToolBatch')
  expect(await look()).toEqual(before)
})

test('with_nothing_held_it_costs_next_to_nothing', async () => {
  const { content, structuredContent } = await session.result('renew_claims', {})
  expect(structuredContent).toEqual({ claims: [] })
  expect(content).toEqual([{ type: 'text', text: '{"claims":[]}' }])
  expect(await fire('PostToolBatch')).toBe('')
})

test.each(['compact', 'clear'])('after_%s_the_model_is_told_how_to_find_what_it_holds', async (source) => {
  const task_id = await claim('Scrape the keel')
  const told = await fire('SessionStart', source)
  const [look = '', read = '', giveBack = ''] = told.match(/\w+_\w+/g) ?? []
  // A model that has forgotten everything else follows it.
  const { structuredContent: workspace } = await session.result(look, {})
  expect(workspace).toMatchObject({ holding: [{ task_id, title: 'Scrape the keel' }] })
  const { structuredContent: task } = await session.result(read, { task_id })
  expect(JSON.stringify(task)).toContain('How to: Scrape the keel')
  await session.result(giveBack, { task_ids: [task_id] })
  expect((await session.call('renew_claims', {})).claims).toEqual([])
})

test.each(['startup', 'resume'])('at_%s_nothing_is_said', async (source) => {
  expect(await fire('SessionStart', source)).toBe('')
})
