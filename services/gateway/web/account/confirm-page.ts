// The page on which a person confirms the address of their account, reached by the link of a mail.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { confirmAddress, personOfConfirmation } from '../../accounts/account-mails.ts'
import type { Person } from '../../accounts/person-rules.ts'
import { findSignedIn, type SignedIn } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { withWaiting } from '../flow.ts'
import { type Ctx, messagePage, type Page, send } from '../layout.ts'
import { attempt, type Fault, faultNote, formActionOf } from '../posted-forms.ts'

const expiredPage = messagePage(
  'This link has expired',
  html`It has been used, or too much time has passed. Your <a href="/account">account page</a> shows whether your address is confirmed, and can send a new link.`,
)

/** Asks for a click, because programs that scan mails open every link. */
const confirmPage = (signedIn: SignedIn, person: Person, token: string, fault?: Fault): Page => {
  const title = 'Confirm your address'
  const isOwn = signedIn.person._id === person._id
  return {
    title,
    signedIn,
    body: html`<h1>${title}</h1>
    <div class="card">
      ${faultNote(fault)}
      ${
        isOwn
          ? html`<form method="post"><p>Is <strong>${person.email}</strong> your address?</p>
        <button class="wide">Yes, it is mine</button></form>`
          : html`<p>This link is for the account of <strong>${person.email}</strong>; you are signed in as ${signedIn.person.email}.</p>
        <form method="post" action="${withWaiting('/sign-out', { confirm: token })}"><button class="plain">Use another account</button></form>`
      }
    </div>`,
  }
}

const show = async (c: Ctx, deps: Deps, token: string, fault?: Fault): Promise<Response> => {
  const person = await personOfConfirmation(deps, token)
  if (!person) return send(c, expiredPage, { status: 404 })
  const signedIn = await findSignedIn(c, deps)
  if (!signedIn) return c.redirect(withWaiting('/sign-in', { confirm: token }), 303)
  return send(c, confirmPage(signedIn, person, token, fault), formActionOf(fault))
}

/** The page that confirms an address. */
export const confirmRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/confirm/:token', (c) => show(c, deps, c.req.param('token')))
  routes.post('/confirm/:token', async (c) => {
    const token = c.req.param('token')
    const signedIn = await findSignedIn(c, deps)
    if (!signedIn) return show(c, deps, token)
    const done = await attempt(() => confirmAddress(deps, signedIn.person, token))
    return done.ok ? c.redirect('/account?confirmed', 303) : show(c, deps, token, done.fault)
  })
}
