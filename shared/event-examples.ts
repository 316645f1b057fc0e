// An example of every event, made from its declaration, so that none is missing and none is wrong. Pure.
import { createHash } from 'node:crypto'
import { type CloudEvent, stampEvents } from './cloud-event.ts'
import type { Contract, EventDeclaration } from './contract.ts'
import { formsOf, outputSchema } from './json-schema.ts'

type Schema = Readonly<Record<string, unknown>>

const AT = new Date('2026-11-20T09:30:00.000Z')
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Texts by the name of their member. */
const TEXTS: Readonly<Record<string, string>> = {
  title: 'Let people sign in with a passkey',
  name: 'Passkeys',
  description: 'Signing in without a password.',
  excerpt: 'Works in all browsers that we support; the old form stays for now.',
  client: 'Claude Code',
}
const PERSON = 'Ada Lovelace'

/** A ULID that is always the same for the same word. */
const idOf = (word: string): string => {
  const random = [...createHash('sha256').update(word).digest()].slice(0, 16)
  return `01JD3XS7A8${random.map((byte) => DIGITS[byte % DIGITS.length]).join('')}`
}

/** What the event itself says of its data. */
const KNOWN: Readonly<Record<string, unknown>> = {
  'task.updated.changed': ['status'],
  'task.updated.status': 'approved',
  'loop.held.status': 'on_hold',
  'loop.shipped.status': 'shipped',
  'loop.shipped.task_counts': {
    total: 2,
    open: 0,
    approved: 1,
    in_progress: 0,
    on_hold: 0,
    shipped: 1,
    rejected: 0,
  },
  'loop.shipped.shipped_tasks.status': 'shipped',
  'loop.shipped.unfinished_tasks': [
    { task_id: idOf('unfinished'), title: 'Tell in the help how it works', status: 'approved' },
  ],
  'loop.shipped.unfinished_total': 1,
}

const textOf = (name: string, schema: Schema, isPerson: boolean): string => {
  if (schema.format === 'date-time') return AT.toISOString()
  if (schema.format === 'date') return AT.toISOString().slice(0, 10)
  if (typeof schema.pattern === 'string') return idOf(name.replace(/s$/, '').replace(/_before$/, ''))
  return name === 'name' && isPerson ? PERSON : (TEXTS[name] ?? name.replaceAll('_', ' '))
}

const exampleValue = (path: string, schema: Schema, isPerson: boolean): unknown => {
  if (path in KNOWN) return KNOWN[path]
  const name = path.slice(path.lastIndexOf('.') + 1)
  if (Array.isArray(schema.enum)) return schema.enum[0]
  if ('const' in schema) return schema.const
  const [form, another] = formsOf(schema)
  if (form && another) return exampleValue(path, form, isPerson)
  if (schema.type === 'array') return [exampleValue(path, schema.items as Schema, isPerson)]
  if (schema.type === 'object') return membersOf(path, schema)
  if (schema.type === 'boolean') return false
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum === 0 ? 2 : 3
  return textOf(name, schema, isPerson)
}

const membersOf = (path: string, schema: Schema): Record<string, unknown> => {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>)
  const isPerson = properties.some(([name]) => name === 'user_id')
  return Object.fromEntries(
    properties.map(([name, member]) => [name, exampleValue(`${path}.${name}`, member, isPerson)]),
  )
}

/** An event as it would be told. */
export const exampleOf = (contract: Contract, name: string, event: EventDeclaration): CloudEvent => {
  const data = membersOf(name, outputSchema(event.data))
  const [stamped] = stampEvents([{ name, data }], {
    service: contract.name,
    workspace_id: idOf('workspace_id'),
    entity_id: String(data[event.subject]),
    version: typeof data.version === 'number' ? data.version : 1,
    now: AT,
    nextId: () => idOf(name),
  })
  if (stamped === undefined) throw new Error(`${name} has no example.`)
  return stamped.event
}
