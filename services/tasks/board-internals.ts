// What the pages ask about many tasks at once. Leaves: they call no other service.
import type { Call, Caller } from '../../shared/contracts/define/contract.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { visiblePage } from '../../shared/storage/visible-pages.ts'
import {
  countFinished,
  longestFirst,
  toHolders,
  toShownClaim,
  toTaskLink,
  unfinishedFirst,
} from './board-rules.ts'
import { countHeldBack, countReady } from './counter-rules.ts'
import type { LeafDeps, Some } from './deps.ts'
import { QUESTION_CHARS, sortOut, toOpenQuestion, withTasks } from './question-rules.ts'
import type { QuestionDoc } from './question-store.ts'
import { isSeen, seesThese, visibleLists } from './visibility-rules.ts'

/** Questions looked at at once. */
const PARALLEL = 8
/** Tasks that wait for one: how many are read, and how many are shown. */
const MAX_DEPENDENTS = 1_000
const DEPENDENTS = 50
/** Finished tasks that are looked at. */
const MAX_FINISHED = 2_000

/** @throws AppError `forbidden` for a call on nobody's behalf: what is visible depends on the person. */
const requireCaller = ({ caller }: Call): Caller => {
  if (!caller) throw new AppError('forbidden', 'This operation is only for a person’s request.')
  return caller
}

/** What the pages show of loops and claims. */
const workHandlers = (deps: LeafDeps): Some<'describe_loops' | 'list_claims'> => ({
  describe_loops: async ({ loop_ids }, call) => {
    const { workspace_id: ws } = requireCaller(call)
    const asked = [...new Set(loop_ids)]
    const [counters, oldest, claims] = await Promise.all([
      deps.counters.read(ws, asked, 'tasks'),
      deps.tasks.findOldestReady(ws, asked),
      // Whoever sees a loop sees its tasks.
      deps.tasks.listClaims(ws, asked, asked),
    ])
    const byLoop = Map.groupBy(longestFirst(claims), ({ loop_id }) => loop_id)
    const describe = (loop_id: string) => {
      const at = oldest.get(loop_id)
      return {
        loop_id,
        ready: countReady(counters, ws, loop_id),
        blocked: countHeldBack(counters, ws, [loop_id]),
        ...(at ? { oldest_ready_at: at.toISOString() } : {}),
        ...toHolders(byLoop.get(loop_id) ?? []),
      }
    }
    return { loops: asked.map(describe) }
  },

  list_claims: async ({ visible_private_loop_ids, limit }, call) => {
    const caller = requireCaller(call)
    const claims = longestFirst(await deps.tasks.listClaims(caller.workspace_id, visible_private_loop_ids))
    return {
      claims: claims.slice(0, limit).map((claim) => toShownClaim(claim, caller)),
      total: claims.length,
    }
  },
})

/** The handler of list_open_questions. */
const questionHandlers = (deps: LeafDeps): Some<'list_open_questions'> => ({
  list_open_questions: async ({ visible_private_loop_ids, limit, before }, call) => {
    const { workspace_id: ws } = requireCaller(call)
    const sees = seesThese(visible_private_loop_ids)
    const show = async (found: readonly QuestionDoc[]) => {
      const tasks = await deps.tasks.findRows(ws, [...new Set(found.map(({ task_id }) => task_id))])
      const { maybeOpen, settled } = sortOut(withTasks(found, tasks), sees, deps.clock.now())
      const answered = await inParallel(maybeOpen, PARALLEL, ({ question }) =>
        deps.comments.isAnswered(question),
      )
      const done = [...settled, ...maybeOpen.filter((_, n) => answered[n])]
      await deps.comments.settle(
        ws,
        done.map(({ question }) => question._id),
      )
      return maybeOpen
        .filter((_, n) => !answered[n])
        .map((asked) => ({ id: asked.question._id, entry: toOpenQuestion(asked) }))
    }
    const find = (behind: string | undefined, rows: number) =>
      deps.comments.listQuestions(ws, behind, rows, QUESTION_CHARS + 1)
    const { entries: questions, next } = await visiblePage({ before, limit }, find, show)
    return { questions, next }
  },
})

/** What leads from one task to others. */
const relatedHandlers = (deps: LeafDeps): Some<'list_neighbours' | 'list_blocked'> => ({
  list_neighbours: async ({ position, status, visible_private_loop_ids }, call) => {
    const { workspace_id: ws } = requireCaller(call)
    const lists = visibleLists('all', visible_private_loop_ids)
    const { previous, next } = await deps.tasks.findNeighbours(ws, lists, { status }, position)
    return {
      ...(previous ? { previous: toTaskLink(previous) } : {}),
      ...(next ? { next: toTaskLink(next) } : {}),
    }
  },

  list_blocked: async ({ task_id, visible_private_loop_ids }, call) => {
    const { workspace_id: ws } = requireCaller(call)
    const sees = seesThese(visible_private_loop_ids)
    const task = (await deps.tasks.findLocations(ws, [task_id])).get(task_id)
    if (!task || !isSeen(task, sees)) throw notFound('task', task_id)
    const found = await deps.tasks.listDependents(ws, task_id, MAX_DEPENDENTS)
    const seen = found.filter((dependent) => isSeen(dependent, sees)).toSorted(unfinishedFirst)
    return {
      tasks: seen.slice(0, DEPENDENTS).map((one) => ({ ...toTaskLink(one), loop_id: one.loop_id })),
      total: seen.length,
    }
  },
})

/** The handler of count_finished. */
const finishedHandlers = (deps: LeafDeps): Some<'count_finished'> => ({
  count_finished: async ({ visible_private_loop_ids, since }, call) => {
    const { workspace_id: ws } = requireCaller(call)
    const sees = seesThese(visible_private_loop_ids)
    const found = await deps.activity.listFinished(ws, new Date(since), MAX_FINISHED)
    const ids = [...new Set(found.flatMap(({ task_id }) => task_id ?? []))]
    const tasks = await deps.tasks.findLocations(ws, ids)
    const seen = found.filter(({ task_id }) => {
      const task = tasks.get(task_id ?? '')
      return task !== undefined && isSeen(task, sees)
    })
    return { finished: countFinished(seen), complete: found.length < MAX_FINISHED }
  },
})

/** The handlers of what the pages ask. */
export const boardHandlers = (deps: LeafDeps) => ({
  ...workHandlers(deps),
  ...questionHandlers(deps),
  ...relatedHandlers(deps),
  ...finishedHandlers(deps),
})
