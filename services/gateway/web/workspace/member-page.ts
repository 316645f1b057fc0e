// The page of one member of a workspace: their role, and removing them or leaving.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { ROLES, type Role } from '../../../../shared/contracts/define/contract.ts'
import { AppError, notFound } from '../../../../shared/contracts/define/errors.ts'
import { changeMember } from '../../accounts/members.ts'
import { type Membership, membershipIn, type Person } from '../../accounts/person-rules.ts'
import { rolesToGive } from '../../accounts/role-rules.ts'
import { callerOf } from '../../accounts/sessions.ts'
import { manages } from '../../accounts/workspace-rules.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { activityPath } from '../board/activity-filter-rules.ts'
import { type Ctx, day, type Html, type Page, send } from '../layout.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf } from '../posted-forms.ts'
import { membersOnly, type SignedInMember } from './workspace-page.ts'

type Shown = Readonly<{
  signedIn: SignedInMember
  person: Person
  membership: Membership
  workspace: string
  fault: Fault | undefined
}>

/** What each role may do. */
const MEANING: Readonly<Record<Role, string>> = {
  owner: 'Sees every private loop, and can add and change owners.',
  admin: 'Invites people, changes all members except owners, and edits the workspace.',
  member: 'Creates and changes tasks and loops.',
  viewer: 'Can view only.',
}

const isSelf = ({ signedIn, person }: Pick<Shown, 'signedIn' | 'person'>): boolean =>
  signedIn.person._id === person._id

/** The roles that the signed-in person may give this member; none where they may not change them. */
const choices = ({ signedIn, membership }: Pick<Shown, 'signedIn' | 'membership'>): readonly Role[] => {
  const given = rolesToGive(signedIn.membership.role)
  return given.includes(membership.role) ? given : []
}

const roleForm = (shown: Shown): Html | '' => {
  const { person, membership } = shown
  const roles = choices(shown)
  if (roles.length === 0) return ''
  return html`<section class="card" aria-labelledby="role-title">
    <h2 id="role-title">Role</h2>
    <form method="post" action="/workspace/members/${person._id}/role">
      <fieldset><legend>What ${isSelf(shown) ? 'you' : person.name} may do here:</legend>
        ${roles.map(
          (
            role,
          ) => html`<label class="check"><input type="radio" name="role" value="${role}" ${role === membership.role ? 'checked' : ''}>
          <span><strong>${role}</strong> <span class="small">${MEANING[role]}</span></span></label>`,
        )}
      </fieldset>
      <p class="small">A lower role takes effect within seconds, for connected apps too.</p>
      <button>Change role</button>
    </form>
  </section>`
}

const ending = (shown: Shown): Html | '' => {
  const { person, workspace } = shown
  const self = isSelf(shown)
  if (!self && choices(shown).length === 0) return ''
  const title = self ? 'Leave workspace' : 'Remove from workspace'
  return html`<section class="card" aria-labelledby="end-title">
    <h2 id="end-title">${title}</h2>
    <p>${
      self
        ? 'You will no longer see this workspace, and your apps lose access to it within seconds. What you wrote stays. You can only come back with a new invitation.'
        : 'They will no longer see this workspace, and their apps lose access to it within seconds. What they wrote stays, and so does their account.'
    }</p>
    <form method="post" action="/workspace/members/${person._id}/end">
      <button class="second">${self ? html`Leave ${workspace}` : html`Remove ${person.name}`}</button>
    </form>
  </section>`
}

const memberPage = (shown: Shown): Page => {
  const { signedIn, person, membership, workspace, fault } = shown
  return {
    title: person.name,
    signedIn,
    body: html`<h1>${person.name}</h1>
    <p class="lead">In ${workspace}. <a href="/workspace">Back to the workspace</a> · <a href="${activityPath({ person: person._id })}">What they did</a></p>
    ${faultNote(fault)}
    <div class="card">
      <dl class="facts">
        <dt>Email</dt><dd>${person.email}</dd>
        <dt>Role</dt><dd>${membership.role}</dd>
        <dt>Member since</dt><dd>${day(membership.joined_at)}</dd>
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
  return send(c, memberPage({ signedIn, person, membership, workspace, fault }), formActionOf(fault))
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
  const done = await attempt(() => changeMember(deps, caller, c.req.param('id') ?? '', role))
  return done.ok ? c.redirect(next, 303) : show(c, deps, signedIn, done.fault)
}

const changeRole = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const typed = (await fieldsOf(c)).get('role')
  const role = ROLES.find((one) => one === typed)
  if (!role) throw new AppError('invalid_argument', `Choose one of the roles: ${ROLES.join(', ')}.`)
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
