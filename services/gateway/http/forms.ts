// Posted forms: urlencoded text, bounded in bytes and fields. Knows no field.
import { readBytes } from './bytes.ts'

/** The largest form without a long text field. */
export const FORM_BYTES = 32 * 1024

/** More fields than any form or request here has; that of many tasks has two for each, and says of some more what it saw. */
const MAX_FIELDS = 300

/** Why a body is not a form. */
export type FormFault = 'not_a_form' | 'too_large'

/** Parses urlencoded parameters; undefined when there are too many. */
export const readParams = (text: string): URLSearchParams | undefined =>
  text.split('&', MAX_FIELDS + 1).length > MAX_FIELDS ? undefined : new URLSearchParams(text)

/** Reads the fields of a posted form of at most `limit` bytes. */
export const readForm = async (
  request: Request,
  limit: number = FORM_BYTES,
): Promise<URLSearchParams | FormFault> => {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') return 'not_a_form'
  const read = await readBytes(request, limit)
  if (!read.ok) return 'too_large'
  return readParams(new TextDecoder().decode(read.bytes)) ?? 'too_large'
}

/** Whether a field other than `except` is given more than once. */
export const repeats = (form: URLSearchParams, except: readonly string[] = []): boolean => {
  const seen = new Set<string>()
  for (const name of form.keys()) {
    if (seen.has(name) && !except.includes(name)) return true
    seen.add(name)
  }
  return false
}

/** A field's value; an empty one counts as absent (RFC 6749 §3.1). */
export const field = (form: URLSearchParams, name: string): string | undefined => form.get(name) || undefined
