// What the page of a task shows, asked of the services as the person who looks.
import type { ShownClaim } from '../../../../shared/contracts/tasks/board.ts'
import type { Comment, Task } from '../../../../shared/contracts/tasks/shapes.ts'
import { findMentions, type Mention, mayMention } from '../../../../shared/search/mention-rules.ts'
import { attempt } from '../posted-forms.ts'
import type { BlockersShown, TaskLink } from './blockers-view.ts'
import { type Board, ifAnswered } from './board.ts'
import type { ClaimShown } from './claim-view.ts'
import { type LoopChoice, type TaskForms, type Typed, taskWords } from './task-forms.ts'
import type { TaskReader, TaskShown } from './task-view.ts'

/** Entries of the history. */
const HISTORY = 30
/** Loops that a task can be moved into from here. */
const LOOPS = 100
/** Tasks that are offered to wait for. */
const FOUND = 8
/** Members whose mentions are marked. */
const MEMBERS = 1_000

/** What a person asked for besides the task itself. */
export type TaskAsked = Readonly<{
  comments_cursor?: string | undefined
  /** Looks for tasks that it could wait for. */
  query?: string | undefined
  typed?: Typed | undefined
  conflict?: boolean
  comment_fault?: TaskShown['conversation']['fault']
}>

const ULID_IN_TEXT = /[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}/

/** Tasks that somebody looks for: by the id in a link, or by words. */
const lookFor = async (
  { deps, call }: Board,
  query: string,
  except: ReadonlySet<string>,
): Promise<readonly TaskLink[]> => {
  const [id] = ULID_IN_TEXT.exec(query) ?? []
  if (id !== undefined) {
    const asked = { task_id: id.toUpperCase() }
    const found = await ifAnswered(() => attempt(() => deps.tasks.get_task(asked, call())))
    return found?.ok && !except.has(found.value.task.id) ? [found.value.task] : []
  }
  if (query.trim() === '') return []
  const asked = { query, kinds: ['task' as const], limit: FOUND + except.size }
  const answer = await ifAnswered(() => attempt(() => deps.loops.search(asked, call())))
  if (!answer?.ok) return []
  return answer.value.found
    .flatMap(({ id: task_id, title = '', status }) =>
      except.has(task_id) || status === undefined || status === 'active'
        ? []
        : [{ id: task_id, title, status }],
    )
    .slice(0, FOUND)
}

const blockersOf = async (
  board: Board,
  task: Task,
  waits_for: BlockersShown['waits_for'],
  query: string | undefined,
): Promise<BlockersShown> => {
  const known = new Set([task.id, ...(waits_for?.tasks ?? []).map(({ id }) => id)])
  const visible_private_loop_ids = await board.privateLoops()
  const [found, blocks] = await Promise.all([
    query === undefined ? undefined : lookFor(board, query, known),
    ifAnswered(() =>
      board.deps.tasks.list_blocked({ task_id: task.id, visible_private_loop_ids }, board.call()),
    ),
  ])
  return {
    task,
    waits_for,
    blocks: blocks ?? { tasks: [], total: 0 },
    may_write: board.may_write,
    looked_for: found && query !== undefined ? { query, found } : undefined,
  }
}

const claimOf = async (board: Board, task: Task): Promise<ClaimShown | undefined> => {
  const { deps, call, caller, may_approve, may_write } = board
  const { held_by } = task
  if (!held_by) return undefined
  const asked = { visible_private_loop_ids: await board.privateLoops() }
  const listed = await ifAnswered(() => deps.tasks.list_claims(asked, call()))
  const claim: ShownClaim | undefined = listed?.claims.find(({ task_id }) => task_id === task.id)
  const own = claim?.by.user_id === caller.user_id
  const of = !own ? 'others' : held_by.expires_at === null ? 'browser' : 'own_app'
  return { held_by, claim, of, may_take: may_approve || (may_write && own) }
}

/** Finds the mentions in these texts. Members are asked for only where there may be one. */
const mentionsFinder = async (
  { deps, workspace_id }: Board,
  texts: readonly string[],
): Promise<(text: string) => readonly Mention[]> => {
  if (!texts.some(mayMention)) return () => []
  const people = await deps.store.people.members(workspace_id, { limit: MEMBERS })
  const members = people.map(({ _id, name, email }) => ({ user_id: _id, name, email }))
  return (text) => findMentions(text, members)
}

/** The forms of a task's page; undefined for those who may not write. */
const formsOf = (
  board: Board,
  task_id: string,
  loops: readonly LoopChoice[],
  more_loops: boolean,
): TaskForms | undefined =>
  board.may_write
    ? {
        ...taskWords(board.language),
        reading: board.reading,
        may_approve: board.may_approve,
        from: `/tasks/${task_id}`,
        loops,
        more_loops,
      }
    : undefined

const readerOf = async (
  board: Board,
  task: Task,
  comments: readonly Comment[],
  loops: readonly LoopChoice[],
): Promise<TaskReader> => {
  const names = new Map(loops.map(({ id, name }) => [id, name]))
  return {
    language: board.language,
    reading: board.reading,
    now: board.now,
    task_id: task.id,
    loopName: (id) => names.get(id),
    mentionsIn: await mentionsFinder(board, [task.body, ...comments.map(({ text }) => text)]),
  }
}

/**
 * Asks for all of it.
 * @throws AppError `not_found` for a task that does not exist or is not seen.
 */
export const loadTask = async (
  board: Board,
  task_id: string,
  { comments_cursor, query, typed = {}, conflict = false, comment_fault }: TaskAsked,
): Promise<Readonly<{ shown: TaskShown; reader: TaskReader }>> => {
  const { deps, call, may_approve, language } = board
  const [found, history, listed] = await Promise.all([
    deps.tasks.get_task({ task_id, comments_cursor }, call()),
    ifAnswered(() => deps.loops.get_activity({ task_id, limit: HISTORY }, call())),
    ifAnswered(() => deps.loops.list_loops({ status: 'active', limit: LOOPS }, call())),
  ])
  const { loops, total } = listed ?? { loops: [], total: 0 }
  const { task, loop, approved_text, comments } = found
  const [blockers, claim, reader] = await Promise.all([
    blockersOf(board, task, found.blocked_by, query),
    claimOf(board, task),
    readerOf(board, task, comments, loop ? [...loops, loop] : loops),
  ])
  const forms = formsOf(board, task.id, loops, total > loops.length)
  const conversation = {
    task,
    forms,
    comments,
    total: found.comments_total,
    cursor: comments_cursor,
    next_cursor: found.comments_next_cursor,
    question_id: task.status === 'on_hold' ? task.question_id : undefined,
    typed: typed.text,
    fault: comment_fault,
    once: typed.once ?? deps.ids.next(),
  }
  const shown = {
    ...taskWords(language),
    task,
    loop,
    approved_text,
    claim,
    blockers,
    conversation,
    history: history?.activity ?? [],
    forms,
    may_approve,
    typed,
    conflict,
  }
  return { shown, reader }
}
