// What must hold for every tool and every event: what is wrong with one, and what to do. Pure.
import * as z from 'zod'
import { SCOPES } from '../../shared/contracts/define/common.ts'
import type { EventDeclaration, Tool } from '../../shared/contracts/define/contract.ts'
import { ERROR_CODES } from '../../shared/contracts/define/errors.ts'
import { inputSchema, type JsonSchema, outputSchema } from '../../shared/contracts/define/json-schema.ts'

type Schema = Readonly<Record<string, unknown>>

const propertiesOf = (schema: JsonSchema): [string, Schema][] =>
  Object.entries((schema.properties ?? {}) as Record<string, Schema>)

const isScalar = (schema: Schema): boolean =>
  ['string', 'integer', 'number', 'boolean'].includes(String(schema.type)) || Array.isArray(schema.enum)

/** A list of objects, each as flat as arguments are and as strict. */
const isListOfFlat = ({ items }: Schema): boolean => {
  const { type, additionalProperties, properties } = items as Schema
  return (
    type === 'object' &&
    additionalProperties === false &&
    Object.values(properties as Record<string, Schema>).every(
      (property) => isFlat(property) && (property.type !== 'array' || property.maxItems !== undefined),
    )
  )
}

/** A scalar, an array of scalars, or either of them or null; or a strict object of these. */
const isFlat = (schema: Schema): boolean => {
  if (isScalar(schema)) return true
  if (schema.type === 'array') return isScalar(schema.items as Schema)
  if (schema.type === 'object')
    return (
      schema.additionalProperties === false &&
      propertiesOf(schema as JsonSchema).every(([, member]) => isFlat(member))
    )
  const options = schema.anyOf as readonly Schema[] | undefined
  return (
    options?.length === 2 &&
    options.filter(({ type }) => type === 'null').length === 1 &&
    options.some((option) => option.type !== 'null' && isFlat(option))
  )
}

const hasReference = (value: unknown): boolean =>
  value !== null &&
  typeof value === 'object' &&
  Object.entries(value).some(
    ([key, member]) => key === '$ref' || key === '$dynamicRef' || hasReference(member),
  )

const textFaults = ({ title, description }: Tool, words: ReadonlySet<string>): string[] => {
  const faults: string[] = []
  if (title.length < 5 || title.length > 40 || title !== title.trim() || title.endsWith('.'))
    faults.push('title is not a line of 5 to 40 characters without a full stop')
  if (description.length < 60 || description.length > 420)
    faults.push(
      `description has ${description.length} characters, not 60 to 420: say the rest in the descriptions of parameters`,
    )
  if (!description.endsWith('.')) faults.push('description does not end in a full stop')
  if (/\b(above|below|readme|documentation|see also|same as)\b|https?:/i.test(description))
    faults.push('description refers to something else: some clients show nothing but it, so say it there')
  for (const word of description.match(/\b[a-z]+(?:_[a-z]+)+\b/g) ?? [])
    if (!words.has(word))
      faults.push(`description names ${word}, which is no tool, parameter, member or code`)
  return faults
}

const annotationFaults = (name: string, { annotations, scope }: Tool): string[] => {
  const faults: string[] = []
  const hints = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'] as const
  for (const hint of hints)
    if (typeof annotations[hint] !== 'boolean')
      faults.push(`${hint} is not stated: take READS, ADDS, CHANGES or OVERWRITES`)
  if (annotations.readOnlyHint && annotations.destructiveHint)
    faults.push('is read-only and destructive: take READS or OVERWRITES')
  if (annotations.readOnlyHint && !annotations.idempotentHint)
    faults.push('is read-only but not idempotent: take READS')
  if (annotations.readOnlyHint !== /^(get_|list_|search$)/.test(name))
    faults.push(
      'its name and readOnlyHint disagree: what reads is called get_, list_ or search, and nothing else is',
    )
  if (annotations.readOnlyHint !== (scope === 'loops:read'))
    faults.push('its scope and readOnlyHint disagree: what reads has loops:read, and nothing else has')
  return faults
}

const inputFaults = (tool: Tool): string[] => {
  const faults: string[] = []
  const schema = inputSchema(tool.input)
  if (schema.type !== 'object') faults.push('input is not an object')
  if (schema.additionalProperties !== false)
    faults.push('input takes unknown parameters: declare it with z.strictObject')
  if (schema.$schema !== 'https://json-schema.org/draft/2020-12/schema')
    faults.push('input is not JSON Schema 2020-12')
  if (hasReference(schema))
    faults.push('input has a $ref, which some clients do not follow: write the shape out')
  for (const [name, property] of propertiesOf(schema)) {
    if (!/^[a-z]+(_[a-z]+)*$/.test(name)) faults.push(`parameter ${name} is not snake_case`)
    if (!isFlat(property) && !(property.type === 'array' && isListOfFlat(property)))
      faults.push(
        `parameter ${name} is not flat: take scalars, lists of them, or null, since some clients show nothing else`,
      )
    if (property.type === 'array' && property.maxItems === undefined)
      faults.push(`parameter ${name} has no bound: add max()`)
    const declared = tool.input.shape[name]
    if (declared instanceof z.ZodDefault) {
      const inner = declared.unwrap() as z.ZodType
      if (!inner.safeParse(property.default).success)
        faults.push(`the default of ${name} would be refused if it were given`)
    }
  }
  return faults
}

const outputFaults = (tool: Tool): string[] => {
  const faults: string[] = []
  const schema = outputSchema(tool.output)
  if (schema.type !== 'object') faults.push('output is not an object')
  if (hasReference(schema))
    faults.push('output has a $ref, which some clients do not follow: write the shape out')
  if (schema.additionalProperties === false)
    faults.push('output could not be extended: declare it with z.object')
  return faults
}

const errorFaults = (tool: Tool): string[] => {
  const faults: string[] = []
  const parameters = Object.keys(tool.input.shape)
  const errors = tool.errors as readonly string[]
  const isBounded = ([, property]: [string, Schema]): boolean =>
    property.maxLength !== undefined || property.maxItems !== undefined
  const expected: [boolean, string][] = [
    [parameters.some((name) => /(^|_)ids?$/.test(name)), 'not_found'],
    [parameters.includes('expected_version'), 'version_conflict'],
    [parameters.includes('idempotency_key'), 'idempotency_conflict'],
    [parameters.length > 0, 'invalid_argument'],
    [propertiesOf(inputSchema(tool.input)).some(isBounded), 'limit_exceeded'],
  ]
  for (const code of errors)
    if (!Object.hasOwn(ERROR_CODES, code))
      faults.push(`error ${code} is unknown: add it to ERROR_CODES or take another`)
  if (new Set(errors).size !== errors.length) faults.push('an error is named twice: once is enough')
  for (const [needed, code] of expected)
    if (needed && !errors.includes(code))
      faults.push(`error ${code} is missing: its parameters can cause it, so name it in errors`)
  return faults
}

/**
 * What is wrong with a tool, one phrase each.
 * @param words names that its description may use: tools, parameters, members of results, codes.
 */
export const toolFaults = (name: string, tool: Tool, words: ReadonlySet<string>): string[] => [
  ...(/^([a-z]+(_[a-z]+)+|search)$/.test(name) ? [] : ['its name is not verb_noun, such as create_task']),
  ...(Object.hasOwn(SCOPES, tool.scope)
    ? []
    : [`scope ${tool.scope} is unknown: add it to SCOPES or take another`]),
  ...textFaults(tool, words),
  ...annotationFaults(name, tool),
  ...inputFaults(tool),
  ...outputFaults(tool),
  ...errorFaults(tool),
]

/** What is wrong with an event, one phrase each. */
export const eventFaults = (name: string, event: EventDeclaration): string[] => {
  const faults: string[] = []
  if (!/^[a-z]+\.([a-z]+_)*(held|hidden|left|sent|[a-z]+ed)$/.test(name))
    faults.push('its name is not noun.past-tense, such as task.created')
  if (!event.description.endsWith('.')) faults.push('description does not end in a full stop')
  const schema = outputSchema(event.data)
  if (!((schema.required ?? []) as readonly string[]).includes(event.subject))
    faults.push(`data does not always have its subject ${event.subject}`)
  if (schema.additionalProperties === false)
    faults.push('data could not be extended: declare it with z.object')
  if (hasReference(schema)) faults.push('data has a $ref: write the shape out')
  return faults
}

/** Every name of members, enum words and codes that a description may use. */
export const vocabulary = (tools: readonly Readonly<{ name: string; tool: Tool }>[]): ReadonlySet<string> => {
  const words = new Set<string>(Object.keys(ERROR_CODES))
  const collect = (value: unknown): void => {
    if (value === null || typeof value !== 'object') return
    for (const [key, member] of Object.entries(value)) {
      if (key === 'properties') for (const name of Object.keys(member as object)) words.add(name)
      if (key === 'enum') for (const word of member as readonly unknown[]) words.add(String(word))
      collect(member)
    }
  }
  for (const { name, tool } of tools) {
    words.add(name)
    collect(inputSchema(tool.input))
    collect(outputSchema(tool.output))
  }
  return words
}
