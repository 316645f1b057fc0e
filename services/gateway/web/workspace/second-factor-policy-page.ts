// The page on which an owner requires a second factor of the workspace's members, and sees who has one.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { LIMITS } from '../../../../shared/contracts/define/common.ts'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { factorFault } from '../../accounts/factor-rules.ts'
import type { Person } from '../../accounts/person-rules.ts'
import { hasSecondFactor } from '../../accounts/session-rules.ts'
import { callerOf } from '../../accounts/sessions.ts'
import { loadWorkspace, saveWorkspace } from '../../accounts/workspaces.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { afterProof } from '../account/re-authenticate.ts'
import { auditedInWorkspace } from '../audited-forms.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { FACTOR_POLICY } from '../messages/factor-policy.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf } from '../posted-forms.ts'
import { membersOnly, type SignedInMember } from './workspace-page.ts'

const FACTOR_POLICY_PATH = '/workspace/second-factor'

type Shown = Readonly<{
  signedIn: SignedInMember
  language: Language
  isRequired: boolean
  members: readonly Person[]
  total: number
  /** Members who have one. */
  have: ReadonlySet<string>
  fault: Fault | undefined
}>

const policyForm = ({ language, isRequired, fault }: Shown): Html => {
  const words = wordsOf(FACTOR_POLICY, language)
  return html`<section class="card" aria-labelledby="policy">
    <h2 id="policy">${words.word(isRequired ? 'is_required' : 'is_not_required')}</h2>
    ${faultNote(fault, language)}
    <p>${words.word('lead')}</p>
    <p class="small">${words.word('connections')}</p>
    <form method="post" action="${FACTOR_POLICY_PATH}">
      <input type="hidden" name="require" value="${isRequired ? 'no' : 'yes'}">
      <button class="${isRequired ? 'second wide' : 'wide'}">${words.word(isRequired ? 'stop' : 'require')}</button>
    </form>
  </section>`
}

const policyPage = (shown: Shown): Page => {
  const { signedIn, language, members, have, total } = shown
  const words = wordsOf(FACTOR_POLICY, language)
  return {
    title: words.word('title'),
    language,
    signedIn,
    body: html`<h1>${words.word('title')}</h1>
    <p class="lead"><a href="/workspace">${words.word('back')}</a></p>
    ${policyForm(shown)}
    <section class="card" aria-labelledby="who"><h2 id="who">${words.word('who')}</h2>
      <ul class="rows">${members.map(
        ({
          _id,
          name,
        }) => html`<li><a class="main" href="/workspace/members/${_id}">${words.isolate(name)}</a>
        <span class="end">${words.word(have.has(_id) ? 'has' : 'has_not')}</span></li>`,
      )}</ul>
      ${total > members.length ? html`<p class="small">${words.plural('first', members.length)}</p>` : ''}
    </section>`,
  }
}

const show = async (c: Ctx, deps: Deps, signedIn: SignedInMember, fault?: Fault): Promise<Response> => {
  if (signedIn.membership.role !== 'owner') throw factorFault('forbidden', 'only_owner_requires')
  const { workspace_id } = signedIn.membership
  const members = await deps.store.people.members(workspace_id, { limit: LIMITS.page })
  const page = policyPage({
    signedIn,
    language: languageOf(signedIn.person.locale),
    isRequired: (await loadWorkspace(deps, workspace_id)).require_second_factor === true,
    members,
    total: await deps.store.people.countMembers(workspace_id),
    have: await deps.store.factors.have(members.map(({ _id }) => _id)),
    fault,
  })
  return send(c, page, formActionOf(fault))
}

const change = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const require_second_factor = (await fieldsOf(c)).get('require') === 'yes'
  const asked = { action: 'workspace.setting_changed' as const, target: { fields: 'second_factor' } }
  const save = async () => {
    // Or they would be the first to be kept out.
    if (require_second_factor && !hasSecondFactor(signedIn.session))
      throw factorFault('invalid_transition', 'add_own_first')
    return saveWorkspace(deps, callerOf(signedIn.person, signedIn.membership), { require_second_factor })
  }
  const done = await attempt(() => auditedInWorkspace(c, deps, signedIn, asked, save))
  return done.ok ? c.redirect(FACTOR_POLICY_PATH, 303) : show(c, deps, signedIn, done.fault)
}

/** The page and its form. */
export const factorPolicyRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const inside = membersOnly(deps)
  routes.get(
    FACTOR_POLICY_PATH,
    inside((c, _, signedIn) => show(c, deps, signedIn)),
  )
  routes.post(FACTOR_POLICY_PATH, inside(afterProof(change)))
}
