// A declared page as HTML: its rows as a table, its operations as buttons and forms. Knows no service.
import { html } from 'hono/html'
import type { Contract, Operation, Role } from '../../../../shared/contracts/define/contract.ts'
import type { AppError } from '../../../../shared/contracts/define/errors.ts'
import { inputSchema } from '../../../../shared/contracts/define/json-schema.ts'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import type {
  Panel,
  PanelAction,
  PanelColumn,
  PanelDetail,
  PanelPage,
} from '../../../../shared/contracts/define/panel.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Html } from '../layout.ts'
import { PANEL } from '../messages/panel.ts'
import { minute } from '../moments.ts'
import { IN_ENGLISH, saidIn } from '../posted-forms.ts'

/** The path of a panel. */
export const pathOf = ({ path }: Panel): string => `/workspace/${path}`

/** A panel as the workspace's page shows it. */
export type PanelLink = Readonly<{ href: string; title: string; intro: string }>

/** Says an English text of a declared page in another language. */
type Translate = (text: string) => string

/** The language in which a panel can be shown to somebody, and its texts in that language. */
export const panelTexts = (
  { texts }: Panel,
  wanted: Language,
): Readonly<{ language: Language; t: Translate }> => {
  if (wanted === 'en' || texts === undefined) return { language: 'en', t: (text) => text }
  return { language: wanted, t: (text) => texts[wanted][text] ?? text }
}

/** The panels that a role is shown. */
export const panelsFor = (
  contracts: readonly Contract[],
  role: Role,
  language: Language,
): readonly PanelLink[] =>
  contracts.flatMap(({ panel }) => {
    if (!panel?.roles.includes(role)) return []
    const { t } = panelTexts(panel, language)
    return [{ href: pathOf(panel), title: t(panel.title), intro: t(panel.intro) }]
  })

export type Row = Readonly<Record<string, unknown>>

/** A field of a form. */
export type Field = Readonly<{
  name: string
  label: string
  hint: string
  kind: 'text' | 'url' | 'date' | 'one_of' | 'some_of'
  required: boolean
  options: readonly string[]
  max: number | undefined
}>

type Schema = Readonly<{
  title?: string
  description?: string
  format?: string
  maxLength?: number
  enum?: readonly string[]
  items?: Schema
}>

/** A name as words. One with a dot is a name that programs use, and stays. */
export const spaced = (name: string): string => (name.includes('.') ? name : name.replaceAll('_', ' '))
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

const kindOf = ({ format, enum: options, items }: Schema): Field['kind'] => {
  if (options) return 'one_of'
  if (items) return 'some_of'
  if (format === 'date') return 'date'
  return format === 'uri' ? 'url' : 'text'
}

/** The fields of an action's form: the members of its input that are not filled from a row or an address. */
export const fieldsOfAction = ({ input }: Operation, { from = {} }: PanelAction): readonly Field[] => {
  const { properties = {}, required = [] } = inputSchema(input) as {
    properties?: Readonly<Record<string, Schema>>
    required?: readonly string[]
  }
  return Object.entries(properties)
    .filter(([name]) => !Object.hasOwn(from, name))
    .map(([name, schema]) => ({
      name,
      label: schema.title ?? capital(spaced(name)),
      hint: schema.description ?? '',
      kind: kindOf(schema),
      required: required.includes(name),
      options: schema.enum ?? schema.items?.enum ?? [],
      max: schema.maxLength,
    }))
}

/** What was wrong with a form: a sentence above it, and one at each field. */
export type FormFault = Readonly<{ operation: string; error: AppError; fields: ReadonlyMap<string, string> }>

/** What a page shows besides its rows. */
export type Surroundings = Readonly<{
  operations: Readonly<Record<string, Operation>>
  language: Language
  t: Translate
  /** The page's address without its query, and the members that the query fills. */
  path: string
  query: Readonly<Record<string, string>>
  typed: URLSearchParams
  fault: FormFault | undefined
  done: Readonly<{ action: PanelAction; revealed: string | undefined }> | undefined
}>

/** The path with the members as its query. */
export const withQuery = (path: string, query: Readonly<Record<string, string>>): string => {
  const text = new URLSearchParams(query).toString()
  return text === '' ? path : `${path}?${text}`
}

/** Members of an input, filled from a row or an address. */
export const filled = (from: Readonly<Record<string, string>>, source: Row): Record<string, string> =>
  Object.fromEntries(Object.entries(from).map(([name, member]) => [name, String(source[member] ?? '')]))

const hidden = (members: Readonly<Record<string, string>>): Html[] =>
  Object.entries(members).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)

const choices = (field: Field, { typed, t }: Surroundings): Html =>
  html`<div class="choices">${field.options.map(
    (option) => html`<label class="check"><input type="checkbox" name="${field.name}" value="${option}"
      ${typed.getAll(field.name).includes(option) ? 'checked' : ''}> ${t(spaced(option))}</label>`,
  )}</div>`

const control = (field: Field, id: string, { typed, t }: Surroundings, marks: Html): Html => {
  const { name, kind, options, required, max } = field
  const value = typed.get(name) ?? ''
  if (kind === 'one_of')
    return html`<select id="${id}" name="${name}" ${marks}>${options.map(
      (option) =>
        html`<option value="${option}" ${option === value ? 'selected' : ''}>${t(spaced(option))}</option>`,
    )}</select>`
  return html`<input id="${id}" name="${name}" type="${kind}" value="${value}" autocomplete="off"
    ${required ? 'required' : ''} ${max === undefined ? '' : html`maxlength="${max}"`} ${marks}>`
}

const fieldOf = (field: Field, operation: string, around: Surroundings): Html => {
  const { fault, language, t } = around
  const { name, label, hint, kind } = field
  const id = `${operation}-${name}`
  const wrong = fault?.operation === operation ? fault.fields.get(name) : undefined
  const described = [wrong ? `${id}-fault` : '', hint ? `${id}-hint` : ''].filter(Boolean).join(' ')
  const marks = html`${wrong ? html`aria-invalid="true" autofocus` : ''} ${described ? html`aria-describedby="${described}"` : ''}`
  const notes = html`${wrong ? html`<p class="hint wrong" id="${id}-fault"${language === 'en' ? '' : IN_ENGLISH}>${capital(wrong)}</p>` : ''}
    ${hint ? html`<p class="hint" id="${id}-hint">${t(hint)}</p>` : ''}`
  if (kind === 'some_of')
    return html`<fieldset class="field" ${described ? html`aria-describedby="${described}"` : ''}><legend class="label">${t(label)}</legend>
      ${choices(field, around)} ${notes}</fieldset>`
  return html`<div class="field"><label for="${id}">${t(label)}</label>
      ${control(field, id, around, marks)} ${notes}</div>`
}

const target = ({ path, query }: Surroundings, { operation }: PanelAction): string =>
  withQuery(`${path}/${operation}`, query)

/** A button of a row; it asks first where the action has `confirm`. */
const rowButton = (action: PanelAction, row: Row, name: string, around: Surroundings): Html | '' => {
  const { when, from = {}, confirm } = action
  const label = around.t(action.label)
  if (when && !when.is.includes(String(row[when.member]))) return ''
  const button = html`<button class="${confirm ? 'second' : 'plain'}" aria-label="${label}: ${name}">${label}</button>`
  const form = html`<form class="inline" method="post" action="${target(around, action)}">${hidden(filled(from, row))}${button}</form>`
  return confirm === undefined
    ? form
    : html`<details class="ask"><summary aria-label="${label}: ${name} …">${label}</summary><p class="small">${around.t(confirm)}</p>${form}</details>`
}

const cell = (value: unknown, { language, t }: Surroundings, none = '–'): Html | string => {
  if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) return t(none)
  if (Array.isArray(value)) return value.join(', ')
  const words = wordsOf(PANEL, language)
  if (typeof value === 'boolean') return words.word(value ? 'yes' : 'no')
  const text = String(value)
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text)
    ? html`<time datetime="${text}">${minute(new Date(text), language)}</time>`
    : words.isolate(text)
}

const shownCell = (
  row: Row,
  { member, none }: PanelColumn,
  schema: Schema | undefined,
  around: Surroundings,
): Html | string => {
  const value = row[member]
  return schema?.enum && typeof value === 'string' ? around.t(spaced(value)) : cell(value, around, none)
}

/** The rows of a page as a table. Its roles are explicit, because a table that is laid out as a list on narrow screens loses them. */
export const tableOf = (
  { table: { columns, actions } }: PanelPage,
  rows: readonly Row[],
  detail: PanelDetail | undefined,
  around: Surroundings,
  members: Readonly<Record<string, Schema>>,
): Html => {
  const [first, ...others] = columns
  const ends = actions.length > 0 || detail
  const { t, language } = around
  const heading = wordsOf(PANEL, language).word('actions')
  const line = (row: Row): Html => {
    const name = String(row[first.member] ?? '')
    return html`<tr role="row"><th scope="row" role="rowheader" data-label="${t(first.heading)}">${shownCell(row, first, members[first.member], around)}</th>
      ${others.map((column) => html`<td role="cell" data-label="${t(column.heading)}">${shownCell(row, column, members[column.member], around)}</td>`)}
      ${
        ends
          ? html`<td role="cell" class="actions"><div>${detail ? html`<a href="${withQuery(`${around.path}/${detail.path}`, filled(detail.from, row))}" aria-label="${t(detail.label)}: ${name}">${t(detail.label)}</a>` : ''}
          ${actions.map((action) => rowButton(action, row, name, around))}</div></td>`
          : ''
      }</tr>`
  }
  return html`<table class="panel" role="table"><thead role="rowgroup"><tr role="row">
      ${columns.map((column) => html`<th scope="col" role="columnheader">${t(column.heading)}</th>`)}
      ${ends ? html`<th scope="col" role="columnheader">${heading}</th>` : ''}</tr></thead>
    <tbody role="rowgroup">${rows.map(line)}</tbody></table>`
}

const faultOf = ({ fault, language }: Surroundings): Html | '' => {
  if (!fault) return ''
  const { text, mark } = saidIn(fault.error, language)
  return html`<p class="note bad" role="alert"${mark}>${text}</p>`
}

const sentenceOf = (around: Surroundings, operation: string): Html | '' =>
  around.fault?.operation === operation && around.fault.fields.size === 0 ? faultOf(around) : ''

/** The form of an action of the page; only a button where it has no fields. */
export const pageAction = (action: PanelAction, around: Surroundings): Html | '' => {
  const { operation, label, title, from = {}, confirm } = action
  const { t } = around
  const declared = around.operations[operation]
  if (!declared) return ''
  const fields = fieldsOfAction(declared, action)
  return html`<section class="card" ${title ? html`aria-labelledby="${operation}-title"` : ''}>
    ${title ? html`<h2 id="${operation}-title">${t(title)}</h2>` : ''}
    <form method="post" action="${target(around, action)}">
      ${sentenceOf(around, operation)} ${hidden(filled(from, around.query))}
      ${fields.map((field) => fieldOf(field, operation, around))}
      ${confirm ? html`<p class="small">${t(confirm)}</p>` : ''}
      <button>${t(label)}</button>
    </form></section>`
}

/** What was done, and the secret that is shown once. */
export const doneNote = ({ done, t }: Surroundings): Html | '' =>
  done
    ? html`<div class="note" role="status"><p>${t(done.action.done)}</p>
      ${done.revealed === undefined ? '' : html`<code class="code">${done.revealed}</code>`}</div>`
    : ''

/** What was wrong with an action of a row. */
export const rowFault = (page: PanelPage, around: Surroundings): Html | '' =>
  page.table.actions.some(({ operation }) => operation === around.fault?.operation) ? faultOf(around) : ''
