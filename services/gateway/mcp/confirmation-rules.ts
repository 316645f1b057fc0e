// What a person is asked before a call that cannot be undone, and what they agreed to. Pure.

import type { TaskCounts } from '../../../shared/contracts/define/common.ts'
import type { Keys } from '../../../shared/process/service-keys.ts'
import { marked, sha256, unmarked } from '../secrets.ts'

/** A question about something as it is in one version. */
export type Question = Readonly<{ message: string; version: number }>

type Answer = Readonly<Record<string, unknown>>

/** What is read before a tool is called, and the question that follows from it; undefined: there is nothing to ask. */
export type Confirmed = Readonly<{
  read: string
  arguments: (input: Answer) => Answer
  question: (answer: Answer) => Question | undefined
}>

/** Longest part of a title that a question shows (characters), and most titles. */
const TITLE_CHARS = 80
const TITLES = 5

/** How long somebody may think (ms). */
const STATE_MS = 10 * 60_000

const quoted = (title: string): string => {
  const chars = [...title]
  return `“${chars.length > TITLE_CHARS ? `${chars.slice(0, TITLE_CHARS).join('')}…` : title}”`
}

const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`

type Row = Readonly<{ title: string; status: string }>

const isUnfinished = ({ status }: Row): boolean => status !== 'shipped' && status !== 'rejected'

const shipQuestion = (answer: Answer): Question | undefined => {
  const { loop, task_counts, tasks } = answer as {
    loop: { name: string; status: string; version: number }
    task_counts: TaskCounts
    tasks: readonly Row[]
  }
  const unfinished = task_counts.total - task_counts.shipped - task_counts.rejected
  if (loop.status === 'shipped' || unfinished === 0) return undefined
  const titles = tasks.filter(isUnfinished).slice(0, TITLES)
  const more = unfinished - titles.length
  const named = [...titles.map(({ title }) => quoted(title)), ...(more > 0 ? [`${more} more`] : [])].join(
    ', ',
  )
  return {
    version: loop.version,
    message: `Ship the loop ${quoted(loop.name)} for good? Of its ${counted(task_counts.total, 'task')}, ${unfinished} ${unfinished === 1 ? 'is' : 'are'} unfinished: ${named}. What is unfinished stays as it is. Every member gets an email.`,
  }
}

const deleteQuestion = (answer: Answer): Question => {
  const { task, comments_total } = answer as { task: Row & { version: number }; comments_total: number }
  const comments = comments_total === 0 ? '' : ` and its ${counted(comments_total, 'comment')}`
  return {
    version: task.version,
    message: `Delete the task ${quoted(task.title)} (${task.status})${comments} for good? Nobody can bring it back.`,
  }
}

/** The tools that ask first, where the client can ask its person. */
export const CONFIRMED: Readonly<Record<string, Confirmed>> = {
  ship_loop: {
    read: 'get_loop',
    arguments: ({ loop_id }) => ({ loop_id }),
    question: shipQuestion,
  },
  delete_task: {
    read: 'get_task',
    arguments: ({ task_id }) => ({ task_id }),
    question: deleteQuestion,
  },
}

/** Whether a client can show its person a form. One that declares neither mode can (MCP 2026-07-28, Elicitation). */
export const canAsk = (capabilities: Readonly<{ elicitation?: object | undefined }> | undefined): boolean => {
  const modes = capabilities?.elicitation
  return modes !== undefined && ('form' in modes || !('url' in modes))
}

/** Whether a client can ask its person to open a page. */
export const canOpen = (capabilities: Readonly<{ elicitation?: object | undefined }> | undefined): boolean =>
  capabilities?.elicitation !== undefined && 'url' in capabilities.elicitation

/** Statuses that a task gets by an approval. */
const APPROVING: ReadonlySet<unknown> = new Set(['approved', 'in_progress', 'shipped'])

/** The page on which a person can approve what a call asks for: that of the task, or of all open ones; undefined: none. */
export const approvalPath = (tool: string, { status, task_id }: Answer): string | undefined => {
  if (!APPROVING.has(status)) return undefined
  if (tool === 'update_task') return `/tasks/${task_id}`
  return tool === 'bulk_update_tasks' ? '/triage' : undefined
}

/** What a person reads before they open the page. */
export const approvalQuestion = (title: string | undefined): string =>
  title === undefined
    ? 'This needs the approval of a person. Open the page to read and approve it.'
    : `The task ${quoted(title)} needs the approval of a person. Open its page to read and approve it.`

/** What a person is asked about: the call, whose it is, and what would happen. */
export type Subject = Readonly<{
  tool: string
  input: unknown
  user_id: string
  grant_id: string
  question: Question
}>

const digestOf = ({ tool, input, user_id, grant_id, question }: Subject): string =>
  sha256(JSON.stringify([tool, input, user_id, grant_id, question.version, question.message]))

/** The state of a question, which comes back with its answer. It says what was asked, and until when that holds. */
export const stateOf = (keys: Keys, subject: Subject, now: Date): string =>
  marked(keys, `${now.getTime() + STATE_MS}.${digestOf(subject)}`)

/** Whether a state is of this question: `forged` if it was not made here, `other` if it was of another, or long ago. */
export const checkState = (
  keys: Keys,
  state: string,
  subject: Subject,
  now: Date,
): 'same' | 'other' | 'forged' => {
  const text = unmarked(keys, state)
  if (text === undefined) return 'forged'
  const [until = '', digest] = text.split('.')
  return Number(until) > now.getTime() && digest === digestOf(subject) ? 'same' : 'other'
}
