// The page of a workspace: connecting agents, its members, invitations and settings.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { startBudget } from '../../../../shared/bus/headers.ts'
import { roleWord } from '../../../../shared/contracts/define/access-words.ts'
import { LIMITS } from '../../../../shared/contracts/define/common.ts'
import type { Call } from '../../../../shared/contracts/define/contract.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { STATUS_WORDS } from '../../../../shared/contracts/define/status-words.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
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
import { auditedInWorkspace } from '../audited-forms.ts'
import { activityPath } from '../board/activity-filter-rules.ts'
import { type Ctx, type Html, messagePage, type Page, send } from '../layout.ts'
import { FACTOR_POLICY } from '../messages/factor-policy.ts'
import { WORKSPACE } from '../messages/workspace.ts'
import { DELETION } from '../messages/workspace-deletion.ts'
import { day } from '../moments.ts'
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
  if (signedIn.barred?.length) return c.redirect('/account/second-factor', 303)
  const language = languageOf(signedIn.person.locale)
  const words = wordsOf(WORKSPACE, language)
  const page = messagePage(language, words.word('no_workspace'), words.word('no_workspace_next'), signedIn)
  return send(c, page, { status: 403 })
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
  language: Language
  words: Words<(typeof WORKSPACE)['en']>
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

const connect = ({ signedIn, mcpUrl, workspace, words }: Shown): Html => {
  const token = html`<a href="/account/tokens">${words.word('token')}</a>`
  const account = html`<a href="/workspace/service-accounts">${words.word('account')}</a>`
  const id = html`<code>${workspace._id}</code>`
  return html`<section class="card" aria-labelledby="connect">
    <h2 id="connect">${words.word('connect')}</h2>
    <p>${words.word('connect_lead')}</p>
    <code class="code">${mcpUrl}</code>
    <p class="small">${words.pieces('id', { id })}</p>
    <p class="small"><a href="/apps">${words.word('apps')}</a></p>
    ${manages(signedIn.membership.role) ? html`<p class="small"><a href="/workspace/access">${words.word('access')}</a></p>` : ''}
    <p class="small">${
      manages(signedIn.membership.role)
        ? words.pieces('without_browser_or', { token, account })
        : words.pieces('without_browser', { token })
    }</p>
  </section>`
}

/** A member's name, with a link to their page for those who may change something there; for others, to what they did. */
const nameOf = ({ signedIn, words }: Shown, { _id, name }: Person): Html =>
  manages(signedIn.membership.role) || _id === signedIn.person._id
    ? html`<a href="/workspace/members/${_id}">${words.isolate(name)}</a>`
    : html`<a href="${activityPath({ person: _id })}">${words.isolate(name)}</a>`

const people = (shown: Shown): Html => {
  const { signedIn, members, total, workspace, language, words } = shown
  return html`<section class="card" aria-labelledby="members">
    <h2 id="members">${words.word('members')} (${total})</h2>
    <ul class="rows">${members.map((person) => {
      const role = membershipIn(person, workspace._id)?.role
      return html`<li><span class="main">${nameOf(shown, person)}<span class="sub">${words.isolate(person.email)}</span></span>
        <span class="end">${role ? roleWord(role, language) : ''}</span></li>`
    })}</ul>
    ${total > members.length ? html`<p class="small">${words.plural('first_members', members.length)}</p>` : ''}
    <p class="small"><a href="/workspace/mail">${words.word('mails')}</a></p>
    ${shown.signedIn.membership.role === 'owner' ? html`<p class="small"><a href="/workspace/second-factor">${wordsOf(FACTOR_POLICY, language).word('title')}</a></p>` : ''}
    ${signedIn.membership.role === 'owner' ? html`<p class="small"><a href="/workspace/audit">${words.word('audit')}</a></p>` : ''}
  </section>`
}

const pending = ({ invitations, language, words }: Shown): Html => html`<h2>${words.word('invited')}</h2>
    <ul class="rows">${invitations.map(({ _id, email, role, expires_at }) => {
      const until = { role: roleWord(role, language), day: day(expires_at, language) }
      return html`<li>
        <span class="main">${words.isolate(email)}<span class="sub">${words.say('invited_until', until)}</span></span>
        <form class="end" method="post" action="/workspace/invitations/${_id}/withdraw">
          <button class="plain" aria-label="${words.say('withdraw_of', { email })}">${words.word('withdraw')}</button>
        </form></li>`
    })}</ul>`

const inviting = (shown: Shown): Html => {
  const { typed, invitations, language, words } = shown
  const fault = faultOf(shown, 'invite')
  return html`<section class="card" aria-labelledby="invite">
    <h2 id="invite">${words.word('invite')}</h2>
    <form method="post" action="/workspace/invite" class="field">
      ${faultNote(fault, language)}
      <div class="row">
        ${input({ name: 'email', label: words.word('email'), type: 'email', value: typed.email ?? '', autocomplete: 'off', max: 254 }, fault)}
        <div class="field short"><label for="role">${words.word('role')}</label><select id="role" name="role">
          ${INVITED_ROLES.map((role) => html`<option value="${role}" ${role === 'member' ? 'selected' : ''}>${roleWord(role, language)}</option>`)}
        </select></div>
        <button>${words.word('send')}</button>
      </div>
      <p class="hint">${words.word('invite_hint')}</p>
    </form>
    ${invitations.length > 0 ? pending(shown) : ''}
  </section>`
}

const privateLoops = ({ loops, language, words }: Shown): Html | '' => {
  if (loops === null)
    return html`<section class="card"><h2>${words.word('private_loops')}</h2><p class="small">${words.word('loops_away')}</p></section>`
  const shown = loops.filter(({ visibility }) => visibility === 'private')
  if (shown.length === 0) return ''
  const statuses = wordsOf(STATUS_WORDS, language)
  return html`<section class="card" aria-labelledby="loops">
    <h2 id="loops">${words.word('private_loops')}</h2>
    <ul class="rows">${shown.map(
      ({ id, name, status }) => html`<li><a class="main" href="/loops/${id}">${words.isolate(name)}</a>
        <span class="end">${status === 'active' ? words.word('active') : statuses.word(status)}</span></li>`,
    )}</ul>
  </section>`
}

const settings = (shown: Shown): Html => {
  const { workspace, typed, language, words } = shown
  const fault = faultOf(shown, 'settings')
  return html`<section class="card" aria-labelledby="settings">
    <h2 id="settings">${words.word('settings')}</h2>
    <form method="post" action="/workspace">
      ${faultNote(fault, language)}
      ${input({ name: 'name', label: words.word('name'), value: typed.name ?? workspace.name, autocomplete: 'off', max: 200 }, fault)}
      ${input(
        {
          name: 'time_zone',
          label: words.word('time_zone'),
          value: typed.time_zone ?? workspace.time_zone,
          autocomplete: 'off',
          hint: words.word('time_zone_hint'),
        },
        fault,
      )}
      <div class="field"><label for="ai_context">${words.word('instructions')}</label>
        <textarea id="ai_context" name="ai_context" dir="auto" aria-describedby="ai_context-hint">
${typed.ai_context ?? workspace.ai_context}</textarea>
        <p class="hint" id="ai_context-hint">${words.pieces('instructions_hint', { code: html`<code>${'ai_context'}</code>` })}</p>
      </div>
      <button>${words.word('save')}</button>
    </form>
    ${shown.signedIn.membership.role === 'owner' ? html`<p class="small"><a href="/workspace/delete">${wordsOf(DELETION, language).word('title')}</a></p>` : ''}
  </section>`
}

const panels = ({ links, words }: Shown): Html | '' => {
  if (links.length === 0) return ''
  return html`<section class="card" aria-labelledby="more">
    <h2 id="more">${words.word('more')}</h2>
    <ul class="rows">${links.map(
      ({ href, title, intro }) => html`<li><span class="main"><a href="${href}">${title}</a>
        <span class="sub">${intro}</span></span></li>`,
    )}</ul>
  </section>`
}

const instructions = ({ workspace, words }: Shown): Html | '' =>
  workspace.ai_context === ''
    ? ''
    : html`<section class="card"><h2>${words.word('instructions')}</h2><div class="code" dir="auto">${workspace.ai_context}</div></section>`

const switcher = ({ signedIn, workspace, names, words }: Shown): Html | '' => {
  const { memberships } = signedIn.person
  if (memberships.length < 2) return ''
  return html`<form class="row" method="post" action="/workspace/switch">
      <div class="field"><label for="workspace_id">${words.word('workspace')}</label><select id="workspace_id" name="workspace_id">
        ${memberships.map(
          ({ workspace_id, workspace_name }) =>
            html`<option value="${workspace_id}" ${workspace_id === workspace._id ? 'selected' : ''}>${names.get(workspace_id) ?? workspace_name}</option>`,
        )}
      </select></div>
      <button class="second">${words.word('show')}</button>
    </form>`
}

const workspacePage = (shown: Shown): Page => {
  const { signedIn, workspace, language, words, typed } = shown
  const manager = manages(signedIn.membership.role)
  const claims = claimLimitsForm(language, workspace.claim_limits, typed.limits, faultOf(shown, 'claims'))
  return {
    title: workspace.name,
    language,
    signedIn,
    wide: true,
    body: html`<div class="head"><h1>${words.isolate(workspace.name)}</h1>${switcher(shown)}</div>
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
  const language = languageOf(signedIn.person.locale)
  const page = workspacePage({
    signedIn,
    language,
    words: wordsOf(WORKSPACE, language),
    workspace,
    members,
    total,
    invitations: invitations.filter((one) => isOpen(one, inviterOf(one), now)),
    names,
    loops,
    mcpUrl: resourceOf(deps.public_url),
    links: panelsFor(deps.contracts, signedIn.membership.role, language),
    ...extra,
  })
  return send(c, page, formActionOf(extra.fault?.fault))
}

/** Saves settings; the log has the names of the fields alone. */
const auditedSettings = <T>(
  c: Ctx,
  deps: Deps,
  signedIn: SignedInMember,
  fields: readonly string[],
  save: () => Promise<T>,
): Promise<T> => {
  const asked = { action: 'workspace.setting_changed' as const, target: { fields: fields.join(' ') } }
  return fields.length === 0 ? save() : auditedInWorkspace(c, deps, signedIn, asked, save)
}

const edit = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const form = await fieldsOf(c, SETTINGS_BYTES)
  const text = (name: string): string | undefined => form.get(name)?.replaceAll('\r\n', '\n')
  const typed = { name: text('name'), ai_context: text('ai_context'), time_zone: text('time_zone') }
  const save = () => saveWorkspace(deps, callerOf(signedIn.person, signedIn.membership), typed)
  const workspace = await loadWorkspace(deps, signedIn.membership.workspace_id)
  const changed = (['name', 'ai_context', 'time_zone'] as const).filter(
    (field) => typed[field] !== undefined && typed[field] !== workspace[field],
  )
  const done = await attempt(() => auditedSettings(c, deps, signedIn, changed, save))
  if (done.ok) return c.redirect('/workspace', 303)
  return show(c, deps, signedIn, { typed, fault: { of: 'settings', fault: done.fault } })
}

const editLimits = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const limits = limitsTyped(await fieldsOf(c))
  const save = () => saveLimits(deps, callerOf(signedIn.person, signedIn.membership), limits)
  const done = await attempt(() => auditedSettings(c, deps, signedIn, ['claim_limits'], save))
  if (done.ok) return c.redirect('/workspace', 303)
  return show(c, deps, signedIn, { typed: { limits }, fault: { of: 'claims', fault: done.fault } })
}

const sendInvitation = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const form = await fieldsOf(c)
  const typed = { email: form.get('email') ?? '', role: form.get('role') ?? '' }
  const send = () => invite(deps, callerOf(signedIn.person, signedIn.membership), typed)
  const asked = { action: 'invitation.made' as const, target: typed }
  const made = ({ _id, email, role }: Invitation) => ({ invitation_id: _id, email, role })
  const done = await attempt(() => auditedInWorkspace(c, deps, signedIn, asked, send, made))
  if (done.ok) return c.redirect('/workspace', 303)
  return show(c, deps, signedIn, { typed, fault: { of: 'invite', fault: done.fault } })
}

const switchTo = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const id = (await fieldsOf(c)).get('workspace_id') ?? ''
  if (membershipIn(signedIn.person, id)) await deps.store.sessions.show(signedIn.session._id, id)
  return c.redirect('/workspace', 303)
}

const takeBack = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const id = c.req.param('id') ?? ''
  const asked = { action: 'invitation.withdrawn' as const, target: { invitation_id: id } }
  const work = () => withdraw(deps, callerOf(signedIn.person, signedIn.membership), id)
  await auditedInWorkspace(c, deps, signedIn, asked, work, ({ email }) => ({ email }))
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
