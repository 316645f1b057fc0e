// What somebody typed into a form that was not carried out, shown again so that nothing of it is lost. Pure.
import { html } from 'hono/html'
import type { Language } from '../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../shared/contracts/define/wording.ts'
import { TYPED } from './messages/typed.ts'

type Html = ReturnType<typeof html>

/** The fields of the board's forms that people write in. All others are chosen, or say what a form is about. */
const TEXT_FIELDS = ['title', 'body', 'text', 'name', 'description', 'ai_context', 'labels'] as const
type TextField = (typeof TEXT_FIELDS)[number]

const isText = (name: string): name is TextField => TEXT_FIELDS.some((one) => one === name)

/** The paths of forms whose fields may be shown again. No other page's are, for a password may be among them. */
const FORMS = /^\/(?:workspace|(?:tasks|loops|queue|triage)(?:\/[\w/-]*)?(?:\?[\w=&%.-]*)?)$/

/** A form that was not carried out: where it leads, and its fields, of which some may be missing. */
export type Unsent = Readonly<{ to: string; fields: URLSearchParams; complete: boolean }>

/** The form that was sent to this path, if somebody has written something in it. */
export const unsentTo = (
  to: string,
  posted: Readonly<{ fields: URLSearchParams; complete: boolean }> | undefined,
): Unsent | undefined =>
  posted && FORMS.test(to) && textsIn(posted.fields).length > 0 ? { to, ...posted } : undefined

const textsIn = (fields: URLSearchParams): readonly (readonly [TextField, string])[] =>
  [...fields].flatMap(([name, text]) => (isText(name) && text.trim() !== '' ? [[name, text] as const] : []))

/** A text area with one of the texts. HTML drops one line feed behind the opening tag. */
const area = ([name, text]: readonly [TextField, string], language: Language, isFixed: boolean): Html => {
  const rows = Math.min(16, text.split('\n').length + 1)
  return html`<div class="field"><label for="typed-${name}">${wordsOf(TYPED, language).word(name)}</label>
      <textarea id="typed-${name}" ${isFixed ? 'readonly' : html`name="${name}"`} rows="${rows}" dir="auto">
${text}</textarea></div>`
}

/** The texts, to be copied from. */
export const typedTexts = (
  texts: readonly (readonly [TextField, string])[],
  language: Language,
): Html => html`<section class="card typed" aria-labelledby="typed"><h2 id="typed">${wordsOf(TYPED, language).word('typed')}</h2>
    ${texts.map((one) => area(one, language, true))}</section>`

/** A form that was not carried out, as one that sends the same again. Where its end is missing, its texts to be copied. */
export const unsentForm = (unsent: Unsent, language: Language, mayRepeat: boolean): Html => {
  const { to, fields, complete } = unsent
  const words = wordsOf(TYPED, language)
  const texts = textsIn(fields)
  if (!complete) return html`${typedTexts(texts, language)}<p>${words.word('cut')}</p>`
  if (!mayRepeat) return typedTexts(texts, language)
  return html`<form method="post" action="${to}" class="card typed" aria-labelledby="typed"><h2 id="typed">${words.word('typed')}</h2>
    ${[...fields].map(([name, value]) => (isText(name) && value.trim() !== '' ? '' : html`<input type="hidden" name="${name}" value="${value}">`))}
    ${texts.map((one) => area(one, language, false))}
    <button>${words.word('send_again')}</button></form>`
}

/** What makes the fields of a form that waits different from those of the form that carries them. */
const CARRIED = 'unsent.'

/** The hidden fields with which another form carries one that waits to be sent. */
export const carrying = ({ to, fields, complete }: Unsent): Html =>
  html`<input type="hidden" name="unsent_to" value="${to}">${complete ? '' : html`<input type="hidden" name="unsent_cut" value="true">`}${[
    ...fields,
  ].map(([name, value]) => html`<input type="hidden" name="${CARRIED}${name}" value="${value}">`)}`

/** The form that another one carries. */
export const carriedIn = (form: URLSearchParams): Unsent | undefined => {
  const pairs = [...form].flatMap(([name, value]) =>
    name.startsWith(CARRIED) ? [[name.slice(CARRIED.length), value]] : [],
  )
  const fields = new URLSearchParams(pairs)
  return unsentTo(form.get('unsent_to') ?? '', { fields, complete: !form.has('unsent_cut') })
}

const unix = (text: string): string => text.replaceAll('\r\n', '\n')

/** The texts of a form that none of the fields on a page holds. */
export const lostTexts = (
  fields: URLSearchParams,
  page: string,
): readonly (readonly [TextField, string])[] => {
  const shown = unix(page)
  return textsIn(fields).filter(([, text]) => {
    const escaped = unix(String(html`${text}`))
    return ![`value="${escaped}"`, `>\n${escaped}</textarea>`].some((field) => shown.includes(field))
  })
}
