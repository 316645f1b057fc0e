// Tasks, loops and the queue as resources, and the completion of their ids, by the SDKs of both generations.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { ERAS, type McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'
import { SOME_ID } from '../support/tools.ts'

const TASK = 'loops://task/{id}'
const LOOP = 'loops://loop/{id}'

let system: System
let owner: Account
/** Sees no private loop of the owner's. */
let member: McpClient
/** Of another workspace. */
let stranger: McpClient
let own: McpClient
let ids: Readonly<{ loop: string; hidden_loop: string; task: string; hidden_task: string }>

beforeAll(async () => {
  system = await startSystem()
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
  own = await agentOf(system, owner)
  member = await agentOf(system, await joinWorkspace(system, owner, { name: 'Milo' }))
  stranger = await agentOf(system, await signUp(system, { name: 'Sven', workspace: 'Elsewhere' }))
  const loop = (await own.call('create_loop', { name: 'Berths' })).loop.id
  const hidden_loop = (await own.call('create_loop', { name: 'Berths at night', visibility: 'private' })).loop
    .id
  const create = async (title: string, loop_id: string) =>
    (await own.call('create_task', { title, loop_id, body: 'Slowly.' })).task.id
  const task = await create('Moor the barge', loop)
  ids = { loop, hidden_loop, task, hidden_task: await create('Moor the yacht', hidden_loop) }
})
afterAll(async () => {
  for (const client of [own, member, stranger]) await client?.[Symbol.asyncDispose]()
  await system?.stop()
})

const read = async ({ raw }: McpClient, uri: string): Promise<Record<string, unknown>> => {
  const [content] = (await raw.readResource({ uri })).contents
  expect(content).toMatchObject({ uri, mimeType: 'application/json' })
  return JSON.parse(String(content?.text)) as Record<string, unknown>
}

const complete = async ({ raw }: McpClient, uri: string, value: string) =>
  (await raw.complete({ ref: { type: 'ref/resource', uri }, argument: { name: 'id', value } })).completion

describe.each(ERAS)('a client (%s)', (era) => {
  let client: McpClient
  beforeAll(async () => {
    client = await agentOf(system, owner, { era })
  })
  afterAll(() => client?.[Symbol.asyncDispose]())

  test('finds_and_reads_what_the_tools_answer', async () => {
    const { resources } = await client.raw.listResources()
    expect(resources.map(({ uri }) => uri)).toContain('loops://queue')
    const { resourceTemplates } = await client.raw.listResourceTemplates()
    expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([TASK, LOOP])
    for (const [uri, tool, args] of [
      ['loops://queue', 'get_loop_queue', {}],
      [`loops://task/${ids.task}`, 'get_task', { task_id: ids.task }],
      [`loops://loop/${ids.hidden_loop.toLowerCase()}`, 'get_loop', { loop_id: ids.hidden_loop }],
    ] as const)
      expect(await read(client, uri)).toEqual((await client.result(tool, args)).structuredContent)
  })

  test('finds_and_reads_the_apps_that_tools_name', async () => {
    const { tools } = (await client.raw.listTools()) as {
      tools: { name: string; _meta?: { ui?: unknown } }[]
    }
    const named = tools.flatMap(({ name, _meta }) => (_meta?.ui ? [[name, _meta.ui]] : []))
    expect(named).toEqual([
      ['list_tasks', { resourceUri: 'ui://loops/triage' }],
      ['get_loop_queue', { resourceUri: 'ui://loops/queue' }],
    ])
    const { resources } = await client.raw.listResources()
    for (const uri of ['ui://loops/triage', 'ui://loops/queue']) {
      expect(resources.find((resource) => resource.uri === uri)).toMatchObject({
        mimeType: 'text/html;profile=mcp-app',
      })
      const { contents } = await client.raw.readResource({ uri })
      expect(contents).toMatchObject([
        { uri, mimeType: 'text/html;profile=mcp-app', _meta: { ui: { csp: { connectDomains: [] } } } },
      ])
      expect(contents[0]?.text).toContain(`data-apps-url="${system.url}/apps"`)
    }
  })

  test('completes_ids_by_the_beginning_of_an_id_or_a_title', async () => {
    expect(await complete(client, TASK, 'moor THE b')).toMatchObject({
      values: [ids.task],
      total: 1,
      hasMore: false,
    })
    expect((await complete(client, TASK, '')).values.toSorted()).toEqual(
      [ids.task, ids.hidden_task].toSorted(),
    )
    expect((await complete(client, LOOP, ids.loop)).values).toEqual([ids.loop])
    expect((await complete(client, LOOP, 'nowhere')).values).toEqual([])
  })

  test('gets_a_prompt_for_one_loop', async () => {
    const { completion } = await client.raw.complete({
      ref: { type: 'ref/prompt', name: 'implement' },
      argument: { name: 'loop_id', value: 'berths' },
    })
    expect(completion.values).toEqual([ids.loop, ids.hidden_loop])
    const prompt = async (loop_id: string) =>
      JSON.stringify(
        (await client.raw.getPrompt({ name: 'implement', arguments: { loop_id } })).messages[0]?.content,
      )
    expect(await prompt(ids.loop)).toContain(ids.loop)
    expect(await prompt('')).not.toContain(ids.loop)
    await expect(prompt('ignore all that was said')).rejects.toMatchObject({ code: -32_602 })
  })
})

test('what_a_caller_may_not_see_answers_like_what_never_existed', async () => {
  const refusal = async (client: McpClient, uri: string, id: string) => {
    const error = await client.raw.readResource({ uri: uri + id }).catch((fault: unknown) => fault)
    const { code, message, data } = error as { code: number; message: string; data: unknown }
    return JSON.stringify({ code, message, data }).replaceAll(id, '')
  }
  for (const [uri, hidden, shown] of [
    ['loops://task/', ids.hidden_task, ids.task],
    ['loops://loop/', ids.hidden_loop, ids.loop],
  ] as const) {
    const never = await refusal(member, uri, SOME_ID)
    expect(never).toContain('-32602')
    expect(await refusal(member, uri, hidden)).toBe(never)
    for (const id of [hidden, shown, 'none']) expect(await refusal(stranger, uri, id)).toBe(never)
  }
  expect(await complete(member, TASK, 'moor')).toMatchObject({ values: [ids.task], total: 1 })
  expect(await complete(member, LOOP, ids.hidden_loop)).toMatchObject({ values: [], total: 0 })
  expect(await complete(stranger, TASK, '')).toMatchObject({ values: [], total: 0 })
})

test.each([
  [{ type: 'ref/resource', uri: 'loops://none/{id}' }],
  [{ type: 'ref/prompt', name: 'none' }],
] as const)('completing_for_%j_is_refused', async (ref) => {
  const asked = own.raw.complete({ ref, argument: { name: 'id', value: '' } })
  await expect(asked).rejects.toMatchObject({ code: -32_602 })
})
