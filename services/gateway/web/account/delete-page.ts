// The page on which a person deletes their account: what is erased, what stays and why, and what keeps them from it.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { type Deleted, deleteAccount, type Standing, standingsOf } from '../../accounts/account-deletion.ts'
import { isConfirmed, normalizeEmail } from '../../accounts/person-rules.ts'
import { endSession, type SignedIn } from '../../accounts/sessions.ts'
import { audited, byOf } from '../../audit/audit.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { fieldFault } from '../../translated-errors.ts'
import { signedInOnly } from '../flow.ts'
import { type Ctx, type Html, messagePage, type Page, send } from '../layout.ts'
import { DELETE_ACCOUNT } from '../messages/delete-account.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, input } from '../posted-forms.ts'
import { afterProof } from './re-authenticate.ts'

const PATH = '/account/delete'
/** How an account is deleted from here, as events say it. */
const CLIENT = 'Loops in the browser'

type Shown = Readonly<{
  signedIn: SignedIn
  standings: readonly Standing[]
  audit_days: number
  fault: Fault | undefined
  language: Language
  words: Words<(typeof DELETE_ACCOUNT)['en']>
}>

const of = ({ standings }: Shown, which: Standing['fate']): readonly Standing[] =>
  standings.filter(({ fate }) => fate === which)

const erasedAndKept = ({ words, audit_days, signedIn }: Shown): Html => html`
    <section class="card" aria-labelledby="erased-title">
      <h2 id="erased-title">${words.word('erased')}</h2>
      <ul>
        <li>${words.word('erased_account')}</li>
        <li>${words.word('erased_access')}</li>
        <li>${words.word('erased_mails')}</li>
      </ul>
    </section>
    <section class="card" aria-labelledby="stays-title">
      <h2 id="stays-title">${words.word('stays')}</h2>
      <ul>
        <li>${words.word('stays_work')}</li>
        <li>${words.plural('stays_audit', audit_days)}</li>
        <li>${words.word('stays_events')}</li>
        <li>${words.word('stays_sent')}</li>
        <li>${words.word('stays_backups')}</li>
      </ul>
      ${isConfirmed(signedIn.person) ? html`<p class="small">${words.word('last_mail')}</p>` : ''}
      <p><a href="/account/export.json" download>${words.word('download')}</a></p>
    </section>`

const blockedBy = (shown: Shown, { workspace, others }: Standing): Html =>
  html`<p>${shown.words.say('blocked_by', { workspace: workspace.name, others: others.join(', ') })}</p>`

const blockedPart = (shown: Shown): Html => {
  const { words } = shown
  const link = html`<a href="/workspace">${words.word('members')}</a>`
  return html`
    <section class="card" aria-labelledby="blocked-title">
      <h2 id="blocked-title">${words.word('blocked')}</h2>
      ${of(shown, 'blocked').map((standing) => blockedBy(shown, standing))}
      <p>${words.pieces('blocked_next', { link })}</p>
    </section>`
}

const alongPart = (shown: Shown): Html | '' => {
  const { words } = shown
  const along = of(shown, 'goes')
  if (along.length === 0) return ''
  return html`
      <p><strong>${words.word('along')}</strong></p>
      <p>${words.word('along_lead')}</p>
      <ul>${along.map(
        ({ workspace }) =>
          html`<li><strong>${words.isolate(workspace.name)}</strong><input type="hidden" name="along" value="${workspace._id}"></li>`,
      )}</ul>
      <p>${words.pieces('along_export', { link: html`<a href="/export">${words.word('export')}</a>` })}</p>`
}

const deletePart = (shown: Shown): Html => {
  const { signedIn, words, fault } = shown
  const email = html`<strong>${signedIn.person.email}</strong>`
  const field = {
    name: 'email',
    label: words.word('your_address'),
    type: 'email',
    autocomplete: 'off',
    max: 254,
  } as const
  return html`
    <section class="card" aria-labelledby="delete-title">
      <h2 id="delete-title">${words.word('title')}</h2>
      <form method="post" action="${PATH}">
        ${alongPart(shown)}
        <p>${words.pieces('confirm', { email })}</p>
        ${input(field, fault)}
        <button class="wide">${words.word('button')}</button>
      </form>
    </section>`
}

const deletePage = (shown: Shown): Page => {
  const { signedIn, language, words, fault } = shown
  return {
    title: words.word('title'),
    language,
    signedIn,
    body: html`<h1>${words.word('title')}</h1>
    <p class="lead">${words.word('lead')}</p>
    ${faultNote(fault, language)}
    ${erasedAndKept(shown)}
    ${of(shown, 'blocked').length > 0 ? blockedPart(shown) : deletePart(shown)}
    <p class="under"><a href="/account">${words.word('back')}</a></p>`,
  }
}

const show = async (c: Ctx, deps: Deps, signedIn: SignedIn, fault?: Fault): Promise<Response> => {
  const language = languageOf(signedIn.person.locale)
  const standings = await standingsOf(deps, signedIn.person)
  const { audit_days } = deps
  const words = wordsOf(DELETE_ACCOUNT, language)
  const page = deletePage({ signedIn, standings, audit_days, fault, language, words })
  return send(c, page, formActionOf(fault))
}

const work = async (c: Ctx, deps: Deps, { person }: SignedIn, form: URLSearchParams): Promise<Deleted> => {
  if (normalizeEmail(form.get('email') ?? '') !== person.email)
    throw fieldFault('email', (words) => words.word('other_address'))
  const agreed = form.getAll('along')
  // The log of a workspace that goes along goes with it.
  const ws = person.memberships
    .map(({ workspace_id }) => workspace_id)
    .filter((workspace_id) => !agreed.includes(workspace_id))
  const entry = { action: 'account.deleted' as const, ws, by: byOf({ person }), address: deps.addressOf(c) }
  return audited(
    deps,
    { ...entry, target: { user_id: person._id } },
    () => deleteAccount(deps, person._id, { client: CLIENT, agreed }),
    ({ went }): Record<string, string> => (went.length === 0 ? {} : { workspaces_deleted: went.join(', ') }),
  )
}

const remove = async (c: Ctx, deps: Deps, signedIn: SignedIn): Promise<Response> => {
  const form = await fieldsOf(c)
  const done = await attempt(() => work(c, deps, signedIn, form))
  if (!done.ok) return show(c, deps, signedIn, done.fault)
  await endSession(c, deps)
  const language = languageOf(signedIn.person.locale)
  const words = wordsOf(DELETE_ACCOUNT, language)
  return send(c, messagePage(language, words.word('deleted'), words.word('deleted_lead')))
}

/** The page, and its form. */
export const deletionRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  routes.get(
    PATH,
    signedInOnly(
      deps,
      afterProof((c, _, signedIn) => show(c, deps, signedIn)),
    ),
  )
  routes.post(PATH, signedInOnly(deps, afterProof(remove)))
}
