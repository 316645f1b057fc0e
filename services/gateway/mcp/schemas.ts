// The schemas of tools as `tools/list` publishes them: in the part of JSON Schema that every client and model accepts. Pure.
// Services check the contract itself, so what these schemas leave out is refused all the same.
import { ULID_PATTERN } from '../../../shared/contracts/define/common.ts'
import type { JsonSchema } from '../../../shared/contracts/define/json-schema.ts'

type Schema = Readonly<Record<string, unknown>>

/** Larger numbers break clients: llama.cpp unrolls a length into a grammar, Gemini refuses the largest integer. */
const LARGEST_NUMBER = 1_000
const NUMBERS = new Set(['minLength', 'maxLength', 'minimum', 'maximum', 'minItems', 'maxItems'])
/** That a text or a list has something in it goes without saying: said everywhere, it would cost more than a tool. */
const AT_LEAST_ONE = new Set(['minLength', 'minItems'])

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

/** The form of an id, less strict than the contract's: it stands in nearly every tool, and each token counts. */
const ID_PATTERN = '^[0-9A-Za-z]{26}$'
const publishedPattern = (pattern: unknown): unknown => (pattern === ULID_PATTERN ? ID_PATTERN : pattern)

const publishedProperties = (properties: unknown): Readonly<Record<string, Schema>> =>
  Object.fromEntries(
    Object.entries((properties ?? {}) as Record<string, Schema>).map(([name, schema]) => [
      name,
      publishedParameter(schema),
    ]),
  )

/** A parameter's schema, each of its forms, and what is in it. */
const publishedParameter = (schema: Schema): Schema => {
  if (Array.isArray(schema.anyOf)) return publishedForms(schema)
  const { format, ...rest } = withLimit(schema)
  const kept = Object.entries(rest).filter(
    ([keyword, value]) =>
      !(NUMBERS.has(keyword) && Math.abs(Number(value)) > LARGEST_NUMBER) &&
      !(AT_LEAST_ONE.has(keyword) && value === 1),
  )
  return {
    ...Object.fromEntries(kept),
    ...(schema.items === undefined ? {} : { items: publishedParameter(schema.items as Schema) }),
    ...(schema.properties === undefined ? {} : { properties: publishedProperties(schema.properties) }),
    ...(schema.pattern === undefined ? {} : { pattern: publishedPattern(schema.pattern) }),
    ...(format === 'date' ? { pattern: DATE_PATTERN } : {}),
  }
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
  properties: publishedProperties(schema.properties),
})

/** Not described further: the server's instructions say what is in it, and models read the list of tools with every chat. */
const ERROR_SCHEMA = { type: 'object' } as const

/** The types that a value may have, as one keyword. */
const typesOf = ({ type, anyOf }: Schema): readonly unknown[] =>
  Array.isArray(anyOf) ? anyOf.flatMap(typesOf) : [type].flat()

/** A member of a result: its type and what it is, no more. Models see each result as it is. */
const publishedMember = (schema: Schema): Schema => {
  const [first, ...others] = [...new Set(typesOf(schema))].map((type) => ({ type }))
  const described = {
    ...first,
    ...(schema.description === undefined ? {} : { description: schema.description }),
    ...(schema.enum === undefined ? {} : { enum: schema.enum }),
  }
  // Gemini accepts nothing beside `anyOf`.
  return others.length > 0 ? { anyOf: [described, ...others] } : described
}

/**
 * The schema of a tool's result. It allows an error too, because clients of the 1.x SDK check the `structuredContent` of
 * errors. Which members a result always has is left to the contract: saying so twice, once for results and once for
 * errors, would take a tenth of the whole list.
 */
export const publishedOutput = (schema: JsonSchema): JsonSchema => {
  const { required: _, properties, ...rest } = withoutDialect(schema)
  const members = Object.entries((properties ?? {}) as Record<string, Schema>)
  return {
    ...rest,
    properties: {
      ...Object.fromEntries(members.map(([name, member]) => [name, publishedMember(member)])),
      error: ERROR_SCHEMA,
    },
  }
}
