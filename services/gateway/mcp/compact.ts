// Answers with rows that say each thing once, since models read every word of them. Pure.

import { isObject } from './arguments.ts'

type Members = Readonly<Record<string, unknown>>

/** A row of a list: a task, a loop, a comment. What has no id (one of several results, say) is left as it is. */
const isRow = (value: unknown): value is Members => isObject(value) && typeof value.id === 'string'

/** A person, with the app that they used. */
type Person = Readonly<{ user_id: string; name: string; client: string }>
const isPerson = (value: unknown): value is Person =>
  isObject(value) && ['user_id', 'name', 'client'].every((member) => typeof value[member] === 'string')

const isEmpty = (value: unknown): boolean => value === null || value === ''

/** A row without what is null, empty, or was said before: a person's id and app, and a change that is the creation. */
const compactRow = (row: Members, people: Set<string>): Members => {
  const said = (value: unknown): unknown => {
    if (!isPerson(value)) return value
    const key = JSON.stringify([value.user_id, value.name, value.client])
    if (people.has(key)) return { name: value.name }
    people.add(key)
    return value
  }
  const members = Object.entries(row)
    .filter(([name, value]) => !isEmpty(value) && !(name === 'updated_at' && value === row.created_at))
    .map(([name, value]) => [name, said(value)])
  return Object.fromEntries(members)
}

/**
 * The answer of a tool as clients get it. In its lists of rows, what is null or empty is left out, a person has their id
 * and app where they first appear and the name alone after that, and `updated_at` stands only where it differs from
 * `created_at`. Everything else is as the contract has it.
 */
export const compact = (answer: Members): Record<string, unknown> => {
  const people = new Set<string>()
  return Object.fromEntries(
    Object.entries(answer).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map((row) => (isRow(row) ? compactRow(row, people) : row)) : value,
    ]),
  )
}
