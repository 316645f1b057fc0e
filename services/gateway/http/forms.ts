// Posted forms: urlencoded text, bounded in bytes and fields. Knows no field.
import { readBeginning, readBytes } from './bytes.ts'
import type { Posted } from './env.ts'

/** The largest form without a long text field. */
export const FORM_BYTES = 32 * 1024

/** More fields than any form or request here has; that of many tasks has two for each, and says of some more what it saw. */
const MAX_FIELDS = 300

/** Why a body is not a form. */
export type FormFault = 'not_a_form' | 'too_large'

/** Parses urlencoded parameters; undefined when there are too many. */
export const readParams = (text: string): URLSearchParams | undefined =>
  text.split('&', MAX_FIELDS + 1).length > MAX_FIELDS ? undefined : new URLSearchParams(text)

const isForm = (request: Request): boolean =>
  (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ===
  'application/x-www-form-urlencoded'

/** Reads the fields of a posted form of at most `limit` bytes. */
export const readForm = async (
  request: Request,
  limit: number = FORM_BYTES,
): Promise<URLSearchParams | FormFault> => {
  if (!isForm(request)) return 'not_a_form'
  const read = await readBytes(request, limit)
  if (!read.ok) return 'too_large'
  return readParams(new TextDecoder().decode(read.bytes)) ?? 'too_large'
}

/** The half of a character that a cut has left at the end of encoded text. */
const HALF = /%[0-9a-f]?$/i

/**
 * What can be had of a form that is refused whatever is in it: its first `limit` bytes.
 * @returns undefined where there is no form, or its body was read already.
 */
export const readPosted = async (request: Request, limit: number): Promise<Posted | undefined> => {
  if (!isForm(request) || request.bodyUsed) return undefined
  const { bytes, complete } = await readBeginning(request, limit)
  const text = new TextDecoder().decode(bytes)
  const pairs = (complete ? text : text.replace(HALF, '')).split('&', MAX_FIELDS)
  return { fields: new URLSearchParams(pairs.join('&')), complete }
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
