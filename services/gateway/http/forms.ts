// Forms as they are posted: urlencoded text, bounded, each field at most once unless said otherwise. Knows no field.
import { readBytes } from './bytes.ts'

/** Largest form that has no long text in it. */
export const FORM_BYTES = 32 * 1024

/** Why a body is not a form. */
export type FormFault = 'not_a_form' | 'too_large'

/** The fields of a posted form. */
export const readForm = async (
  request: Request,
  limit: number = FORM_BYTES,
): Promise<URLSearchParams | FormFault> => {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/x-www-form-urlencoded') return 'not_a_form'
  const read = await readBytes(request, limit)
  if (!read.ok) return 'too_large'
  return new URLSearchParams(new TextDecoder().decode(read.bytes))
}

/** Whether a field other than `except` is given more than once. */
export const repeats = (form: URLSearchParams, except: readonly string[] = []): boolean =>
  [...new Set(form.keys())].some((name) => !except.includes(name) && form.getAll(name).length > 1)

/** A field's value; one that is left empty counts as left out (RFC 6749 §3.1). */
export const field = (form: URLSearchParams, name: string): string | undefined => form.get(name) || undefined
