// Exports a workspace as one person sees it: its loops in their order, then its tasks, oldest first.
import { LIMITS } from '../contracts/define/common.ts'
import type { Client, MemberCall } from '../contracts/define/contract.ts'
import { AppError } from '../contracts/define/errors.ts'
import type { loopsQueue } from '../contracts/loops-queue/contract.ts'
import type { LoopRow } from '../contracts/loops-queue/shapes.ts'
import type { tasks as tasksContract } from '../contracts/tasks/contract.ts'
import type { ExportedTask } from '../contracts/tasks/imports.ts'
import type { Comment, TaskRow } from '../contracts/tasks/shapes.ts'
import { inParallel, partsOf } from '../process/parallel.ts'
import { attribution, IMPORT_CLIENT } from './attribution-rules.ts'
import {
  EXPORT_FORMAT,
  type ExportedLoop,
  type ExportedTaskLine,
  type ExportLine,
  type WrittenComment,
} from './format-rules.ts'

/** The services that an export asks, and how. */
export type ExportDeps = Readonly<{
  tasks: Client<typeof tasksContract>
  loops: Client<typeof loopsQueue>
  callOf: () => MemberCall
  now: () => Date
  onProgress?: (done: number, total: number) => void
}>

/** Questions asked at once. */
const PARALLEL = 8
/** Tasks of one part. */
const PART = 100

/** Every page of a list. @param ask with the cursor of the page before */
async function* pages<P extends Readonly<{ next_cursor: string | null }>>(
  ask: (cursor: { cursor?: string }) => Promise<P>,
): AsyncGenerator<P> {
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const page: P = await ask(cursor === undefined ? {} : { cursor })
    yield page
    cursor = page.next_cursor
  }
}

/** A comment with who wrote it first, where an import brought it. */
const written = ({ author, text, created_at, kind }: Comment): WrittenComment => ({
  ...((author.client === IMPORT_CLIENT && attribution(text)) || {
    author: author.name,
    at: created_at,
    text,
  }),
  ...(kind ? { kind } : {}),
})

type CommentPage = Readonly<{ comments: readonly Comment[]; comments_next_cursor: string | null }>

/** All comments on one thing. */
const commentsOf = async (
  ask: (cursor: { comments_cursor?: string }) => Promise<CommentPage>,
): Promise<WrittenComment[]> => {
  const found: WrittenComment[] = []
  for await (const { comments } of pages(async ({ cursor }) => {
    const page = await ask(cursor === undefined ? {} : { comments_cursor: cursor })
    return { ...page, next_cursor: page.comments_next_cursor }
  }))
    found.push(...comments.map(written))
  return found
}

/** Something that may have gone between the list and the question about it. */
const ifThere = async <R>(asked: Promise<R>): Promise<R | undefined> => {
  try {
    return await asked
  } catch (error) {
    if (error instanceof AppError && error.code === 'not_found') return undefined
    throw error
  }
}

const loopLine = async ({ loops, callOf }: ExportDeps, row: LoopRow): Promise<ExportedLoop | undefined> => {
  const loop_id = row.id
  const whole = row.ai_context_truncated
    ? await ifThere(loops.get_loop({ loop_id, tasks_limit: 1 }, callOf()))
    : undefined
  const comments = await ifThere(
    commentsOf((cursor) => loops.get_loop({ loop_id, tasks_limit: 1, ...cursor }, callOf())),
  )
  if (!comments) return undefined
  const ai_context = whole?.loop.ai_context ?? row.ai_context
  return {
    type: 'loop',
    id: loop_id,
    name: row.name,
    ...(row.description ? { description: row.description } : {}),
    ...(ai_context ? { ai_context } : {}),
    status: row.status,
    visibility: row.visibility,
    ...(comments.length > 0 ? { comments } : {}),
  }
}

const taskLine = (
  row: TaskRow,
  task: ExportedTask,
  comments: readonly WrittenComment[],
): ExportedTaskLine => ({
  type: 'task',
  ref: task.ref,
  title: row.title,
  ...(task.body ? { body: task.body } : {}),
  status: row.status,
  priority: row.priority,
  ...(row.due_date ? { due_date: row.due_date } : {}),
  ...(row.labels ? { labels: row.labels } : {}),
  ...(task.links ? { links: task.links } : {}),
  ...(row.loop_id ? { loop_id: row.loop_id } : {}),
  ...(task.blocked_by ? { blocked_by: task.blocked_by } : {}),
  ...(comments.length > 0 ? { comments: [...comments] } : {}),
  author: row.author.name,
  ...(row.approved_by ? { approved_by: row.approved_by.name } : {}),
  created_at: row.created_at,
  updated_at: row.updated_at,
})

/** What rows do not have, of a part of the tasks. */
const wholeTasks = async (
  { tasks, callOf }: ExportDeps,
  ids: readonly string[],
  visible: string[] | null,
): Promise<Map<string, ExportedTask>> => {
  const found = new Map<string, ExportedTask>()
  for (let left = ids; left.length > 0; ) {
    const input = { task_ids: [...left], visible_private_loop_ids: visible }
    const answer = await tasks.list_whole_tasks(input, callOf())
    for (const task of answer.tasks) found.set(task.task_id, task)
    left = answer.next === undefined ? [] : left.slice(left.indexOf(answer.next))
  }
  return found
}

/** The lines of tasks, oldest first. */
async function* taskLines(deps: ExportDeps, rows: readonly TaskRow[]): AsyncGenerator<ExportedTaskLine> {
  const { tasks, loops, callOf } = deps
  const { loop_ids: visible } = await loops.list_private_loops({}, callOf())
  let done = 0
  for (const part of partsOf(rows, PART)) {
    const whole = await wholeTasks(
      deps,
      part.map(({ id }) => id),
      visible,
    )
    const lines = await inParallel(part, PARALLEL, async (row) => {
      const task = whole.get(row.id)
      if (!task) return undefined
      const comments = task.has_comments
        ? await ifThere(commentsOf((cursor) => tasks.get_task({ task_id: row.id, ...cursor }, callOf())))
        : []
      return comments && taskLine(row, task, comments)
    })
    for (const line of lines) if (line) yield line
    done += part.length
    deps.onProgress?.(done, rows.length)
  }
}

/**
 * The lines of an export, only what the person sees.
 * @param name of the workspace.
 * @param newest_first the tasks as lists have them, so that no more than a page of them is held at a time.
 */
export async function* runExport(
  deps: ExportDeps,
  name: string,
  newest_first = false,
): AsyncGenerator<ExportLine> {
  const { tasks, loops, callOf, now } = deps
  yield { type: 'workspace', format: EXPORT_FORMAT, name, exported_at: now().toISOString() }
  const limit = LIMITS.page
  for await (const page of pages((cursor) => loops.list_loops({ limit, ...cursor }, callOf())))
    for (const line of await inParallel(page.loops, PARALLEL, (row) => loopLine(deps, row)))
      if (line) yield line
  const rows: TaskRow[] = []
  for await (const page of pages((cursor) => tasks.list_tasks({ scope: 'all', limit, ...cursor }, callOf())))
    if (newest_first) yield* taskLines(deps, page.tasks)
    else rows.push(...page.tasks)
  // Lists begin with the newest; imported in this order, tasks keep theirs.
  yield* taskLines(deps, rows.reverse())
}
