// What the page of activity shows: a page of what happened, and what it can be filtered by.
import type { ActivityPage } from '../../../../shared/contracts/activity.ts'
import { LIMITS } from '../../../../shared/contracts/define/common.ts'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { mergePages } from '../../../../shared/events/activity-rules.ts'
import { SERVICE_ACCOUNTS_PER_WORKSPACE } from '../../accounts/service-account-rules.ts'
import { manages } from '../../accounts/workspace-rules.ts'
import { type ActivityFilter, isBackwards, periodOf } from './activity-filter-rules.ts'
import { type Board, ifAnswered } from './board.ts'

/** Entries of one page. */
const ROWS = 60
/** People and loops that can be chosen. */
const CHOICES = LIMITS.page
/** Claims by which apps and agents are known, and apps of one's own. */
const CLAIMS = 100
const GRANTS = 50

type Named = Readonly<{ id: string; name: string }>

/** What somebody can choose. */
type Choices = Readonly<{
  people: readonly Named[]
  loops: readonly Named[]
  clients: readonly string[]
  agents: readonly string[]
}>

export type ActivityFacts = Readonly<{
  filter: ActivityFilter
  /** The page begins behind this entry. */
  before: string | undefined
  page: ActivityPage
  /** Why there is no page: what it is of is not there, or the days are the wrong way round. */
  refusal: 'wrong' | 'backwards' | undefined
  choices: Choices
}>

const NOTHING: ActivityPage = { entries: [], next: null }

const readPage = async (
  { deps, call, workspace_id, reading, privateLoops }: Board,
  filter: ActivityFilter,
  before: string | undefined,
): Promise<ActivityPage> => {
  const { task, loop, person, client, agent } = filter
  const asked = {
    loop_id: loop,
    user_id: person,
    client,
    agent,
    ...periodOf(filter, reading),
    before,
    limit: ROWS,
  }
  const visible_private_loop_ids = await privateLoops()
  const [own, theirs] = await Promise.all([
    task === undefined ? deps.loops.list_loop_activity(asked, call()) : NOTHING,
    deps.tasks.list_activity({ ...asked, task_id: task, workspace_id, visible_private_loop_ids }, call()),
  ])
  return mergePages([own, theirs], ROWS)
}

const isGone = (error: unknown): boolean =>
  error instanceof AppError && ['invalid_argument', 'not_found'].includes(error.code)

const read = async (
  board: Board,
  filter: ActivityFilter,
  before: string | undefined,
): Promise<Pick<ActivityFacts, 'page' | 'refusal'>> => {
  if (isBackwards(filter)) return { page: NOTHING, refusal: 'backwards' }
  try {
    return { page: await readPage(board, filter, before), refusal: undefined }
  } catch (error) {
    if (isGone(error)) return { page: NOTHING, refusal: 'wrong' }
    throw error
  }
}

/** Members and, for those who manage them, service accounts; and the one that is asked for, though it be beyond the first. */
const peopleOf = async (
  { deps, workspace_id, signedIn }: Board,
  { person }: ActivityFilter,
): Promise<readonly Named[]> => {
  const { people, serviceAccounts } = deps.store
  const [members, accounts] = await Promise.all([
    people.members(workspace_id, { limit: CHOICES }),
    manages(signedIn.membership.role)
      ? serviceAccounts.list(workspace_id, SERVICE_ACCOUNTS_PER_WORKSPACE)
      : [],
  ])
  const listed = [...members, ...accounts].map(({ _id: id, name }) => ({ id, name }))
  if (person === undefined || listed.some(({ id }) => id === person)) return listed
  const [asked] = await people.members(workspace_id, { user_ids: [person], limit: 1 })
  return asked ? [...listed, { id: asked._id, name: asked.name }] : listed
}

const loopsOf = async ({ deps, call }: Board, { loop }: ActivityFilter): Promise<readonly Named[]> => {
  const { loops } = await deps.loops.list_loops({ limit: CHOICES }, call())
  const listed = loops.map(({ id, name }) => ({ id, name }))
  if (loop === undefined || listed.some(({ id }) => id === loop)) return listed
  try {
    const { id, name } = (await deps.loops.get_loop({ loop_id: loop, tasks_limit: 1 }, call())).loop
    return [...listed, { id, name }]
  } catch (error) {
    if (isGone(error)) return listed
    throw error
  }
}

/** Names of apps and agents that the reader knows of anyhow: their own apps, and whoever works on a task. */
const agentsOf = async (board: Board): Promise<Pick<Choices, 'clients' | 'agents'>> => {
  const { deps, call, now, signedIn, workspace_id } = board
  const [grants, work] = await Promise.all([
    deps.store.grants.inForce(signedIn.person._id, now, GRANTS),
    ifAnswered(async () =>
      deps.tasks.list_claims({ visible_private_loop_ids: await board.privateLoops(), limit: CLAIMS }, call()),
    ),
  ])
  const claims = work?.claims ?? []
  const own = grants.filter(({ ws }) => ws === workspace_id).map(({ client_name }) => client_name)
  return {
    clients: [...own, ...claims.map(({ by }) => by.client)],
    agents: claims.flatMap(({ agent }) => agent ?? []),
  }
}

const sorted = (names: readonly (string | undefined)[]): string[] =>
  [...new Set(names.filter((name) => name !== undefined))].toSorted((a, b) => a.localeCompare(b))

/** Asks for all of it. */
export const loadActivity = async (
  board: Board,
  filter: ActivityFilter,
  before: string | undefined,
): Promise<ActivityFacts> => {
  const [{ page, refusal }, people, loops, known] = await Promise.all([
    read(board, filter, before),
    peopleOf(board, filter),
    loopsOf(board, filter),
    agentsOf(board),
  ])
  const { entries } = page
  const listed = new Set(people.map(({ id }) => id))
  const others = new Map(entries.map(({ by }) => [by.user_id, by.name]))
  return {
    filter,
    before,
    page,
    refusal,
    choices: {
      people: [...people, ...[...others].flatMap(([id, name]) => (listed.has(id) ? [] : [{ id, name }]))],
      loops,
      clients: sorted([filter.client, ...known.clients, ...entries.map(({ by }) => by.client)]),
      agents: sorted([filter.agent, ...known.agents, ...entries.map(({ agent }) => agent)]),
    },
  }
}
