// Checks a value against a declared schema and says what is wrong in the words of the closed error table.
import type * as z from 'zod'
import { AppError } from './errors.ts'

type Fault = { field: string; message: string; limit?: number; size?: number }

const toFault = (issue: z.core.$ZodIssue): Fault => {
  const field =
    issue.path.map(String).join('.') || (issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : 'input')
  const params = issue.code === 'custom' ? issue.params : undefined
  if (params?.limit_exceeded === true)
    return { field, message: issue.message, limit: Number(params.limit), size: Number(params.size) }
  if (issue.code === 'unrecognized_keys') return { field, message: 'is not a parameter of this tool' }
  return { field, message: issue.message }
}

/**
 * Parses `value`, filling in defaults.
 * @throws AppError `limit_exceeded` when the only faults are texts over their limits, else `invalid_argument`;
 * `fields` names each fault (at most 20).
 */
export const checkInput = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> => {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const fields = parsed.error.issues.slice(0, 20).map(toFault)
  const overLimit = fields.every((fault) => fault.limit !== undefined)
  const text = fields.map((fault) => `${fault.field}: ${fault.message}`).join('; ')
  throw new AppError(overLimit ? 'limit_exceeded' : 'invalid_argument', `${text}.`, {
    hint: overLimit
      ? 'Shorten it or split it; nothing was changed.'
      : 'Correct these fields and call again; nothing was changed.',
    details: { fields },
  })
}
