// The page of everything that works in a workspace by a program, for its owner and admins, and its forms.
import type { Hono } from 'hono'
import type { Caller } from '../../../../shared/contracts/define/contract.ts'
import { languageOf } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { isOfPassword, membershipUnder } from '../../accounts/person-rules.ts'
import { type Holder, judgeToken, kindOf, type PersonalToken } from '../../accounts/personal-token-rules.ts'
import { holderOfService, SERVICE_ACCOUNTS_PER_WORKSPACE } from '../../accounts/service-account-rules.ts'
import { callerOf } from '../../accounts/sessions.ts'
import { type PolicyTyped, type TokenPolicy, underPolicy } from '../../accounts/token-policy-rules.ts'
import {
  blockClient,
  endAllTokens,
  endConnection,
  endToken,
  savePolicy,
  unblockClient,
} from '../../accounts/workspace-access.ts'
import { requireAccessManager } from '../../accounts/workspace-access-rules.ts'
import { loadWorkspace } from '../../accounts/workspaces.ts'
import type { AuditAction } from '../../audit/audit-rules.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { isOfService } from '../../oauth/grant-rules.ts'
import { auditedInWorkspace } from '../audited-forms.ts'
import { type Ctx, send } from '../layout.ts'
import { ACCESS } from '../messages/access.ts'
import { attempt, type Fault, fieldsOf, formActionOf } from '../posted-forms.ts'
import { ACCESS_PATH, accessView, SHOWN } from './access-view.ts'
import { membersOnly, type SignedInMember } from './workspace-page.ts'

const callerFor = ({ person, membership }: SignedInMember): Caller => callerOf(person, membership)

/** Whether a token works now, under the policy too. */
const works = (
  token: PersonalToken,
  holder: Holder | undefined,
  policy: TokenPolicy | undefined,
  now: Date,
): boolean => {
  if (!holder) return false
  const judged = judgeToken(token, holder, now)
  const credential = { of: kindOf(holder), since: token.created_at }
  return judged.ok && underPolicy(policy, credential, judged.scopes, now) !== 'beyond'
}

const show = async (
  c: Ctx,
  deps: Deps,
  signedIn: SignedInMember,
  refused: Readonly<{ typed?: PolicyTyped; fault?: Fault }> = {},
): Promise<Response> => {
  requireAccessManager(signedIn.membership)
  const { store, clock } = deps
  const { workspace_id, role } = signedIn.membership
  const now = clock.now()
  const [workspace, tokens, accounts, grants] = await Promise.all([
    loadWorkspace(deps, workspace_id),
    store.personalTokens.ofWorkspace(workspace_id, SHOWN),
    store.serviceAccounts.list(workspace_id, SERVICE_ACCOUNTS_PER_WORKSPACE),
    store.grants.ofWorkspace(workspace_id, now, SHOWN),
  ])
  const user_ids = [...new Set([...tokens, ...grants].map(({ user_id }) => user_id))]
  const people = await store.people.members(workspace_id, { user_ids, limit: user_ids.length || 1 })
  const holders = new Map<string, Holder>()
  for (const holder of [...people, ...accounts.map(holderOfService)]) holders.set(holder._id, holder)
  const language = languageOf(signedIn.person.locale)
  const words = wordsOf(ACCESS, language)
  const { token_policy: policy, blocked_clients: blocked = [] } = workspace
  const nameOf = (id: string): string => holders.get(id)?.name ?? words.word('somebody')
  const body = accessView({
    language,
    words,
    owner: role === 'owner',
    policy,
    accounts,
    blocked,
    tokens: tokens.map((token) => ({
      token,
      holder: nameOf(token.user_id),
      works: works(token, holders.get(token.user_id), policy, now),
    })),
    grants: grants
      .filter((grant) => {
        const holder = holders.get(grant.user_id)
        return holder && !isOfService(grant) && isOfPassword(grant, holder) && membershipUnder(grant, holder)
      })
      .map((grant) => ({ grant, holder: nameOf(grant.user_id) })),
    ...refused,
  })
  const page = { title: words.word('title'), language, signedIn, place: 'workspace' as const, body }
  return send(c, page, formActionOf(refused.fault))
}

const setPolicy = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  const form = await fieldsOf(c)
  const typed = {
    max_days: form.get('max_days') ?? '',
    scopes: form.getAll('scope'),
    personal: form.get('personal') ?? '',
  }
  const what = { action: 'workspace.setting_changed', target: { setting: 'token_policy' } } as const
  const save = () => savePolicy(deps, callerFor(signedIn), typed)
  const done = await attempt(() => auditedInWorkspace(c, deps, signedIn, what, save))
  return done.ok ? c.redirect(ACCESS_PATH, 303) : show(c, deps, signedIn, { typed, fault: done.fault })
}

/** A form that does one thing to what its path or its one field names, and leads back to the page. */
const doing =
  (
    action: AuditAction,
    kind: 'token' | 'connection' | 'client',
    work: (deps: Deps, caller: Caller, id: string) => Promise<unknown>,
  ) =>
  async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
    const id = c.req.param('id') ?? (await fieldsOf(c)).get('client_id') ?? ''
    const target = { [`${kind}_id`]: id === '' ? 'all' : id }
    await auditedInWorkspace(c, deps, signedIn, { action, target }, () => work(deps, callerFor(signedIn), id))
    return c.redirect(ACCESS_PATH, 303)
  }

/** The page of the access of programs and its forms. */
export const accessRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const inside = membersOnly(deps)
  routes.get(ACCESS_PATH, inside(show))
  routes.post(`${ACCESS_PATH}/policy`, inside(setPolicy))
  routes.post(`${ACCESS_PATH}/tokens/end`, inside(doing('token.revoked', 'token', endAllTokens)))
  routes.post(`${ACCESS_PATH}/tokens/:id/end`, inside(doing('token.revoked', 'token', endToken)))
  routes.post(
    `${ACCESS_PATH}/connections/:id/end`,
    inside(doing('connection.ended', 'connection', endConnection)),
  )
  routes.post(`${ACCESS_PATH}/clients/block`, inside(doing('client.blocked', 'client', blockClient)))
  routes.post(`${ACCESS_PATH}/clients/unblock`, inside(doing('client.unblocked', 'client', unblockClient)))
}
