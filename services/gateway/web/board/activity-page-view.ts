// The page of activity: what it is filtered by, and what happened, by day. Pure.
import { html } from 'hono/html'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import type { Html } from '../layout.ts'
import { ACTIVITY_PAGE } from '../messages/activity-page.ts'
import { calendarDay } from '../moments.ts'
import type { ActivityFacts } from './activity-facts.ts'
import { activityPath, isFiltered } from './activity-filter-rules.ts'
import { byDay } from './activity-rules.ts'
import { type ActivityReader, activityList } from './activity-view.ts'

type PageWords = Words<(typeof ACTIVITY_PAGE)['en']>

/** One choice; the first is to have none. What is chosen can always be seen, also where it is not among the others. */
const select = (
  name: string,
  label: string,
  chosen: string | undefined,
  choices: readonly (readonly [value: string, text: string])[],
  otherwise: string = chosen ?? '',
): Html => {
  const [none, ...others] = choices
  const all =
    chosen === undefined || others.some(([value]) => value === chosen)
      ? others
      : [...others, [chosen, otherwise] as const]
  return html`<div class="field"><label for="filter-${name}">${label}</label><select id="filter-${name}" name="${name}">
        <option value="">${none?.[1]}</option>
        ${all.map(([value, text]) => html`<option value="${value}" ${value === chosen ? 'selected' : ''}>${text}</option>`)}
      </select></div>`
}

const day = (name: string, label: string, value: string | undefined): Html =>
  html`<div class="field short"><label for="filter-${name}">${label}</label><input type="date" id="filter-${name}" name="${name}" value="${value ?? ''}"></div>`

const filters = ({ filter, choices }: ActivityFacts, words: PageWords): Html => {
  const { task, loop, person, client, agent, since, until } = filter
  const named = (list: ActivityFacts['choices']['people']) => list.map(({ id, name }) => [id, name] as const)
  const same = (list: readonly string[]) => list.map((name) => [name, name] as const)
  return html`<form method="get" action="/activity" class="row filters" id="filters">
      ${
        task === undefined
          ? select(
              'loop',
              words.word('loop'),
              loop,
              [['', words.word('every_loop')], ...named(choices.loops)],
              words.word('a_loop'),
            )
          : html`<input type="hidden" name="task" value="${task}"><p class="of-task"><a href="/tasks/${task}">${words.word('of_task')}</a></p>`
      }
      ${select(
        'person',
        words.word('person'),
        person,
        [['', words.word('everybody')], ...named(choices.people)],
        words.word('someone_else'),
      )}
      ${select('client', words.word('client'), client, [['', words.word('every_client')], ...same(choices.clients)])}
      ${choices.agents.length === 0 ? '' : select('agent', words.word('agent'), agent, [['', words.word('every_agent')], ...same(choices.agents)])}
      <div class="row period">${day('since', words.word('since'), since)} ${day('until', words.word('until'), until)}
        <button class="second">${words.word('show')}</button>
        ${isFiltered(filter) ? html`<a class="quiet" href="/activity">${words.word('all')}</a>` : ''}</div></form>`
}

const dayTitle = (date: string, { filter }: ActivityFacts, { reading }: ActivityReader): Html => {
  const written = html`<time datetime="${date}">${calendarDay(date, reading)}</time>`
  return filter.since === date && filter.until === date
    ? written
    : html`<a href="${activityPath({ ...filter, since: date, until: date })}">${written}</a>`
}

const days = (facts: ActivityFacts, reader: ActivityReader): Html =>
  html`${[...byDay(facts.page.entries, reader.reading)].map(
    ([date, entries]) =>
      html`<section class="day" id="day-${date}"><h2>${dayTitle(date, facts, reader)}</h2>${activityList(entries, reader)}</section>`,
  )}`

/** What to do where there is nothing. */
const nothing = ({ page, filter, before }: ActivityFacts, words: PageWords): Html => {
  if (page.next !== null)
    return html`<div class="empty"><h2>${words.word('none_lately')}</h2><p>${words.word('none_lately_text')}</p></div>`
  if (isFiltered(filter) || before !== undefined)
    return html`<div class="empty"><h2>${words.word('no_match')}</h2><p>${words.word('no_match_text')}</p></div>`
  return html`<div class="empty"><h2>${words.word('nothing')}</h2><p>${words.word('nothing_text')}</p>
      <p><a class="button" href="/triage">${words.word('to_triage')}</a></p></div>`
}

/** The body of the page. */
export const activityPageView = (facts: ActivityFacts, reader: ActivityReader): Html => {
  const words = wordsOf(ACTIVITY_PAGE, reader.language)
  const { page, filter, before, refusal } = facts
  const content =
    refusal === undefined
      ? page.entries.length === 0
        ? nothing(facts, words)
        : days(facts, reader)
      : html`<p class="note warn" role="status">${words.word(refusal)}</p>`
  return html`<div class="activity-page"><h1>${words.word('title')}</h1>
      ${filters(facts, words)}
      ${content}
      <p class="pair">${before === undefined ? '' : html`<a class="button small second" href="${activityPath(filter)}">${words.word('newest')}</a>`}
        ${page.next === null ? '' : html`<a class="button small" href="${activityPath(filter, page.next)}">${words.word('older')}</a>`}</p></div>`
}
