// The pages of an import: the form, what it would do, how far it is, what it did. Pure.
import { html } from 'hono/html'
import { LIMITS } from '../../../../shared/contracts/define/common.ts'
import type { Language } from '../../../../shared/contracts/define/language.ts'
import type { Words } from '../../../../shared/contracts/define/wording.ts'
import type { ShownReport } from '../../../../shared/imports/report-rules.ts'
import { SOURCES } from '../../../../shared/imports/shape-rules.ts'
import type { Html } from '../layout.ts'
import type { IMPORTS } from '../messages/imports.ts'
import { type Fault, faultNote } from '../posted-forms.ts'
import type { Upload } from './import-store.ts'

export type ImportWords = Words<(typeof IMPORTS)['en']>
/** A loop that everything may go into. */
export type LoopChoice = Readonly<{ id: string; name: string }>

/** The form of an import. */
export const importForm = (
  words: ImportWords,
  { loops, may_approve }: Readonly<{ loops: readonly LoopChoice[]; may_approve: boolean }>,
  language: Language,
  fault?: Fault,
): Html => html`<h1>${words.word('title')}</h1>
  ${faultNote(fault, language)}
  <p>${words.word('lead')}</p>
  <form class="card" method="post" action="/import" enctype="multipart/form-data">
    <div class="field"><label for="source">${words.word('source')}</label>
      <select id="source" name="source" required>${Object.entries(SOURCES).map(
        ([name, what]) => html`<option value="${name}">${what}</option>`,
      )}</select></div>
    <div class="field"><label for="file">${words.word('file')}</label>
      <input id="file" name="file" type="file" multiple aria-describedby="file-hint">
      <p class="hint" id="file-hint">${words.word('file_hint')}</p></div>
    <div class="field"><label for="text">${words.word('text')}</label>
      <textarea id="text" name="text" rows="4" spellcheck="false"></textarea></div>
    <div class="field"><label for="into">${words.word('into')}</label>
      <select id="into" name="into"><option value="">${words.word('own_loops')}</option>${loops.map(
        ({ id, name }) => html`<option value="${id}">${name}</option>`,
      )}</select></div>
    <div class="field"><label for="project">${words.word('project')}</label>
      <input id="project" name="project" maxlength="${LIMITS.label_chars}" autocomplete="off" aria-describedby="project-hint">
      <p class="hint" id="project-hint">${words.word('project_hint')}</p></div>
    ${
      may_approve
        ? html`<label class="check"><input type="checkbox" name="approve"><span>${words.word('approve')}
      <span class="hint">${words.word('approve_hint')}</span></span></label>`
        : ''
    }
    <button>${words.word('look')}</button>
  </form>`

const reportTable = (words: ImportWords, report: ShownReport, with_comments: boolean): Html => html`<table>
    <tbody>
      <tr><th scope="row">${words.word('created')}</th><td>${report.created}</td></tr>
      <tr><th scope="row">${words.word('updated')}</th><td>${report.updated}</td></tr>
      <tr><th scope="row">${words.word('unchanged')}</th><td>${report.unchanged}</td></tr>
      ${with_comments ? html`<tr><th scope="row">${words.word('comments')}</th><td>${report.comments}</td></tr>` : ''}
      ${report.loops.length > 0 ? html`<tr><th scope="row">${words.word('loops')}</th><td>${report.loops.join(', ')}</td></tr>` : ''}
    </tbody></table>
  ${report.groups.map(
    ({ code, count, examples }) => html`<h2>${words.word(code)} (${count})</h2>
  <ul>${examples.map(
    ({ id, title, detail }) =>
      html`<li><code>${id}</code> <span dir="auto">${title}</span>${detail ? ` (${detail})` : ''}</li>`,
  )}${count > examples.length ? html`<li>${words.plural('more', count - examples.length)}</li>` : ''}</ul>`,
  )}`

const stateOf = (words: ImportWords, upload: Upload): Html => {
  const { _id, state, preview, report, fault, done, total } = upload
  if (state === 'done' && report)
    return html`<h1>${words.word('title_done')}</h1>${reportTable(words, report, true)}
      <p><a class="button" href="/triage">${words.word('to_triage')}</a></p>`
  if (state === 'running')
    return html`<h1>${words.word('title_running')}</h1>
      <p><progress max="${Math.max(total, 1)}" value="${done}" aria-label="${words.word('title_running')}"></progress> ${words.say('steps', { done: String(done), total: String(total) })}</p>
      <p>${words.word('running_lead')}</p>
      <p><a class="button second" href="/import/${_id}">${words.word('look_again')}</a></p>`
  const again = state === 'failed'
  return html`<h1>${words.word(again ? 'title_failed' : 'title_preview')}</h1>
    ${again ? html`<p class="note bad" role="alert">${fault}</p><p>${words.word('failed_lead')}</p>` : html`<p>${words.word('preview_lead')}</p>`}
    ${reportTable(words, preview, false)}
    <form method="post" action="/import/${_id}"><button>${words.word(again ? 'go_on' : 'begin')}</button></form>
    <p><a href="/import">${words.word('another')}</a></p>`
}

/** An import as it is now. */
export const uploadView = (words: ImportWords, upload: Upload): Html =>
  html`<div class="card">${stateOf(words, upload)}</div>`
