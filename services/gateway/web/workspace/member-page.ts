// The page of one member of a workspace: their role, and removing them or leaving.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { roleList, roleWord } from '../../../../shared/contracts/define/access-words.ts'
import { ROLES, type Role } from '../../../../shared/contracts/define/contract.ts'
import { notFound } from '../../../../shared/contracts/define/errors.ts'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { changeMember } from '../../accounts/members.ts'
import { type Membership, membershipIn, type Person } from '../../accounts/person-rules.ts'
import { rolesToGive } from '../../accounts/role-rules.ts'
import { callerOf } from '../../accounts/sessions.ts'
import { manages } from '../../accounts/workspace-rules.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { translatedError } from '../../translated-errors.ts'
import { requireRecent } from '../account/re-authenticate.ts'
import { auditedInWorkspace } from '../audited-forms.ts'
import { activityPath } from '../board/activity-filter-rules.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { MEMBER } from '../messages/member.ts'
import { day } from '../moments.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf } from '../posted-forms.ts'
import { membersOnly, type SignedInMember } from './workspace-page.ts'

type Shown = Readonly<{
  signedIn: SignedInMember
  person: Person
  membership: Membership
  workspace: string
  /** Whether they have a second factor. */
  has_factor: boolean
  fault: Fault | undefined
  language: Language
  words: Words<(typeof MEMBER)['en']>
}>

const isSelf = ({ signedIn, person }: Pick<Shown, 'signedIn' | 'person'>): boolean =>
  signedIn.person._id === person._id

/** The roles that the signed-in person may give this member; none where they may not change them. */
const choices = ({ signedIn, membership }: Pick<Shown, 'signedIn' | 'membership'>): readonly Role[] => {
  const given = rolesToGive(signedIn.membership.role)
  return given.includes(membership.role) ? given : []
}

const roleForm = (shown: Shown): Html | '' => {
  const { person, membership, language, words } = shown
  const roles = choices(shown)
  if (roles.length === 0) return ''
  return html`<section class="card" aria-labelledby="role-title">
    <h2 id="role-title">${words.word('role')}</h2>
    <form method="post" action="/workspace/members/${person._id}/role">
      <fieldset><legend>${isSelf(shown) ? words.word('may_you') : words.say('may_name', { name: person.name })}</legend>
        ${roles.map(
          (
            role,
          ) => html`<label class="check"><input type="radio" name="role" value="${role}" ${role === membership.role ? 'checked' : ''}>
          <span><strong>${roleWord(role, language)}</strong> <span class="small">${words.word(role)}</span></span></label>`,
        )}
      </fieldset>
      <p class="small">${words.word('lower')}</p>
      <button>${words.word('change')}</button>
    </form>
  </section>`
}

const ending = (shown: Shown): Html | '' => {
  const { person, workspace, words } = shown
  const self = isSelf(shown)
  if (!self && choices(shown).length === 0) return ''
  return html`<section class="card" aria-labelledby="end-title">
    <h2 id="end-title">${words.word(self ? 'leave' : 'remove')}</h2>
    <p>${words.word(self ? 'leave_lead' : 'remove_lead')}</p>
    <form method="post" action="/workspace/members/${person._id}/end">
      <button class="second">${self ? words.say('leave_button', { workspace }) : words.say('remove_button', { name: person.name })}</button>
    </form>
  </section>`
}

const memberPage = (shown: Shown): Page => {
  const { signedIn, person, membership, workspace, fault, language, words } = shown
  return {
    title: person.name,
    language,
    signedIn,
    body: html`<h1>${words.isolate(person.name)}</h1>
    <p class="lead">${words.say('in_workspace', { workspace })} <a href="/workspace">${words.word('back')}</a> · <a href="${activityPath({ person: person._id })}">${words.word('what_they_did')}</a></p>
    ${faultNote(fault, language)}
    <div class="card">
      <dl class="facts">
        <dt>${words.word('email')}</dt><dd>${words.isolate(person.email)}</dd>
        <dt>${words.word('role')}</dt><dd>${roleWord(membership.role, language)}</dd>
        <dt>${words.word('second_factor')}</dt><dd>${words.word(shown.has_factor ? 'has_factor' : 'has_no_factor')}</dd>
        <dt>${words.word('since')}</dt><dd>${day(membership.joined_at, language)}</dd>
        ${person.deactivated_at ? html`<dt>${words.word('deactivated')}</dt><dd>${day(person.deactivated_at, language)}</dd>` : ''}
      </dl>
    </div>
    ${roleForm(shown)} ${ending(shown)}`,
  }
}

const show = async (c: Ctx, deps: Deps, signedIn: SignedInMember, fault?: Fault): Promise<Response> => {
  const id = c.req.param('id') ?? ''
  const { workspace_id } = signedIn.membership
  const person = await deps.store.people.byId(id)
  const membership = person ? membershipIn(person, workspace_id) : undefined
  const visible = manages(signedIn.membership.role) || id === signedIn.person._id
  if (!person || !membership || !visible) throw notFound('member', id)
  const workspace =
    (await deps.store.workspaces.find(workspace_id))?.name ?? signedIn.membership.workspace_name
  const has_factor = (await deps.store.factors.have([id])).has(id)
  const language = languageOf(signedIn.person.locale)
  const said = { language, words: wordsOf(MEMBER, language) }
  return send(
    c,
    memberPage({ signedIn, person, membership, workspace, has_factor, fault, ...said }),
    formActionOf(fault),
  )
}

/** Makes the change that a form asks for and goes to `next`, or shows the form again with what was wrong. */
const change = async (
  c: Ctx,
  deps: Deps,
  signedIn: SignedInMember,
  role: Role | null,
  next: string,
): Promise<Response> => {
  const caller = callerOf(signedIn.person, signedIn.membership)
  const id = c.req.param('id') ?? ''
  const ended = id === caller.user_id ? 'member.left' : 'member.removed'
  const action = role === null ? ended : 'member.role_changed'
  const member = await deps.store.people.byId(id)
  const before = member && membershipIn(member, caller.workspace_id)
  if (role === 'owner' || before?.role === 'owner') {
    const asked = await requireRecent(c, deps, signedIn)
    if (asked) return asked
  }
  const target = {
    user_id: id,
    // Only of members: the owner may not know who else has an account.
    ...(member && before ? { name: member.name, role_before: before.role } : {}),
    ...(role === null ? {} : { role }),
  }
  const work = () => changeMember(deps, caller, id, role)
  const done = await attempt(() => auditedInWorkspace(c, deps, signedIn, { action, target }, work))
  return done.ok ? c.redirect(next, 303) : show(c, deps, signedIn, done.fault)
}

const changeRole = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const typed = (await fieldsOf(c)).get('role')
  const role = ROLES.find((one) => one === typed)
  if (!role)
    throw translatedError('invalid_argument', (words, language) =>
      words.say('unknown_role', { roles: roleList(ROLES, language) }),
    )
  return change(c, deps, signedIn, role, `/workspace/members/${c.req.param('id')}`)
}

/** The page of a member, and its forms. */
export const memberRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const inside = membersOnly(deps)
  routes.get('/workspace/members/:id', inside(show))
  routes.post('/workspace/members/:id/role', inside(changeRole))
  routes.post(
    '/workspace/members/:id/end',
    inside((c, _, signedIn) => change(c, deps, signedIn, null, '/workspace')),
  )
}
