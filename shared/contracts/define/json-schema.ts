// Declared schemas as JSON Schema (2020-12), for MCP clients, contracts.json and tests: one derivation for all. Pure.
import * as z from 'zod'

/** The JSON Schema of an object, without `$ref` (https://json-schema.org/draft/2020-12). */
export type JsonSchema = Readonly<{
  type: 'object'
  [keyword: string]: unknown
}>

/** JSON Schema can only limit characters, so the description says a limit in bytes. */
const sayBytes = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(sayBytes)
  if (schema === null || typeof schema !== 'object') return schema
  const { maxBytes, ...rest } = schema as Readonly<Record<string, unknown>>
  const inner = Object.fromEntries(Object.entries(rest).map(([keyword, value]) => [keyword, sayBytes(value)]))
  if (typeof maxBytes !== 'number') return inner
  const limit = `at most ${maxBytes.toLocaleString('en')} bytes`
  return { ...inner, description: rest.description === undefined ? limit : `${rest.description}; ${limit}` }
}

const convert = (schema: z.ZodObject, ofInput: boolean): JsonSchema =>
  sayBytes(toJson(schema, ofInput)) as JsonSchema

const toJson = (schema: z.ZodObject, ofInput: boolean): unknown =>
  z.toJSONSchema(schema, {
    target: 'draft-2020-12',
    io: 'input',
    reused: 'inline',
    override: ({ jsonSchema }) => {
      // The format of a date or a time says it all; its pattern takes 200 bytes.
      if (jsonSchema.format) delete jsonSchema.pattern
      if (!ofInput && jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
    },
  })

/** The schema of an operation's input. It refuses unknown members where the declaration does. */
export const inputSchema = (schema: z.ZodObject): JsonSchema => convert(schema, true)

/** The schema of a result or of an event's data. Later versions may add members, so it allows unknown ones. */
export const outputSchema = (schema: z.ZodObject): JsonSchema => convert(schema, false)

type Schema = Readonly<Record<string, unknown>>

/** The forms that a value may have, one type each, from `anyOf` and from a list of types. */
export const formsOf = (schema: Schema): readonly Schema[] => {
  if (Array.isArray(schema.anyOf)) return (schema.anyOf as readonly Schema[]).flatMap(formsOf)
  return Array.isArray(schema.type) ? schema.type.map((type) => ({ ...schema, type })) : [schema]
}
