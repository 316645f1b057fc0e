// The audit log of a workspace, for its owners: a page with filters, and all of it as lines of JSON.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { ROLE_WORDS, roleList } from '../../../../shared/contracts/define/access-words.ts'
import { CalendarDate, Id, LIMITS } from '../../../../shared/contracts/define/common.ts'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { type Table, type Tables, type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { type Person, readingOf } from '../../accounts/person-rules.ts'
import { loadWorkspace } from '../../accounts/workspaces.ts'
import { AUDIT_ACTIONS, type ChainEntry } from '../../audit/audit-rules.ts'
import type { AuditFilter, AuditMoment } from '../../audit/audit-store.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { translatedError } from '../../translated-errors.ts'
import { type Ctx, type Html, send } from '../layout.ts'
import { AUDIT } from '../messages/audit.ts'
import { AUDIT_ACTION_NAMES } from '../messages/audit-actions.ts'
import { AUDIT_REASONS, AUDIT_TARGET_NAMES, AUDIT_WAYS } from '../messages/audit-details.ts'
import { absolute, daysAfter, type Reading, startOfDay } from '../moments.ts'
import { membersOnly, type SignedInMember } from './workspace-page.ts'

const PATH = '/workspace/audit'
/** Entries of one page, and how many a download reads at once. */
const SHOWN = 50
const READ = 500

/** What is asked for, as the address says it; what is not understood counts as absent. */
type Asked = Readonly<{ person?: string; action?: string; from?: string; until?: string }>

const askedIn = (c: Ctx): Asked => {
  const person = Id.safeParse(c.req.query('person')).data
  const action = AUDIT_ACTIONS.find((one) => one === c.req.query('action'))
  const from = CalendarDate.safeParse(c.req.query('from')).data
  const until = CalendarDate.safeParse(c.req.query('until')).data
  return {
    ...(person ? { person } : {}),
    ...(action ? { action } : {}),
    ...(from ? { from } : {}),
    ...(until ? { until } : {}),
  }
}

const filterOf = ({ person, action, from, until }: Asked, reading: Reading): AuditFilter => ({
  user_id: person,
  action: AUDIT_ACTIONS.find((one) => one === action),
  from: from === undefined ? undefined : startOfDay(from, reading),
  before: until === undefined ? undefined : startOfDay(daysAfter(until, 1), reading),
})

const withAsked = (path: string, asked: Asked, more: Readonly<Record<string, string>> = {}): string => {
  const query = new URLSearchParams({ ...asked, ...more }).toString()
  return query === '' ? path : `${path}?${query}`
}

/** A moment of the log as an address says it: milliseconds, and the place. What is not understood counts as absent. */
const momentIn = (text = ''): AuditMoment | undefined => {
  const [, at, seq] = /^(\d{1,15})-(\d{1,15})$/.exec(text) ?? []
  return at === undefined ? undefined : { at: new Date(Number(at)), seq: Number(seq) }
}
const momentOf = ({ at, seq }: ChainEntry): AuditMoment => ({ at: new Date(at), seq })
const momentText = ({ at, seq }: ChainEntry): string => `${Date.parse(at)}-${seq}`

type AuditWords = Words<(typeof AUDIT)['en']>
type Shown = Readonly<{
  asked: Asked
  entries: readonly ChainEntry[]
  members: readonly Person[]
  /** The page of older entries; undefined: there are none. */
  older: string | undefined
  words: AuditWords
  language: Language
  reading: Reading
}>

/** What a code of the log is called; a code without words is shown as it is. */
const called = <T extends Table>(tables: Tables<T>, language: Language, code: string): string => {
  const table: Table = tables[language]
  const text = Object.hasOwn(table, code) ? table[code] : undefined
  return typeof text === 'string' ? text : code
}

const option = (value: string, label: string, chosen: string | undefined): Html =>
  html`<option value="${value}" ${value === (chosen ?? '') ? 'selected' : ''}>${label}</option>`

const filters = ({
  asked,
  members,
  words,
  language,
}: Shown): Html => html`<form class="card row" method="get" action="${PATH}">
    <div class="field"><label for="person">${words.word('person')}</label><select id="person" name="person">
      ${option('', words.word('everybody'), asked.person)}
      ${members.map(({ _id, name }) => option(_id, name, asked.person))}
    </select></div>
    <div class="field"><label for="action">${words.word('action')}</label><select id="action" name="action">
      ${option('', words.word('every_action'), asked.action)}
      ${AUDIT_ACTIONS.map((action) => option(action, called(AUDIT_ACTION_NAMES, language, action), asked.action))}
    </select></div>
    <div class="field"><label for="from">${words.word('from')}</label><input id="from" name="from" type="date" value="${asked.from ?? ''}"></div>
    <div class="field"><label for="until">${words.word('until')}</label><input id="until" name="until" type="date" value="${asked.until ?? ''}"></div>
    <button>${words.word('show')}</button>
  </form>`

/** Who did it, as far as that is known. */
const whoOf = ({ by }: ChainEntry, words: AuditWords): string =>
  by.user_id === null && by.name === '' ? words.word('unknown') : by.name

/** What it was done to: the name and the value of each member of the target. */
const targetOf = ({ target }: ChainEntry, { words, language }: Shown): Html[] =>
  Object.entries(target).map(([name, value]) => {
    const shown = name.startsWith('role') ? called(ROLE_WORDS, language, value) : value
    return html`${called(AUDIT_TARGET_NAMES, language, name)}: ${words.isolate(shown)} `
  })

const row = (entry: ChainEntry, shown: Shown): Html => {
  const { words, language, reading } = shown
  const { seq, at, action, outcome, reason, by, address } = entry
  const how = words.say('how', {
    who: whoOf(entry, words),
    via: called(AUDIT_WAYS, language, by.via),
    address: address ?? words.word('no_address'),
  })
  const ended =
    reason === undefined
      ? words.word(outcome)
      : words.say('because', {
          outcome: words.word(outcome),
          reason: called(AUDIT_REASONS, language, reason),
        })
  return html`<li><span class="main">${called(AUDIT_ACTION_NAMES, language, action)}: ${ended}
      <span class="sub">${how}</span>
      <span class="sub">${targetOf(entry, shown)}</span>
      <span class="sub"><time datetime="${at}">${absolute(new Date(at), reading)}</time> · ${words.say('place', { place: String(seq) })} · <code>${action}</code></span></span></li>`
}

const body = (shown: Shown): Html => {
  const { asked, entries, older, words } = shown
  return html`<h1>${words.word('title')}</h1>
    <p class="lead">${words.word('lead')} <a href="/workspace">${words.word('back')}</a></p>
    ${filters(shown)}
    <section class="card" aria-label="${words.word('title')}">
      ${entries.length === 0 ? html`<p>${words.word('none')}</p>` : html`<ul class="rows">${entries.map((entry) => row(entry, shown))}</ul>`}
      ${older === undefined ? '' : html`<p><a href="${older}">${words.word('older')}</a></p>`}
    </section>
    <p><a href="${withAsked(`${PATH}.jsonl`, asked)}" download>${words.word('download')}</a></p>`
}

/** @throws AppError `forbidden` for everybody but owners: the log is also about admins. */
const requireOwner = ({ membership }: SignedInMember): void => {
  if (membership.role === 'owner') return
  throw translatedError('forbidden', (words, language) =>
    words.say('page_of_roles', { roles: roleList(['owner'], language) }),
  )
}

const readingFor = async (deps: Deps, { person, membership }: SignedInMember): Promise<Reading> =>
  readingOf(person, await loadWorkspace(deps, membership.workspace_id))

const show = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  requireOwner(signedIn)
  const { workspace_id } = signedIn.membership
  const asked = askedIn(c)
  const reading = await readingFor(deps, signedIn)
  const [found, members] = await Promise.all([
    deps.store.audit.byTime(
      workspace_id,
      filterOf(asked, reading),
      'newest first',
      SHOWN + 1,
      momentIn(c.req.query('before')),
    ),
    deps.store.people.members(workspace_id, { limit: LIMITS.page }),
  ])
  const entries = found.slice(0, SHOWN)
  const last = entries.at(-1)
  const older =
    found.length > SHOWN && last ? withAsked(PATH, asked, { before: momentText(last) }) : undefined
  const language: Language = languageOf(signedIn.person.locale)
  const words = wordsOf(AUDIT, language)
  const shown = { asked, entries, members, older, words, language, reading }
  return send(c, { title: words.word('title'), language, signedIn, wide: true, body: body(shown) })
}

/** Reads the log in pages: the whole chain in its order, or what passes a filter by its time. */
const pagesOf = (deps: Deps, ws: string, filter: AuditFilter): (() => Promise<ChainEntry[]>) => {
  const { audit } = deps.store
  const whole = Object.values(filter).every((value) => value === undefined)
  let last: ChainEntry | undefined
  return async () => {
    const entries = whole
      ? await audit.read(ws, last?.seq ?? 0, READ)
      : await audit.byTime(ws, filter, 'oldest first', READ, last && momentOf(last))
    last = entries.at(-1) ?? last
    return entries
  }
}

const download = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  requireOwner(signedIn)
  const { workspace_id } = signedIn.membership
  const next = pagesOf(deps, workspace_id, filterOf(askedIn(c), await readingFor(deps, signedIn)))
  const encoder = new TextEncoder()
  // The next entries are read when the browser has taken those before.
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const entries = await next()
      if (entries.length > 0)
        controller.enqueue(encoder.encode(entries.map((entry) => `${JSON.stringify(entry)}\n`).join('')))
      if (entries.length < READ) controller.close()
    },
  })
  return c.body(stream, 200, {
    'Content-Type': 'application/jsonl; charset=utf-8',
    'Content-Disposition': 'attachment; filename="audit.jsonl"',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  })
}

/** The audit log's page, and its download. */
export const auditRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const inside = membersOnly(deps)
  routes.get(PATH, inside(show))
  routes.get(`${PATH}.jsonl`, inside(download))
}
