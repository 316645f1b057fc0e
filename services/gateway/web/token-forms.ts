// The parts of pages about tokens of programs: the form for a new one, the list, and the token itself, shown once.
import { html } from 'hono/html'
import { CLAIM_LIMITS } from '../../../shared/contracts/define/claim-limits.ts'
import { SCOPES, type Scope } from '../../../shared/contracts/define/common.ts'
import { BASELINE_SCOPES } from '../../../shared/contracts/define/scopes.ts'
import {
  type PersonalToken,
  TOKEN_DAYS,
  TOKEN_DAYS_DEFAULT,
  type TokenTyped,
} from '../accounts/personal-token-rules.ts'
import type { MadeToken } from '../accounts/personal-tokens.ts'
import { day, type Html } from './layout.ts'
import { type Fault, input } from './posted-forms.ts'

/** What a form for a token asks for. */
export const tokenTyped = (form: URLSearchParams): TokenTyped => ({
  name: form.get('token_name') ?? '',
  scopes: form.getAll('scope'),
  expires_in_days: form.get('expires_in_days') ?? String(TOKEN_DAYS_DEFAULT),
  max_claims: form.get('max_claims') ?? '',
})

/** A checkbox for each scope. @param typed those ticked before; undefined for a new form. */
export const scopeChoices = (
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
        <span>${SCOPES[scope]}</span></label>`,
      )}
    </fieldset>`
}

/** The name, the expiry and the bound of a new token. */
export const tokenInputs = (typed: TokenTyped | undefined, fault: Fault | undefined): Html => {
  const chosen = typed?.expires_in_days ?? String(TOKEN_DAYS_DEFAULT)
  return html`${input(
    {
      name: 'token_name',
      label: 'Name',
      value: typed?.name ?? '',
      autocomplete: 'off',
      max: 200,
      hint: 'What it is for, such as “CI of the website”. It is shown with everything that is done with the token.',
    },
    fault,
  )}
    <div class="field"><label for="expires_in_days">Works for</label>
      <select id="expires_in_days" name="expires_in_days">
        ${TOKEN_DAYS.map((days) => html`<option value="${days}" ${String(days) === chosen ? 'selected' : ''}>${days} days</option>`)}
      </select></div>
    ${input(
      {
        name: 'max_claims',
        label: 'Tasks at once (optional)',
        type: 'number',
        optional: true,
        value: typed?.max_claims ?? '',
        autocomplete: 'off',
        min: CLAIM_LIMITS.max_claims.least,
        max: CLAIM_LIMITS.max_claims.most,
        hint: 'How many tasks a program may take at once with this token. Empty: as many as the workspace says.',
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
export const madeToken = ({ token, secret }: MadeToken, mcpUrl: string): Html =>
  secretOnce(
    `Copy the token “${token.name}” now`,
    html`<p>It is shown only this once.</p>
    <code class="code" data-token="${secret}">${secret}</code>
    <p class="small">A program sends it to <code>${mcpUrl}</code> in the header <code>Authorization: Bearer …</code>. Keep it where the program keeps its secrets, never in code.</p>`,
  )

/** A token of a list, with where it works and what became of it. */
export type ListedToken = Readonly<{ token: PersonalToken; where?: string; ended?: string | undefined }>

const used = ({ last_used_on }: PersonalToken): string =>
  last_used_on === null ? 'not used yet' : `last used on ${last_used_on}`

/** The list of tokens. @param action where the form of each leads, before its id. */
export const tokenRows = (listed: readonly ListedToken[], action: string): Html => {
  if (listed.length === 0) return html`<p>There is no token yet.</p>`
  return html`<ul class="rows">${listed.map(
    ({ token, where, ended }) => html`<li>
      <span class="main">${token.name}${where === undefined ? '' : html` in ${where}`}
        <span class="sub">${ended ?? `works until ${day(token.expires_at)}`}, ${used(token)}, token …${token.ending}</span>
        <span class="sub">${token.scopes.map((scope) => SCOPES[scope]).join('; ')}${token.max_claims === undefined ? '' : `; ${token.max_claims} tasks at once`}</span></span>
      <form class="end" method="post" action="${action}/${token._id}/revoke">
        <button class="plain" aria-label="Revoke ${token.name}${where === undefined ? '' : `, in ${where}`}">Revoke</button>
      </form></li>`,
  )}</ul>`
}
