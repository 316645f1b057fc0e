// Examples of every event, made from its declaration, so that none is missing or wrong. Pure.
import { createHash } from 'node:crypto'
import { type CloudEvent, stampEvents } from '../contracts/define/cloud-event.ts'
import type { Contract, EventDeclaration } from '../contracts/define/contract.ts'
import { formsOf, outputSchema } from '../contracts/define/json-schema.ts'

type Schema = Readonly<Record<string, unknown>>

const AT = new Date('2026-11-20T09:30:00.000Z')
const DIGITS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** Texts, by the name of their member. */
const TEXTS: Readonly<Record<string, string>> = {
  title: 'Let people sign in with a passkey',
  name: 'Passkeys',
  description: 'Signing in without a password.',
  excerpt: 'Works in all browsers that we support; the old form stays for now.',
  client: 'Claude Code',
  url: 'https://hooks.example.com/loops',
}
const PERSON = 'Ada Lovelace'

/** A ULID that is always the same for the same word. */
const idOf = (word: string): string => {
  const random = [...createHash('sha256').update(word).digest()].slice(0, 16)
  return `01JD3XS7A8${random.map((byte) => DIGITS[byte % DIGITS.length]).join('')}`
}

const LOOPS = ['loop_id', 'another loop', 'third loop'].map(idOf)

/** Members whose values have to fit the event or each other, as `<event>.<member>`. */
const KNOWN: Readonly<Record<string, unknown>> = {
  'task.updated.changed': ['status'],
  'task.updated.approval_withdrawn': undefined,
  'task.updated.status': 'approved',
  'loop.updated.changed': ['name', 'description'],
  'loop.held.status': 'on_hold',
  'loop.shipped.status': 'shipped',
  'loop.members_changed.visibility': 'private',
  'person.invited.role': 'member',
  'person.joined.role': 'member',
  'person.left.role': 'member',
  'person.role_changed.role': 'admin',
  'person.role_changed.role_before': 'member',
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
    { task_id: idOf('unfinished'), title: 'Describe passkeys in the help', status: 'approved' },
  ],
  'loop.shipped.unfinished_total': 1,
}

/** Events that come in several forms: in which members each differs from the example made from the declaration. */
const FORMS: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> = {
  'queue.changed': [
    { change: 'added', loop_ids: [LOOPS[0]], position: 2, order: null },
    { change: 'removed', loop_ids: [LOOPS[0]], position: null, order: null },
    { change: 'moved', loop_ids: [LOOPS[0]], position: 0, order: null },
    {
      change: 'reordered',
      loop_ids: [LOOPS[2], LOOPS[0]],
      position: null,
      order: [2, 0, 1].map((n) => LOOPS[n]),
    },
    { change: 'repaired', loop_ids: [LOOPS[1]], position: null, order: LOOPS, by: null },
  ],
}

/** Events that make the first version of their subject. */
const BEGINS = /\.(created|added|invited|joined|password_reset_requested)$/

const textOf = (name: string, schema: Schema, isPerson: boolean): string => {
  if (schema.format === 'date-time') return AT.toISOString()
  if (schema.format === 'date') return AT.toISOString().slice(0, 10)
  if (typeof schema.pattern === 'string') return idOf(name.replace(/s$/, '').replace(/_before$/, ''))
  return name === 'name' && isPerson ? PERSON : (TEXTS[name] ?? name.replaceAll('_', ' '))
}

/** The version that an event makes, in its example. */
const sequenceOf = (event: string): number => (BEGINS.test(event) ? 1 : 3)

const exampleValue = (path: string, schema: Schema, isPerson: boolean): unknown => {
  if (path in KNOWN) return KNOWN[path]
  const name = path.slice(path.lastIndexOf('.') + 1)
  if (name === 'version') return sequenceOf(path.slice(0, -'.version'.length))
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
  const made: Record<string, unknown> = Object.fromEntries(
    properties.map(([name, member]) => [name, exampleValue(`${path}.${name}`, member, isPerson)]),
  )
  // A public loop has no members of its own.
  return made.visibility === 'public' && 'member_ids' in made ? { ...made, member_ids: null } : made
}

const stamp = (
  contract: Contract,
  name: string,
  data: Record<string, unknown>,
  entity: string,
): CloudEvent => {
  const [stamped] = stampEvents([{ name, data }], {
    service: contract.name,
    workspace_id: idOf('workspace_id'),
    entity_id: entity,
    version: sequenceOf(name),
    now: AT,
    nextId: () => idOf(`${name} ${data.change ?? ''}`.trim()),
  })
  if (stamped === undefined) throw new Error(`${name} has no example.`)
  return stamped.event
}

/** An event as it would be published, in each of its forms: at least one. */
export const examplesOf = (
  contract: Contract,
  name: string,
  event: EventDeclaration,
): readonly [CloudEvent, ...CloudEvent[]] => {
  const data = membersOf(name, outputSchema(event.data))
  const [first = {}, ...others] = FORMS[name] ?? []
  const example = (form: Readonly<Record<string, unknown>>): CloudEvent => {
    const whole = { ...data, ...form }
    return stamp(contract, name, whole, String(whole[event.subject]))
  }
  return [example(first), ...others.map(example)]
}
