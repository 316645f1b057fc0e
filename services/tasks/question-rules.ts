// Which questions on tasks are open, and how they are shown. Pure.
import type { OpenQuestion } from '../../shared/contracts/tasks/board.ts'
import { isOpen } from './blocker-rules.ts'
import type { LocatedRow } from './board-store.ts'
import type { QuestionDoc } from './question-store.ts'
import { toRow } from './task-view.ts'
import { isSeen, type SeesLoop } from './visibility-rules.ts'

/** Characters of a question that a list shows. */
export const QUESTION_CHARS = 500
/** A task that was finished so long ago will hardly be taken up again for its old questions (ms). */
const FINISHED_FOR_MS = 7 * 24 * 60 * 60 * 1_000

/** A question with its task. */
export type AskedOn = Readonly<{ question: QuestionDoc; task: LocatedRow }>

/** Questions with their tasks; those of deleted tasks are left out. */
export const withTasks = (
  questions: readonly QuestionDoc[],
  tasks: ReadonlyMap<string, LocatedRow>,
): readonly AskedOn[] =>
  questions.flatMap((question) => {
    const task = tasks.get(question.task_id)
    return task ? [{ question, task }] : []
  })

/** The questions that may be open, out of what somebody sees, and those that their tasks have settled. */
export const sortOut = (asked: readonly AskedOn[], sees: SeesLoop, now: Date) => ({
  maybeOpen: asked.filter(({ task }) => isOpen(task) && isSeen(task, sees)),
  settled: asked.filter(
    ({ task }) => !isOpen(task) && now.getTime() - task.updated_at.getTime() > FINISHED_FOR_MS,
  ),
})

/** An open question as a list shows it. */
export const toOpenQuestion = ({ question, task }: AskedOn): OpenQuestion => {
  const characters = [...question.text]
  return {
    task: toRow(task),
    question: {
      id: question._id,
      by: question.author,
      at: question.created_at.toISOString(),
      text: characters.slice(0, QUESTION_CHARS).join(''),
      ...(characters.length > QUESTION_CHARS ? { text_truncated: true as const } : {}),
    },
  }
}
