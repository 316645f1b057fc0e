// Who works on a task, and the forms that take it over or give it back. Pure.
import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { ShownClaim } from '../../../../shared/contracts/tasks/board.ts'
import type { TaskRow } from '../../../../shared/contracts/tasks/shapes.ts'
import type { Html } from '../layout.ts'
import { ACTIVITY } from '../messages/activity.ts'
import { TASK } from '../messages/task.ts'
import { moment, type Reading } from '../moments.ts'

type HeldBy = NonNullable<TaskRow['held_by']>

/** A claim, for one reader of it. */
export type ClaimShown = Readonly<{
  held_by: HeldBy
  /** What is known besides; undefined: nothing. */
  claim: ShownClaim | undefined
  /** Whether it is theirs: taken in the browser, or through an app of theirs. */
  of: 'browser' | 'own_app' | 'others'
  /** Whether they may take it from whoever has it. */
  may_take: boolean
}>

/** Takes a task from its holder, or gives it back for the next one. */
export const claimForms = (
  task: Pick<TaskRow, 'id' | 'version'>,
  { of, may_take }: Pick<ClaimShown, 'of' | 'may_take'>,
  from: string,
  language: Language,
): Html | '' => {
  if (!may_take) return ''
  const words = wordsOf(TASK, language)
  return html`<form method="post" action="/tasks/${task.id}/claim" id="claim-${task.id}" class="pair">
      <input type="hidden" name="expected_version" value="${task.version}"><input type="hidden" name="from" value="${from}">
      ${of === 'browser' ? '' : html`<button class="small second" id="take-over-${task.id}" name="take_over" value="true">${words.word('take_over')}</button>`}
      <button class="small second" id="release-${task.id}" name="release" value="true">${words.word('release')}</button></form>`
}

/** Who works on a task since when, how far they are, and how long they have left. */
export const claimView = (
  task: Pick<TaskRow, 'id' | 'version'>,
  shown: ClaimShown,
  { language, reading, now }: Readonly<{ language: Language; reading: Reading; now: Date }>,
): Html => {
  const { held_by, claim, may_take } = shown
  const words = wordsOf(TASK, language)
  const { name, client, agent, since, expires_at } = held_by
  const when = (at: string) => ({ when: moment(new Date(at), now, reading) })
  const progress = claim?.last_progress
  return html`<section class="side holder" id="holder" aria-labelledby="holder-title">
      <h2 id="holder-title">${words.word('work')}</h2>
      <p><strong>${words.pieces('held', { who: html`<bdi>${name}</bdi>` })}</strong><br>
        <span class="meta"><bdi>${wordsOf(ACTIVITY, language).say('through', { client })}${agent ? ` · ${agent}` : ''}</bdi></span></p>
      <p class="meta"><span>${words.pieces('held_since', when(since))}</span>
        <span>${expires_at === null ? words.word('held_forever') : words.pieces('held_until', when(expires_at))}</span></p>
      ${
        claim === undefined
          ? ''
          : progress
            ? html`<p class="label">${words.word('last_progress')}</p><p dir="auto">${progress}</p>`
            : html`<p class="small">${words.word('no_progress')}</p>`
      }
      ${claimForms(task, shown, `/tasks/${task.id}`, language)}
      ${may_take ? html`<p class="hint">${words.word('release_hint')}</p>` : ''}
    </section>`
}
