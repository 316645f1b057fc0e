// What was found, with the words that match marked. Pure.
import { html } from 'hono/html'
import { LIMITS } from '../../../../shared/contracts/define/common.ts'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { STATUS_WORDS } from '../../../../shared/contracts/define/status-words.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { type FoundText, KINDS, QUERY_WORDS } from '../../../../shared/contracts/tasks/search.ts'
import { termsOf, tokensOf } from '../../../../shared/search/words.ts'
import type { Html } from '../layout.ts'
import { SEARCH } from '../messages/search.ts'

type SearchWords = Words<(typeof SEARCH)['en']>

export type SearchShown = Readonly<{
  query: string
  kind: (typeof KINDS)[number] | undefined
  found: readonly FoundText[]
  next_cursor: string | null
  truncated: boolean
  /** Why nothing was looked for. */
  refusal?: string | undefined
}>

const ACTIVE: Readonly<Record<Language, string>> = {
  en: 'active',
  de: 'aktiv',
  fr: 'actif',
  es: 'activo',
  ar: 'نشطة',
}

/** A text with what matches a query marked. */
export const marked = (text: string, query: string): Html => {
  const terms = termsOf(query, QUERY_WORDS)
  const pieces: (string | Html)[] = []
  let from = 0
  for (const { word, index, length } of tokensOf(text)) {
    // Folding may make several words of one place.
    if (
      index < from ||
      !terms.some((term) => (term.spaceless ? word.includes(term.word) : word.startsWith(term.word)))
    )
      continue
    pieces.push(text.slice(from, index), html`<mark>${text.slice(index, index + length)}</mark>`)
    from = index + length
  }
  return html`${pieces}${text.slice(from)}`
}

const pathOf = ({ kind, id, task_id, loop_id }: FoundText): string => {
  if (kind === 'task') return `/tasks/${id}`
  if (kind === 'loop') return `/loops/${id}`
  const page = task_id === undefined ? `/loops/${loop_id ?? ''}` : `/tasks/${task_id}`
  return `${page}?comment=${id}#comment-${id}`
}

const row = (one: FoundText, query: string, language: Language): Html => {
  const { kind, id, title = '', status, snippet } = one
  const words = wordsOf(SEARCH, language)
  const now =
    status === undefined
      ? ''
      : status === 'active'
        ? ACTIVE[language]
        : wordsOf(STATUS_WORDS, language).word(status)
  return html`<li data-row id="found-${id}"><a href="${pathOf(one)}"><span dir="auto">${marked(title, query)}</span></a>
      <span class="meta"><span>${words.word(`a_${kind}`)}</span>${now ? html`<span class="pill ${status}">${now}</span>` : ''}</span>
      ${snippet ? html`<p dir="auto">${marked(snippet, query)}</p>` : ''}</li>`
}

const addressOf = (more: Readonly<Record<string, string | undefined>>): string =>
  `/search?${new URLSearchParams(Object.entries(more).flatMap(([name, value]) => (value ? [[name, value]] : [])))}`

const filters = ({ query, kind }: SearchShown, words: SearchWords): Html =>
  html`<nav class="filter" aria-label="${words.word('kinds')}">
      ${[undefined, ...KINDS].map(
        (one) =>
          html`<a href="${addressOf({ q: query, kind: one })}" data-swap ${one === kind ? html`aria-current="true"` : ''}>${words.word(one ?? 'all')}</a>`,
      )}</nav>`

const results = (shown: SearchShown, language: Language): Html => {
  const { query, kind, found, next_cursor, truncated, refusal } = shown
  const words = wordsOf(SEARCH, language)
  const empty = (title: string, text: string): Html =>
    html`<div class="empty"><h2 dir="auto">${title}</h2><p>${text}</p></div>`
  if (refusal !== undefined) return html`<p class="note warn" role="status" dir="auto">${refusal}</p>`
  if (query === '') return empty(words.word('empty'), words.word('empty_text'))
  if (found.length === 0) return empty(words.say('nothing', { query }), words.word('nothing_text'))
  return html`<h2 class="unseen">${words.word('results')}</h2>
    ${truncated ? html`<p class="note">${words.word('truncated')}</p>` : ''}
    <ol class="found">${found.map((one) => row(one, query, language))}</ol>
    ${next_cursor === null ? '' : html`<p><a class="button small" href="${addressOf({ q: query, kind, cursor: next_cursor })}">${words.word('next')}</a></p>`}`
}

/** The field, the kinds, and what was found. */
export const searchView = (shown: SearchShown, language: Language): Html => {
  const { query, kind } = shown
  const words = wordsOf(SEARCH, language)
  return html`<div class="search-page"><h1>${words.word('title')}</h1>
      <form method="get" action="/search" id="search-form">
        ${kind ? html`<input type="hidden" name="kind" value="${kind}">` : ''}
        <label class="unseen" for="q">${words.word('label')}</label>
        <div class="row"><input type="search" id="q" name="q" value="${query}" data-search maxlength="${LIMITS.query_chars}" autocomplete="off" dir="auto" placeholder="${words.word('label')}">
        <button>${words.word('go')}</button></div></form>
      ${query === '' ? '' : filters(shown, words)}
      <div id="results">${results(shown, language)}</div></div>`
}
