// What people and agents say to each other on a task. Pure.

import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Comment } from '../../../../shared/contracts/tasks/shapes.ts'
import { nextStatuses } from '../../../../shared/contracts/tasks/transitions.ts'
import type { Mention } from '../../../../shared/search/mention-rules.ts'
import type { Html } from '../layout.ts'
import { markdown } from '../markdown.ts'
import { ACTIVITY } from '../messages/activity.ts'
import { CONVERSATION } from '../messages/conversation.ts'
import { memberName } from '../messages/delete-account.ts'
import { moment, type Reading } from '../moments.ts'
import { initials } from '../navigation.ts'
import { type Fault, faultNote } from '../posted-forms.ts'
import { type FormTask, hiddenFields, type TaskForms } from './task-forms.ts'

export type Conversation = Readonly<{
  task: FormTask
  comments: readonly Comment[]
  total: number
  /** Where the page of comments begins, unless at the first. */
  cursor: string | undefined
  next_cursor: string | null
  /** The question that put the task on hold, while it is. */
  question_id: string | undefined
  /** For those who may write. */
  forms: TaskForms | undefined
  /** What somebody typed that was not accepted. */
  typed?: string | undefined
  fault?: Fault | undefined
  /** Names the next comment: sent twice, it is written once. */
  once: string
}>

export type ConversationReader = Readonly<{
  language: Language
  reading: Reading
  now: Date
  mentionsIn: (text: string) => readonly Mention[]
}>

const commentView = (
  { id, kind, author, text, created_at }: Comment,
  { question_id }: Conversation,
  { language, reading, now, mentionsIn }: ConversationReader,
): Html => {
  const words = wordsOf(CONVERSATION, language)
  const through = wordsOf(ACTIVITY, language).say('through', { client: author.client })
  const asks = id === question_id
  return html`<li id="comment-${id}" tabindex="-1" class="comment ${kind ? `is-${kind}` : ''}">
      <span class="avatar" aria-hidden="true">${initials(memberName(author.name, language))}</span>
      <article>
        <p class="meta"><strong><bdi>${memberName(author.name, language)}</bdi></strong> <bdi>${through}</bdi> ${moment(new Date(created_at), now, reading)}
          ${kind ? html`<span class="pill ${kind === 'question' ? 'warn' : 'good'}">${words.word(kind)}</span>` : ''}</p>
        ${markdown(text, mentionsIn(text))}
        ${asks ? html`<p class="small">${words.word('put_on_hold')}</p>` : ''}
      </article></li>`
}

const commentForm = (shown: Conversation, language: Language): Html | '' => {
  const { task, forms, typed = '', fault, once } = shown
  if (!forms) return ''
  const words = wordsOf(CONVERSATION, language)
  const answers = shown.question_id !== undefined
  const resumes = answers && nextStatuses(task, forms.may_approve).includes('approved')
  return html`<form method="post" action="/tasks/${task.id}" class="write" id="comment-form">${hiddenFields(task, forms)}
      <input type="hidden" name="once" value="${once}">
      ${faultNote(fault, language)}
      <label for="text">${words.word(answers ? 'your_answer' : 'write')}</label>
      <textarea id="text" name="text" required aria-describedby="text-hint" data-key="c" data-key-label="${words.word('write')}" dir="auto">
${typed}</textarea>
      <p class="hint" id="text-hint">${words.word('markdown_hint')}</p>
      <div class="pair">
        ${resumes ? html`<button class="small" name="status" value="approved">${words.word('answer_and_approve')}</button>` : ''}
        <button class="small${resumes ? ' second' : ''}">${words.word(answers ? 'answer' : 'send')}</button>
      </div></form>`
}

/** The comments of a task, oldest first, and the form that adds one. */
export const conversationView = (shown: Conversation, reader: ConversationReader): Html => {
  const { task, comments, total, cursor, next_cursor } = shown
  const words = wordsOf(CONVERSATION, reader.language)
  const page = (to: string | undefined) =>
    `/tasks/${task.id}${to === undefined ? '' : `?${new URLSearchParams({ comments: to })}`}#conversation`
  return html`<section id="conversation" aria-labelledby="conversation-title">
      <h2 id="conversation-title">${words.word('conversation')}${total > 0 ? html` <span class="count">${total}</span>` : ''}</h2>
      ${cursor === undefined ? '' : html`<p><a href="${page(undefined)}">${words.word('first_comments')}</a></p>`}
      ${comments.length === 0 ? html`<p class="small">${words.word('no_comments')}</p>` : html`<ol class="comments">${comments.map((one) => commentView(one, shown, reader))}</ol>`}
      ${next_cursor === null ? '' : html`<p><a class="button small" href="${page(next_cursor)}">${words.word('later')}</a></p>`}
      ${commentForm(shown, reader.language)}
    </section>`
}
