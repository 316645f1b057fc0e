// The page of the browsers in which a person is signed in.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Session } from '../../accounts/account-store.ts'
import type { Device } from '../../accounts/device-rules.ts'
import { readingOf } from '../../accounts/person-rules.ts'
import { endOtherSessions, endSessionOf, liveSessions } from '../../accounts/session-list.ts'
import type { SignedIn } from '../../accounts/sessions.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { auditedOfAccount } from '../audited-forms.ts'
import { signedInOnly } from '../flow.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { SESSIONS } from '../messages/sessions.ts'
import { moment, type Reading } from '../moments.ts'
import { fieldsOf } from '../posted-forms.ts'

const DAY_MS = 24 * 60 * 60_000

type SessionWords = Words<(typeof SESSIONS)['en']>

type Shown = Readonly<{
  signedIn: SignedIn
  sessions: readonly Session[]
  limits: Deps['session_limits']
  done: 'ended' | 'others_ended' | undefined
  now: Date
  reading: Reading
  language: Language
  words: SessionWords
}>

const nameOf = (device: Device | undefined, words: SessionWords): string => {
  const { browser = null, system = null } = device ?? {}
  if (browser !== null && system !== null) return words.say('named', { browser, system })
  return browser ?? system ?? words.word('unknown')
}

const line = ({ words, now, reading }: Shown, { created_at, used_at, address }: Session): Html => {
  const since = words.pieces('since', { when: moment(created_at, now, reading) })
  const used = used_at ? words.pieces('used', { when: moment(used_at, now, reading) }) : ''
  const place = address === undefined ? '' : words.pieces('place', { address: html`<bdi>${address}</bdi>` })
  return html`<p class="small">${place} ${used} ${since}</p>`
}

const row = (shown: Shown, session: Session): Html => {
  const { signedIn, words } = shown
  const name = nameOf(session.device, words)
  const own = session._id === signedIn.session._id
  return html`<li class="card app">
      <div><h2>${words.isolate(name)}</h2>
        ${own ? html`<p><strong>${words.word('this_one')}</strong></p>` : ''}
        ${line(shown, session)}
      </div>
      ${
        own
          ? ''
          : html`<form method="post" action="/account/sessions/end">
        <input type="hidden" name="session" value="${session._id}">
        <button class="second" aria-label="${words.say('end_named', { device: name })}">${words.word('end')}</button>
      </form>`
      }</li>`
}

const sessionsPage = (shown: Shown): Page => {
  const { signedIn, sessions, limits, done, language, words } = shown
  const others = sessions.some(({ _id }) => _id !== signedIn.session._id)
  return {
    title: words.word('title'),
    language,
    signedIn,
    wide: true,
    body: html`<h1>${words.word('title')}</h1>
    <p class="lead">${words.word('lead')}</p>
    ${done ? html`<p class="note" role="status">${words.word(done)}</p>` : ''}
    <ul class="apps">${sessions.map((session) => row(shown, session))}</ul>
    ${
      others
        ? html`<form class="card" method="post" action="/account/sessions/end-others"><button class="second">${words.word('end_others')}</button></form>`
        : html`<p>${words.word('only')}</p>`
    }
    <p class="small">${words.plural('idle', limits.idle_ms / DAY_MS)} ${words.plural('lasts', limits.lasts_ms / DAY_MS)} <a href="/account">${words.word('back')}</a></p>`,
  }
}

const doneOf = (c: Ctx): Shown['done'] => {
  if (c.req.query('ended') !== undefined) return 'ended'
  return c.req.query('others') === undefined ? undefined : 'others_ended'
}

const show = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const { person, membership } = signedIn
  const workspace = membership ? await deps.store.workspaces.find(membership.workspace_id) : null
  const language = languageOf(person.locale)
  return send(
    c,
    sessionsPage({
      signedIn,
      sessions: await liveSessions(deps, person),
      limits: deps.session_limits,
      done: doneOf(c),
      now: deps.clock.now(),
      reading: readingOf(person, workspace),
      language,
      words: wordsOf(SESSIONS, language),
    }),
  )
}

const endOne = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const id = (await fieldsOf(c)).get('session') ?? ''
  const end = () => endSessionOf(deps, signedIn.person._id, id)
  await auditedOfAccount(c, deps, signedIn, 'session.ended', end)
  return c.redirect('/account/sessions?ended', 303)
}

const endOthers = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const { person, session } = signedIn
  const end = () => endOtherSessions(deps, person._id, session._id)
  await auditedOfAccount(c, deps, signedIn, 'sessions.ended', end)
  return c.redirect('/account/sessions?others', 303)
}

/** The page of a person's signed-in browsers, and its forms. */
export const sessionRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get('/account/sessions', signedInOnly(deps, show))
  routes.post('/account/sessions/end', signedInOnly(deps, endOne))
  routes.post('/account/sessions/end-others', signedInOnly(deps, endOthers))
}
