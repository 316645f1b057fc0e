// The released events, and what in a later version would break their readers. Pure.

import { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { Contract } from '../../shared/contracts/define/contract.ts'
import { formsOf, outputSchema } from '../../shared/contracts/define/json-schema.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { describedEvents } from '../../shared/events/asyncapi.ts'

type Schema = Readonly<Record<string, unknown>>

/** The events of a release: what readers may rely on. */
export type Catalogue = Readonly<{
  /** The release, such as `1.0.0`. */
  version: string
  envelope: Schema
  events: Readonly<Record<string, Readonly<{ address: string; entity: string; data: Schema }>>>
}>

/** The events of these contracts as the catalogue of a version. */
export const catalogueOf = (version: string, contracts: readonly Contract[] = CONTRACTS): Catalogue => ({
  version,
  envelope: outputSchema(CloudEvent),
  events: Object.fromEntries(
    describedEvents(contracts).map(({ name, address, entity, data }) => [name, { address, entity, data }]),
  ),
})

/** The values that a schema lists as the only ones it accepts. */
const wordsOf = (schema: Schema): readonly unknown[] | undefined =>
  'const' in schema ? [schema.const] : (schema.enum as readonly unknown[] | undefined)

const LOWER = ['minimum', 'minLength', 'minItems'] as const
const UPPER = ['maximum', 'maxLength', 'maxItems'] as const

const boundFaults = (path: string, was: Schema, is: Schema): string[] => {
  const outside = (bound: string, sign: 1 | -1): boolean =>
    was[bound] !== undefined &&
    sign * (Number(is[bound] ?? Number.NEGATIVE_INFINITY * sign) - Number(was[bound])) < 0
  return [...LOWER.filter((bound) => outside(bound, 1)), ...UPPER.filter((bound) => outside(bound, -1))].map(
    (bound) => `${path} may now pass its ${bound} of ${was[bound]}`,
  )
}

const memberFaults = (path: string, was: Schema, is: Schema): string[] => {
  const before = (was.properties ?? {}) as Record<string, Schema>
  const now = (is.properties ?? {}) as Record<string, Schema>
  const always = (schema: Schema, name: string): boolean =>
    ((schema.required ?? []) as readonly string[]).includes(name)
  return Object.entries(before).flatMap(([name, schema]) => {
    const member = now[name]
    const inner = `${path}.${name}`
    if (member === undefined) return [`${inner} is gone`]
    const absent = always(was, name) && !always(is, name) ? [`${inner} may now be absent`] : []
    return [...absent, ...faultsBetween(inner, schema, member)]
  })
}

/** Compares one form of a value with one of its released forms. */
const formFaults = (path: string, was: Schema, is: Schema): string[] => {
  const words = wordsOf(was)
  if (words) {
    const added = wordsOf(is)?.filter((word) => !words.includes(word))
    if (added === undefined) return [`${path} may now be anything`]
    return added.map((word) => `${path} may now be ${JSON.stringify(word)}`)
  }
  if (was.type !== is.type && !(was.type === 'number' && is.type === 'integer'))
    return [`${path} may now be of type ${is.type} instead of ${was.type}`]
  if (wordsOf(is)) return []
  const forms = (['pattern', 'format'] as const).filter(
    (form) => was[form] !== undefined && was[form] !== is[form],
  )
  return [
    ...forms.map((form) => `${path} may now be of another ${form}`),
    ...boundFaults(path, was, is),
    ...(was.type === 'array' ? faultsBetween(`${path}[]`, was.items as Schema, is.items as Schema) : []),
    ...(was.type === 'object' ? memberFaults(path, was, is) : []),
  ]
}

/**
 * The new values that the old schema would reject, a phrase each. What is published tomorrow must satisfy yesterday's
 * schema: one more word in an enum breaks readers, one less does not.
 */
const faultsBetween = (path: string, was: Schema, is: Schema): string[] =>
  formsOf(is).flatMap((option) => {
    const tries = formsOf(was).map((before) => formFaults(path, before, option))
    if (tries.some((faults) => faults.length === 0)) return []
    const sameType = formsOf(was).findIndex(({ type }) => type === option.type)
    return tries[Math.max(sameType, 0)] ?? []
  })

/** How the newer catalogue would break readers of the released one, a phrase each. Empty if it only adds to it. */
export const breaksOf = (released: Catalogue, now: Catalogue): string[] => [
  ...faultsBetween('the envelope', released.envelope, now.envelope),
  ...Object.entries(released.events).flatMap(([name, was]) => {
    const is = now.events[name]
    if (is === undefined) return [`${name} is gone`]
    const moved = was.address === is.address ? [] : [`${name} is published on another subject`]
    const about = was.entity === is.entity ? [] : [`${name} is about another thing than its ${was.entity}`]
    return [...moved, ...about, ...faultsBetween(`${name}: data`, was.data, is.data)]
  }),
]

/** The sentence that says what to do about breaks; undefined when there are none. */
export const breakSentence = (released: Catalogue, now: Catalogue): string | undefined => {
  const breaks = breaksOf(released, now)
  if (breaks.length === 0) return undefined
  return `Readers of the released events (${released.version}) would break: ${breaks.join('; ')}. Leave those events as they are, and publish the change beside them, as an event with another name.`
}
