// Everything that a client should not send, over real HTTP and real services. Each request gets a clear answer on a
// connection that stays open, and changes nothing.
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import { ERROR_CODES } from '../../shared/contracts/define/errors.ts'
import { inputSchema, type JsonSchema } from '../../shared/contracts/define/json-schema.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import { argumentsFor, spoiltArgumentsFor } from '../support/from-schema.ts'
import type { McpClient, ToolResult } from '../support/mcp-client.ts'
import { type Answer, openWire, type Wire } from '../support/raw-http.ts'
import { type System, startSystem } from '../support/system.ts'
import { exampleOf, SOME_ID, TOOLS, toolNamed } from '../support/tools.ts'

let system: System
let client: McpClient
let wire: Wire
/** Things that exist, by kind. */
let known: Readonly<{ task_id: string; loop_id: string; ids: readonly string[] }>
/** Things of another workspace. */
let foreign: Readonly<{ task_id: string; loop_id: string }>

const wireOf = (url: string, token: string): Wire =>
  openWire(new URL('/mcp', url), {
    Authorization: `Bearer ${token}`,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
  })

const furnish = async (agent: McpClient): Promise<{ task_id: string; loop_id: string; ids: string[] }> => {
  const first = await agent.call('create_loop', { name: 'First' })
  const second = await agent.call('create_loop', { name: 'Second' })
  const task = await agent.call('create_task', { title: 'In a loop', loop_id: first.loop.id })
  const loose = await agent.call('create_task', { title: 'In none' })
  const [task_id, loop_id] = [task.task.id, first.loop.id]
  return { task_id, loop_id, ids: [task_id, loop_id, loose.task.id, second.loop.id] }
}

beforeAll(async () => {
  system = await startSystem()
  const ann = await signUp(system, { name: 'Ann' })
  const eve = await signUp(system, { name: 'Eve' })
  client = await agentOf(system, ann)
  await using other = await agentOf(system, eve)
  wire = wireOf(system.url, client.accessToken())
  known = await furnish(client)
  foreign = await furnish(other)
})

afterAll(async () => {
  wire?.[Symbol.dispose]()
  await client?.[Symbol.asyncDispose]()
  await system?.stop()
})

/** Everything that a reader can see: it includes every version, and so shows every change. */
const look = async (): Promise<string> => {
  const seen = await Promise.all([
    client.call('list_tasks', { scope: 'all', limit: LIMITS.page }),
    client.call('list_loops', { limit: LIMITS.page }),
    client.call('get_loop_queue', { limit: LIMITS.page }),
  ])
  return JSON.stringify(seen)
}

type RpcAnswer = Readonly<{ result?: ToolResult; error?: { code: number; message: string } }>
const rpcOf = ({ text }: Answer): RpcAnswer => JSON.parse(text) as RpcAnswer
type Refused = Readonly<{
  code: string
  fields?: readonly { field: string; limit?: number; size?: number }[]
}>
const refusalOf = (answer: Answer): Refused | undefined => {
  const { result } = rpcOf(answer)
  return result?.isError ? (result.structuredContent?.error as Refused) : undefined
}
const call = (name: string, args: unknown): Promise<Answer> =>
  wire.rpc('tools/call', { name, arguments: args })

/** The same without a wait that would be granted: how waits end is a test of its own. Others stay as they are. */
const withoutWaiting = (args: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  typeof args.wait_seconds === 'number' && args.wait_seconds > 0 && args.wait_seconds <= 25
    ? { ...args, wait_seconds: 0 }
    : args

/** What a stack trace, a driver or a library of ours would leave in a text. */
const INSIDE =
  /\bat \S+ \(|\.m?[jt]s:\d|node_modules|Mongo|BSON|ECONN|ZodError|nats:|"stack"|TypeError|RangeError/
const expectClear = (answer: Answer): void => {
  expect(answer.status).toBeLessThan(500)
  expect(answer.text).not.toMatch(INSIDE)
}

describe('a request that is none', () => {
  const json = { 'Content-Type': 'application/json' }
  const text = (size: number): string => `"${'a'.repeat(size - 2)}"`

  test.each([
    ['broken JSON', '{"jsonrpc":', json, 400, -32_700],
    ['nothing', '', json, 400, -32_700],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]), json, 400, -32_700],
    ['NUL bytes', '\0\0\0\0', json, 400, -32_700],
    ['JSON that is no message', '{"hello":1}', json, 400, -32_600],
    ['a number', '5', json, 400, -32_600],
    ['null', 'null', json, 400, -32_600],
    ['an empty batch', '[]', json, 400, -32_600],
    ['deep nesting', '['.repeat(100_000), json, 400, -32_600],
    ['deep nesting of objects', '{"a":'.repeat(50_000), json, 400, -32_600],
    ['another content type', '{}', { 'Content-Type': 'text/plain' }, 415, -32_000],
    ['one byte too many', text(LIMITS.request_bytes + 1), json, 413, -32_000],
    ['twice too much', text(2 * LIMITS.request_bytes), json, 413, -32_000],
    ['as much as allowed, but no message', text(LIMITS.request_bytes), json, 400, -32_600],
  ] as const)('is_refused_in_the_form_of_the_protocol: %s [T8]', async (_, body, headers, status, code) => {
    const answer = await wire.send(body, headers)
    expect(answer.status).toBe(status)
    expect(rpcOf(answer).error?.code).toBe(code)
    expectClear(answer)
  })

  test.each([
    ['an unknown tool', { name: 'no_such_tool' }],
    ['a tool of no name', {}],
    ['a name that is no text', { name: { $ne: 1 } }],
    ['arguments that are a list', { name: 'get_task', arguments: [] }],
    ['arguments that are a text', { name: 'get_task', arguments: 'x' }],
    ['an internal operation', { name: 'list_loop_tasks', arguments: {} }],
    ['a member of every object', { name: 'constructor', arguments: {} }],
  ])('is_a_protocol_error: %s', async (_, params) => {
    const answer = await wire.rpc('tools/call', params)
    expect(answer.status).toBe(200)
    expect(rpcOf(answer).error?.code).toBe(-32_602)
    expectClear(answer)
  })

  test('keeps_its_connection_and_the_next_one_is_answered', async () => {
    const before = wire.connections()
    expect((await wire.rpc('tools/list')).status).toBe(200)
    expect(wire.connections()).toBe(before)
    expect(before).toBe(1)
  })
})

/** A valid call of a tool on things that exist, except for what is given. */
const example = (name: string, given: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => {
  const args = exampleOf(name, given)
  if ('task_id' in args) args.task_id = known.task_id
  if ('loop_id' in args) args.loop_id = known.loop_id
  return { ...args, ...given }
}
const PARAMETERS = TOOLS.flatMap(({ name, tool }) =>
  Object.keys(tool.input.shape).map((parameter) => [name, parameter] as const),
)
const NEVER_FITS: readonly unknown[] = [
  { $ne: 1 },
  { $gt: '' },
  [{ $ne: 1 }],
  'a\0b',
  'a\ud800',
  true,
  1e308,
  '\udfff'.repeat(26),
]

describe('an argument', () => {
  test.each(PARAMETERS)('of_%s_that_cannot_fit_is_named_and_changes_nothing: %s', async (name, parameter) => {
    const before = await look()
    const schemas = inputSchema(toolNamed(name).input).properties as Record<string, { type?: string }>
    const isBoolean = schemas[parameter]?.type === 'boolean'
    for (const value of NEVER_FITS.filter((value) => !(isBoolean && value === true))) {
      const answer = await call(name, { ...example(name), [parameter]: value })
      expect(answer.status).toBe(200)
      const refused = refusalOf(answer)
      expect(refused).toMatchObject({ code: 'invalid_argument' })
      expect(refused?.fields?.[0]?.field).toMatch(new RegExp(`^${parameter}(\\.[\\w$]+)*$`))
      expectClear(answer)
    }
    expect(await look()).toBe(before)
  })

  test.each(TOOLS.map(({ name, tool }) => [name, tool] as const))(
    'of_%s_that_is_missing_or_one_too_many_is_named',
    async (name, tool) => {
      const before = await look()
      for (const extra of ['workspace_id', 'user_id', '__proto__', 'constructor', '$where', '']) {
        const args = Object.fromEntries([...Object.entries(example(name)), [extra, SOME_ID]])
        expect(refusalOf(await call(name, args))?.code).toBe('invalid_argument')
      }
      for (const parameter of (inputSchema(tool.input).required ?? []) as string[]) {
        const { [parameter]: _, ...rest } = example(name)
        expect(refusalOf(await call(name, rest))).toMatchObject({
          code: 'invalid_argument',
          fields: [{ field: parameter }],
        })
      }
      expect(await look()).toBe(before)
    },
  )

  test.each([
    ['create_task', { title: 'ä'.repeat(201) }, 'title', 200, 201],
    ['create_task', { title: 'x', body: 'ä'.repeat(32_769) }, 'body', 65_536, 65_538],
    ['create_loop', { name: 'x', description: 'x'.repeat(4_001) }, 'description', 4_000, 4_001],
    ['create_loop', { name: 'x', ai_context: 'x'.repeat(65_537) }, 'ai_context', 65_536, 65_537],
    ['add_comment', { text: 'x'.repeat(16_385) }, 'text', 16_384, 16_385],
  ])('of_%s_over_its_limit_is_told_with_limit_and_size (%#)', async (name, args, field, limit, size) => {
    const before = await look()
    expect(refusalOf(await call(name, args))).toMatchObject({
      code: 'limit_exceeded',
      fields: [{ field, limit, size }],
    })
    expect(await look()).toBe(before)
  })
})

describe('an id', () => {
  const withIds = TOOLS.flatMap(({ name, tool }) =>
    ['task_id', 'loop_id', 'task_ids', 'loop_ids']
      .filter((parameter) => parameter in tool.input.shape)
      .map((parameter) => [name, parameter] as const),
  )

  const ask = (name: string, parameter: string, id: string): Promise<Answer> =>
    call(name, example(name, { [parameter]: parameter.endsWith('s') ? [id] : id }))
  /** The result with the requested id removed. */
  const answered = async (name: string, parameter: string, id: string): Promise<string> => {
    const answer = await ask(name, parameter, id)
    expectClear(answer)
    return JSON.stringify(rpcOf(answer).result).replaceAll(id, '<id>')
  }

  test.each(withIds)(
    'of_another_workspace_is_answered_by_%s as one that never was: %s',
    async (name, parameter) => {
      const before = await look()
      const theirs = parameter.startsWith('task') ? foreign.task_id : foreign.loop_id
      const nothing = await answered(name, parameter, SOME_ID)
      expect(await answered(name, parameter, theirs)).toBe(nothing)
      expect(nothing).toContain('not_found')
      expect(await look()).toBe(before)
    },
  )

  test.each(withIds)('of_the_wrong_shape_is_refused_by_%s: %s', async (name, parameter) => {
    const [head, tail] = [SOME_ID.slice(0, -1), SOME_ID.slice(1)]
    const { required = [] } = inputSchema(toolNamed(name).input)
    // An optional parameter treats an empty text as absent; a list holds it as one of its ids.
    const empty = parameter.endsWith('s') || (required as string[]).includes(parameter) ? [''] : []
    for (const id of [...empty, 'x', head, `${SOME_ID}0`, `8${tail}`, `${head}U`, '../x'])
      expect(refusalOf(await ask(name, parameter, id))?.code).toBe('invalid_argument')
  })
})

describe('any arguments at all', () => {
  const validator = new AjvJsonSchemaValidator()
  const RUNS = 20
  const CODES = Object.keys(ERROR_CODES).filter(
    (code) => !['internal', 'unavailable', 'timeout'].includes(code),
  )
  let listed: ReadonlyMap<string, { inputSchema: JsonSchema; outputSchema: JsonSchema }>

  beforeAll(async () => {
    const { tools } = await client.raw.listTools()
    listed = new Map(
      tools.map((tool) => [
        tool.name,
        tool as unknown as { inputSchema: JsonSchema; outputSchema: JsonSchema },
      ]),
    )
  })

  test.each(TOOLS.map(({ name }) => name))(
    'are_accepted_or_refused_by_%s without a change when refused',
    async (name) => {
      const { inputSchema: input, outputSchema: output } = listed.get(name)!
      const fits = validator.getValidator(output)
      const some = fc
        .oneof(argumentsFor(input, known.ids), spoiltArgumentsFor(input, known.ids))
        .map(withoutWaiting)
      let before = await look()
      await fc.assert(
        fc.asyncProperty(some, async (args) => {
          const answer = await call(name, args)
          expect(answer.status).toBe(200)
          expectClear(answer)
          const { result } = rpcOf(answer)
          expect(fits(result?.structuredContent)).toMatchObject({ valid: true })
          const refused = refusalOf(answer)
          const after = await look()
          if (refused) {
            expect(CODES).toContain(refused.code)
            expect(after).toBe(before)
          }
          before = after
        }),
        { numRuns: RUNS },
      )
    },
  )

  test('leave_the_connection_open', () => {
    expect(wire.connections()).toBe(1)
  })
})
