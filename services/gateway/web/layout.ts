// The frame of every page, its security headers, and the pieces that pages share. Texts are escaped by `html`.
import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { directionOf, type Language, languageOf } from '../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../shared/contracts/define/wording.ts'
import { localeOf } from '../accounts/person-rules.ts'
import type { SignedIn } from '../accounts/sessions.ts'
import type { GatewayEnv } from '../http/env.ts'
import { assets } from './assets.ts'
import type { Shown } from './done.ts'
import { FRAME } from './messages/frame.ts'
import { navigation, type Place, undoNote } from './navigation.ts'
import { ICON } from './style.ts'

export type Ctx = Context<GatewayEnv>
export type Html = ReturnType<typeof html>

export type Page = Readonly<{
  title: string
  /** The language of the body. */
  language: Language
  body: Html
  signedIn?: SignedIn | undefined
  /** As wide as tables need; otherwise as wide as a form. */
  wide?: boolean
  /** Where the page is in the navigation. */
  place?: Place
  /** A page of the board: as wide as the window, kept up to date by the script. */
  board?: Readonly<{
    /** The address of the stream that tells when to look again. */
    live?: string
    /** What was just done, and how to undo it. */
    done?: Shown | undefined
  }>
  /** It asks for a passkey, which takes a script, also of somebody who is not signed in. */
  passkeys?: boolean
  /** It says only what went wrong: the script keeps the page that a form was sent from, and says it there. */
  fault?: true
}>

const MARK = raw(ICON.replace('stroke="#0b6b5d"', 'stroke="currentColor" aria-hidden="true"'))
/** The check mark before what something may do. */
export const CHECK = raw(
  '<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="m4 10.500 4 4 8-9"/></svg>',
)

/** The language of whoever looks: the one they chose where they are signed in, else that of their browser. */
export const languageFor = (c: Ctx, signedIn?: Pick<SignedIn, 'person'>): Language => {
  if (signedIn) return languageOf(signedIn.person.locale)
  c.header('Vary', 'Accept-Language')
  return languageOf(localeOf(c.req.header('accept-language')))
}

const languageOfFrame = ({ signedIn, language }: Page): Language =>
  signedIn ? languageOf(signedIn.person.locale) : language

const frame = (page: Page, hasScript: boolean): Html => {
  const { title, body, language: own, signedIn, wide, board } = page
  const language = languageOfFrame(page)
  const words = wordsOf(FRAME, language)
  const { style, board_style, morph, script, passkey_script } = assets()
  return html`<!doctype html>
<html lang="${language}" dir="${directionOf(language)}">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · Loops</title>
  <link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
  <link rel="stylesheet" href="${style.path}">
  ${signedIn ? html`<link rel="stylesheet" href="${board_style.path}">` : ''}
  ${hasScript ? html`<script src="${morph.path}" defer></script><script src="${script.path}" type="module"></script>` : ''}
  ${page.passkeys ? html`<script src="${passkey_script.path}" type="module"></script>` : ''}
</head>
<body ${board?.live ? html`data-live="${board.live}"` : ''}>
  <a class="skip" href="#main">${words.word('skip')}</a>
  <header class="top${signedIn ? ' full' : ''}">
    <a class="brand" href="/">${MARK}<span>Loops</span></a>
    ${signedIn ? navigation({ signedIn, place: page.place, words }) : ''}
  </header>
  <main id="main" tabindex="-1" class="${board ? 'board' : wide ? 'wide' : 'narrow'}"
    ${own === language ? '' : html`lang="${own}" dir="${directionOf(own)}"`} ${page.fault ? html`data-fault` : board ? html`data-board` : ''}>
${body}
  </main>
  ${hasScript ? helpers(words) : ''}
  ${board ? html`<div id="done">${board.done ? undoNote(board.done, words) : ''}</div>` : ''}
</body>
</html>
`
}

/** What the script needs on every page: the live region, the list of keys, and its sentences. */
const helpers = (
  words: Words<(typeof FRAME)['en']>,
): Html => html`<p id="announce" class="unseen" aria-live="polite" aria-atomic="true"></p>
  <p id="offline" class="offline" hidden>${words.word('connection_lost')}</p>
  <dialog id="keys" class="keys" aria-labelledby="keys-title">
    <form method="dialog"><h2 id="keys-title">${words.word('keys_title')}</h2>
      <dl id="keys-list" data-next="${words.word('keys_next')}" data-previous="${words.word('keys_previous')}"><dt><kbd>/</kbd></dt><dd>${words.word('keys_search')}</dd><dt><kbd>?</kbd></dt><dd>${words.word('keys_help')}</dd></dl>
      <label class="check"><input type="checkbox" id="keys-on" checked><span>${words.word('keys_on')}
        <span class="hint">${words.word('keys_hint')}</span></span></label>
      <button>${words.word('close')}</button></form>
  </dialog>
  <template id="sentences" data-edited="${words.word('edited_elsewhere')}"></template>`

/** How a page is sent. */
export type Sending = Readonly<{
  status?: ContentfulStatusCode
  /**
   * Where its forms may lead besides this server, through all redirects: a browser silently drops a form's answer when a
   * redirect leaves what `form-action` allows.
   */
  form_action?: readonly string[]
  headers?: Readonly<Record<string, string>>
}>

/** Sends a page: scripts and styles from here only, in nobody's frame, kept by no cache. */
export const send = async (c: Ctx, page: Page, sending: Sending = {}): Promise<Response> => {
  const formAction = ["'self'", ...(sending.form_action ?? [])].join(' ')
  // None where a form leads elsewhere: such a page asks for consent, and nothing may act on it but its reader.
  const hasScript = page.signedIn !== undefined && sending.form_action === undefined
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    ...(hasScript || page.passkeys ? ["script-src 'self'"] : []),
    ...(hasScript ? ["connect-src 'self'"] : []),
    // A page of the board can become one with a frame without being loaded anew.
    ...(page.board ? ["frame-src 'self'"] : []),
    "img-src 'self'",
    `form-action ${formAction}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
  const headers = {
    'Content-Security-Policy': policy,
    'X-Frame-Options': 'DENY',
    'Cache-Control': 'no-store',
    // Not no-referrer: with it, browsers post forms with `Origin: null`, which the check of posted forms refuses.
    'Referrer-Policy': 'same-origin',
    ...sending.headers,
  }
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  return c.html(await frame(page, hasScript), sending.status ?? 200)
}

/** A page with one message. */
export const messagePage = (
  language: Language,
  title: string,
  text: Html | string | readonly (Html | string)[],
  signedIn?: SignedIn,
): Page => ({
  title,
  language,
  signedIn,
  body: html`<div class="card"><h1>${title}</h1><p>${text}</p></div>`,
})
