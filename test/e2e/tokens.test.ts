// What the tools cost a model, in tokens of a real tokenizer: the list of tools, and the answers that it reads most.
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import type { McpClient, ToolResult } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

/** The limits (tokens). */
const TOOL_LIST = 9_000
const PAGE = 4_000
const NEXT_WORK = 2_500
/** Clients cut instructions and descriptions here (characters). */
const TEXT_CHARS = 2_048

const WORK = [
  'Show the due date in the list of tasks',
  'Retry a webhook after the receiver answered 503',
  'Let a person change the name of a workspace',
  'Explain in the README how to connect VS Code',
]

let system: System
let agent: McpClient
let loop_id: string

beforeAll(async () => {
  system = await startSystem()
  agent = await agentOf(system, await signUp(system, { name: 'Ann' }))
  const ai_context = 'Run npm test before you commit. Keep the public API as it is. '.repeat(8)
  const { loop } = await agent.call('create_loop', {
    name: 'Release 2.4',
    description: 'What 2.4 needs',
    ai_context,
  })
  loop_id = loop.id
  const file = (n: number, to: object) =>
    agent.call('create_task', { title: `${WORK[n % WORK.length]} (${n})`, body: 'Do it well.', ...to })
  const numbers = Array.from({ length: LIMITS.page_default }, (_, n) => n)
  await inParallel(numbers, 8, (n) => file(n, {}))
  const filed = await inParallel(numbers, 8, (n) => file(n, { loop_id, priority: 'high' }))
  await agent.call('bulk_update_tasks', { task_ids: filed.map(({ task }) => task.id), status: 'approved' })
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await system?.stop()
})

/** The tokens of what a model gets to read of a result. */
const costOf = async (name: string, args: Record<string, unknown>): Promise<number> => {
  const result = await agent.raw.callTool({ name, arguments: args })
  const { content, structuredContent } = result as ToolResult
  const text = content[0]?.text ?? ''
  expect(text.length).toBeLessThanOrEqual(JSON.stringify(structuredContent).length)
  const tokens = encode(text).length
  console.log(`${name}: ${tokens} tokens`)
  return tokens
}

describe('a model reads', () => {
  test('the_list_of_all_tools_within_its_limit', async () => {
    const { tools } = await agent.raw.listTools()
    const tokens = encode(JSON.stringify({ tools })).length
    console.log(`tools/list: ${tokens} tokens for ${tools.length} tools`)
    expect(tokens).toBeLessThanOrEqual(TOOL_LIST)
  })

  test('no_description_and_no_instructions_that_clients_would_cut', async () => {
    const { tools } = (await agent.raw.listTools()) as { tools: { name: string; description: string }[] }
    for (const { name, description } of tools) expect(description.length, name).toBeLessThan(TEXT_CHARS)
    expect(agent.raw.getInstructions()?.length).toBeLessThan(TEXT_CHARS)
  })

  test('a_page_of_fifty_tasks_within_its_limit', async () => {
    expect((await agent.call('list_tasks', {})).tasks).toHaveLength(LIMITS.page_default)
    expect(await costOf('list_tasks', {})).toBeLessThanOrEqual(PAGE)
  })

  test('the_next_work_of_an_ordinary_loop_within_its_limit', async () => {
    expect(await agent.call('get_next_work', {})).toMatchObject({ loop: { id: loop_id }, tasks_total: 50 })
    expect(await costOf('get_next_work', {})).toBeLessThanOrEqual(NEXT_WORK)
  })
})
