// Whether a command reaches only the shards that have its documents. Pure.
import type { Sharded } from './collections.ts'
import type { Exception } from './exceptions.ts'

type Fields = Readonly<Record<string, unknown>>

/** A command as the driver sends it. */
export type Command = Readonly<{ name: string; place: string; body: Fields }>

/** What a command does to some documents: which it finds, or one that it inserts. */
type Part = Readonly<{ kind: 'find' | 'count' | 'updateMany' | 'updateOne' | 'insert'; filter: Fields }>

const listOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value : [])
const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value ? (value as Fields) : {})

const READS: Readonly<Record<string, (body: Fields) => Fields>> = {
  find: ({ filter }) => fieldsOf(filter),
  count: ({ query }) => fieldsOf(query),
  distinct: ({ query }) => fieldsOf(query),
  aggregate: ({ pipeline }) => fieldsOf(listOf(pipeline)[0]?.$match),
}

/** The parts of a command; none of one that is about no documents. */
const partsOf = ({ name, body }: Command): readonly Part[] => {
  const read = READS[name]
  if (read) return [{ kind: name === 'find' ? 'find' : 'count', filter: read(body) }]
  if (name === 'insert') return listOf(body.documents).map((filter) => ({ kind: 'insert', filter }))
  if (name === 'findAndModify') return [{ kind: 'updateOne', filter: fieldsOf(body.query) }]
  if (name === 'update')
    return listOf(body.updates).map(({ q, multi }) => ({
      kind: multi ? 'updateMany' : 'updateOne',
      filter: fieldsOf(q),
    }))
  if (name === 'delete')
    return listOf(body.deletes).map(({ q, limit }) => ({
      kind: limit === 1 ? 'updateOne' : 'updateMany',
      filter: fieldsOf(q),
    }))
  return []
}

const isOne = (value: unknown): boolean => typeof value === 'string' && value !== ''

/** Whether a filter names the values of a field: one, or a list of them. Each names its shard. */
const names = (filter: Fields, field: string): boolean => {
  const value = filter[field]
  const { $eq, $in } = fieldsOf(value)
  if (isOne(value) || isOne($eq) || (Array.isArray($in) && $in.every(isOne))) return true
  return listOf(filter.$and).some((one) => names(one, field))
}

/** The fields of a filter, those in its alternatives too. */
const fieldsIn = (filter: Fields): string[] =>
  Object.entries(filter).flatMap(([name, value]) =>
    name.startsWith('$') ? listOf(value).flatMap(fieldsIn) : [name],
  )

const isExcepted = ({ kind, filter }: Part, place: string, exceptions: readonly Exception[]): boolean => {
  const fields = fieldsIn(filter)
  // A pass over everything begins without an id, and goes on behind one.
  const isPass = fields.length === 0 || '$gt' in fieldsOf(filter._id)
  return exceptions.some(
    ({ places, command, by: [first, ...others] }) =>
      places.includes(place) &&
      command === kind &&
      (first === '_id' ? isPass : fields.includes(first)) &&
      fields.every((field) => field === first || others.includes(field)),
  )
}

/** What is known of the collections. */
export type Known = Readonly<{
  sharded: readonly Sharded[]
  whole: ReadonlyMap<string, string>
  exceptions: readonly Exception[]
}>

/**
 * What keeps a command from going to the shards of its workspace alone, in a sentence that says what to do.
 * @returns nothing for a command that is as it should be.
 */
export const commandFaults = (command: Command, { sharded, whole, exceptions }: Known): readonly string[] => {
  const { place, name } = command
  if (whole.has(place)) return []
  const parts = partsOf(command)
  if (parts.length === 0) return []
  const own = sharded.find((one) => one.place === place)
  if (!own)
    return [
      `${place}: nothing says whether it is sharded. Name it in the erasures.ts of its service, under erased or kept.`,
    ]
  const [field = 'ws'] = Object.keys(own.key)
  const faults = parts
    .filter((part) => !names(part.filter, field) && !isExcepted(part, place, exceptions))
    .map(
      ({ filter }) =>
        `${place}: ${name} by { ${fieldsIn(filter).join(', ')} } goes to every shard: add ${field}, by value or by a list of values. A sweep over all workspaces gets a row in test/support/sharding/exceptions.ts.`,
    )
  return [...new Set(faults)]
}

/** Whether an index may be unique on a collection that is sharded by a key: the key is in front of it. */
export const mayBeUnique = (index: Fields, { key }: Sharded): boolean => {
  const [first] = Object.keys(index)
  return first === '_id' || first === Object.keys(key)[0]
}
