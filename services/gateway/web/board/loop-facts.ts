// What the page of a loop shows, read from the services that keep it.
import { LIMITS, TASK_STATUSES, type TaskStatus } from '../../../../shared/contracts/define/common.ts'
import type { Loop, LoopRow } from '../../../../shared/contracts/loops-queue/shapes.ts'
import type { TaskRow } from '../../../../shared/contracts/tasks/shapes.ts'
import type { Person } from '../../accounts/person-rules.ts'
import { type Board, ifAnswered } from './board.ts'
import type { Column, Columns } from './loop-columns-view.ts'
import type { LoopFacts, Named } from './loop-view.ts'

/** Tasks that a column shows beside the others, and alone. */
const COLUMN_TASKS = 20
const COLUMN_ALONE_TASKS = 100
/** Entries of the activity of a loop. */
const ACTIVITY = 20

const named = ({ _id, name, email }: Person): Named => ({ user_id: _id, name, email })

const readColumn = async (
  { deps, call, workspace_id }: Board,
  loop_id: string,
  asked: Readonly<{ status: TaskStatus; limit: number; cursor?: string | undefined }>,
) => {
  const { tasks, next_cursor, counts } = await deps.tasks.list_loop_tasks(
    { workspace_id, loop_id, ...asked },
    call(),
  )
  return { column: { status: asked.status, tasks, next_cursor } satisfies Column, counts }
}

const mayChange = ({ may_write }: Board, { status }: Pick<Loop, 'status'>): boolean =>
  may_write && status !== 'shipped'

/** The tasks of one status, a page at a time. */
export const readLoopColumn = async (
  board: Board,
  loop_id: string,
  status: TaskStatus,
  cursor: string | undefined,
): Promise<Readonly<{ loop: Loop; columns: Columns }>> => {
  const { loop } = await board.deps.loops.get_loop({ loop_id, tasks_limit: 1 }, board.call())
  const { column, counts } = await readColumn(board, loop_id, { status, limit: COLUMN_ALONE_TASKS, cursor })
  return {
    loop,
    columns: {
      loop_id,
      from: `/loops/${loop_id}?status=${status}`,
      counts,
      columns: [column],
      may_change: mayChange(board, loop),
    },
  }
}

type Members = Pick<LoopFacts, 'members' | 'members_total' | 'others'>

/** The members of a private loop, and who could become one. */
const readMembers = async (
  { deps, call, workspace_id, may_write }: Board,
  { id, visibility }: Loop,
): Promise<Members> => {
  if (visibility === 'public') return { members: null, members_total: 0, others: [] }
  const { member_ids } = await deps.loops.list_loop_members({ loop_id: id }, call())
  const ids = member_ids ?? []
  const [members, everybody] = await Promise.all([
    deps.store.people.members(workspace_id, { user_ids: ids, limit: LIMITS.page }),
    may_write ? deps.store.people.members(workspace_id, { limit: LIMITS.page }) : [],
  ])
  return {
    members: members.map(named),
    members_total: ids.length,
    others: everybody.filter(({ _id }) => !ids.includes(_id)).map(named),
  }
}

/**
 * All that the page of a loop shows.
 * @throws AppError `not_found` for one that there is not, or that the person does not see.
 */
export const readLoop = async (
  board: Board,
  loop_id: string,
  comments_cursor: string | undefined,
): Promise<LoopFacts> => {
  const { deps, call } = board
  const asked = comments_cursor === undefined ? {} : { comments_cursor }
  // First, and alone: it says whether the person sees the loop.
  const { loop, ...rest } = await deps.loops.get_loop({ loop_id, tasks_limit: 1, ...asked }, call())
  const [columns, described, members, recent] = await Promise.all([
    Promise.all(TASK_STATUSES.map((status) => readColumn(board, loop_id, { status, limit: COLUMN_TASKS }))),
    ifAnswered(() => deps.tasks.describe_loops({ loop_ids: [loop_id] }, call())),
    readMembers(board, loop),
    ifAnswered(() => deps.loops.get_activity({ loop_id, limit: ACTIVITY }, call())),
  ])
  const counts = columns[0]?.counts ?? rest.task_counts
  return {
    loop,
    counts,
    progress: described?.loops[0],
    columns: {
      loop_id,
      from: `/loops/${loop_id}`,
      counts,
      columns: columns.map(({ column }) => column),
      may_change: mayChange(board, loop),
    },
    ...members,
    comments: rest.comments,
    comments_total: rest.comments_total,
    comments_cursor,
    comments_next_cursor: rest.comments_next_cursor,
    activity: recent?.activity ?? [],
    once: { comment: deps.ids.next(), task: deps.ids.next() },
  }
}

/** A task, and the active loops that it may be moved into. */
export const readToMove = async (
  { deps, call }: Board,
  task_id: string,
): Promise<Readonly<{ task: TaskRow; loops: readonly LoopRow[] }>> => {
  const [{ task }, { loops }] = await Promise.all([
    deps.tasks.get_task({ task_id }, call()),
    deps.loops.get_loop_queue({ limit: LIMITS.page }, call()),
  ])
  return { task, loops }
}
