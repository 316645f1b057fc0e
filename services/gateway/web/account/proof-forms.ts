// The forms by which somebody proves who they are: a passkey, a code, a password. Pages put them together.
import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Html } from '../layout.ts'
import { PROOF } from '../messages/proof.ts'
import { type Fault, input } from '../posted-forms.ts'

/** What a form asks a browser for a passkey by. @see passkeyToMake, passkeyToAsk */
export type PasskeyForm = Readonly<{
  action: string
  /** The options, as JSON. */
  options: string
  kind: 'make' | 'ask'
  button: string
  /** Further fields of the form. */
  fields?: Html | ''
}>

/** A form whose button asks for a passkey. It needs the script of the page (Page.passkeys), and says so where it does not run. */
export const passkeyForm = (
  language: Language,
  { action, options, kind, button, fields }: PasskeyForm,
): Html => {
  const words = wordsOf(PROOF, language)
  return html`<form class="field" method="post" action="${action}" data-passkey="${options}" data-passkey-kind="${kind}">
      <noscript><p class="note warn">${words.word('needs_script')}</p></noscript>
      <p class="note bad" role="alert" data-passkey-failed hidden>${words.word('failed')}</p>
      ${fields ?? ''}<input type="hidden" name="credential" value="">
      <button class="wide" data-passkey-button hidden>${button}</button>
    </form>`
}

/** The input of a code. */
export const codeInput = (language: Language, fault: Fault | undefined, label?: string): Html => {
  const words = wordsOf(PROOF, language)
  return input(
    {
      name: 'code',
      label: label ?? words.word('code'),
      autocomplete: 'one-time-code',
      max: 40,
      ...(label === undefined ? { hint: words.word('code_hint') } : {}),
    },
    fault,
  )
}
