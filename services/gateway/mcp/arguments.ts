// Arguments as clients and models really send them, read as what the tool's schema says. One place for all tools; what is
// left is checked by the contract, so nothing is accepted here that a service would refuse. Pure.
import type * as z from 'zod'
import { formsOf, inputSchema } from '../../../shared/contracts/define/json-schema.ts'

type Arguments = Readonly<Record<string, unknown>>
type Schema = Readonly<Record<string, unknown>>

/** What is known of a parameter. */
type Parameter = Readonly<{
  types: ReadonlySet<string>
  optional: boolean
  /** An id, key or cursor: frameworks that make every parameter required send `""` for one that is left out. */
  names: boolean
}>

/** How the arguments of one tool are read. Takes and returns what is to be checked by the tool's contract. */
export type ReadArguments = (given: unknown) => unknown

/** What n8n's agent adds of its own to each call; another tool's parameter of that name stays one. */
const PASSED_OVER: ReadonlySet<string> = new Set(['toolCallId', 'sessionId', 'action', 'chatInput', 'tool'])

const NAMES_SOMETHING = /(^|_)(id|key|cursor)$/

const parametersOf = (input: z.ZodObject): ReadonlyMap<string, Parameter> => {
  const { properties, required } = inputSchema(input)
  const needed = new Set(required as readonly string[] | undefined)
  return new Map(
    Object.entries((properties ?? {}) as Record<string, Schema>).map(([name, schema]) => [
      name,
      {
        types: new Set(formsOf(schema).map(({ type }) => String(type ?? 'string'))),
        optional: !needed.has(name),
        names: NAMES_SOMETHING.test(name),
      },
    ]),
  )
}

const isAbsent = (value: unknown, { types, optional, names }: Parameter): boolean =>
  optional && ((value === null && !types.has('null')) || (value === '' && names))

const TYPE_OF: Readonly<Record<string, (value: unknown) => boolean>> = {
  array: Array.isArray,
  integer: Number.isInteger,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
}

/** A list, number or truth value that came as JSON text; any other value stays as it is. */
const untexted = (value: unknown, { types }: Parameter): unknown => {
  if (typeof value !== 'string' || types.has('string')) return value
  try {
    const parsed: unknown = JSON.parse(value)
    return [...types].some((type) => TYPE_OF[type]?.(parsed)) ? parsed : value
  } catch {
    return value
  }
}

/**
 * How arguments of a tool with this input are read: null and, for ids, keys and cursors, an empty text for an optional one
 * are as if absent, unless null means something there; lists, numbers and truth values may come as JSON text; what n8n
 * adds is passed over. Everything else is handed on as it came.
 */
export const argumentsReader = (input: z.ZodObject): ReadArguments => {
  const parameters = parametersOf(input)
  return (given) => {
    if (given === undefined || given === null) return {}
    if (typeof given !== 'object' || Array.isArray(given)) return given
    const read = Object.entries(given as Arguments).flatMap(([name, value]): [string, unknown][] => {
      const parameter = parameters.get(name)
      if (parameter === undefined) return PASSED_OVER.has(name) ? [] : [[name, value]]
      return isAbsent(value, parameter) ? [] : [[name, untexted(value, parameter)]]
    })
    // Entries make own members of every name, `__proto__` too: the contract refuses it by name.
    return Object.fromEntries(read)
  }
}
