// What agents and people asked and nobody has answered, each with a form to answer. Pure.
import { html } from 'hono/html'
import { nextStatuses } from '../../../../shared/contracts/tasks/transitions.ts'
import type { Html } from '../layout.ts'
import { markdown } from '../markdown.ts'
import { moment } from '../moments.ts'
import { hiddenFields } from './task-forms.ts'
import { byline, type Question, type Triage } from './triage-pieces.ts'

/** Where the answer to a question is typed. Whoever may approve can let the work go on with it. */
const answerForm = ({ task, question }: Question, { words, forms, once, problem }: Triage): Html => {
  const { id } = question
  const waits = task.status === 'on_hold' && task.question_id === id
  const goesOn = waits && nextStatuses(task, forms.may_approve).includes('approved')
  const typed = problem?.task_id === task.id ? problem.typed : {}
  return html`<form class="answer" id="answer-${id}" method="post" action="/tasks/${task.id}">
    ${hiddenFields(task, forms)}<input type="hidden" name="once" value="${typed.once ?? once}">
    <label for="answer-${id}-text">${words.word('your_answer')}</label>
    <textarea class="short" id="answer-${id}-text" name="text" dir="auto" required>
${typed.text ?? ''}</textarea>
    <div class="pair">${goesOn ? html`<button class="small" name="status" value="approved">${words.word('answer_and_approve')}</button>` : ''}
    <button class="small${goesOn ? ' second' : ''}">${words.word('answer')}</button></div></form>`
}

const questionItem = (one: Question, triage: Triage): Html => {
  const { task, question } = one
  const { words, forms, now, may_write } = triage
  return html`<li class="card" id="question-${question.id}">
    <h3><a href="/tasks/${task.id}" dir="auto">${task.title}</a></h3>
    <p class="meta"><span>${byline(question.by, words, 'asked')}</span> ${moment(new Date(question.at), now, forms.reading)}
      <span class="pill ${task.status === 'on_hold' ? 'warn' : ''}">${forms.statuses.word(task.status)}</span></p>
    ${markdown(question.text)}
    ${may_write ? answerForm(one, triage) : ''}</li>`
}

/** The questions, newest first. */
export const questionList = (triage: Triage): Html =>
  html`<section class="questions" aria-labelledby="questions-title"><h2 id="questions-title">${triage.words.word('questions')}</h2>
    <ul>${triage.questions.map((one) => questionItem(one, triage))}</ul></section>`
