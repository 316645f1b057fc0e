// Who is connected to a workspace, and what each holds, as one member may know it.
import { LIMITS } from '../../../../shared/contracts/define/common.ts'
import type { ShownClaim } from '../../../../shared/contracts/tasks/board.ts'
import { inParallel } from '../../../../shared/process/parallel.ts'
import { isOfPassword, membershipUnder, type Person } from '../../accounts/person-rules.ts'
import { judgeToken, TOKENS_PER_HOLDER } from '../../accounts/personal-token-rules.ts'
import { SERVICE_ACCOUNTS_PER_WORKSPACE } from '../../accounts/service-account-rules.ts'
import { manages } from '../../accounts/workspace-rules.ts'
import { dayOf, daysAfter, startOfDay } from '../moments.ts'
import { countOf, type Heard, latest } from './agents-rules.ts'
import { type Board, ifAnswered } from './board.ts'

/** Connections of one person that are shown, and members whose connections are. */
const GRANTS = 50
const MEMBERS = LIMITS.page
/** People asked about at once. */
const PARALLEL = 8

/** The days of which it is shown what was finished, today among them. */
const DAYS = 7

/** Something that works in the workspace. */
export type Connection = Readonly<{
  id: string
  kind: 'app' | 'token' | 'service'
  name: string
  /** Who acts by it: a person, or the service account itself. */
  user_id: string
  /** Whose it is; undefined: nobody's own. */
  owner: string | undefined
  is_own: boolean
  used: Heard
  claims: readonly ShownClaim[]
  /** Tasks finished on the last days; undefined: it is not known. */
  finished: number | undefined
  /** Whether others of the same person and name are counted with it: of them it is not known which did what. */
  has_namesakes: boolean
}>

export type AgentsShown = Readonly<{
  connections: readonly Connection[]
  /** Work in hands of no connection that is shown: in the browser, or through those of others. */
  others: readonly ShownClaim[]
  /** The first day of which the finished tasks are counted. */
  since: string
  /** Whether all of them are counted, not only the latest. */
  complete: boolean
  /** Whether the reader sees all of the workspace, not only what is theirs. */
  manager: boolean
}>

type Found = Omit<Connection, 'claims' | 'finished' | 'has_namesakes'>

const connectionsOf =
  ({ deps, workspace_id, now, signedIn }: Board) =>
  async (person: Person): Promise<readonly Found[]> => {
    const { grants, personalTokens } = deps.store
    const [apps, tokens] = await Promise.all([
      grants.inForce(person._id, now, GRANTS),
      personalTokens.list(person._id, TOKENS_PER_HOLDER, workspace_id),
    ])
    const common = { user_id: person._id, owner: person.name, is_own: person._id === signedIn.person._id }
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

/** Service accounts, with when one of their tokens or connections was last used. */
const serviceAccountsOf = async (board: Board): Promise<readonly Found[]> => {
  const { deps, workspace_id, now } = board
  const { serviceAccounts, grants, personalTokens } = deps.store
  const accounts = await serviceAccounts.list(workspace_id, SERVICE_ACCOUNTS_PER_WORKSPACE)
  return await inParallel(
    accounts.filter(({ disabled }) => !disabled),
    PARALLEL,
    async ({ _id, name }) => {
      const [apps, tokens] = await Promise.all([
        grants.inForce(_id, now, GRANTS),
        personalTokens.list(_id, TOKENS_PER_HOLDER, workspace_id),
      ])
      const used = [...apps.map((one) => one.last_used_at), ...tokens.map((one) => one.last_used_on)]
      return {
        id: _id,
        kind: 'service' as const,
        name,
        user_id: _id,
        owner: undefined,
        is_own: false,
        used: latest(used, []),
      }
    },
  )
}

type Finished = Awaited<ReturnType<Board['deps']['tasks']['count_finished']>>['finished']

/** Connections with what they hold and finished: those that hold most first. */
const withWork = (
  found: readonly Found[],
  claims: readonly ShownClaim[],
  finished: Finished | undefined,
): readonly Connection[] => {
  const held = Map.groupBy(claims, ({ grant_id, by }) => grant_id ?? by.user_id)
  const names = Map.groupBy(found, ({ user_id, name }) => `${user_id} ${name}`)
  return found
    .map((one): Connection => {
      const { kind, user_id, name, used } = one
      const own =
        kind === 'service' ? claims.filter(({ by }) => by.user_id === user_id) : (held.get(one.id) ?? [])
      return {
        ...one,
        claims: own,
        used: latest([used], own),
        finished: finished && countOf(finished, { user_id, client: kind === 'service' ? undefined : name }),
        has_namesakes: (names.get(`${user_id} ${name}`)?.length ?? 0) > 1,
      }
    })
    .toSorted((a, b) => b.claims.length - a.claims.length || (a.name < b.name ? -1 : 1))
}

/** Asks for all of it: their own for members, the whole workspace for its owner and admins. */
export const loadAgents = async (board: Board): Promise<AgentsShown> => {
  const { deps, call, signedIn, workspace_id, reading, now } = board
  const manager = manages(signedIn.membership.role)
  const since = daysAfter(dayOf(now, reading), 1 - DAYS)
  const [people, visible_private_loop_ids] = await Promise.all([
    manager ? deps.store.people.members(workspace_id, { limit: MEMBERS }) : [signedIn.person],
    board.privateLoops(),
  ])
  const [found, services, { claims }, counted] = await Promise.all([
    inParallel(people, PARALLEL, connectionsOf(board)),
    manager ? serviceAccountsOf(board) : [],
    deps.tasks.list_claims({ visible_private_loop_ids }, call()),
    ifAnswered(() =>
      deps.tasks.count_finished(
        { visible_private_loop_ids, since: startOfDay(since, reading).toISOString() },
        call(),
      ),
    ),
  ])
  const connections = withWork([...found.flat(), ...services], claims, counted?.finished)
  const shown = new Set(connections.flatMap((one) => one.claims))
  return {
    connections,
    others: claims.filter((claim) => !shown.has(claim)),
    since,
    complete: counted?.complete ?? true,
    manager,
  }
}
