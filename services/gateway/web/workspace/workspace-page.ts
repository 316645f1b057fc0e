// The page of a workspace: connecting agents, its members, invitations and settings.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { startBudget } from '../../../../shared/bus/headers.ts'
import { LIMITS } from '../../../../shared/contracts/define/common.ts'
import type { Call } from '../../../../shared/contracts/define/contract.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import type { LoopRow } from '../../../../shared/contracts/loops-queue/shapes.ts'
import { membershipIn, type Person } from '../../accounts/person-rules.ts'
import { callerOf, findSignedIn, type SignedIn } from '../../accounts/sessions.ts'
import {
  INVITED_ROLES,
  type Invitation,
  isOpen,
  manages,
  type Workspace,
} from '../../accounts/workspace-rules.ts'
import { invite, loadWorkspace, saveWorkspace, withdraw } from '../../accounts/workspaces.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { resourceOf } from '../../oauth/grant-rules.ts'
import { askToSignIn } from '../account/sign-in-page.ts'
import { activityPath } from '../board/activity-filter-rules.ts'
import { type Ctx, type Html, messagePage, type Page, send } from '../layout.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf, input } from '../posted-forms.ts'
import {
  CLAIM_LIMITS_PATH,
  claimLimitsForm,
  type LimitsTyped,
  limitsTyped,
  saveLimits,
} from './claim-limits-form.ts'
import { type PanelLink, panelsFor } from './panel-view.ts'

/** How long a page waits for the services behind it (ms). */
const PAGE_BUDGET_MS = 4_000
/** Most bytes of the form with `ai_context`: when posted, each byte may take three characters. */
const SETTINGS_BYTES = 4 * LIMITS.ai_context_bytes
const SHOWN_INVITATIONS = 100

/** A signed-in person who belongs to a workspace. */
export type SignedInMember = SignedIn & Readonly<{ membership: NonNullable<SignedIn['membership']> }>

/** The signed-in member, or the answer for everybody else: to sign in, or that they belong to no workspace. */
const memberOr = async (c: Ctx, deps: Deps): Promise<SignedInMember | Response> => {
  const signedIn = await findSignedIn(c, deps)
  if (!signedIn) return askToSignIn(c, deps)
  const { membership } = signedIn
  if (membership) return { ...signedIn, membership }
  const text = 'You do not belong to a workspace yet. Ask someone to invite you.'
  return send(c, messagePage('No workspace', text, signedIn), { status: 403 })
}

/** Makes a route for members of a workspace. */
export const membersOnly =
  (deps: Deps) =>
  (work: (c: Ctx, deps: Deps, signedIn: SignedInMember) => Promise<Response>) =>
  async (c: Ctx): Promise<Response> => {
    const signedIn = await memberOr(c, deps)
    return signedIn instanceof Response ? signedIn : work(c, deps, signedIn)
  }

/** A call for a member. */
export const callOf = (c: Ctx, deps: Deps, { person, membership }: SignedInMember): Call => ({
  caller: callerOf(person, membership),
  request_id: c.get('request_id') ?? deps.ids.next(),
  ...startBudget(deps.clock, PAGE_BUDGET_MS, c.req.raw.signal),
})

type Shown = Readonly<{
  signedIn: SignedInMember
  workspace: Workspace
  members: readonly Person[]
  total: number
  invitations: readonly Invitation[]
  names: ReadonlyMap<string, string>
  /** Null: the service that has them does not answer. */
  loops: readonly LoopRow[] | null
  mcpUrl: string
  /** The pages of services that this member may open. */
  links: readonly PanelLink[]
  typed: Readonly<{
    email?: string
    name?: string
    ai_context?: string
    time_zone?: string
    limits?: LimitsTyped
  }>
  fault?: Readonly<{ of: FormName; fault: Fault }> | undefined
}>

/** The forms of the page. */
type FormName = 'invite' | 'settings' | 'claims'

const faultOf = ({ fault }: Shown, form: FormName): Fault | undefined =>
  fault?.of === form ? fault.fault : undefined

const connect = ({
  signedIn,
  mcpUrl,
  workspace,
}: Shown): Html => html`<section class="card" aria-labelledby="connect">
    <h2 id="connect">Connect an agent</h2>
    <p>Give this address to any MCP client. You will be asked here before it gets access.</p>
    <code class="code">${mcpUrl}</code>
    <p class="small">The id of this workspace, for programs that read its events: <code>${workspace._id}</code></p>
    <p class="small"><a href="/apps">See and disconnect your apps</a></p>
    <p class="small">For a program that has no browser: <a href="/account/tokens">an access token</a>${
      manages(signedIn.membership.role)
        ? html`, or <a href="/workspace/service-accounts">a service account</a>`
        : ''
    }</p>
  </section>`

/** A member's name, with a link to their page for those who may change something there; for others, to what they did. */
const nameOf = ({ signedIn }: Shown, { _id, name }: Person): Html =>
  manages(signedIn.membership.role) || _id === signedIn.person._id
    ? html`<a href="/workspace/members/${_id}">${name}</a>`
    : html`<a href="${activityPath({ person: _id })}">${name}</a>`

const people = (shown: Shown): Html => {
  const { members, total, workspace } = shown
  return html`<section class="card" aria-labelledby="members">
    <h2 id="members">Members (${total})</h2>
    <ul class="rows">${members.map(
      (
        person,
      ) => html`<li><span class="main">${nameOf(shown, person)}<span class="sub">${person.email}</span></span>
        <span class="end">${membershipIn(person, workspace._id)?.role ?? ''}</span></li>`,
    )}</ul>
    ${total > members.length ? html`<p class="small">The first ${members.length} are shown.</p>` : ''}
    <p class="small"><a href="/workspace/mail">Choose which emails you get</a></p>
  </section>`
}

const pending = (invitations: readonly Invitation[]): Html => html`<h2>Invited</h2>
    <ul class="rows">${invitations.map(
      ({ _id, email, role, expires_at }) => html`<li>
        <span class="main">${email}<span class="sub">${role}, link works until ${expires_at.toISOString().slice(0, 10)}</span></span>
        <form class="end" method="post" action="/workspace/invitations/${_id}/withdraw">
          <button class="plain" aria-label="Withdraw the invitation for ${email}">Withdraw</button>
        </form></li>`,
    )}</ul>`

const inviting = (shown: Shown): Html => {
  const fault = faultOf(shown, 'invite')
  return html`<section class="card" aria-labelledby="invite">
    <h2 id="invite">Invite someone</h2>
    <form method="post" action="/workspace/invite" class="field">
      ${faultNote(fault)}
      <div class="row">
        ${input({ name: 'email', label: 'Email', type: 'email', value: shown.typed.email ?? '', autocomplete: 'off', max: 254 }, fault)}
        <div class="field short"><label for="role">Role</label><select id="role" name="role">
          ${INVITED_ROLES.map((role) => html`<option ${role === 'member' ? 'selected' : ''}>${role}</option>`)}
        </select></div>
        <button>Send invitation</button>
      </div>
      <p class="hint">Members create and change tasks and loops. Viewers can view only. Admins can also invite people.</p>
    </form>
    ${shown.invitations.length > 0 ? pending(shown.invitations) : ''}
  </section>`
}

const privateLoops = ({ loops }: Shown): Html | '' => {
  if (loops === null)
    return html`<section class="card"><h2>Private loops</h2><p class="small">They cannot be shown right now. Reload the page in a moment.</p></section>`
  const shown = loops.filter(({ visibility }) => visibility === 'private')
  if (shown.length === 0) return ''
  return html`<section class="card" aria-labelledby="loops">
    <h2 id="loops">Private loops</h2>
    <ul class="rows">${shown.map(
      ({ id, name, status }) => html`<li><a class="main" href="/loops/${id}">${name}</a>
        <span class="end">${status.replace('_', ' ')}</span></li>`,
    )}</ul>
  </section>`
}

const settings = (shown: Shown): Html => {
  const { workspace, typed } = shown
  const fault = faultOf(shown, 'settings')
  return html`<section class="card" aria-labelledby="settings">
    <h2 id="settings">Settings</h2>
    <form method="post" action="/workspace">
      ${faultNote(fault)}
      ${input({ name: 'name', label: 'Name', value: typed.name ?? workspace.name, autocomplete: 'off', max: 200 }, fault)}
      ${input(
        {
          name: 'time_zone',
          label: 'Time zone',
          value: typed.time_zone ?? workspace.time_zone,
          autocomplete: 'off',
          hint: 'An IANA name, such as Europe/Zurich.',
        },
        fault,
      )}
      <div class="field"><label for="ai_context">Instructions for agents</label>
        <textarea id="ai_context" name="ai_context" aria-describedby="ai_context-hint">
${typed.ai_context ?? workspace.ai_context}</textarea>
        <p class="hint" id="ai_context-hint">Every agent reads this first (<code>ai_context</code>): what the project is, where its code lives, how work is checked.</p>
      </div>
      <button>Save</button>
    </form>
  </section>`
}

const panels = ({ links }: Shown): Html | '' => {
  if (links.length === 0) return ''
  return html`<section class="card" aria-labelledby="more">
    <h2 id="more">More</h2>
    <ul class="rows">${links.map(
      ({ href, title, intro }) => html`<li><span class="main"><a href="${href}">${title}</a>
        <span class="sub">${intro}</span></span></li>`,
    )}</ul>
  </section>`
}

const instructions = ({ workspace }: Shown): Html | '' =>
  workspace.ai_context === ''
    ? ''
    : html`<section class="card"><h2>Instructions for agents</h2><div class="code">${workspace.ai_context}</div></section>`

const switcher = ({ signedIn, workspace, names }: Shown): Html | '' => {
  const { memberships } = signedIn.person
  if (memberships.length < 2) return ''
  return html`<form class="row" method="post" action="/workspace/switch">
      <div class="field"><label for="workspace_id">Workspace</label><select id="workspace_id" name="workspace_id">
        ${memberships.map(
          ({ workspace_id, workspace_name }) =>
            html`<option value="${workspace_id}" ${workspace_id === workspace._id ? 'selected' : ''}>${names.get(workspace_id) ?? workspace_name}</option>`,
        )}
      </select></div>
      <button class="second">Show</button>
    </form>`
}

const workspacePage = (shown: Shown): Page => {
  const { signedIn, workspace } = shown
  const manager = manages(signedIn.membership.role)
  const claims = claimLimitsForm(workspace.claim_limits, shown.typed.limits, faultOf(shown, 'claims'))
  return {
    title: workspace.name,
    signedIn,
    wide: true,
    body: html`<div class="head"><h1>${workspace.name}</h1>${switcher(shown)}</div>
    <div class="grid">
      <div>${connect(shown)} ${people(shown)} ${privateLoops(shown)} ${panels(shown)}</div>
      <div>${manager ? html`${inviting(shown)} ${settings(shown)} ${claims}` : instructions(shown)}</div>
    </div>`,
  }
}

const loopsOf = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<LoopRow[] | null> => {
  try {
    return (await deps.loops.list_loops({ limit: LIMITS.page }, callOf(c, deps, signedIn))).loops
  } catch (error) {
    if (error instanceof AppError) return null
    throw error
  }
}

const show = async (
  c: Ctx,
  deps: Deps,
  signedIn: SignedInMember,
  extra: Pick<Shown, 'fault' | 'typed'> = { typed: {} },
): Promise<Response> => {
  const { store, clock } = deps
  const { workspace_id } = signedIn.membership
  const ids = signedIn.person.memberships.map((membership) => membership.workspace_id)
  const [workspace, members, total, invitations, workspaces, loops] = await Promise.all([
    loadWorkspace(deps, workspace_id),
    store.people.members(workspace_id, { limit: LIMITS.page }),
    store.people.countMembers(workspace_id),
    store.invitations.listPending(workspace_id, SHOWN_INVITATIONS),
    store.workspaces.findAll(ids),
    loopsOf(c, deps, signedIn),
  ])
  const names = new Map(workspaces.map(({ _id, name }) => [_id, name]))
  const now = clock.now()
  const inviters = await store.people.members(workspace_id, {
    user_ids: [...new Set(invitations.map(({ invited_by }) => invited_by.user_id))],
    limit: SHOWN_INVITATIONS,
  })
  const inviterOf = ({ invited_by }: Invitation) =>
    inviters.find(({ _id }) => _id === invited_by.user_id) ?? null
  const page = workspacePage({
    signedIn,
    workspace,
    members,
    total,
    invitations: invitations.filter((one) => isOpen(one, inviterOf(one), now)),
    names,
    loops,
    mcpUrl: resourceOf(deps.public_url),
    links: panelsFor(deps.contracts, signedIn.membership.role),
    ...extra,
  })
  return send(c, page, formActionOf(extra.fault?.fault))
}

const edit = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const form = await fieldsOf(c, SETTINGS_BYTES)
  const text = (name: string): string | undefined => form.get(name)?.replaceAll('\r\n', '\n')
  const typed = { name: text('name'), ai_context: text('ai_context'), time_zone: text('time_zone') }
  const done = await attempt(() => saveWorkspace(deps, callerOf(signedIn.person, signedIn.membership), typed))
  if (done.ok) return c.redirect('/workspace', 303)
  return show(c, deps, signedIn, { typed, fault: { of: 'settings', fault: done.fault } })
}

const editLimits = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const limits = limitsTyped(await fieldsOf(c))
  const done = await attempt(() => saveLimits(deps, callerOf(signedIn.person, signedIn.membership), limits))
  if (done.ok) return c.redirect('/workspace', 303)
  return show(c, deps, signedIn, { typed: { limits }, fault: { of: 'claims', fault: done.fault } })
}

const sendInvitation = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const form = await fieldsOf(c)
  const typed = { email: form.get('email') ?? '', role: form.get('role') ?? '' }
  const done = await attempt(() => invite(deps, callerOf(signedIn.person, signedIn.membership), typed))
  if (done.ok) return c.redirect('/workspace', 303)
  return show(c, deps, signedIn, { typed, fault: { of: 'invite', fault: done.fault } })
}

const switchTo = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const id = (await fieldsOf(c)).get('workspace_id') ?? ''
  if (membershipIn(signedIn.person, id)) await deps.store.sessions.show(signedIn.session._id, id)
  return c.redirect('/workspace', 303)
}

const takeBack = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  await withdraw(deps, callerOf(signedIn.person, signedIn.membership), c.req.param('id') ?? '')
  return c.redirect('/workspace', 303)
}

/** The workspace's page and its forms. */
export const workspaceRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const inside = membersOnly(deps)
  routes.get('/workspace', inside(show))
  routes.post('/workspace', inside(edit))
  routes.post(CLAIM_LIMITS_PATH, inside(editLimits))
  routes.post('/workspace/invite', inside(sendInvitation))
  routes.post('/workspace/switch', inside(switchTo))
  routes.post('/workspace/invitations/:id/withdraw', inside(takeBack))
}
