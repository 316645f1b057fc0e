// Who is connected, and who works on what. Pure.
import { html } from 'hono/html'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { ShownClaim } from '../../../../shared/contracts/tasks/board.ts'
import type { Html } from '../layout.ts'
import { ACTIVITY } from '../messages/activity.ts'
import { AGENTS } from '../messages/agents.ts'
import { calendarDay, moment } from '../moments.ts'
import { initials } from '../navigation.ts'
import { activityPath } from './activity-filter-rules.ts'
import type { AgentsShown, Connection } from './agents-facts.ts'
import type { Board } from './board.ts'

type AgentWords = Words<(typeof AGENTS)['en']>
type Reader = Pick<Board, 'language' | 'reading' | 'now' | 'may_write' | 'may_approve' | 'caller'>

/** Claims of one connection that are listed. */
const SHOWN = 10

const claimForms = ({ task_id, title, by }: ShownClaim, reader: Reader, words: AgentWords): Html | '' => {
  if (!reader.may_approve && !(reader.may_write && by.user_id === reader.caller.user_id)) return ''
  const button = (name: 'take_over' | 'release'): Html =>
    html`<button class="plain" name="${name}" value="true" aria-label="${words.word(name)}: ${title}">${words.word(name)}</button>`
  return html`<form method="post" action="/tasks/${task_id}/claim" id="claim-${task_id}" class="pair">
      <input type="hidden" name="from" value="/agents">${button('take_over')} ${button('release')}</form>`
}

const claimRow = (claim: ShownClaim, reader: Reader, words: AgentWords, who: boolean): Html => {
  const { task_id, title, by, agent, since, expires_at, last_progress } = claim
  const when = (at: string) => ({ when: moment(new Date(at), reader.now, reader.reading) })
  return html`<li id="held-${task_id}"><div><a href="/tasks/${task_id}" dir="auto">${title}</a>
      <p class="meta">${who ? html`<bdi>${by.name} · ${wordsOf(ACTIVITY, reader.language).say('through', { client: by.client })}</bdi>` : ''}
        ${agent ? html`<bdi>${agent}</bdi>` : ''}<span>${words.pieces('since', when(since))}</span>
        ${expires_at === null ? '' : html`<span>${words.pieces('until', when(expires_at))}</span>`}</p>
      ${last_progress ? html`<p class="small" dir="auto">${last_progress}</p>` : ''}</div>
      ${claimForms(claim, reader, words)}</li>`
}

const usedOf = ({ used }: Connection, { now, reading }: Reader, words: AgentWords): Html | string => {
  if (used === null) return words.word('unheard')
  const when = typeof used === 'string' ? html`${calendarDay(used, reading)}` : moment(used, now, reading)
  return html`${words.pieces('heard', { when })}`
}

/** What it finished on the last days, as a link to all that it did then. */
const finishedOf = (one: Connection, since: string, words: AgentWords): Html => {
  const { kind, name, user_id, finished, has_namesakes } = one
  const path = activityPath({ person: user_id, since, ...(kind === 'service' ? {} : { client: name }) })
  const text =
    finished === undefined
      ? words.word('week')
      : finished === 0
        ? words.word('finished_none')
        : words.plural('finished', finished)
  return html`<span><a href="${path}" aria-label="${name}: ${text}">${text}</a>${
    has_namesakes ? html` ${words.word('with_namesakes')}` : ''
  }</span>`
}

/** What ends a connection: a button, or the page of service accounts or of one's own tokens. */
const endingOf = ({ id, kind, is_own, name }: Connection, words: AgentWords): Html => {
  const path =
    kind === 'service'
      ? `/workspace/service-accounts/${id}`
      : kind === 'token' && is_own
        ? '/account/tokens'
        : undefined
  return path === undefined
    ? html`<form method="post" action="/agents/${id}/disconnect" id="disconnect-${id}"><button class="small second" aria-label="${words.word('disconnect')}: ${name}">${words.word('disconnect')}</button></form>`
    : html`<a class="quiet" href="${path}" aria-label="${words.word('manage')}: ${name}">${words.word('manage')}</a>`
}

const connectionCard = (one: Connection, since: string, reader: Reader, words: AgentWords): Html => {
  const { id, kind, name, owner, claims } = one
  return html`<li class="card connection" id="connection-${id}">
      <div class="connection-head"><span class="avatar" aria-hidden="true">${initials(name)}</span>
        <div><h3 dir="auto">${name}</h3>
          <p class="meta"><span>${words.word(kind)}</span>${owner === undefined ? '' : html`<span>${words.pieces('of', { who: html`<bdi>${owner}</bdi>` })}</span>`}
            <span>${usedOf(one, reader, words)}</span><span>${claims.length === 0 ? words.word('idle') : words.plural('holds', claims.length)}</span>
            ${finishedOf(one, since, words)}</p></div>
        ${endingOf(one, words)}</div>
      ${claims.length === 0 ? '' : html`<ul class="held">${claims.slice(0, SHOWN).map((claim) => claimRow(claim, reader, words, false))}</ul>`}
      ${claims.length > SHOWN ? html`<p class="small">${words.plural('more_claims', claims.length - SHOWN)}</p>` : ''}</li>`
}

const none = (
  words: AgentWords,
): Html => html`<div class="empty"><h2>${words.word('none')}</h2><p>${words.word('none_text')}</p>
      <p><a class="button" href="/workspace#connect">${words.word('connect')}</a></p></div>`

/** The page of agents. */
export const agentsView = (
  { connections, others, since, complete, manager }: AgentsShown,
  reader: Reader,
): Html => {
  const words = wordsOf(AGENTS, reader.language)
  return html`<div class="agents"><h1>${words.word('title')}</h1>
      ${
        connections.length === 0
          ? none(words)
          : html`<section aria-labelledby="connected"><h2 id="connected">${words.word('connected')} <span class="count">${connections.length}</span></h2>
        <p class="lead">${words.word(manager ? 'lead_all' : 'lead_own')}</p>
        <ul class="connections">${connections.map((one) => connectionCard(one, since, reader, words))}</ul>
        ${complete ? '' : html`<p class="small">${words.word('latest_counted')}</p>`}</section>`
      }
      ${
        others.length === 0
          ? ''
          : html`<section aria-labelledby="working"><h2 id="working">${words.word('working')}</h2>
        <ul class="held">${others.map((claim) => claimRow(claim, reader, words, true))}</ul></section>`
      }</div>`
}
