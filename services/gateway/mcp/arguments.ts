// Reads arguments as clients and models really send them, for all tools alike. Pure. The contract checks the result, so
// nothing gets through that a service would refuse.
import type * as z from 'zod'
import { formsOf, inputSchema } from '../../../shared/contracts/define/json-schema.ts'

type Arguments = Readonly<Record<string, unknown>>
type Schema = Readonly<Record<string, unknown>>

/** A parameter, as far as reading it goes. */
type Parameter = Readonly<{
  types: ReadonlySet<string>
  optional: boolean
  /** An id, key or cursor. Frameworks that make every parameter required send `""` for one that is absent. */
  names: boolean
  /** What an object may have, or each object of a list. */
  members: Parameters | undefined
}>
type Parameters = ReadonlyMap<string, Parameter>

/** Reads the arguments of one tool. The tool's contract checks what it returns. */
export type ReadArguments = (given: unknown) => unknown

/** What n8n's agent adds to each call; ignored, unless the tool has a parameter of that name. */
const ADDED_BY_N8N: ReadonlySet<string> = new Set(['toolCallId', 'sessionId', 'action', 'chatInput', 'tool'])

const NAMES_SOMETHING = /(^|_)(id|key|cursor)$/

const hasMembers = ({ properties }: Schema): boolean => properties !== undefined

const parametersOf = ({ properties, required }: Schema): Parameters => {
  const needed = new Set(required as readonly string[] | undefined)
  return new Map(
    Object.entries((properties ?? {}) as Record<string, Schema>).map(([name, schema]) => {
      const forms = formsOf(schema)
      const object = forms.flatMap((form) => [form, (form.items ?? {}) as Schema]).find(hasMembers)
      return [
        name,
        {
          types: new Set(forms.map(({ type }) => String(type ?? 'string'))),
          optional: !needed.has(name),
          names: NAMES_SOMETHING.test(name),
          members: object && parametersOf(object),
        },
      ]
    }),
  )
}

const isAbsent = (value: unknown, { types, optional, names }: Parameter): boolean =>
  optional && ((value === null && !types.has('null')) || (value === '' && names))

/** Whether a value is an object with members, and no list. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const TYPE_OF: Readonly<Record<string, (value: unknown) => boolean>> = {
  array: Array.isArray,
  object: isObject,
  integer: Number.isInteger,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
}

/** A list, object, number or boolean that came as JSON text, parsed; any other value stays as it is. */
const parsedText = (value: unknown, { types }: Parameter): unknown => {
  if (typeof value !== 'string' || types.has('string')) return value
  try {
    const parsed: unknown = JSON.parse(value)
    return [...types].some((type) => TYPE_OF[type]?.(parsed)) ? parsed : value
  } catch {
    return value
  }
}

/** A value as the parameter wants it, with the members of objects read alike. */
const readValue = (value: unknown, parameter: Parameter): unknown => {
  const parsed = parsedText(value, parameter)
  const { members } = parameter
  if (!members) return parsed
  const readOne = (one: unknown) => (isObject(one) ? readMembers(one, members, NOTHING) : one)
  return Array.isArray(parsed) ? parsed.map(readOne) : readOne(parsed)
}

const NOTHING: ReadonlySet<string> = new Set()

/** Reads an object by its parameters. Of other members those to ignore go; the contract refuses the rest. */
const readMembers = (given: Arguments, parameters: Parameters, ignored: ReadonlySet<string>): Arguments => {
  const read = Object.entries(given).flatMap(([name, value]): [string, unknown][] => {
    const parameter = parameters.get(name)
    if (parameter === undefined) return ignored.has(name) ? [] : [[name, value]]
    return isAbsent(value, parameter) ? [] : [[name, readValue(value, parameter)]]
  })
  // `fromEntries` makes an own member of every name, even `__proto__`, so the contract sees and refuses it.
  return Object.fromEntries(read)
}

/**
 * Makes the reader for a tool with this input. An optional parameter counts as absent when it is null (unless null means
 * something there) or, for ids, keys and cursors, an empty text. Lists, objects, numbers and booleans may come as JSON text.
 * So it is with the members of objects. What n8n adds is ignored. Everything else is passed on as it came.
 */
export const argumentsReader = (input: z.ZodObject): ReadArguments => {
  const parameters = parametersOf(inputSchema(input))
  return (given) => {
    if (given === undefined || given === null) return {}
    return isObject(given) ? readMembers(given, parameters, ADDED_BY_N8N) : given
  }
}
