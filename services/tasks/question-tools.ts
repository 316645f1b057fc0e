// A question that puts its task on hold: comment and status in one write of the task.
import type { MemberCall } from '../../shared/contracts/define/contract.ts'
import type { Because } from '../../shared/storage/aggregate.ts'
import { changeByRequest, type Decided } from '../../shared/storage/command.ts'
import type { Repeatable } from '../../shared/storage/idempotency.ts'
import { holdForQuestion } from './claimed-task-rules.ts'
import { newClaim, pendingComment, postComments } from './claims.ts'
import type { PendingChange } from './counter-store.ts'
import type { Deps } from './deps.ts'
import { loadForWrite } from './task-changes.ts'
import type { PendingComment } from './task-rules.ts'
import type { TaskDoc } from './task-store.ts'
import { claimantOf } from './task-view.ts'
import { seesOne } from './visibility.ts'

/** The question without its text, which every repeat brings along: the answer is stored with the task. */
type Asked = Readonly<{ id: string; author: PendingComment['author']; at: Date }>

/**
 * Puts a task on hold with a question.
 * @returns the question, and whether an earlier run of the request asked it; null when the task is on hold already.
 * @throws AppError `claimed`, `not_found`, `invalid_transition`, `version_conflict`, `idempotency_conflict`.
 */
export const askOnHold = async (
  deps: Deps,
  { task_id, text, request }: Readonly<{ task_id: string; text: string; request: Repeatable | undefined }>,
  call: MemberCall,
): Promise<Readonly<{ comment: PendingComment; replayed: boolean }> | null> => {
  const by = claimantOf(call.caller)
  const decide = async (
    before: TaskDoc,
  ): Promise<Decided<Asked | null, Readonly<{ pending: PendingChange | null }>>> => {
    const comment = pendingComment(deps, by.actor, text, 'question')
    const made = newClaim(deps, call, { bounded: false })
    const decision = holdForQuestion(before, by, made, comment, deps.clock.now())
    if (!decision) return { result: null }
    const { id, author, at } = comment
    const save = (because: Because) => deps.tasks.save(before, decision, because)
    return { result: { id, author, at }, save }
  }
  let task: TaskDoc | undefined
  const { result, saved } = await changeByRequest(
    deps.tasks,
    { call, request },
    async (tries) => {
      task = await loadForWrite(deps, call, { task_id, sees: seesOne(deps, call) }, tries)
      const before = task
      return before && { document: before, decide: () => decide(before) }
    },
    deps.ids.random,
  )
  if (!result || !task) return null
  const comment = { ...result, kind: 'question' as const, text }
  await deps.counters.count('add_comment', [saved?.pending ?? null])
  if (saved) await postComments(deps, task, [comment], call)
  return { comment, replayed: !saved }
}
