// The page on which a loop is shipped: what is done, what is left, who gets the mail, and the question. Pure.
import { html } from 'hono/html'
import { STATUS_WORDS } from '../../../../shared/contracts/define/status-words.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Loop } from '../../../../shared/contracts/loops-queue/shapes.ts'
import type { TaskRow } from '../../../../shared/contracts/tasks/shapes.ts'
import type { Html } from '../layout.ts'
import { SHIP } from '../messages/ship.ts'
import { type LoopReader, versionField } from './loop-view.ts'

/** Tasks of which the first are named. */
export type Some = Readonly<{ tasks: readonly TaskRow[]; total: number }>

export type ShipFacts = Readonly<{
  loop: Loop
  done: Some
  left: Some
  /** How many people may get the mail. */
  readers: number
  /** The mail as the reader would get it; absent where that cannot be said now. */
  mail?: Readonly<{ subject: string }> | undefined
}>

type ShipWords = Words<(typeof SHIP)['en']>

const listed = ({ tasks, total }: Some, words: ShipWords, reader: LoopReader): Html => {
  const statuses = wordsOf(STATUS_WORDS, reader.language)
  const more = total - tasks.length
  return html`<ul class="rows">${tasks.map(
    ({ id, title, status }) =>
      html`<li id="task-${id}"><a class="main" href="/tasks/${id}" dir="auto">${title}</a>${
        status === 'shipped' ? '' : html`<span class="pill end">${statuses.word(status)}</span>`
      }</li>`,
  )}</ul>${more > 0 ? html`<p class="small">${words.plural('more', more)}</p>` : ''}`
}

const left = ({ left: some }: ShipFacts, words: ShipWords, reader: LoopReader): Html =>
  some.total === 0
    ? html`<section class="card"><h2>${words.word('nothing_left')}</h2></section>`
    : html`<section class="card left" aria-labelledby="left"><h2 id="left">${words.plural('left', some.total)}</h2>
        <p>${words.word('left_text')}</p>${listed(some, words, reader)}</section>`

const done = ({ done: some }: ShipFacts, words: ShipWords, reader: LoopReader): Html =>
  some.total === 0
    ? html`<section class="card"><p>${words.word('nothing_done')}</p></section>`
    : html`<section class="card" aria-labelledby="done-tasks"><h2 id="done-tasks">${words.plural('done', some.total)}</h2>${listed(some, words, reader)}</section>`

const mail = ({ loop, mail: shown, readers }: ShipFacts, words: ShipWords): Html => {
  const whose = loop.visibility === 'public' ? 'readers_all' : 'readers_members'
  return html`<section class="card" aria-labelledby="readers"><h2 id="readers">${words.word('readers')}</h2>
      <p>${words.plural(whose, readers)}</p></section>
    ${
      shown === undefined
        ? ''
        : html`<section aria-labelledby="mail"><h2 id="mail">${words.word('mail')}</h2>
      <p dir="auto">${words.say('mail_subject', { subject: shown.subject })}</p><p class="small">${words.word('mail_hint')}</p>
      <iframe class="mail" title="${words.word('mail')}" sandbox="" src="/loops/${loop.id}/ship/mail"></iframe></section>`
    }`
}

/** The body of the page; `note` says why nothing was shipped. */
export const shipBody = (facts: ShipFacts, reader: LoopReader, note: Html | '' = ''): Html => {
  const { loop } = facts
  const words = wordsOf(SHIP, reader.language)
  return html`<div class="ship"><hgroup dir="auto"><h1>${words.say('title', { loop: loop.name })}</h1></hgroup>${note}
    <p class="lead">${words.word('lead')}</p>
    <form method="post" action="/loops/${loop.id}/ship" class="acts">${versionField(loop)}
      <button name="confirm" value="true">${words.word('confirm')}</button>
      <a href="/loops/${loop.id}" data-swap>${words.word('back')}</a></form>
    <div class="grid"><div>${left(facts, words, reader)}${done(facts, words, reader)}</div><div>${mail(facts, words)}</div></div></div>`
}
