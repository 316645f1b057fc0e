// Gives every part of a schema that a generator of code makes a type of a name of its own, and has it stand once. Pure.
import type { JsonSchema } from './json-schema.ts'

type Schema = Readonly<Record<string, unknown>>

/** `task.created` and `status_before` as names of types: `TaskCreated`, `StatusBefore`. */
export const typeName = (...words: string[]): string =>
  words
    .flatMap((word) => word.split(/[._-]/))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

/** What a description does not change. */
const shapeOf = ({ description: _, ...schema }: Schema): string => JSON.stringify(schema)

const isNull = (schema: Schema): boolean => schema.type === 'null'
const isType = (schema: Schema): boolean =>
  Array.isArray(schema.enum) || Array.isArray(schema.anyOf) || schema.type === 'object'

/** A plain value or null as one schema with two types: generators make an optional value of it, not a union. */
const plainOrNull = (schema: Schema): Schema => {
  const [form, other, ...more] = (schema.anyOf ?? []) as readonly Schema[]
  if (!form || !other || more.length > 0 || !isNull(other) || isType(form)) return schema
  const { anyOf: _, ...about } = schema
  return { ...form, ...about, type: [form.type, 'null'] }
}

/**
 * The schemas with their parts taken out: objects, lists of words and choices between forms become schemas of their own,
 * called as `known` has it, else after where they are.
 * @param whole the schemas by name
 * @param known what occurs in several places, by name
 * @param refTo a reference to a schema of this name
 */
export const namedSchemas = (
  whole: Readonly<Record<string, JsonSchema>>,
  known: Readonly<Record<string, JsonSchema>>,
  refTo: (name: string) => Schema,
): Readonly<Record<string, Schema>> => {
  const names = new Map(Object.entries(known).map(([name, schema]) => [shapeOf(schema), name]))
  const schemas: Record<string, Schema> = {}

  /** A part as it stands in the schema around it. */
  const part = (full: Schema, place: string): Schema => {
    const schema = plainOrNull(full)
    if (!isType(schema)) return inside(schema, place)
    const name = names.get(shapeOf(schema)) ?? place
    schemas[name] ??= { title: name, ...inside(schema, name) }
    return refTo(name)
  }
  /** A schema with its parts taken out. */
  const inside = (schema: Schema, place: string): Schema => {
    const members = Object.entries((schema.properties ?? {}) as Record<string, Schema>)
    const properties = members.map(([name, member]) => [name, part(member, typeName(place, name))])
    const forms = (schema.anyOf ?? []) as readonly Schema[]
    return {
      ...schema,
      ...(schema.properties ? { properties: Object.fromEntries(properties) } : {}),
      ...(schema.items ? { items: part(schema.items as Schema, place.replace(/s$/, '')) } : {}),
      ...(schema.anyOf ? { anyOf: forms.map((form, index) => part(form, `${place}${index + 1}`)) } : {}),
    }
  }

  for (const [name, schema] of Object.entries(whole)) schemas[name] = { title: name, ...inside(schema, name) }
  return schemas
}
