// The schemas that `tools/list` publishes, held to what each family of clients and models takes. The rules come from their
// public issue threads; each is checked over every parameter of every tool.
import { describe, expect, test } from 'vitest'
import { createCatalog } from '../../../services/gateway/mcp/catalog.ts'
import { publishedInput } from '../../../services/gateway/mcp/schemas.ts'
import { inputSchema } from '../../../shared/contracts/define/json-schema.ts'
import { CONTRACTS } from '../../../shared/contracts/index.ts'
import { TOOLS } from '../../support/tools.ts'

type Schema = Readonly<Record<string, unknown>>
type Rule = (schema: Schema) => string | undefined

const listed = createCatalog(CONTRACTS).listFor(['loops:write', 'loops:approve'])

/** A schema and every schema in it, each with its place. */
const schemasIn = (schema: Schema, place: string): readonly (readonly [string, Schema])[] => [
  [place, schema],
  ...Object.entries((schema.properties ?? {}) as Record<string, Schema>).flatMap(([name, inner]) =>
    schemasIn(inner, `${place}.${name}`),
  ),
  ...((schema.anyOf ?? []) as readonly Schema[]).flatMap((form) => schemasIn(form, `${place}?`)),
  ...(schema.items === undefined ? [] : schemasIn(schema.items as Schema, `${place}[]`)),
]

const faultsOf = (rule: Rule, places: readonly (readonly [string, Schema])[]): string[] =>
  places.flatMap(([place, schema]) => {
    const fault = rule(schema)
    return fault === undefined ? [] : [`${place}: ${fault}`]
  })

/** Gemini and Vertex: https://github.com/google-gemini/gemini-cli/issues/13326 and its like. */
const anyOfAlone: Rule = (schema) =>
  schema.anyOf !== undefined && Object.keys(schema).length > 1 ? 'says something beside anyOf' : undefined

/** llama.cpp and LM Studio make a grammar of each length; Gemini refuses 9007199254740991. */
const smallNumbers: Rule = (schema) => {
  const large = Object.entries(schema).find(
    ([, value]) => typeof value === 'number' && Math.abs(value) > 1_000,
  )
  return large && `${large[0]} is ${large[1]}`
}

/** Gemini takes `enum` and `date-time` alone. */
const noFormat: Rule = ({ format }) => (format === undefined ? undefined : `has the format ${format}`)

/** One type each: OpenAI's and Gemini's older forms know no list of types. */
const oneType: Rule = ({ type, anyOf }) =>
  anyOf === undefined && typeof type !== 'string' ? `has the type ${JSON.stringify(type)}` : undefined

/** llama.cpp takes a pattern only from its beginning to its end. */
const wholePattern: Rule = ({ pattern }) =>
  pattern !== undefined && !/^\^.*\$$/.test(String(pattern)) ? `has the pattern ${pattern}` : undefined

const KEYWORDS = new Set(
  'type description enum default pattern minLength maxLength minimum maximum minItems maxItems items anyOf properties required additionalProperties'.split(
    ' ',
  ),
)
/** The keywords that all of them know; none refers to another place. */
const knownKeywords: Rule = (schema) => {
  const other = Object.keys(schema).find((keyword) => !KEYWORDS.has(keyword))
  return other && `has the keyword ${other}`
}

const INPUT_RULES = { anyOfAlone, smallNumbers, noFormat, oneType, wholePattern, knownKeywords }

describe.each(listed.map((tool) => [tool.name, tool] as const))('the schemas of %s', (_, tool) => {
  const input = schemasIn(tool.inputSchema, 'input')
  // Its root says by `anyOf` that it is either a result or an error.
  const output = schemasIn(tool.outputSchema, 'output').slice(1)

  test.each(Object.entries(INPUT_RULES))('keep_the_rule_%s', (_name, rule) => {
    expect(faultsOf(rule, input)).toEqual([])
  })

  test.each(Object.entries({ anyOfAlone, smallNumbers }))('keep_the_rule_%s_in_results', (_name, rule) => {
    expect(
      faultsOf(
        rule,
        output.filter(([, { required }]) => required === undefined || true),
      ),
    ).toEqual([])
  })

  test('describe_every_parameter', () => {
    const properties = Object.entries(tool.inputSchema.properties as Record<string, Schema>)
    const silent = properties.filter(
      ([, { description, anyOf }]) =>
        !description && !(anyOf as readonly Schema[] | undefined)?.[0]?.description,
    )
    expect(silent.map(([name]) => name)).toEqual([])
  })
})

describe('a limit that a schema may not state', () => {
  test('is_said_in_words', () => {
    const of = (name: string, parameter: string): Schema | undefined => {
      const tool = listed.find((candidate) => candidate.name === name)
      return ((tool?.inputSchema.properties ?? {}) as Record<string, Schema>)[parameter]
    }
    expect(of('create_loop', 'description')?.description).toContain('at most 4,000 characters')
    expect(of('create_task', 'body')?.description).toContain('at most 65,536 bytes')
    expect(of('reorder_loops', 'loop_ids')?.description).toContain('at most 5,000 items')
    expect(of('create_task', 'title')).toMatchObject({ maxLength: 200 })
  })

  test('is_said_of_each_that_is_left_out', () => {
    for (const { name, tool } of TOOLS) {
      const declared = inputSchema(tool.input)
      const published = publishedInput(declared).properties as Record<string, Schema>
      for (const [parameter, schema] of Object.entries(declared.properties as Record<string, Schema>))
        for (const keyword of ['maxLength', 'maxItems'])
          if (Number(schema[keyword]) > 1_000)
            expect(published[parameter]?.description, `${name}.${parameter}`).toMatch(
              /at most [\d,]+ (char|item)/,
            )
    }
  })
})

test('a_schema_that_breaks_the_rules_is_found', () => {
  const bad = {
    type: ['string', 'null'],
    format: 'date',
    pattern: 'x',
    maxLength: 1_001,
    anyOf: [],
    $ref: '#',
  }
  const faults = Object.values(INPUT_RULES).flatMap((rule) => faultsOf(rule, [['bad', bad]]))
  expect(faults).toHaveLength(5)
  expect(oneType({ type: ['string', 'null'] })).toBeDefined()
})
