// Who is connected to a workspace, and what each holds, as one member may know it.
import { LIMITS } from '../../../../shared/contracts/define/common.ts'
import type { ShownClaim } from '../../../../shared/contracts/tasks/board.ts'
import { inParallel } from '../../../../shared/process/parallel.ts'
import { isOfPassword, membershipUnder, type Person } from '../../accounts/person-rules.ts'
import { judgeToken, TOKENS_PER_HOLDER } from '../../accounts/personal-token-rules.ts'
import { SERVICE_ACCOUNTS_PER_WORKSPACE } from '../../accounts/service-account-rules.ts'
import { manages } from '../../accounts/workspace-rules.ts'
import type { Board } from './board.ts'

/** Connections of one person that are shown, and members whose connections are. */
const GRANTS = 50
const MEMBERS = LIMITS.page
/** People asked about at once. */
const PARALLEL = 8

/** Something that works in the workspace. */
export type Connection = Readonly<{
  id: string
  kind: 'app' | 'token' | 'service'
  name: string
  /** Whose it is; undefined: nobody's own. */
  owner: string | undefined
  is_own: boolean
  /** When it was last used: a moment or a day; null: never, or it is not known. */
  used: Date | string | null
  claims: readonly ShownClaim[]
}>

export type AgentsShown = Readonly<{
  connections: readonly Connection[]
  /** Work in hands of no connection that is shown: in the browser, or through those of others. */
  others: readonly ShownClaim[]
  total: number
  /** Whether the reader sees all of the workspace, not only what is theirs. */
  manager: boolean
}>

type Found = Omit<Connection, 'claims'>

const connectionsOf =
  ({ deps, workspace_id, now, signedIn }: Board) =>
  async (person: Person): Promise<readonly Found[]> => {
    const { grants, personalTokens } = deps.store
    const [apps, tokens] = await Promise.all([
      grants.inForce(person._id, now, GRANTS),
      personalTokens.list(person._id, TOKENS_PER_HOLDER, workspace_id),
    ])
    const common = { owner: person.name, is_own: person._id === signedIn.person._id }
    return [
      ...apps
        .filter(
          (grant) =>
            grant.ws === workspace_id && isOfPassword(grant, person) && membershipUnder(grant, person),
        )
        .map(({ _id, client_name, last_used_at }) => ({
          ...common,
          id: _id,
          kind: 'app' as const,
          name: client_name,
          used: last_used_at,
        })),
      ...tokens
        .filter((token) => judgeToken(token, person, now).ok)
        .map(({ _id, name, last_used_on }) => ({
          ...common,
          id: _id,
          kind: 'token' as const,
          name,
          used: last_used_on,
        })),
    ]
  }

const serviceAccountsOf = async ({ deps, workspace_id }: Board): Promise<readonly Found[]> =>
  (await deps.store.serviceAccounts.list(workspace_id, SERVICE_ACCOUNTS_PER_WORKSPACE))
    .filter(({ disabled }) => !disabled)
    .map(({ _id, name }) => ({
      id: _id,
      kind: 'service' as const,
      name,
      owner: undefined,
      is_own: false,
      used: null,
    }))

/** Connections with what they hold: those with most first. */
const withClaims = (found: readonly Found[], claims: readonly ShownClaim[]): readonly Connection[] => {
  const held = Map.groupBy(claims, ({ grant_id, by }) => grant_id ?? by.user_id)
  return found
    .map((one) => ({ ...one, claims: held.get(one.id) ?? [] }))
    .toSorted((a, b) => b.claims.length - a.claims.length || (a.name < b.name ? -1 : 1))
}

/** Asks for all of it: their own for members, the whole workspace for its owner and admins. */
export const loadAgents = async (board: Board): Promise<AgentsShown> => {
  const { deps, call, signedIn, workspace_id } = board
  const manager = manages(signedIn.membership.role)
  const people = manager
    ? await deps.store.people.members(workspace_id, { limit: MEMBERS })
    : [signedIn.person]
  const [found, services, { claims, total }] = await Promise.all([
    inParallel(people, PARALLEL, connectionsOf(board)),
    manager ? serviceAccountsOf(board) : [],
    deps.tasks.list_claims({ visible_private_loop_ids: await board.privateLoops() }, call()),
  ])
  const connections = withClaims([...found.flat(), ...services], claims)
  const shown = new Set(connections.flatMap((one) => one.claims))
  return { connections, others: claims.filter((claim) => !shown.has(claim)), total, manager }
}
