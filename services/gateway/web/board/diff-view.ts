// A diff as people read it: coloured, and in words for screen readers. Pure.
import { html } from 'hono/html'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Html } from '../layout.ts'
import { TASK_TEXTS } from '../messages/task-texts.ts'
import { compareTexts, type DiffLine } from './diff-rules.ts'

/** The lines of a diff, with a label for the whole. */
export const diffView = (lines: readonly DiffLine[], label: string, language: Language): Html => {
  const words = wordsOf(TASK_TEXTS, language)
  const unseen = (text: string): Html => html`<span class="unseen">${text} </span>`
  const row = (line: DiffLine): Html => {
    if (line.kind === 'place')
      return html`<li class="place">${words.say('line', { line: String(line.line) })}</li>`
    if (line.kind === 'added')
      return html`<li class="added">${unseen(words.word('added'))}<ins>${line.text}</ins></li>`
    if (line.kind === 'removed')
      return html`<li class="removed">${unseen(words.word('removed'))}<del>${line.text}</del></li>`
    return html`<li>${line.text}</li>`
  }
  return html`<ul class="diff" role="list" dir="auto" aria-label="${label}">${lines.map(row)}</ul>`
}

/** What saving one text would change in what is stored now. */
export const bothTexts = (
  stored: Readonly<{ title: string; body: string }>,
  typed: Readonly<{ title: string; body: string }>,
  language: Language,
): Html => {
  const words = wordsOf(TASK_TEXTS, language)
  const whole = ({ title, body }: typeof stored) => `${title}\n\n${body}`
  const lines = compareTexts(whole(stored), whole(typed))
  return html`<section class="both" id="both-texts" aria-label="${words.word('difference')}">
      <p class="label">${words.word('difference')}</p>
      ${
        lines === undefined
          ? ''
          : lines.length === 0
            ? html`<p>${words.word('same_text')}</p>`
            : diffView(lines, words.word('difference'), language)
      }</section>`
}
