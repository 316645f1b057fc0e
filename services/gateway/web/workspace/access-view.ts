// The access of programs to a workspace, as its owner and admins see it. Pure.

import { html } from 'hono/html'
import { rightsList } from '../../../../shared/contracts/define/access-words.ts'
import { ALL_SCOPES } from '../../../../shared/contracts/define/common.ts'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { PersonalToken } from '../../accounts/personal-token-rules.ts'
import type { ServiceAccount } from '../../accounts/service-account-rules.ts'
import {
  type BlockedClient,
  POLICY_DAYS,
  type PolicyTyped,
  type TokenPolicy,
} from '../../accounts/token-policy-rules.ts'
import type { Grant } from '../../oauth/model.ts'
import type { Html } from '../layout.ts'
import type { ACCESS } from '../messages/access.ts'
import { memberName } from '../messages/delete-account.ts'
import { TOKENS } from '../messages/tokens.ts'
import { day, minute } from '../moments.ts'
import { type Fault, faultNote } from '../posted-forms.ts'
import { scopeChoices } from '../token-forms.ts'

export const ACCESS_PATH = '/workspace/access'

/** Most of each kind that are shown. */
export const SHOWN = 200

export type AccessWords = Words<(typeof ACCESS)['en']>

export type AccessShown = Readonly<{
  language: Language
  words: AccessWords
  /** Whether the reader may set the policy. */
  owner: boolean
  policy: TokenPolicy | undefined
  tokens: readonly Readonly<{ token: PersonalToken; holder: string; works: boolean }>[]
  accounts: readonly ServiceAccount[]
  grants: readonly Readonly<{ grant: Grant; holder: string }>[]
  blocked: readonly BlockedClient[]
  typed?: PolicyTyped | undefined
  fault?: Fault | undefined
}>

const daysIn = (language: Language, days: number): string => wordsOf(TOKENS, language).plural('days', days)

const policyText = ({ language, words, policy = {} }: AccessShown): Html => {
  const days = daysIn(language, policy.max_days ?? 365)
  const rights = rightsList(policy.scopes ?? ALL_SCOPES, language)
  const personal = words.word(policy.personal === false ? 'personal_no' : 'personal_yes')
  return html`<p>${words.say('policy_is', { days, rights })}</p>
    <p>${words.word('personal')}: ${personal}</p>`
}

const policyForm = ({ language, words, policy = {}, typed, fault }: AccessShown): Html => {
  const days = typed?.max_days ?? String(policy.max_days ?? 365)
  const personal = typed?.personal ?? (policy.personal === false ? 'no' : 'yes')
  const scopes = typed?.scopes ?? policy.scopes ?? ALL_SCOPES
  return html`<form method="post" action="${ACCESS_PATH}/policy">
      ${faultNote(fault, language)}
      <div class="field"><label for="max_days">${words.word('longest')}</label>
        <select id="max_days" name="max_days">
          ${POLICY_DAYS.map((one) => html`<option value="${one}" ${String(one) === days ? 'selected' : ''}>${daysIn(language, one)}</option>`)}
        </select></div>
      ${scopeChoices(language, words.word('may'), ALL_SCOPES, scopes, fault)}
      <div class="field"><label for="personal">${words.word('personal')}</label>
        <select id="personal" name="personal">
          <option value="yes" ${personal === 'yes' ? 'selected' : ''}>${words.word('personal_yes')}</option>
          <option value="no" ${personal === 'no' ? 'selected' : ''}>${words.word('personal_no')}</option>
        </select></div>
      <button>${words.word('save')}</button>
    </form>`
}

const policyCard = (shown: AccessShown): Html => html`<section class="card" aria-labelledby="policy">
    <h2 id="policy">${shown.words.word('policy')}</h2>
    <p class="small">${shown.words.word('policy_lead')}</p>
    ${shown.owner ? policyForm(shown) : policyText(shown)}
  </section>`

const tokenRow =
  ({ language, words }: AccessShown) =>
  ({ token, holder, works }: AccessShown['tokens'][number]): Html => {
    const { _id, name, scopes, created_at, last_used_on, expires_at, ending } = token
    const used =
      last_used_on === null
        ? words.word('not_used')
        : words.say('last_used', { day: day(new Date(last_used_on), language) })
    const until = works ? words.say('until', { day: day(expires_at, language) }) : words.word('stopped')
    return html`<li><span class="main">${words.say('of', { name, holder })}
        <span class="sub">${words.say('token_line', { made: day(created_at, language), used, until, ending })}</span>
        <span class="sub">${rightsList(scopes, language)}</span></span>
      <form class="end" method="post" action="${ACCESS_PATH}/tokens/${_id}/end">
        <button class="plain" aria-label="${words.say('end_token', { name, holder })}">${words.word('end')}</button>
      </form></li>`
  }

const tokensCard = (shown: AccessShown): Html => {
  const { words, tokens } = shown
  return html`<section class="card" aria-labelledby="tokens">
    <h2 id="tokens">${words.word('tokens')} (${tokens.length})</h2>
    ${
      tokens.length === 0
        ? html`<p>${words.word('no_tokens')}</p>`
        : html`<ul class="rows">${tokens.map(tokenRow(shown))}</ul>
      <details class="ask"><summary>${words.word('end_all')} …</summary><p class="small">${words.word('sure')}</p>
        <form method="post" action="${ACCESS_PATH}/tokens/end"><button class="second">${words.word('end_all')}</button></form></details>`
    }
  </section>`
}

const accountsCard = ({
  language,
  words,
  accounts,
}: AccessShown): Html => html`<section class="card" aria-labelledby="accounts">
    <h2 id="accounts"><a href="/workspace/service-accounts">${words.word('accounts')}</a> (${accounts.length})</h2>
    ${
      accounts.length === 0
        ? html`<p>${words.word('no_accounts')}</p>`
        : html`<ul class="rows">${accounts.map(
            ({ _id, name, scopes, disabled }) => html`<li>
      <span class="main"><a href="/workspace/service-accounts/${_id}">${words.isolate(name)}</a>
        <span class="sub">${rightsList(scopes, language)}</span></span>
      <span class="end">${disabled ? words.word('disabled') : ''}</span></li>`,
          )}</ul>`
    }
  </section>`

const appRow =
  ({ language, words }: AccessShown) =>
  ({ grant, holder }: AccessShown['grants'][number]): Html => {
    const { _id, client_id, client_name: app, scopes, created_at, last_used_at } = grant
    const used = last_used_at
      ? words.say('last_used_at', { when: minute(last_used_at, language) })
      : words.word('not_used')
    return html`<li><span class="main">${words.say('of', { name: app, holder })}
        <span class="sub">${words.say('app_line', { day: day(created_at, language), used })}</span>
        <span class="sub">${rightsList(scopes, language)}</span></span>
      <span class="end">
        <form method="post" action="${ACCESS_PATH}/connections/${_id}/end">
          <button class="plain" aria-label="${words.say('disconnect_app', { app, holder })}">${words.word('disconnect')}</button></form>
        <form method="post" action="${ACCESS_PATH}/clients/block"><input type="hidden" name="client_id" value="${client_id}">
          <button class="plain" aria-label="${words.say('block_app', { app, holder })}">${words.word('block')}</button></form>
      </span></li>`
  }

const appsCard = (shown: AccessShown): Html => {
  const { words, grants } = shown
  return html`<section class="card" aria-labelledby="apps">
    <h2 id="apps">${words.word('apps')} (${grants.length})</h2>
    <p class="small">${words.word('apps_lead')}</p>
    ${
      grants.length === 0
        ? html`<p>${words.word('no_apps')}</p>`
        : html`<ul class="rows">${grants.map(appRow(shown))}</ul>`
    }
  </section>`
}

const blockedCard = ({ language, words, blocked }: AccessShown): Html | '' =>
  blocked.length === 0
    ? ''
    : html`<section class="card" aria-labelledby="blocked">
    <h2 id="blocked">${words.word('blocked')}</h2>
    <ul class="rows">${blocked.map(
      ({ client_id, name: app, at, by }) => html`<li>
      <span class="main">${words.isolate(app)}
        <span class="sub">${words.say('blocked_line', { name: memberName(by.name, language), day: day(at, language) })}</span>
        <span class="sub"><bdi>${client_id}</bdi></span></span>
      <form class="end" method="post" action="${ACCESS_PATH}/clients/unblock"><input type="hidden" name="client_id" value="${client_id}">
        <button class="plain" aria-label="${words.say('unblock_app', { app })}">${words.word('unblock')}</button></form></li>`,
    )}</ul>
  </section>`

/** The page's body. */
export const accessView = (shown: AccessShown): Html => {
  const { words, tokens, grants } = shown
  const isCut = Math.max(tokens.length, grants.length) >= SHOWN
  return html`<h1>${words.word('title')}</h1>
    <p class="lead">${words.word('lead')} <a href="/workspace">${words.word('back')}</a></p>
    ${isCut ? html`<p class="note">${words.say('newest', { count: String(SHOWN) })}</p>` : ''}
    ${policyCard(shown)} ${tokensCard(shown)} ${accountsCard(shown)} ${appsCard(shown)} ${blockedCard(shown)}`
}
