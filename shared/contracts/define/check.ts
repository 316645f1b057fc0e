// Checks a value against a declared schema, and refuses it with a code of the error table.
import type * as z from 'zod'
import { AppError } from './errors.ts'

type Fault = { field: string; message: string; limit?: number; size?: number }

/** Faults that one refusal names. The rest show once these are corrected. */
const MAX_FAULTS = 20

/** Characters of an unknown name that a refusal repeats. */
const MAX_NAME_CHARS = 100

const unknownParameter = (path: readonly PropertyKey[], name: string): Fault => ({
  field: [...path, name.slice(0, MAX_NAME_CHARS)].map(String).join('.'),
  message: 'is not a parameter of this tool',
})

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | null)?.[key], value)

const toFaults = (issue: z.core.$ZodIssue, input: unknown): Fault[] => {
  const field = issue.path.map(String).join('.') || 'input'
  if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => unknownParameter(issue.path, name))
  if (issue.code === 'custom' && issue.params?.limit_exceeded === true)
    return [
      { field, message: issue.message, limit: Number(issue.params.limit), size: Number(issue.params.size) },
    ]
  const given = valueAt(input, issue.path)
  if (issue.code === 'too_big' && Array.isArray(given)) {
    const [limit, size] = [Number(issue.maximum), given.length]
    return [{ field, message: `has ${size} items; the limit is ${limit}`, limit, size }]
  }
  if (issue.code === 'invalid_type' && given === undefined) return [{ field, message: 'is missing' }]
  return [{ field, message: issue.message }]
}

/**
 * Parses `value`, filling in defaults.
 * @throws AppError `limit_exceeded` when the only faults are texts or lists over their limits, else `invalid_argument`;
 * `fields` names each fault (at most 20).
 */
export const checkInput = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> => {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.flatMap((issue) => toFaults(issue, value)).slice(0, MAX_FAULTS)
  const overLimit = fields.every((fault) => fault.limit !== undefined)
  const text = fields.map((fault) => `${fault.field}: ${fault.message}`).join('; ')
  throw new AppError(overLimit ? 'limit_exceeded' : 'invalid_argument', `${text}.`, {
    hint: overLimit
      ? 'Shorten it or split it; nothing was changed.'
      : 'Correct these fields and call again; nothing was changed.',
    details: { fields },
  })
}
