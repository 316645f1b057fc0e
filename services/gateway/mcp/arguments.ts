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
  /** The members of an object. */
  members: ReadonlyMap<string, Parameter>
  /** An id, key or cursor. Frameworks that make every parameter required send `""` for one that is absent. */
  names: boolean
}>

/** Reads the arguments of one tool. The tool's contract checks what it returns. */
export type ReadArguments = (given: unknown) => unknown

/** What n8n's agent adds to each call; ignored, unless the tool has a parameter of that name. */
const ADDED_BY_N8N: ReadonlySet<string> = new Set(['toolCallId', 'sessionId', 'action', 'chatInput', 'tool'])

const NAMES_SOMETHING = /(^|_)(id|key|cursor)$/

const parametersOf = ({ properties, required }: Schema): ReadonlyMap<string, Parameter> => {
  const needed = new Set(required as readonly string[] | undefined)
  return new Map(
    Object.entries((properties ?? {}) as Record<string, Schema>).map(([name, schema]) => [
      name,
      {
        types: new Set(formsOf(schema).map(({ type }) => String(type ?? 'string'))),
        optional: !needed.has(name),
        members: parametersOf(schema),
        names: NAMES_SOMETHING.test(name),
      },
    ]),
  )
}

const isAbsent = (value: unknown, { types, optional, names }: Parameter): boolean =>
  optional && ((value === null && !types.has('null')) || (value === '' && names))

const TYPE_OF: Readonly<Record<string, (value: unknown) => boolean>> = {
  array: Array.isArray,
  object: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
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

/** A value as the parameter wants it. Members of an object that are null count as absent too. */
const readValue = (value: unknown, parameter: Parameter): unknown => {
  const parsed = parsedText(value, parameter)
  const { members } = parameter
  if (members.size === 0 || !TYPE_OF.object?.(parsed)) return parsed
  const read = Object.entries(parsed as Arguments).filter(([name, member]) => {
    const known = members.get(name)
    return known === undefined || !isAbsent(member, known)
  })
  return Object.fromEntries(read)
}

/**
 * Makes the reader for a tool with this input. An optional parameter counts as absent when it is null (unless null means
 * something there) or, for ids, keys and cursors, an empty text. Lists, objects, numbers and booleans may come as JSON text. What n8n
 * adds is ignored. Everything else is passed on as it came.
 */
export const argumentsReader = (input: z.ZodObject): ReadArguments => {
  const parameters = parametersOf(inputSchema(input))
  return (given) => {
    if (given === undefined || given === null) return {}
    if (typeof given !== 'object' || Array.isArray(given)) return given
    const read = Object.entries(given as Arguments).flatMap(([name, value]): [string, unknown][] => {
      const parameter = parameters.get(name)
      if (parameter === undefined) return ADDED_BY_N8N.has(name) ? [] : [[name, value]]
      return isAbsent(value, parameter) ? [] : [[name, readValue(value, parameter)]]
    })
    // `fromEntries` makes an own member of every name, even `__proto__`, so the contract sees and refuses it.
    return Object.fromEntries(read)
  }
}
