// The page on which a person confirms the address of their account, reached by the link of a mail.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { languageOf } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { confirmAddress, personOfConfirmation } from '../../accounts/account-mails.ts'
import { findSignedIn, type SignedIn } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { auditedOfAccount } from '../audited-forms.ts'
import { withWaiting } from '../flow.ts'
import { type Ctx, languageFor, messagePage, type Page, send } from '../layout.ts'
import { ACCOUNT } from '../messages/account.ts'
import { attempt, type Fault, faultNote, formActionOf } from '../posted-forms.ts'

const expired = async (c: Ctx, deps: Deps): Promise<Response> => {
  const language = languageFor(c, await findSignedIn(c, deps))
  const words = wordsOf(ACCOUNT, language)
  const link = html`<a href="/account">${words.word('account_page')}</a>`
  const page = messagePage(language, words.word('link_over'), words.pieces('link_over_next', { link }))
  return send(c, page, { status: 404 })
}

type Confirmed = NonNullable<Awaited<ReturnType<typeof personOfConfirmation>>>

/** Asks for a click, because programs that scan mails open every link. */
const confirmPage = (signedIn: SignedIn, { person, mail }: Confirmed, token: string, fault?: Fault): Page => {
  const language = languageOf(signedIn.person.locale)
  const words = wordsOf(ACCOUNT, language)
  const isNew = mail.kind === 'new_address'
  const title = words.word(isNew ? 'new_address' : 'confirm')
  const isOwn = signedIn.person._id === person._id
  const email = html`<strong>${isOwn ? mail.email : person.email}</strong>`
  const own = html`${words.isolate(signedIn.person.email)}`
  return {
    title,
    language,
    signedIn,
    body: html`<h1>${title}</h1>
    <div class="card">
      ${faultNote(fault, language)}
      ${
        isOwn
          ? html`<form method="post"><p>${isNew ? words.pieces('use_new', { email, own }) : words.pieces('is_yours', { email })}</p>
        <button class="wide">${words.word(isNew ? 'use_new_button' : 'yes')}</button></form>`
          : html`<p>${words.pieces('of_another', { email, own })}</p>
        <form method="post" action="${withWaiting('/sign-out', { confirm: token })}"><button class="plain">${words.word('use_another')}</button></form>`
      }
    </div>`,
  }
}

const show = async (c: Ctx, deps: Deps, token: string, fault?: Fault): Promise<Response> => {
  const found = await personOfConfirmation(deps, token)
  if (!found) return expired(c, deps)
  const signedIn = await findSignedIn(c, deps)
  if (!signedIn) return c.redirect(withWaiting('/sign-in', { confirm: token }), 303)
  return send(c, confirmPage(signedIn, found, token, fault), formActionOf(fault))
}

/** The page that confirms an address. */
export const confirmRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/confirm/:token', (c) => show(c, deps, c.req.param('token')))
  routes.post('/confirm/:token', async (c) => {
    const token = c.req.param('token')
    const signedIn = await findSignedIn(c, deps)
    if (!signedIn) return show(c, deps, token)
    const done = await attempt(() =>
      auditedOfAccount(c, deps, signedIn, 'account.changed', () =>
        confirmAddress(deps, signedIn.person, token),
      ),
    )
    return done.ok ? c.redirect('/account?confirmed', 303) : show(c, deps, token, done.fault)
  })
}
