// The page of a loop: what it is, its tasks in columns, its members, what was said and done. Pure.

import { html } from 'hono/html'
import type { ShownActivity } from '../../../../shared/contracts/activity.ts'
import { LIMITS, type TaskCounts } from '../../../../shared/contracts/define/common.ts'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Loop } from '../../../../shared/contracts/loops-queue/shapes.ts'
import type { Comment } from '../../../../shared/contracts/tasks/shapes.ts'
import type { Html } from '../layout.ts'
import { markdown } from '../markdown.ts'
import { CONVERSATION } from '../messages/conversation.ts'
import { memberName } from '../messages/delete-account.ts'
import { LOOP } from '../messages/loop.ts'
import { moment, type Reading } from '../moments.ts'
import { initials } from '../navigation.ts'
import { activityPath } from './activity-filter-rules.ts'
import { activityList } from './activity-view.ts'
import { type Columns, columnsView } from './loop-columns-view.ts'

/** Who reads it, and what they may do. */
export type LoopReader = Readonly<{
  language: Language
  reading: Reading
  now: Date
  may_write: boolean
  may_approve: boolean
}>

/** A person as the page names them. */
export type Named = Readonly<{ user_id: string; name: string; email: string }>

/** What somebody wrote in the form of the texts, and the fault that it came back with. */
export type Texts = Readonly<{ name: string; description: string; ai_context: string }>

export type LoopFacts = Readonly<{
  loop: Loop
  counts: TaskCounts
  /** Absent: the service does not say now. */
  progress?: Readonly<{ ready: number; blocked: number }> | undefined
  columns: Columns
  /** Null: the loop is public. */
  members: readonly Named[] | null
  members_total: number
  /** Who could be added. */
  others: readonly Named[]
  comments: readonly Comment[]
  comments_total: number
  /** Where the page of comments begins, unless at the first. */
  comments_cursor?: string | undefined
  comments_next_cursor: string | null
  activity: readonly ShownActivity[]
  /** Name the comment that is written and the task that is filed next: sent twice, each is made once. */
  once: Readonly<{ comment: string; task: string }>
}>

/** What a posted form came back with. */
export type Refused = Readonly<{
  /** The note for the person. */
  note: Html
  /** Of which form. */
  of: 'texts' | 'comment' | 'members' | 'status' | 'task'
  /** What was typed, and the name of the request that the form makes. */
  typed?: Partial<Texts> & Readonly<{ text?: string; title?: string; once?: string | undefined }>
  /** What is stored is another text than the form was made from. */
  conflict?: true
}>

export type LoopWords = Words<(typeof LOOP)['en']>

const noteOf = (refused: Refused | undefined, of: Refused['of']): Html | '' =>
  refused?.of === of ? refused.note : ''

/** The parts of a whole as a bar; pictures need no inline style. */
const progressBar = (counts: TaskCounts, label: string): Html | '' => {
  const whole = counts.total - counts.rejected
  if (whole <= 0) return ''
  const [shipped, working] = [counts.shipped / whole, counts.in_progress / whole].map(
    (part) => Math.round(part * 1_000) / 10,
  ) as [number, number]
  return html`<svg class="progress" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" aria-label="${label}"><rect class="whole" width="100" height="4"/><rect class="working" width="${shipped + working}" height="4"/><rect class="shipped" width="${shipped}" height="4"/></svg>`
}

const pills = ({ loop }: LoopFacts, words: LoopWords): Html => {
  const tone = loop.status === 'on_hold' ? ' warn' : ' good'
  return html`<p class="meta"><span class="pill${tone}">${words.word(loop.status)}</span>
      <span class="pill">${words.word(loop.visibility)}</span>${
        loop.priority === null
          ? ''
          : html`<span>${words.say('position', { position: String(loop.priority + 1) })}</span>`
      }</p>`
}

const progress = ({ counts, progress: of }: LoopFacts, words: LoopWords, language: Language): Html | '' => {
  const whole = counts.total - counts.rejected
  if (whole <= 0) return ''
  const numbers = new Intl.NumberFormat(language)
  const label = words.say('progress', {
    shipped: numbers.format(counts.shipped),
    total: numbers.format(whole),
  })
  return html`<div class="how-far">${progressBar(counts, label)}<p class="meta"><span aria-hidden="true">${label}</span>${
    of && of.ready > 0 ? html`<span>${words.plural('ready', of.ready)}</span>` : ''
  }${of && of.blocked > 0 ? html`<span>${words.plural('blocked_tasks', of.blocked)}</span>` : ''}</p></div>`
}

/** A hidden field that says from which version of the loop a form was made. */
export const versionField = ({ version }: Loop): Html =>
  html`<input type="hidden" name="expected_version" value="${version}">`

const statusForms = ({ loop }: LoopFacts, words: LoopWords): Html => {
  const path = `/loops/${loop.id}`
  const change = loop.status === 'active' ? 'hold' : 'reopen'
  return html`<form method="post" action="${path}">${versionField(loop)}
        <button class="second small" name="${change}" value="true">${words.word(change)}</button></form>
      <form method="post" action="${path}">
        <button class="small" name="ship" value="true">${words.word('ship')}</button></form>`
}

const field = (
  name: keyof Texts,
  value: string,
  words: LoopWords,
  given: Readonly<{ rows?: number; hint?: Html | ''; stored?: string | undefined }>,
): Html => html`<div class="field"><label for="edit-${name}">${words.word(name)}</label>
        ${
          given.rows === undefined
            ? html`<input id="edit-${name}" name="${name}" value="${value}" maxlength="${LIMITS.name_chars}" required autocomplete="off" dir="auto">`
            : html`<textarea id="edit-${name}" name="${name}" rows="${given.rows}" dir="auto">
${value}</textarea>`
        }${given.hint ?? ''}${
          given.stored === undefined || given.stored === value
            ? ''
            : html`<div class="stored"><p class="label">${words.word('stored_now')}</p><pre dir="auto">${given.stored}</pre></div>`
        }</div>`

/** The form of the texts. After a conflict it shows what is stored beside what was typed. */
const editForm = ({ loop }: LoopFacts, words: LoopWords, refused: Refused | undefined): Html => {
  const own = refused?.of === 'texts' ? refused : undefined
  const typed = { name: loop.name, description: loop.description, ai_context: loop.ai_context, ...own?.typed }
  const stored = (name: keyof Texts): string | undefined => (own?.conflict ? loop[name] : undefined)
  return html`<details class="edit" id="edit" ${own ? 'open' : ''} data-key="e"><summary class="button">${words.word('edit')}</summary>
      <form method="post" action="/loops/${loop.id}" id="edit-form" class="card">${noteOf(own, 'texts')}${versionField(loop)}
        ${field('name', typed.name, words, { stored: stored('name') })}
        ${field('description', typed.description, words, { rows: 4, stored: stored('description') })}
        ${field('ai_context', typed.ai_context, words, { rows: 10, stored: stored('ai_context'), hint: html`<p class="hint">${words.word('ai_context_hint')}</p>` })}
        <button>${words.word('save')}</button></form></details>`
}

const standing = (
  { loop }: LoopFacts,
  words: LoopWords,
  { now, reading, language }: LoopReader,
): Html | '' => {
  if (loop.status === 'on_hold') return html`<p class="note warn">${words.word('is_on_hold')}</p>`
  if (loop.status !== 'shipped' || !loop.shipped_at) return ''
  const parts = words.pieces('was_shipped', {
    by: html`<bdi>${memberName(loop.shipped_by?.name ?? '', language)}</bdi>`,
    when: moment(new Date(loop.shipped_at), now, reading),
  })
  return html`<p class="note">${parts}</p>`
}

const about = (facts: LoopFacts, words: LoopWords): Html => {
  const { loop } = facts
  return html`${loop.description === '' ? '' : html`<div class="about-loop">${markdown(loop.description)}</div>`}
    ${
      loop.ai_context === ''
        ? ''
        : html`<details class="context" id="context"><summary>${words.word('ai_context')}</summary>${markdown(loop.ai_context)}</details>`
    }`
}

const newTask = ({ loop, once }: LoopFacts, words: LoopWords, refused: Refused | undefined): Html => {
  const typed = refused?.of === 'task' ? refused.typed : undefined
  return html`${noteOf(refused, 'task')}<form method="post" action="/tasks" class="row new-task" id="new-task">
      <input type="hidden" name="loop_id" value="${loop.id}"><input type="hidden" name="once" value="${typed?.once ?? once.task}">
      <div class="field"><label class="unseen" for="new-title">${words.word('new_task')}</label>
        <input id="new-title" name="title" value="${typed?.title ?? ''}" maxlength="${LIMITS.name_chars}" required autocomplete="off" dir="auto" placeholder="${words.word('new_task')}" data-key="n" data-key-label="${words.word('new_task')}"></div>
      <button class="second">${words.word('add_task')}</button></form>`
}

const emptyState = (words: LoopWords, mayChange: boolean): Html =>
  html`<div class="empty"><h2>${words.word('empty_title')}</h2><p>${words.word(mayChange ? 'empty_text' : 'empty_for_viewer')}</p>${
    mayChange ? html`<p><a href="/triage">${words.word('to_triage')}</a></p>` : ''
  }</div>`

const memberRow = ({ loop }: LoopFacts, words: LoopWords, { user_id, name, email }: Named, may: boolean) =>
  html`<li id="member-${user_id}"><span class="avatar small" aria-hidden="true">${initials(name)}</span><span class="main" dir="auto">${name}<span class="sub">${email}</span></span>${
    may
      ? html`<form class="end" method="post" action="/loops/${loop.id}"><input type="hidden" name="user_id" value="${user_id}">
        <button class="plain" name="member" value="false" aria-label="${words.say('remove_member', { name })}">${words.word('remove')}</button></form>`
      : ''
  }</li>`

const adding = ({ loop, others }: LoopFacts, words: LoopWords): Html | '' =>
  others.length === 0
    ? ''
    : html`<form class="row" method="post" action="/loops/${loop.id}">
        <div class="field"><label for="user_id">${words.word('add_member')}</label>
          <select id="user_id" name="user_id">${others.map(({ user_id, name, email }) => html`<option value="${user_id}">${name} (${email})</option>`)}</select></div>
        <button class="second" name="member" value="true">${words.word('add')}</button></form>`

const membersSection = (
  facts: LoopFacts,
  words: LoopWords,
  { may_write }: LoopReader,
  refused?: Refused,
): Html => {
  const { members, members_total } = facts
  if (members === null) return html`<p class="small">${words.word('for_all')}</p>`
  const hidden = members_total - members.length
  return html`<section class="card" aria-labelledby="members-title" id="members">
      <h2 id="members-title">${words.word('members')}</h2>
      <p class="small">${words.word('for_members')}</p>${noteOf(refused, 'members')}
      <ul class="rows">${members.map((member) => memberRow(facts, words, member, may_write))}</ul>
      ${hidden > 0 ? html`<p class="small">${words.plural('members_hidden', hidden)}</p>` : ''}
      ${may_write ? adding(facts, words) : ''}</section>`
}

const said = (comment: Comment, words: LoopWords, { now, reading, language }: LoopReader): Html => {
  const { id, kind, author, text, created_at } = comment
  const name = memberName(author.name, language)
  return html`<li class="said" id="comment-${id}" tabindex="-1"><span class="avatar small" aria-hidden="true">${initials(name)}</span>
      <div><p class="meta"><strong dir="auto">${name}</strong><bdi>${author.client}</bdi>${moment(new Date(created_at), now, reading)}${
        kind === undefined ? '' : html`<span class="pill warn">${words.word(kind)}</span>`
      }</p>${markdown(text)}</div></li>`
}

const commentForm = ({ loop, once }: LoopFacts, words: LoopWords, refused: Refused | undefined): Html => {
  const typed = refused?.of === 'comment' ? refused.typed : undefined
  return html`<form method="post" action="/loops/${loop.id}" id="comment-form">${noteOf(refused, 'comment')}<input type="hidden" name="once" value="${typed?.once ?? once.comment}">
      <div class="field"><label for="text">${words.word('your_comment')}</label>
        <textarea id="text" name="text" rows="3" required dir="auto" aria-describedby="text-hint" data-key="c" data-key-label="${words.word('your_comment')}">
${typed?.text ?? ''}</textarea>
        <p class="hint" id="text-hint">${words.word('comment_hint')}</p></div>
      <button class="second">${words.word('comment')}</button></form>`
}

const conversation = (facts: LoopFacts, words: LoopWords, reader: LoopReader, refused?: Refused): Html => {
  const { loop, comments, comments_cursor, comments_next_cursor } = facts
  const isOpen = loop.status !== 'shipped' && reader.may_write
  const query = new URLSearchParams({ comments: comments_next_cursor ?? '' })
  return html`<section class="card" aria-labelledby="comments-title" id="comments">
      <h2 id="comments-title">${words.word('comments')}</h2>
      ${comments_cursor === undefined ? '' : html`<p><a href="/loops/${loop.id}#comments" data-swap>${wordsOf(CONVERSATION, reader.language).word('first_comments')}</a></p>`}
      ${
        comments.length === 0
          ? html`<p class="small">${words.word('no_comments')}</p>`
          : html`<ol class="loop-comments">${comments.map((one) => said(one, words, reader))}</ol>`
      }
      ${comments_next_cursor === null ? '' : html`<p><a href="/loops/${loop.id}?${query}#comments" data-swap>${words.word('later_comments')}</a></p>`}
      ${isOpen ? commentForm(facts, words, refused) : ''}</section>`
}

/** What was done, folded. */
const done = ({ loop, activity }: LoopFacts, words: LoopWords, reader: LoopReader): Html | '' => {
  if (activity.length === 0) return ''
  const loopName = (id: string): string | undefined => (id === loop.id ? loop.name : undefined)
  return html`<details class="context" id="activity"><summary>${words.word('activity')}</summary>${activityList(activity, { ...reader, loopName })}
      <p><a href="${activityPath({ loop: loop.id })}">${words.word('all_activity')}</a></p></details>`
}

/** What is above the columns: the name, where the loop stands, and what can be done with it. */
const head = (facts: LoopFacts, words: LoopWords, reader: LoopReader, refused?: Refused): Html => {
  const { loop } = facts
  const mayChange = reader.may_write && loop.status !== 'shipped'
  return html`<header class="loop-head">
      <div class="title"><hgroup dir="auto"><h1>${loop.name}</h1></hgroup>${pills(facts, words)}${progress(facts, words, reader.language)}</div>
      ${mayChange ? html`<div class="acts">${statusForms(facts, words)}</div>` : ''}
    </header>
    ${noteOf(refused, 'status')}${standing(facts, words, reader)}
    ${mayChange ? editForm(facts, words, refused) : ''}${about(facts, words)}`
}

/** The body of the page. */
export const loopBody = (facts: LoopFacts, reader: LoopReader, refused?: Refused): Html => {
  const words = wordsOf(LOOP, reader.language)
  const mayChange = reader.may_write && facts.loop.status !== 'shipped'
  return html`${head(facts, words, reader, refused)}
    <section class="work" aria-label="${words.word('columns')}">${mayChange ? newTask(facts, words, refused) : ''}
      ${facts.counts.total === 0 ? emptyState(words, mayChange) : columnsView(facts.columns, reader)}</section>
    <div class="grid">${conversation(facts, words, reader, refused)}<div>${membersSection(facts, words, reader, refused)}${done(facts, words, reader)}</div></div>`
}
