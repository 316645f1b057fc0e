// The text that was approved, and what changed in it since. Pure.

import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { ApprovedText } from '../../../../shared/contracts/tasks/shapes.ts'
import type { Html } from '../layout.ts'
import { memberName } from '../messages/delete-account.ts'
import { TASK_TEXTS } from '../messages/task-texts.ts'
import { moment, type Reading } from '../moments.ts'
import { compareTexts, diffLines } from './diff-rules.ts'
import { diffView } from './diff-view.ts'
import { type FormTask, hiddenFields, type TaskForms } from './task-forms.ts'

type Reader = Readonly<{ language: Language; reading: Reading; now: Date }>

const whatChanged = (body: string, approved: ApprovedText, { language }: Reader): Html => {
  const words = wordsOf(TASK_TEXTS, language)
  const { diff, body: before, body_truncated } = approved
  if (diff === undefined && before === undefined) return html`<p class="small">${words.word('body_same')}</p>`
  const lines =
    diff === undefined ? (body_truncated ? undefined : compareTexts(before ?? '', body)) : diffLines(diff)
  return html`${lines === undefined ? '' : diffView(lines, words.word('diff'), language)}
      ${
        before === undefined
          ? ''
          : html`<details><summary>${words.word('approved_body')}</summary><pre dir="auto">${before}</pre>
      ${body_truncated ? html`<p class="small">${words.word('cut')}</p>` : ''}</details>`
      }`
}

/** What changed since an approval, with a button that approves the text as it is now. */
export const approvalView = (
  task: FormTask & Readonly<{ body: string }>,
  approved: ApprovedText,
  { forms, may_approve }: Readonly<{ forms: TaskForms | undefined; may_approve: boolean }>,
  reader: Reader,
): Html => {
  const words = wordsOf(TASK_TEXTS, reader.language)
  const { title, approved_by, approved_at } = approved
  const who = html`<bdi>${memberName(approved_by.name, reader.language)}</bdi>`
  const since = approved_at
    ? words.pieces('changed_since', { who, when: moment(new Date(approved_at), reader.now, reader.reading) })
    : words.pieces('changed_since_undated', { who })
  return html`<section class="card approval" id="approval" aria-labelledby="approval-title">
      <h2 id="approval-title">${since}</h2>
      ${title === task.title ? '' : html`<p><span class="label">${words.word('title_was')}</span><span dir="auto">${title}</span></p>`}
      ${whatChanged(task.body, approved, reader)}
      ${
        forms && may_approve && task.status === 'open'
          ? html`<form method="post" action="/tasks/${task.id}" id="approve-again">${hiddenFields(task, forms)}
              <button class="small" name="status" value="approved">${words.word('approve_again')}</button></form>`
          : ''
      }
    </section>`
}
