// Gives a name to every part of a schema that code generators make a type of, and defines each part once. Pure.
import type { JsonSchema } from './json-schema.ts'

type Schema = Readonly<Record<string, unknown>>

/** `task.created` and `status_before` as names of types: `TaskCreated`, `StatusBefore`. */
export const typeName = (...words: string[]): string =>
  words
    .flatMap((word) => word.split(/[._-]/))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

/** The schema without its description: two parts that differ in nothing else are one type. */
const shapeOf = ({ description: _, ...schema }: Schema): string => JSON.stringify(schema)

const isNull = (schema: Schema): boolean => schema.type === 'null'
const isType = (schema: Schema): boolean =>
  Array.isArray(schema.enum) || Array.isArray(schema.anyOf) || schema.type === 'object'

/** A plain value or null as one schema with two types, of which generators make an optional value, not a union. */
const plainOrNull = (schema: Schema): Schema => {
  const [form, other, ...more] = (schema.anyOf ?? []) as readonly Schema[]
  if (!form || !other || more.length > 0 || !isNull(other) || isType(form)) return schema
  const { anyOf: _, ...about } = schema
  return { ...form, ...about, type: [form.type, 'null'] }
}

/**
 * Takes the parts of schemas out: objects, enums and unions become schemas of their own, named by `known`, else by the
 * path to them.
 * @param whole the schemas by name
 * @param known the parts that occur in several places, by name
 * @param refTo makes a reference to the schema of a name
 */
export const namedSchemas = (
  whole: Readonly<Record<string, JsonSchema>>,
  known: Readonly<Record<string, JsonSchema>>,
  refTo: (name: string) => Schema,
): Readonly<Record<string, Schema>> => {
  const names = new Map(Object.entries(known).map(([name, schema]) => [shapeOf(schema), name]))
  const schemas: Record<string, Schema> = {}

  /** What takes the part's place: a reference, or the part itself. */
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
