// Mails that a token ends in a week: to its person, or to the owners and admins of the workspace of a service account.
//
// Each goes out once for each end of a token. Its id follows from both, so that of several gateways, and after a crash, only
// the first makes it; the token is marked afterwards.
import { derivedId } from '../../../shared/process/ids.ts'
import type { Deps } from '../deps.ts'
import { requestAccountMail } from './account-mails.ts'
import { isConfirmed, type Person } from './person-rules.ts'
import { judgeToken, type PersonalToken, WARN_BEFORE_MS, warnsOfEnd } from './personal-token-rules.ts'
import { holderOfService, type ServiceAccount } from './service-account-rules.ts'
import { underPolicy } from './token-policy-rules.ts'

/** Tokens that are looked at in one pass, and how many of a workspace's owners and admins are told. */
const BATCH = 100
const MANAGERS = 50

/** Whom a token acts for, and who hears of its end. */
type Concerned = Readonly<{ account?: ServiceAccount; readers: readonly Person[]; until?: Date | undefined }>

/** Nobody, where the token has ended already, whatever its own end says. */
const concernedBy = async ({ store, clock }: Deps, token: PersonalToken): Promise<Concerned> => {
  const now = clock.now()
  const person = await store.people.byId(token.user_id)
  const account = person ? null : await store.serviceAccounts.find(token.user_id)
  const judged = judgeToken(token, person ?? (account && holderOfService(account)), now)
  if (!judged.ok) return { readers: [] }
  const rules = await store.workspaces.accessRules(token.ws)
  const credential = { of: account ? 'service' : 'person', since: token.created_at } as const
  const left = underPolicy(rules?.token_policy, credential, judged.scopes, now)
  if (left === 'beyond') return { readers: [] }
  const { until } = left
  if (account) return { account, readers: await store.people.managers(token.ws, MANAGERS), until }
  return { readers: person ? [person] : [], until }
}

const warn = async (deps: Deps, token: PersonalToken): Promise<void> => {
  const { store, clock, at } = deps
  const concerned: Concerned = warnsOfEnd(token) ? await concernedBy(deps, token) : { readers: [] }
  const { account, readers, until = token.expires_at } = concerned
  const workspace = readers.length > 0 ? await store.workspaces.find(token.ws) : null
  const ends = token.expires_at.toISOString()
  const facts = {
    token_id: token._id,
    token: token.name,
    ending: token.ending,
    workspace: workspace?.name ?? '',
    ends,
    // The policy of the workspace may end it sooner.
    at: new Date(Math.min(until.getTime(), token.expires_at.getTime())).toISOString(),
    ...(account ? { account: account.name, account_id: account._id } : {}),
  }
  // Before an address is confirmed, nothing is sent to it but its confirmation.
  for (const reader of readers.filter(isConfirmed)) {
    const _id = derivedId(token.expires_at, `token ends ${token._id} ${ends} ${reader._id}`)
    await requestAccountMail(deps, reader, 'token_expiring', { _id, ws: token.ws, facts })
  }
  at('token_warning.mailed')
  // One that was replaced meanwhile has another end, and another warning.
  await store.personalTokens.markWarned(token, clock.now())
}

/** Warns of the tokens that end within a week. Meant to be called repeatedly, on any number of gateways. */
export const warnOfTokenEnds = async (deps: Deps): Promise<void> => {
  const now = deps.clock.now()
  const soon = new Date(now.getTime() + WARN_BEFORE_MS)
  for (const token of await deps.store.personalTokens.endingSoon(now, soon, BATCH)) await warn(deps, token)
}
