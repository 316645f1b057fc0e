// The page on which an owner deletes the workspace: what goes, what stays and why, and the form.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { languageOf } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { deletionFault } from '../../accounts/deletion-words.ts'
import { normalizeName } from '../../accounts/person-rules.ts'
import { callerOf } from '../../accounts/sessions.ts'
import { deleteWorkspace } from '../../accounts/workspace-deletion.ts'
import { requireDeleter } from '../../accounts/workspace-deletion-rules.ts'
import { loadWorkspace } from '../../accounts/workspaces.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { afterProof } from '../account/re-authenticate.ts'
import { auditedInWorkspace } from '../audited-forms.ts'
import { WORKSPACE_EXPORT_PATH } from '../import/workspace-export.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { DELETION } from '../messages/workspace-deletion.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, input } from '../posted-forms.ts'
import { membersOnly, type SignedInMember } from './workspace-page.ts'

/** Where a workspace is deleted. */
const DELETION_PATH = '/workspace/delete'

type Shown = Readonly<{
  signedIn: SignedInMember
  workspace: string
  /** Whether no other workspace is left afterwards. */
  is_last: boolean
  typed: string
  fault: Fault | undefined
  words: Words<(typeof DELETION)['en']>
}>

const GOES = ['goes_tasks', 'goes_access', 'goes_calls', 'goes_mails'] as const
const STAYS = ['stays_audit', 'stays_events', 'stays_mails', 'stays_backups', 'stays_people'] as const

const facts = (words: Shown['words']): Html => html`<section class="card" aria-labelledby="goes">
      <h2 id="goes">${words.word('goes')}</h2>
      <ul>${GOES.map((one) => html`<li>${words.word(one)}</li>`)}</ul>
      <h2>${words.word('stays')}</h2>
      <ul>${STAYS.map((one) => html`<li>${words.word(one)}</li>`)}</ul>
    </section>`

const form = ({ workspace, typed, fault, is_last, words, signedIn }: Shown): Html => {
  const name = html`<strong>${words.isolate(workspace)}</strong>`
  return html`<section class="card" aria-labelledby="confirm">
      <h2 id="confirm">${words.word('confirm')}</h2>
      ${faultNote(fault, languageOf(signedIn.person.locale))}
      ${is_last ? html`<p class="note">${words.word('last')}</p>` : ''}
      <p>${words.pieces('type_name', { workspace: name })}</p>
      <form method="post" action="${DELETION_PATH}">
        ${input({ name: 'name', label: words.word('name'), value: typed, autocomplete: 'off', max: 200 }, fault)}
        <button class="wide">${words.word('button')}</button>
      </form>
    </section>`
}

const pageOf = (shown: Shown): Page => {
  const { signedIn, workspace, words } = shown
  const link = html`<a href="${WORKSPACE_EXPORT_PATH}">${words.word('export')}</a>`
  return {
    title: words.word('title'),
    language: languageOf(signedIn.person.locale),
    signedIn,
    body: html`<h1>${words.word('title')}</h1>
    <p class="lead">${words.say('lead', { workspace })} <a href="/workspace">${words.word('back')}</a></p>
    <p>${words.pieces('export_first', { link })}</p>
    ${facts(words)} ${form(shown)}`,
  }
}

const show = async (
  c: Ctx,
  deps: Deps,
  signedIn: SignedInMember,
  typed = '',
  fault?: Fault,
): Promise<Response> => {
  requireDeleter(signedIn.membership)
  const { workspace_id } = signedIn.membership
  const { name: workspace } = await loadWorkspace(deps, workspace_id)
  const is_last = !(await deps.store.workspaces.hasOthers(workspace_id))
  const words = wordsOf(DELETION, languageOf(signedIn.person.locale))
  const page = pageOf({ signedIn, workspace, is_last, typed, fault, words })
  return send(c, page, formActionOf(fault))
}

const remove = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const caller = callerOf(signedIn.person, signedIn.membership)
  const typed = (await fieldsOf(c)).get('name') ?? ''
  const { name } = await loadWorkspace(deps, caller.workspace_id)
  const asked = { action: 'workspace.deleted' as const, target: { workspace_id: caller.workspace_id, name } }
  const work = async () => {
    requireDeleter(caller)
    if (normalizeName(typed) !== normalizeName(name))
      throw deletionFault('name', (words) => words.word('wrong_name'))
    return deleteWorkspace(deps, caller)
  }
  const done = await attempt(() => auditedInWorkspace(c, deps, signedIn, asked, work))
  // To the person's next workspace, or to the page that says that there is none.
  return done.ok ? c.redirect('/', 303) : show(c, deps, signedIn, typed, done.fault)
}

/** The page and its form. */
export const workspaceDeletionRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const inside = membersOnly(deps)
  routes.get(
    DELETION_PATH,
    inside((c, _, signedIn) => show(c, deps, signedIn)),
  )
  routes.post(DELETION_PATH, inside(afterProof(remove)))
}
