// What the parts of the triage page share. Pure.
import { html } from 'hono/html'
import type { TaskStatus } from '../../../../shared/contracts/define/common.ts'
import type { Words } from '../../../../shared/contracts/define/wording.ts'
import type { OpenQuestion } from '../../../../shared/contracts/tasks/board.ts'
import type { Comment, LoopRef, Task, TaskRow } from '../../../../shared/contracts/tasks/shapes.ts'
import type { Html } from '../layout.ts'
import type { TRIAGE } from '../messages/triage.ts'
import type { TaskProblem } from './task-changes.ts'
import type { TaskForms } from './task-forms.ts'
import type { TriageQuery } from './triage-rules.ts'

export type TriageWords = Words<(typeof TRIAGE)['en']>

/** A task as get_task answers. */
export type ShownTask = Readonly<{
  task: Task
  loop: LoopRef | null
  comments: readonly Comment[]
  comments_total: number
}>

export type Question = OpenQuestion

/** What the page shows. */
export type Triage = Readonly<{
  query: TriageQuery
  words: TriageWords
  forms: TaskForms
  now: Date
  /** Whether the reader may change anything; otherwise there are no forms. */
  may_write: boolean
  tasks: readonly TaskRow[]
  total: number
  next_cursor: string | null
  shown: ShownTask | undefined
  questions: readonly Question[]
  /** A task that has just been approved and is in no loop. */
  loopless: TaskRow | undefined
  /** Names this rendering of the page, so that what is sent twice is done once. */
  once: string
  problem?: TaskProblem | undefined
  /** What was wrong with the form of many, in the reader's language or else in English. */
  many_problem?: Readonly<{ sentence: string; is_english: boolean }> | undefined
  /** Words that every page has. */
  frame: Readonly<{ next_page: string; first_page: string }>
}>

/** What can be decided about an open task here. */
export const DECISIONS: readonly TaskStatus[] = ['approved', 'rejected', 'on_hold']

/** A sentence about what went wrong, read out at once. */
export const alertNote = (sentence: string, is_english: boolean): Html =>
  html`<p class="note bad" role="alert" id="fault" ${is_english ? html`lang="en" dir="ltr"` : html`dir="auto"`}>${sentence}</p>`

/** Who filed a task or asked, and through what. */
export const byline = (
  { name, client }: Readonly<{ name: string; client: string }>,
  words: TriageWords,
  key: 'filed' | 'asked',
): Html => {
  const bold = (text: string): Html => html`<bdi>${text}</bdi>`
  return html`${words.pieces(key, { name: bold(name), client: bold(client) })}`
}

/** The priority, if a task has one. */
export const priorityPill = ({ priority }: Pick<TaskRow, 'priority'>, { words }: TaskForms): Html | '' =>
  priority === 'none'
    ? ''
    : html`<span class="pill ${priority === 'urgent' ? 'bad' : priority === 'high' ? 'warn' : ''}">${words.word(priority)}</span>`
