// The parts of the pages of service accounts about how one proves who it is: with a secret, or with keys of its own. Pure.
import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import type { Words } from '../../../../shared/contracts/define/wording.ts'
import type { ServiceAccount } from '../../accounts/service-account-rules.ts'
import type { KeysTyped, ServiceKeys } from '../../accounts/service-key-rules.ts'
import type { Html } from '../layout.ts'
import type { SERVICE_ACCOUNTS } from '../messages/service-accounts.ts'
import { day, minute } from '../moments.ts'
import { type Fault, faultNote } from '../posted-forms.ts'

type AccountWords = Words<(typeof SERVICE_ACCOUNTS)['en']>

/** What a form says of keys. */
export const keysTyped = (form: URLSearchParams): KeysTyped => ({
  jwks: form.get('jwks') ?? '',
  jwks_uri: form.get('jwks_uri') ?? '',
})

/** Whether a fault is about the keys that were entered. */
export const isOfKeys = (fault: Fault | undefined): boolean =>
  fault?.field === 'jwks' || fault?.field === 'jwks_uri'

const wrongness = (fault: Fault | undefined, name: string): Html | '' =>
  fault?.field === name ? html`aria-invalid="true" autofocus` : ''

/** The two fields for keys, of which one is filled. */
export const keyInputs = (
  words: AccountWords,
  typed: KeysTyped | undefined,
  fault: Fault | undefined,
): Html => html`<div class="field"><label for="jwks">${words.word('jwks')}</label>
      <textarea class="short" id="jwks" name="jwks" dir="ltr" spellcheck="false" ${wrongness(fault, 'jwks')} aria-describedby="jwks-hint">
${typed?.jwks ?? ''}</textarea>
      <p class="hint" id="jwks-hint">${words.word('jwks_hint')}</p></div>
    <div class="field"><label for="jwks_uri">${words.word('jwks_uri')}</label>
      <input id="jwks_uri" name="jwks_uri" type="url" dir="ltr" value="${typed?.jwks_uri ?? ''}" autocomplete="off" maxlength="1000" ${wrongness(fault, 'jwks_uri')} aria-describedby="jwks_uri-hint">
      <p class="hint" id="jwks_uri-hint">${words.word('jwks_uri_hint')}</p></div>`

/** What an account has: its keys in short, or since when its secret. */
const present = (
  words: AccountWords,
  language: Language,
  { keys, secret_made_at, old_secret }: ServiceAccount,
  now: Date,
): Html => {
  const since = html`${words.isolate(day(secret_made_at, language))}`
  const grant = html`<code>${'client_credentials'}</code>`
  if (keys) return html`<p class="small">${proof(words, keys)}</p>`
  const until = old_secret && old_secret.until > now ? old_secret.until : undefined
  return html`<p class="small">${words.pieces('secret_lead', { grant, day: since })}</p>
    ${until ? html`<p class="note warn">${words.say('old_until', { when: minute(until, language) })}</p>` : ''}`
}

const proof = (words: AccountWords, keys: ServiceKeys): Html => {
  const method = html`<code>${'private_key_jwt'}</code>`
  return keys.kind === 'jwks'
    ? html`${words.pieces('has_keys', { method, count: html`${String(keys.keys.length)}` })}`
    : html`${words.pieces('has_keys_at', { method, url: html`<code>${keys.url}</code>` })}`
}

const secretForm = (words: AccountWords, { _id, keys }: ServiceAccount, path: string): Html =>
  keys
    ? html`<form method="post" action="${path}/${_id}/secret">
      <button class="second">${words.word('make_secret_instead')}</button>
    </form>
    <p class="hint">${words.word('keys_end')}</p>`
    : html`<form method="post" action="${path}/${_id}/secret" class="buttons">
      <button class="second" name="before" value="overlaps">${words.word('make_secret_beside')}</button>
      <button class="second" name="before" value="ends">${words.word('make_secret')}</button>
    </form>
    <p class="hint">${words.word('secret_hint')}</p>`

/** The card of an account's id and proof, with the forms that replace it. @param path before the account's id. */
export const credentials = (
  words: AccountWords,
  language: Language,
  account: ServiceAccount,
  given: Readonly<{ path: string; now: Date; typed?: KeysTyped | undefined; fault?: Fault | undefined }>,
): Html => {
  const { _id, keys } = account
  const fault = isOfKeys(given.fault) ? given.fault : undefined
  return html`<section class="card" aria-labelledby="secret">
    <h2 id="secret">${words.word(keys ? 'own_keys' : 'client_secret')}</h2>
    ${present(words, language, account, given.now)}
    <p class="small">${words.word('client_id')}</p>
    <code class="code" data-client-id="${_id}">${_id}</code>
    ${secretForm(words, account, given.path)}
    <details class="ask" ${fault ? 'open' : ''}><summary>${words.word(keys ? 'other_keys' : 'keys_instead')}</summary>
      <form method="post" action="${given.path}/${_id}/keys">
        ${faultNote(fault, language)}
        <p class="small">${words.word('keys_lead')}</p>
        ${keyInputs(words, given.typed, fault)}
        <button class="second">${words.word('use_keys')}</button>
        <p class="hint">${words.word('keys_end')}</p>
      </form></details>
  </section>`
}
