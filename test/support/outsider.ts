// The calls that an outsider can make. They are calls of every listed tool with ids, cursors and keys seen inside, and
// with others of the same shape for comparison. Knows tools only by schema and published example.
import type { JsonSchema } from '../../shared/contracts/define/json-schema.ts'
import { leastArgumentsFor } from './from-schema.ts'
import { ids as systemIds } from './service-environment.ts'
import { exampleOf, OTHER_ID, SOME_ID } from './tools.ts'

type Schema = Readonly<Record<string, unknown>>
/** A tool as the server lists it. */
export type Listed = Readonly<{ name: string; inputSchema: Schema }>
/** A parameter of a tool that takes an id, or a list of ids. */
export type IdParameter = Readonly<{ tool: string; parameter: string; many: boolean }>
/** The outsider's own things, so that a call fails only for the id under test. */
export type Own = Readonly<{ task_id: string; loop_id: string; user_id: string }>

const ULID = /\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b/g
const TIME_CHARS = 10

const propertiesOf = (schema: Schema): [string, Schema][] =>
  Object.entries((schema.properties ?? {}) as Record<string, Schema>)
const optionsOf = (schema: Schema): readonly Schema[] =>
  (schema.anyOf as readonly Schema[] | undefined) ?? [schema]
const isId = (schema: Schema): boolean =>
  optionsOf(schema).some(({ pattern }) => typeof pattern === 'string' && new RegExp(pattern).test(SOME_ID))

/** Every parameter of these tools that takes ids, as their schemas say. */
export const idParameters = (tools: readonly Listed[]): IdParameter[] =>
  tools.flatMap(({ name, inputSchema }) =>
    propertiesOf(inputSchema).flatMap(([parameter, schema]): IdParameter[] => {
      if (isId(schema)) return [{ tool: name, parameter, many: false }]
      const items = optionsOf(schema).flatMap((option) => (option.items ? [option.items as Schema] : []))
      return items.some(isId) ? [{ tool: name, parameter, many: true }] : []
    }),
  )

/** Every parameter of these tools that takes a cursor. */
export const cursorParameters = (tools: readonly Listed[]): { tool: string; parameter: string }[] =>
  tools.flatMap(({ name, inputSchema }) =>
    propertiesOf(inputSchema).flatMap(([parameter]) =>
      parameter.endsWith('cursor') ? [{ tool: name, parameter }] : [],
    ),
  )

const ownFor = (parameter: string, own: Own): string =>
  parameter.startsWith('task') ? own.task_id : parameter.startsWith('loop') ? own.loop_id : own.user_id

/** Arguments of a valid call, except for what `given` changes: the tool's example with the outsider's own things. */
export const argumentsOf = (
  { name, inputSchema }: Listed,
  own: Own,
  given: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> => {
  const args = exampleOf(name, given)
  for (const { parameter, many } of idParameters([{ name, inputSchema }]))
    if (parameter in args && !(parameter in given))
      args[parameter] = many ? [ownFor(parameter, own)] : ownFor(parameter, own)
  return args
}

/** The parameters of an internal operation that name things of a workspace. */
export const thingsIn = (schema: Schema): string[] =>
  propertiesOf(schema)
    .map(([name]) => name)
    .filter((name) => /_ids?$|^mute_event$|^unmute_loop$/.test(name) && !/^(workspace|user)_/.test(name))

/** Arguments of an internal operation on the outsider's own things, without the ids that it can do without. */
export const internalArguments = (
  schema: Schema,
  own: Own & Readonly<{ workspace_id: string }>,
): Record<string, unknown> => {
  const required = (schema.required ?? []) as readonly string[]
  const fill = (name: string, { type, enum: words, minimum, items }: Schema): unknown => {
    if (name === 'workspace_id') return own.workspace_id
    // Some of them do not go together.
    if (/_ids?$/.test(name) && !required.includes(name)) return undefined
    if (name === 'position') return own.task_id
    if (name === 'since' && required.includes(name)) return new Date(0).toISOString()
    if (/^(loop|task|user)_id$/.test(name)) return ownFor(name, own)
    if (/^(loop|task|user)_ids$/.test(name)) return [ownFor(name, own)]
    if (Array.isArray(words)) return words[0]
    // A list of things, each with what it must have.
    if (type === 'array' && (items as Schema | undefined)?.type === 'object' && required.includes(name))
      return [leastArgumentsFor(items as JsonSchema, own.task_id)]
    if (name === 'arrival') return own.task_id
    if (type === 'boolean') return true
    if (type === 'integer') return Math.max(10, Number(minimum ?? 0))
    if (name === 'links') return []
    if (name === 'kinds') return ['task', 'comment']
    if (name === 'query') return 'task'
    return name.startsWith('visible') ? null : undefined
  }
  return Object.fromEntries(propertiesOf(schema).map(([name, member]) => [name, fill(name, member)]))
}

const walk = (value: unknown, visit: (key: string, text: string) => void, key = ''): void => {
  if (typeof value === 'string') visit(key, value)
  else if (value !== null && typeof value === 'object')
    for (const [name, member] of Object.entries(value)) walk(member, visit, name)
}

/** Every id in an answer, anywhere, even within its texts. */
export const idsIn = (answer: unknown): string[] => [
  ...new Set(
    JSON.stringify(answer)
      .match(ULID)
      ?.filter((id) => id !== SOME_ID && id !== OTHER_ID),
  ),
]

/** Every cursor in an answer. */
export const cursorsIn = (answer: unknown): string[] => {
  const found: string[] = []
  walk(answer, (key, text) => {
    if (key.endsWith('cursor')) found.push(text)
  })
  return found
}

/** An id that names nothing, with the time of this one, so that both sort alike. */
export const twinOf = (id: string): string => id.slice(0, TIME_CHARS) + systemIds.next().slice(TIME_CHARS)

/** The same cursor after something that does not exist. */
export const twinOfCursor = (cursor: string): string =>
  Buffer.from(Buffer.from(cursor, 'base64url').toString().replace(ULID, twinOf)).toString('base64url')

/** An answer with the requested id removed. */
export const without = (answer: unknown, asked: string): string =>
  JSON.stringify(answer).replaceAll(asked, '<asked>')

/** An answer without what differs between two creations of the same thing: ids, times and counts. */
export const shapeOf = (answer: unknown): string =>
  JSON.stringify(answer)
    .replace(ULID, '<id>')
    .replace(/\d{4}-\d{2}-\d{2}T[\d:.]+Z/g, '<time>')
    .replace(/\d+/g, '<n>')
