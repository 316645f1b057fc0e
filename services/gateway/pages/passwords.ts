// The pages at which people change their password.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import type { Deps } from '../deps.ts'
import type { GatewayEnv } from '../http/env.ts'
import { changePassword } from '../people/credentials.ts'
import { PASSWORD_CHARS } from '../people/person.ts'
import { startSession, type Visitor } from '../people/sessions.ts'
import { signedIn } from './flow.ts'
import { type Ctx, type Html, type Page, send } from './layout.ts'
import { attempt, type Fault, faultNote, fieldsOf, input, sendingOf } from './posted.ts'

/** The input of a new password. */
export const newPassword = (fault: Fault | undefined, label = 'Password'): Html =>
  input(
    {
      name: 'password',
      label,
      type: 'password',
      autocomplete: 'new-password',
      hint: `At least ${PASSWORD_CHARS.min} characters. A few words in a row are easy to keep in mind.`,
      min: PASSWORD_CHARS.min,
      max: PASSWORD_CHARS.max,
    },
    fault,
  )

const accountPage = (visitor: Visitor, shown: Readonly<{ changed: boolean; fault?: Fault }>): Page => {
  const { person } = visitor
  const { changed, fault } = shown
  return {
    title: 'Your account',
    visitor,
    body: html`<h1>Your account</h1>
    ${
      changed
        ? html`<p class="note" role="status">Your password is changed. All other browsers are signed out and all apps are disconnected.</p>`
        : ''
    }
    <div class="card">
      <dl class="facts">
        <dt>Name</dt><dd>${person.name}</dd>
        <dt>Email</dt><dd>${person.email}</dd>
      </dl>
      <p><a href="/apps">Connected apps</a></p>
    </div>
    <section class="card" aria-labelledby="password-title">
      <h2 id="password-title">Change the password</h2>
      <p class="small">It signs you out of all other browsers and disconnects all apps.</p>
      <form method="post" action="/account/password">
        ${faultNote(fault)}
        <input type="hidden" name="username" autocomplete="username" value="${person.email}">
        ${input(
          { name: 'current', label: 'Present password', type: 'password', autocomplete: 'current-password' },
          fault,
        )}
        ${newPassword(fault, 'New password')}
        <button class="wide">Change it</button>
      </form>
    </section>`,
  }
}

const change = async (c: Ctx, deps: Deps, visitor: Visitor): Promise<Response> => {
  const form = await fieldsOf(c)
  const typed = { current: form.get('current') ?? '', password: form.get('password') ?? '' }
  const done = await attempt(() => changePassword(deps, visitor.person, typed))
  if (!done.ok) {
    const { fault } = done
    return send(c, accountPage(visitor, { changed: false, fault }), sendingOf(fault))
  }
  const session = await startSession(c, deps, done.value)
  if (visitor.membership) await deps.store.sessions.show(session._id, visitor.membership.workspace_id)
  return c.redirect('/account?changed', 303)
}

/** The account's page and the form for a new password. */
export const passwordRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get(
    '/account',
    signedIn(deps, (c, _, visitor) =>
      send(c, accountPage(visitor, { changed: c.req.query('changed') !== undefined })),
    ),
  )
  routes.post('/account/password', signedIn(deps, change))
}
