// The page of a private loop's members. The loops-queue service decides and keeps.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id, LIMITS } from '../../../../shared/contracts/define/common.ts'
import type { Person } from '../../accounts/person-rules.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { attempt, type Fault, faultNote, fieldsOf, formActionOf } from '../posted-forms.ts'
import { callOf, membersOnly, type SignedInMember } from '../workspace/workspace-page.ts'
import type { BoardDeps } from './board.ts'

type Shown = Readonly<{
  signedIn: SignedInMember
  loop: Readonly<{ id: string; name: string }>
  /** Null: the loop is public. */
  members: readonly Person[] | null
  others: readonly Person[]
  fault: Fault | undefined
}>

const memberRow = (loopId: string, { _id, name, email }: Person): Html => html`<li>
    <span class="main">${name}<span class="sub">${email}</span></span>
    <form class="end" method="post" action="/loops/${loopId}">
      <input type="hidden" name="user_id" value="${_id}">
      <button class="plain" name="member" value="false" aria-label="Remove ${name}">Remove</button>
    </form></li>`

const adding = ({ loop, others }: Shown): Html | '' =>
  others.length === 0
    ? ''
    : html`<form class="row" method="post" action="/loops/${loop.id}">
        <div class="field"><label for="user_id">Add a member of the workspace</label>
          <select id="user_id" name="user_id">
            ${others.map(({ _id, name, email }) => html`<option value="${_id}">${name} (${email})</option>`)}
          </select></div>
        <button name="member" value="true">Add</button>
      </form>`

const loopPage = (shown: Shown): Page => {
  const { signedIn, loop, members, fault } = shown
  return {
    title: loop.name,
    signedIn,
    body: html`<h1>${loop.name}</h1>
    ${
      members === null
        ? html`<p class="lead">This loop is public: every member of the workspace can see it.</p>`
        : html`<p class="lead">This loop is private: only its members and the owner of the workspace can see it.</p>
    <section class="card">
      ${faultNote(fault)}
      <h2>Members</h2>
      <ul class="rows">${members.map((person) => memberRow(loop.id, person))}</ul>
    </section>
    ${shown.others.length > 0 ? html`<section class="card">${adding(shown)}</section>` : ''}`
    }`,
  }
}

const show = async (
  c: Ctx,
  deps: Deps,
  signedIn: SignedInMember,
  loop_id: string,
  fault?: Fault,
): Promise<Response> => {
  const { loop, member_ids } = await deps.loops.list_loop_members({ loop_id }, callOf(c, deps, signedIn))
  const everybody = await deps.store.people.members(signedIn.membership.workspace_id, { limit: LIMITS.page })
  const isMember = ({ _id }: Person): boolean => member_ids?.includes(_id) === true
  const page = loopPage({
    signedIn,
    loop,
    members: member_ids === null ? null : everybody.filter(isMember),
    others: everybody.filter((person) => !isMember(person)),
    fault,
  })
  return send(c, page, formActionOf(fault))
}

/** The page of a loop's members and its forms. */
export const loopRoutes = (routes: Hono<GatewayEnv>, { deps }: BoardDeps): void => {
  const inside = membersOnly(deps)
  routes.get(
    '/loops/:id',
    inside(async (c, _, signedIn) => show(c, deps, signedIn, checkInput(Id, c.req.param('id')))),
  )
  routes.post(
    '/loops/:id',
    inside(async (c, _, signedIn) => {
      const loop_id = checkInput(Id, c.req.param('id'))
      const form = await fieldsOf(c)
      const change = { loop_id, user_id: form.get('user_id') ?? '', member: form.get('member') !== 'false' }
      const done = await attempt(() => deps.loops.set_loop_member(change, callOf(c, deps, signedIn)))
      return done.ok ? c.redirect(`/loops/${loop_id}`, 303) : show(c, deps, signedIn, loop_id, done.fault)
    }),
  )
}
