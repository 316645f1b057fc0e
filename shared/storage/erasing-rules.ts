// Finds where a document names a person. Pure.
import { FORMER_MEMBER } from '../contracts/define/common.ts'

/** How deep a document is looked into: none is as deep. */
const MAX_DEPTH = 20

const isPlain = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype

/**
 * The fields of a document, by their paths, that name a person beside their id, each with the name that stays. Keys that a path
 * cannot hold are left out: no name is under one.
 */
export const namesIn = (
  value: unknown,
  userId: string,
  path = '',
  depth = 0,
): Readonly<Record<string, string>> => {
  if (depth > MAX_DEPTH) return {}
  const under = (key: string | number): string => (path === '' ? String(key) : `${path}.${key}`)
  if (Array.isArray(value))
    return Object.assign({}, ...value.map((one, index) => namesIn(one, userId, under(index), depth + 1)))
  if (!isPlain(value)) return {}
  const keys = Object.keys(value).filter((key) => key !== '' && !/[.$]/.test(key))
  const deeper = keys.map((key) => namesIn(value[key], userId, under(key), depth + 1))
  const named =
    value.user_id === userId && typeof value.name === 'string' && value.name !== FORMER_MEMBER
      ? { [under('name')]: FORMER_MEMBER }
      : {}
  return Object.assign({}, ...deeper, named)
}

/** A place in the collections of a database: the collection, and the id after which to go on. */
export type Place = Readonly<{ collection: string; after: string }>

/** A place as text. */
export const placeText = ({ collection, after }: Place): string => `${collection} ${after}`

/** The place that a text says; undefined when it says none. */
export const placeIn = (text: string): Place | undefined => {
  const at = text.indexOf(' ')
  return at < 1 ? undefined : { collection: text.slice(0, at), after: text.slice(at + 1) }
}
