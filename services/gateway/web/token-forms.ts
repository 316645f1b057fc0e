// The parts of pages about tokens of programs: the form for a new one, the list, and the token itself, shown once.
import { html } from 'hono/html'
import { rightsList, scopeWord } from '../../../shared/contracts/define/access-words.ts'
import { CLAIM_LIMITS } from '../../../shared/contracts/define/claim-limits.ts'
import type { Scope } from '../../../shared/contracts/define/common.ts'
import type { Language } from '../../../shared/contracts/define/language.ts'
import { BASELINE_SCOPES } from '../../../shared/contracts/define/scopes.ts'
import { type Words, wordsOf } from '../../../shared/contracts/define/wording.ts'
import {
  type PersonalToken,
  TOKEN_DAYS,
  TOKEN_DAYS_DEFAULT,
  type TokenTyped,
} from '../accounts/personal-token-rules.ts'
import type { MadeToken } from '../accounts/personal-tokens.ts'
import type { Html } from './layout.ts'
import { TOKENS } from './messages/tokens.ts'
import { day, minute } from './moments.ts'
import { type Fault, input } from './posted-forms.ts'

/** What a form for a token asks for. */
export const tokenTyped = (form: URLSearchParams): TokenTyped => ({
  name: form.get('token_name') ?? '',
  scopes: form.getAll('scope'),
  expires_in_days: form.get('expires_in_days') ?? String(TOKEN_DAYS_DEFAULT),
  max_claims: form.get('max_claims') ?? '',
})

type TokenWords = Words<(typeof TOKENS)['en']>

/** A checkbox for each scope. @param typed those ticked before; undefined for a new form. */
export const scopeChoices = (
  language: Language,
  legend: string,
  offered: readonly Scope[],
  typed: readonly string[] | undefined,
  fault: Fault | undefined,
): Html => {
  const ticked: readonly string[] = typed ?? BASELINE_SCOPES
  const wrong = fault?.field === 'scope'
  return html`<fieldset class="field" ${wrong ? html`aria-describedby="fault"` : ''}><legend>${legend}</legend>
      ${offered.map(
        (
          scope,
        ) => html`<label class="check"><input type="checkbox" name="scope" value="${scope}" ${ticked.includes(scope) ? 'checked' : ''}>
        <span>${scopeWord(scope, language)}</span></label>`,
      )}
    </fieldset>`
}

const expiryChoice = (chosen: string, words: TokenWords): Html =>
  html`<div class="field"><label for="expires_in_days">${words.word('works_for')}</label>
      <select id="expires_in_days" name="expires_in_days">
        ${TOKEN_DAYS.map((days) => html`<option value="${days}" ${String(days) === chosen ? 'selected' : ''}>${words.plural('days', days)}</option>`)}
      </select></div>`

/** The name, the expiry and the bound of a new token. */
export const tokenInputs = (
  language: Language,
  typed: TokenTyped | undefined,
  fault: Fault | undefined,
): Html => {
  const words = wordsOf(TOKENS, language)
  return html`${input(
    {
      name: 'token_name',
      label: words.word('name'),
      value: typed?.name ?? '',
      autocomplete: 'off',
      max: 200,
      hint: words.word('name_hint'),
    },
    fault,
  )}
    ${expiryChoice(typed?.expires_in_days ?? String(TOKEN_DAYS_DEFAULT), words)}
    ${input(
      {
        name: 'max_claims',
        label: words.word('at_once'),
        type: 'number',
        optional: true,
        value: typed?.max_claims ?? '',
        autocomplete: 'off',
        min: CLAIM_LIMITS.max_claims.least,
        max: CLAIM_LIMITS.max_claims.most,
        hint: words.word('at_once_hint'),
      },
      fault,
    )}`
}

/** A secret that was just made. No page shows it again. */
export const secretOnce = (
  title: string,
  body: Html,
): Html => html`<section class="card" aria-labelledby="made" role="status">
    <h2 id="made">${title}</h2>
    ${body}
  </section>`

/** A token that was just made, with a line to try it. */
export const madeToken = (language: Language, { token, secret }: MadeToken, mcpUrl: string): Html => {
  const words = wordsOf(TOKENS, language)
  const places = {
    url: html`<code>${mcpUrl}</code>`,
    header: html`<code>${'Authorization: Bearer …'}</code>`,
  }
  return secretOnce(
    words.say('copy', { name: token.name }),
    html`<p>${words.word('once')}</p>
    <code class="code" data-token="${secret}">${secret}</code>
    <p class="small">${words.pieces('send_it', places)}</p>
    ${token.old ? html`<p class="note warn">${words.say('old_until', { when: minute(token.old.until, language) })}</p>` : ''}`,
  )
}

/** A token of a list, with where it works and what became of it. */
export type ListedToken = Readonly<{ token: PersonalToken; where?: string; ended?: string | undefined }>

/** What became of a token, and what it may do. */
const standing = ({ token, ended }: ListedToken, language: Language, words: TokenWords): Html => {
  const { scopes, max_claims, last_used_on, expires_at, ending } = token
  const state = ended ?? words.say('works_until', { day: day(expires_at, language) })
  const used =
    last_used_on === null
      ? words.word('not_used')
      : words.say('last_used', { day: day(new Date(last_used_on), language) })
  const bound = max_claims === undefined ? [] : [words.plural('with_bound', max_claims)]
  return html`<span class="sub">${words.say('line', { state, used, ending })}</span>
        <span class="sub">${rightsList(scopes, language, bound)}</span>`
}

/** The form that replaces a token while the one before works for another day. */
const replaceForm = ({ token, where }: ListedToken, action: string, words: TokenWords): Html => {
  const { name } = token
  const label =
    where === undefined
      ? words.say('replace_token', { name })
      : words.say('replace_in', { name, workspace: where })
  return html`<form method="post" action="${action}/${token._id}/rotate">
        <button class="plain" aria-label="${label}">${words.word('replace')}</button></form>`
}

/** The list of tokens. @param action where the form of each leads, before its id. */
export const tokenRows = (language: Language, listed: readonly ListedToken[], action: string): Html => {
  const words = wordsOf(TOKENS, language)
  if (listed.length === 0) return html`<p>${words.word('none')}</p>`
  return html`<ul class="rows">${listed.map((one) => {
    const { token, where } = one
    const { name } = token
    const places = where === undefined ? undefined : { name, workspace: where }
    return html`<li>
      <span class="main">${places ? words.say('in_workspace', places) : html`${words.isolate(name)}`}
        ${standing(one, language, words)}</span>
      <span class="end">${one.ended === undefined ? replaceForm(one, action, words) : ''}
      <form method="post" action="${action}/${token._id}/revoke">
        <button class="plain" aria-label="${places ? words.say('revoke_in', places) : words.say('revoke_token', { name })}">${words.word('revoke')}</button>
      </form></span></li>`
  })}</ul>`
}
