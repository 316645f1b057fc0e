// The schemas of tools as `tools/list` publishes them: in the part of JSON Schema that every client and model accepts. Pure.
// Services check the contract itself, so what these schemas leave out is refused all the same.
import type { JsonSchema } from '../../../shared/contracts/define/json-schema.ts'

type Schema = Readonly<Record<string, unknown>>

/** Larger numbers break clients: llama.cpp unrolls a length into a grammar, Gemini refuses the largest integer. */
const LARGEST_NUMBER = 1_000
const NUMBERS = new Set(['minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems'])

/** Gemini accepts no `format` but date-time. The contract checks that the date exists. */
const DATE_PATTERN = String.raw`^\d{4}-\d{2}-\d{2}$`

/** A limit that is too large for the schema, in words. */
const limitOf = ({ maxLength, maxItems }: Schema): string | undefined => {
  const [limit, what] =
    maxLength === undefined ? [Number(maxItems), 'items'] : [Number(maxLength), 'characters']
  return limit > LARGEST_NUMBER ? `at most ${limit.toLocaleString('en')} ${what}` : undefined
}

const withLimit = (schema: Schema): Schema => {
  const limit = limitOf(schema)
  if (limit === undefined) return schema
  const { description } = schema
  return { ...schema, description: description === undefined ? limit : `${description}; ${limit}` }
}

/** A parameter's schema, and each of its forms. */
const publishedParameter = (schema: Schema): Schema => {
  if (Array.isArray(schema.anyOf)) return publishedForms(schema)
  const { format, ...rest } = withLimit(schema)
  const kept = Object.entries(rest).filter(
    ([keyword, value]) => !(NUMBERS.has(keyword) && Math.abs(Number(value)) > LARGEST_NUMBER),
  )
  return { ...Object.fromEntries(kept), ...(format === 'date' ? { pattern: DATE_PATTERN } : {}) }
}

/** Gemini accepts nothing beside `anyOf`: the other keywords move into the first form. */
const publishedForms = ({ anyOf, ...said }: Schema): Schema => ({
  anyOf: (anyOf as readonly Schema[]).map((form, index) =>
    publishedParameter(index === 0 ? { ...form, ...said } : form),
  ),
})

/** The dialect is the protocol's default, so naming it would only make the list longer. */
const withoutDialect = ({ $schema: _, ...schema }: JsonSchema): JsonSchema => schema

/** The schema of a tool's arguments. */
export const publishedInput = (schema: JsonSchema): JsonSchema => ({
  ...withoutDialect(schema),
  properties: Object.fromEntries(
    Object.entries((schema.properties ?? {}) as Record<string, Schema>).map(([name, parameter]) => [
      name,
      publishedParameter(parameter),
    ]),
  ),
})

/** Described in one line: it is the same in every tool, and models read the list of tools with every chat. */
const ERROR_SCHEMA = {
  type: 'object',
  description: 'Only when isError is true: code, message, retryable, hint (what to do next)',
  required: ['code', 'message', 'retryable'],
} as const

/** The members of an object, or of the objects in a list; none for anything else. */
const membersOf = ({ properties, items, anyOf }: Schema): readonly string[] => {
  if (properties) return Object.keys(properties)
  if (items) return membersOf(items as Schema)
  return Array.isArray(anyOf) ? anyOf.flatMap(membersOf) : []
}

/** The types that a value may have, as one keyword. */
const typesOf = ({ type, anyOf }: Schema): readonly unknown[] =>
  Array.isArray(anyOf) ? anyOf.flatMap(typesOf) : [type].flat()

/**
 * A member of a result: its type, what it is, and the names of what is in it. No more, because models read the list of
 * tools with every chat, and see a result as it is.
 */
const publishedMember = (schema: Schema): Schema => {
  const types = [...new Set(typesOf(schema))]
  const members = membersOf(schema)
  const about = [schema.description, members.length > 0 ? `has ${members.join(', ')}` : undefined]
  const description = about.filter((part) => part !== undefined).join('; ')
  const [first, ...others] = types.map((type) => ({ type }))
  const described = {
    ...first,
    ...(description === '' ? {} : { description }),
    ...(schema.enum === undefined ? {} : { enum: schema.enum }),
  }
  // Gemini accepts nothing beside `anyOf`.
  return others.length > 0 ? { anyOf: [described, ...others] } : described
}

/**
 * The schema of a tool's result. It allows an error too, because clients of the 1.x SDK check the `structuredContent` of
 * errors.
 */
export const publishedOutput = (schema: JsonSchema): JsonSchema => {
  const { required, properties, ...rest } = withoutDialect(schema)
  const members = Object.entries((properties ?? {}) as Record<string, Schema>)
  return {
    ...rest,
    properties: {
      ...Object.fromEntries(members.map(([name, member]) => [name, publishedMember(member)])),
      error: ERROR_SCHEMA,
    },
    anyOf: [{ required: required ?? [] }, { required: ['error'] }],
  }
}
