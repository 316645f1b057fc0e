// The frame of every page, its security headers, and the pieces that pages share. Texts are escaped by `html`.
import type { Context } from 'hono'
import { html, raw } from 'hono/html'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import type { SignedIn } from '../accounts/sessions.ts'
import type { GatewayEnv } from '../http/env.ts'
import { ICON, STYLE_VERSION } from './style.ts'

export type Ctx = Context<GatewayEnv>
export type Html = ReturnType<typeof html>

export type Page = Readonly<{
  title: string
  body: Html
  signedIn?: SignedIn | undefined
  /** As wide as tables need; otherwise as wide as a form. */
  wide?: boolean
}>

const MARK = raw(ICON.replace('stroke="#0b6b5d"', 'stroke="currentColor" aria-hidden="true"'))
/** The check mark before what something may do. */
export const CHECK = raw(
  '<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="2.2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d="m4 10.500 4 4 8-9"/></svg>',
)

/** A day as pages show it. */
export const day = (at: Date): string => at.toISOString().slice(0, 10)

/** A moment as pages show it. */
export const minute = (at: Date): string => `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`

const who = ({ person }: SignedIn): Html => html`<nav class="who" aria-label="Account">
      <a href="/workspace">Workspace</a>
      <a href="/apps">Apps</a>
      <a href="/account">${person.name}</a>
      <form class="inline" method="post" action="/sign-out"><button class="plain">Sign out</button></form>
    </nav>`

const frame = ({ title, body, signedIn, wide }: Page): Html => html`<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>${title} · Loops</title>
  <link rel="icon" type="image/svg+xml" href="/assets/icon.svg">
  <link rel="stylesheet" href="/assets/style.css?v=${STYLE_VERSION}">
</head>
<body>
  <a class="skip" href="#main">Skip to the content</a>
  <header class="top">
    <a class="brand" href="/">${MARK}<span>Loops</span></a>
    ${signedIn ? who(signedIn) : ''}
  </header>
  <main id="main" class="${wide ? 'wide' : 'narrow'}">
${body}
  </main>
</body>
</html>
`

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

/** Sends a page: no script, no frame, styles from here only, kept by no cache. */
export const send = async (c: Ctx, page: Page, sending: Sending = {}): Promise<Response> => {
  const formAction = ["'self'", ...(sending.form_action ?? [])].join(' ')
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
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
  return c.html(await frame(page), sending.status ?? 200)
}

/** A page with one message. */
export const messagePage = (title: string, text: Html | string, signedIn?: SignedIn): Page => ({
  title,
  signedIn,
  body: html`<div class="card"><h1>${title}</h1><p>${text}</p></div>`,
})
