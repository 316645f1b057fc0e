// Posted forms: reads them, and shows them again with what was wrong.
import { html } from 'hono/html'
import { LIMITS } from '../../../shared/contracts/define/common.ts'
import { AppError, ERROR_CODES, type ErrorCode, textOf } from '../../../shared/contracts/define/errors.ts'
import type { Language } from '../../../shared/contracts/define/language.ts'
import type { Posted } from '../http/env.ts'
import { FORM_BYTES, readForm, readPosted } from '../http/forms.ts'
import { sayIn, translatedError } from '../translated-errors.ts'
import type { Ctx, Html, Sending } from './layout.ts'

/**
 * Most bytes of a form with long texts. When posted, each byte of a text may take three characters: a text that is somewhat
 * too long is still read, so that the form can be shown again with it.
 */
export const TEXT_FORM_BYTES = 4 * (LIMITS.ai_context_bytes + LIMITS.description_chars)

/**
 * The fields of a posted form; none where the body is no form. They stay with the request, for the page of an error.
 * @throws AppError `limit_exceeded` beyond `limit` bytes.
 */
export const fieldsOf = async (c: Ctx, limit: number = FORM_BYTES): Promise<URLSearchParams> => {
  const form = await readForm(c.req.raw, limit)
  if (form === 'too_large') throw translatedError('limit_exceeded', (words) => words.word('form_too_long'))
  const fields = form === 'not_a_form' ? new URLSearchParams() : form
  c.set('posted', { fields, complete: true })
  return fields
}

/** The fields of a form that was refused, read or not: the first `limit` bytes of them. */
export const refusedFieldsOf = async (c: Ctx, limit: number): Promise<Posted | undefined> =>
  c.req.method === 'POST' ? (c.get('posted') ?? (await readPosted(c.req.raw, limit))) : undefined

/** What was wrong: a sentence for the person, and the field that it is about. */
export type Fault = Readonly<{ sentence: string; field: string | undefined; error: AppError }>

/** Errors that a person can do something about: the form is shown again with the sentence. */
const PERSONAL: ReadonlySet<ErrorCode> = new Set([
  'invalid_argument',
  'not_found',
  'forbidden',
  'invalid_transition',
  'version_conflict',
  'idempotency_conflict',
  'claimed',
  'claim_lost',
  'already_exists',
  'limit_exceeded',
  'rate_limited',
])

/**
 * Runs what a form asks for.
 * @returns its result, or the fault to show in the form.
 * @throws what the person can do nothing about.
 */
export const attempt = async <T>(
  work: () => Promise<T>,
): Promise<Readonly<{ ok: true; value: T }> | Readonly<{ ok: false; fault: Fault }>> => {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    if (!(error instanceof AppError) || !PERSONAL.has(error.code)) throw error
    const { field } = error.extras.details ?? {}
    return {
      ok: false,
      fault: { sentence: textOf(error), field: typeof field === 'string' ? field : undefined, error },
    }
  }
}

/** The status and headers of a page that shows a form with this fault. */
export const formActionOf = (fault: Fault | undefined): Sending => {
  if (!fault) return {}
  const { code, extras } = fault.error
  const wait_ms = extras.retry_after_ms
  return {
    status: ERROR_CODES[code].http,
    ...(wait_ms === undefined ? {} : { headers: { 'Retry-After': String(Math.ceil(wait_ms / 1_000)) } }),
  }
}

/** Marks an element that is in English on a page in another language. */
export const IN_ENGLISH: Html = html` lang="en" dir="ltr"`

/** What an error says in a language, and what marks it where it speaks English all the same. */
export const saidIn = (
  error: AppError,
  language: Language,
  english = textOf(error),
): Readonly<{ text: string; mark: Html | '' }> => {
  if (language === 'en') return { text: english, mark: '' }
  const translated = sayIn(error, language)
  return translated === undefined ? { text: english, mark: IN_ENGLISH } : { text: translated, mark: '' }
}

/** The sentence above a form; read out at once by screen readers. */
export const faultNote = (fault: Fault | undefined, language: Language): Html | '' => {
  if (!fault) return ''
  const { text, mark } = saidIn(fault.error, language)
  return html`<p class="note bad" role="alert" id="fault"${mark}>${text}</p>`
}

/** One labelled input of a form. */
export type Input = Readonly<{
  name: string
  label: string
  type?: 'text' | 'email' | 'password' | 'number'
  value?: string
  autocomplete: string
  hint?: string
  /** Characters; of a number, the number itself. */
  min?: number
  max?: number
  optional?: true
}>

/** A labelled input, marked and focused when the fault is about it. */
export const input = (given: Input, fault: Fault | undefined): Html => {
  const { name, label, type = 'text', value = '', autocomplete, hint, min, max, optional } = given
  const bound = type === 'number' ? ['min', 'max'] : ['minlength', 'maxlength']
  const wrong = fault?.field === name
  const described = [wrong ? 'fault' : '', hint ? `${name}-hint` : ''].filter(Boolean).join(' ')
  return html`<div class="field">
      <label for="${name}">${label}</label>
      <input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="${autocomplete}" ${optional ? '' : 'required'}
        ${min ? html`${bound[0]}="${min}"` : ''} ${max ? html`${bound[1]}="${max}"` : ''}
        ${wrong ? html`aria-invalid="true" autofocus` : ''}
        ${described ? html`aria-describedby="${described}"` : ''}>
      ${hint ? html`<p class="hint" id="${name}-hint">${hint}</p>` : ''}
    </div>`
}
