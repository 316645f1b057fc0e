// Arguments of a tool made from its JSON Schema, and ways to corrupt them, for property tests. Knows no tool by name.
import fc from 'fast-check'
import type { JsonSchema } from '../../shared/contracts/define/json-schema.ts'

type Schema = Readonly<Record<string, unknown>>
type Properties = Readonly<Record<string, Schema>>
export type Arguments = Readonly<Record<string, unknown>>

const ULID = '[0-7][0-9A-HJKMNP-TV-Z]{25}'

/** Any id: one of those that exist, in either case, or one that names nothing. */
const id = (existing: readonly string[]): fc.Arbitrary<string> => {
  const unknown = fc.stringMatching(new RegExp(`^${ULID}$`))
  if (existing.length === 0) return unknown
  const known = fc.constantFrom(...existing)
  return fc.oneof(
    { weight: 3, arbitrary: known },
    { weight: 1, arbitrary: known.map((value) => value.toLowerCase()) },
    { weight: 1, arbitrary: unknown },
  )
}

const date = fc
  .date({ min: new Date('1970-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((value) => value.toISOString().slice(0, 10))

const text = (schema: Schema): fc.Arbitrary<string> => {
  const minLength = Number(schema.minLength ?? 0)
  const maxLength = Math.min(Number(schema.maxLength ?? 100), 100)
  return fc
    .string({ minLength, maxLength: Math.max(minLength, maxLength), unit: 'grapheme' })
    .filter((value) => value.length <= maxLength && (minLength === 0 || value.trim() !== ''))
    .map((value) => value.replaceAll('\0', ' ').toWellFormed())
}

const integer = (schema: Schema): fc.Arbitrary<number> => {
  const min = Number(schema.minimum ?? 0)
  return fc.integer({ min, max: Math.min(Number(schema.maximum ?? min + 50), min + 50) })
}

/** A value that fits a schema, of the kinds that the tools use. */
const fitting = (schema: Schema, ids: readonly string[]): fc.Arbitrary<unknown> => {
  if (Array.isArray(schema.enum)) return fc.constantFrom(...(schema.enum as readonly unknown[]))
  if (Array.isArray(schema.anyOf))
    return fc.oneof(...(schema.anyOf as readonly Schema[]).map((option) => fitting(option, ids)))
  if (schema.format === 'date') return date
  if (typeof schema.pattern === 'string') return id(ids)
  if (schema.type === 'string') return text(schema)
  if (schema.type === 'integer') return integer(schema)
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'null') return fc.constant(null)
  if (schema.type === 'array')
    return fc.array(fitting(schema.items as Schema, ids), {
      minLength: Number(schema.minItems ?? 0),
      maxLength: Math.min(Number(schema.maxItems ?? 5), 5),
    })
  if (schema.type === 'object') return argumentsFor(schema as JsonSchema, ids)
  throw new Error(
    `No values are known for ${JSON.stringify(schema)}: add some to fitting and simplest in test/support/from-schema.ts.`,
  )
}

const propertiesOf = (schema: JsonSchema): Properties => (schema.properties ?? {}) as Properties

/** Arguments that fit the schema; `ids` are things that exist. */
export const argumentsFor = (schema: JsonSchema, ids: readonly string[]): fc.Arbitrary<Arguments> =>
  fc.record(
    Object.fromEntries(
      Object.entries(propertiesOf(schema)).map(([name, property]) => [name, fitting(property, ids)]),
    ),
    { requiredKeys: [...((schema.required ?? []) as readonly string[])] },
  )

/** The simplest value that fits a schema. */
const simplest = (schema: Schema, id: string): unknown => {
  if (Array.isArray(schema.enum)) return schema.enum[0]
  if (Array.isArray(schema.anyOf)) return simplest(schema.anyOf[0] as Schema, id)
  if (schema.format === 'date') return '2026-08-31'
  if (typeof schema.pattern === 'string') return id
  if (schema.type === 'string') return 'A text'.padEnd(Number(schema.minLength ?? 0), '.')
  if (schema.type === 'integer') return schema.minimum ?? 0
  if (schema.type === 'boolean') return true
  if (schema.type === 'array') return [simplest(schema.items as Schema, id)]
  if (schema.type === 'object') return leastArgumentsFor(schema as JsonSchema, id)
  throw new Error(
    `No value is known for ${JSON.stringify(schema)}: add one to simplest and fitting in test/support/from-schema.ts.`,
  )
}

/** One argument for each required parameter; `id` stands wherever an id is asked for. */
export const leastArgumentsFor = (schema: JsonSchema, id: string): Arguments =>
  Object.fromEntries(
    ((schema.required ?? []) as readonly string[]).map((name) => [
      name,
      simplest(propertiesOf(schema)[name] ?? {}, id),
    ]),
  )

const HOSTILE: readonly unknown[] = [
  null,
  true,
  -1,
  0.5,
  1e308,
  2 ** 53,
  '',
  'x',
  '\0',
  'a\0b',
  '\ud800',
  '\udc00\ud800',
  '../../etc/passwd',
  '$where',
  { $ne: 1 },
  { $gt: '' },
  { toString: 1 },
  [],
  [[]],
  [null],
  [{ $ne: 1 }],
  {},
  'a'.repeat(70_000),
  '2026-02-30',
  '01JZZZZZZZZZZZZZZZZZZZZZZ',
  '81JZZZZZZZZZZZZZZZZZZZZZZZ',
  'ÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅÅ',
]
const NAMES = ['extra', '__proto__', 'constructor', '$where', 'workspace_id', 'user_id', '', 'a.b', '\0']

/** Sets an own member of that name, even where assignment would mean something else. */
const withMember = (members: Arguments, name: string, value: unknown): Arguments =>
  Object.fromEntries([...Object.entries(members), [name, value]])
const without = (members: Arguments, name: string): Arguments =>
  Object.fromEntries(Object.entries(members).filter(([key]) => key !== name))

/** Valid arguments in whose lists of objects one object is spoilt. */
const spoiltWithin = (schema: JsonSchema, ids: readonly string[]): fc.Arbitrary<Arguments>[] =>
  Object.entries(propertiesOf(schema)).flatMap(([name, { items }]) => {
    if ((items as Schema | undefined)?.type !== 'object') return []
    const list = fc.tuple(
      fc.array(fitting(items as Schema, ids), { maxLength: 2 }),
      spoiltArgumentsFor(items as JsonSchema, ids),
    )
    return [
      fc
        .tuple(argumentsFor(schema, ids), list)
        .map(([members, [sound, spoilt]]) => withMember(members, name, [...sound, spoilt])),
    ]
  })

/** Valid arguments with one member corrupted, missing or added, at any depth. A few of them still fit. */
export const spoiltArgumentsFor = (schema: JsonSchema, ids: readonly string[]): fc.Arbitrary<Arguments> => {
  const names = Object.keys(propertiesOf(schema))
  const extra = fc
    .tuple(argumentsFor(schema, ids), fc.constantFrom(...NAMES), fc.constantFrom(...HOSTILE))
    .map(([members, name, value]) => withMember(members, name, value))
  if (names.length === 0) return extra
  const spoilt = fc
    .tuple(argumentsFor(schema, ids), fc.constantFrom(...names), fc.constantFrom(...HOSTILE))
    .map(([members, name, value]) => withMember(members, name, value))
  const missing = fc
    .tuple(argumentsFor(schema, ids), fc.constantFrom(...names))
    .map(([members, name]) => without(members, name))
  return fc.oneof(
    { weight: 4, arbitrary: spoilt },
    { weight: 1, arbitrary: missing },
    { weight: 1, arbitrary: extra },
    ...spoiltWithin(schema, ids).map((arbitrary) => ({ weight: 4, arbitrary })),
  )
}
