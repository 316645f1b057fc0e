// Guards over every contract at once: what clients were promised, what protocols ask for, and that nothing derived is stale.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { contractsDocument } from '../../infra/contracts/document.ts'
import { fillTables, PAGES, partsOfPage, staleTables } from '../../infra/contracts/tables.ts'
import { createCatalog } from '../../services/gateway/mcp/catalog.ts'
import * as c from '../../shared/contracts/define/common.ts'
import { ALL_SCOPES } from '../../shared/contracts/define/common.ts'
import {
  askersOf,
  event,
  eventFilter,
  eventSubject,
  GATEWAY,
  isRead,
  requestSubject,
  tool,
} from '../../shared/contracts/define/contract.ts'
import { inputSchema, outputSchema } from '../../shared/contracts/define/json-schema.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { internalCallsOf } from '../support/architecture/calls.ts'
import { eventFaults, toolFaults, vocabulary } from '../support/contract-guards.ts'
import { exampleOf, PUBLISHED, SOME_ID, TOOLS, toolNamed } from '../support/tools.ts'

const words = vocabulary(TOOLS)
const file = (path: string): URL => new URL(`../../${path}`, import.meta.url)
const propertyOf = (name: string, parameter: string) => {
  const found = TOOLS.find((candidate) => candidate.name === name)
  const properties =
    found && (inputSchema(found.tool.input).properties as Record<string, { enum?: string[] }>)
  return properties?.[parameter]
}

test('internal operations are declared as reads where their names say so', () => {
  const reading = /^(get|list|check|count|find|summarize|describe|preview)_/
  const internals = CONTRACTS.flatMap(({ operations }) => Object.entries(operations)).filter(
    ([, { kind }]) => kind === 'internal',
  )
  for (const [name, operation] of internals)
    expect({ name, reads: isRead(operation) }).toEqual({ name, reads: reading.test(name) })
})

describe('the published tools', () => {
  test('are all there', () => {
    const declared = TOOLS.map(({ name }) => name)
    expect(Object.keys(PUBLISHED).filter((name) => !declared.includes(name))).toEqual([])
    expect(Object.keys(PUBLISHED)).toHaveLength(21)
  })

  test.each(Object.entries(PUBLISHED))('%s keeps its parameters', (name, row) => {
    const declared = toolNamed(name)
    const schema = inputSchema(declared.input)
    expect([...((schema.required ?? []) as string[])].sort()).toEqual([...row.required].sort())
    expect(Object.keys(schema.properties as object)).toEqual(expect.arrayContaining(Object.keys(row.example)))
    expect(declared.input.safeParse(row.example).error).toBeUndefined()
    const least = Object.fromEntries(row.required.map((parameter) => [parameter, row.example[parameter]]))
    expect(declared.input.safeParse(least).error).toBeUndefined()
    for (const parameter of row.required)
      expect(declared.input.safeParse({ ...row.example, [parameter]: undefined }).success).toBe(false)
  })

  test('keep their words', () => {
    const statuses = ['open', 'approved', 'in_progress', 'on_hold', 'shipped', 'rejected']
    const priorities = ['none', 'low', 'medium', 'high', 'urgent']
    for (const name of ['list_tasks', 'update_task', 'bulk_update_tasks']) {
      expect(propertyOf(name, 'status')?.enum?.toSorted(), name).toEqual(statuses.toSorted())
      expect(propertyOf(name, 'priority')?.enum?.toSorted(), name).toEqual(priorities.toSorted())
    }
    expect(propertyOf('create_task', 'priority')).toMatchObject({
      default: 'none',
    })
    expect(propertyOf('create_loop', 'visibility')).toMatchObject({
      enum: ['public', 'private'],
      default: 'public',
    })
    expect(propertyOf('get_workflow', 'workflow')?.enum).toEqual([
      'triage',
      'organize',
      'implement',
      'manage',
    ])
  })

  test('take null where null means something', () => {
    const taking = (name: string, input: object) => toolNamed(name).input.safeParse(input).success
    expect(
      taking('update_task', {
        task_id: SOME_ID,
        due_date: null,
        loop_id: null,
      }),
    ).toBe(true)
    expect(taking('bulk_update_tasks', { task_ids: [SOME_ID], loop_id: null })).toBe(true)
    expect(taking('update_task', { task_id: SOME_ID, title: null })).toBe(false)
  })

  test('fit into the budget of an agent’s context', () => {
    // 9,000 tokens at about four bytes each; what a client shows to a model is name, title, description and input.
    const shown = TOOLS.map(({ name, tool: declared }) => ({
      name,
      title: declared.title,
      description: declared.description,
      inputSchema: inputSchema(declared.input),
    }))
    expect(
      Buffer.byteLength(JSON.stringify(shown)) / 4,
      'tokens of the tool list: shorten descriptions of tools and parameters',
    ).toBeLessThan(9_000)
    const results = createCatalog(CONTRACTS)
      .listFor(ALL_SCOPES)
      .map((listed) => listed.outputSchema)
    expect(results).toHaveLength(TOOLS.length)
    expect(
      Buffer.byteLength(JSON.stringify(results)) / 4,
      'tokens of all results: shorten the descriptions of their members',
    ).toBeLessThan(4_500)
  })
})

describe('every tool', () => {
  test.each(TOOLS.map((named) => [named.name, named] as const))('%s is well declared', (name, named) => {
    expect(toolFaults(name, named.tool, words)).toEqual([])
  })

  test.each(TOOLS.map(({ name }) => name))('%s takes its example', (name) => {
    expect(toolNamed(name).input.safeParse(exampleOf(name)).error).toBeUndefined()
  })

  test('has a title of its own', () => {
    const titles = TOOLS.map((named) => named.tool.title)
    expect(new Set(titles).size).toBe(titles.length)
  })

  test('is found faulty when it is', () => {
    const bad = tool({
      title: 'Bad.',
      description: 'Same as no_such_tool',
      scope: 'loops:all' as 'loops:read',
      annotations: {
        readOnlyHint: true,
        destructiveHint: true,
        idempotentHint: false,
      } as never,
      input: z.object({
        camelCase: z.string(),
        nested: z.object({ a: z.string() }),
        either: z.union([z.string(), z.number()]),
        lists: z.array(z.array(z.string())),
        task_ids: z.array(c.Id),
        limit: z.int().max(5).default(6),
        expected_version: c.ExpectedVersion,
        idempotency_key: c.IdempotencyKey,
      }),
      output: z.strictObject({}),
      errors: ['no_such_code' as 'internal', 'no_such_code' as 'internal'],
    })
    const faults = toolFaults('Bad', bad, words)
    expect(faults).toEqual(
      expect.arrayContaining([
        'its name is not verb_noun, such as create_task',
        'scope loops:all is unknown: add it to SCOPES or take another',
        'title is not a line of 5 to 40 characters without a full stop',
        expect.stringContaining('description has 20 characters, not 60 to 420'),
        'description does not end in a full stop',
        'description refers to something else: some clients show nothing but it, so say it there',
        expect.stringContaining('description names no_such_tool'),
        expect.stringContaining('openWorldHint is not stated'),
        'is read-only and destructive: take READS or OVERWRITES',
        'is read-only but not idempotent: take READS',
        'its name and readOnlyHint disagree: what reads is called get_, list_ or search, and nothing else is',
        'its scope and readOnlyHint disagree: what reads has loops:read, and nothing else has',
        'input takes unknown parameters: declare it with z.strictObject',
        'parameter camelCase is not snake_case',
        expect.stringContaining('parameter nested is not flat'),
        expect.stringContaining('parameter either is not flat'),
        expect.stringContaining('parameter lists is not flat'),
        'parameter task_ids has no bound: add max()',
        'the default of limit would be refused if it were given',
        'output could not be extended: declare it with z.object',
        expect.stringContaining('error no_such_code is unknown'),
        'an error is named twice: once is enough',
        expect.stringContaining('error not_found is missing'),
        expect.stringContaining('error version_conflict is missing'),
        expect.stringContaining('error idempotency_conflict is missing'),
        expect.stringContaining('error invalid_argument is missing'),
      ]),
    )
  })
})

describe('every event', () => {
  const events = CONTRACTS.flatMap((contract) => Object.entries(contract.events))
  test.each(events)('%s is well declared', (name, declared) => {
    expect(eventFaults(name, declared)).toEqual([])
  })

  test('is found faulty when it is', () => {
    const bad = event({
      description: 'No end',
      subject: 'id',
      data: z.strictObject({ id: c.Id.optional() }),
    })
    expect(eventFaults('ship_loop', bad)).toEqual([
      'its name is not noun.past-tense, such as task.created',
      'description does not end in a full stop',
      'data does not always have its subject id',
      'data could not be extended: declare it with z.object',
    ])
  })
})

describe('subjects', () => {
  const WORKSPACE = SOME_ID
  const requests = CONTRACTS.flatMap((contract) =>
    Object.keys(contract.operations).map((name) => requestSubject(contract.name, name)),
  )
  const events = CONTRACTS.flatMap((contract) =>
    Object.keys(contract.events).map((name) => eventSubject(contract.name, name, WORKSPACE)),
  )

  test('are each used once', () => {
    const all = [...requests, ...events]
    expect(new Set(all).size).toBe(all.length)
  })

  test('are plain NATS subjects under the name of their service', () => {
    for (const subject of requests) expect(subject).toMatch(/^rpc\.[a-z]+(-[a-z]+)*\.[a-z]+(_[a-z]+)*$/)
    for (const subject of events)
      expect(subject).toMatch(/^evt\.[a-z]+(-[a-z]+)*\.[a-z]+\.[a-z]+(_[a-z]+)*\.[0-9A-Z]{26}$/)
    expect(eventFilter('tasks', 'task.created')).toBe('evt.tasks.task.created.*')
  })

  test('of tools are told apart by the name of the tool alone', () => {
    const names = TOOLS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})

describe('a contract', () => {
  test.each(CONTRACTS.map((contract) => [contract.name]))('%s has its service', (name) => {
    expect(existsSync(file(`services/${name}/main.ts`)), `write services/${name}/main.ts`).toBe(true)
  })

  test.each(CONTRACTS.map((contract) => [contract.name, contract] as const))(
    '%s states a version and errors of the table only',
    (_, contract) => {
      expect(contract.version).toMatch(/^\d+\.\d+\.\d+$/)
      for (const operation of Object.values(contract.operations)) {
        expect(inputSchema(operation.input).type).toBe('object')
        expect(outputSchema(operation.output).type).toBe('object')
        expect(operation.description.endsWith('.')).toBe(true)
      }
    },
  )
})

describe('what is derived', () => {
  const page = (name: string): string => readFileSync(file(name), 'utf8')

  test('contracts.json is not stale', () => {
    expect(
      readFileSync(file('infra/contracts.json'), 'utf8') === contractsDocument(),
      'npm run contracts',
    ).toBe(true)
  })

  test.each(Object.keys(PAGES))('%s is not stale', (name) => {
    expect(staleTables(page(name), partsOfPage(name))).toEqual([])
  })

  test('a change of a declaration is seen in all', () => {
    const fewer = CONTRACTS.slice(1)
    const staleIn = (name: string) => staleTables(page(name), partsOfPage(name, fewer))
    expect(contractsDocument(fewer)).not.toBe(contractsDocument())
    expect(staleIn('infra/docs/tools.md')).toEqual(['tools', 'scopes'])
    expect(staleIn('infra/docs/events.md')).toEqual(['events'])
  })

  test('a table without its place is refused', () => {
    expect(() => fillTables('# No markers', { tools: 'x' })).toThrow('<!-- tools:begin -->')
    expect(staleTables('# No markers', { tools: 'x' })).toEqual(['tools'])
  })
})

describe('who asks', () => {
  test.each(CONTRACTS.map(({ name }) => name).filter((name) => name !== GATEWAY))(
    '%s asks what the contracts let it ask, all of it and nothing else',
    (service) => {
      const allowed = CONTRACTS.flatMap((contract) =>
        Object.entries(contract.operations)
          .filter(([, operation]) => askersOf(operation).includes(service))
          .map(([name]) => requestSubject(contract.name, name)),
      )
      expect(internalCallsOf(service).toSorted()).toEqual(allowed.toSorted())
    },
  )

  test('is a service', () => {
    const services = CONTRACTS.map(({ name }) => name)
    for (const { operations } of CONTRACTS)
      for (const operation of Object.values(operations))
        expect(services).toEqual(expect.arrayContaining([...askersOf(operation)]))
  })
})
