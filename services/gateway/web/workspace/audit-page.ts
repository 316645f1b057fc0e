// The audit log of a workspace, for its owners: a page with filters, and all of it as lines of JSON.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { roleList } from '../../../../shared/contracts/define/access-words.ts'
import { CalendarDate, Id, LIMITS } from '../../../../shared/contracts/define/common.ts'
import { type Language, languageOf } from '../../../../shared/contracts/define/language.ts'
import { type Words, wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { type Person, readingOf } from '../../accounts/person-rules.ts'
import { loadWorkspace } from '../../accounts/workspaces.ts'
import { AUDIT_ACTIONS, type ChainEntry } from '../../audit/audit-rules.ts'
import type { AuditFilter } from '../../audit/audit-store.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { translatedError } from '../../translated-errors.ts'
import { type Ctx, type Html, send } from '../layout.ts'
import { AUDIT } from '../messages/audit.ts'
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

type AuditWords = Words<(typeof AUDIT)['en']>
type Shown = Readonly<{
  asked: Asked
  entries: readonly ChainEntry[]
  members: readonly Person[]
  /** The page of older entries; undefined: there are none. */
  older: string | undefined
  words: AuditWords
  reading: Reading
}>

const option = (value: string, label: string, chosen: string | undefined): Html =>
  html`<option value="${value}" ${value === (chosen ?? '') ? 'selected' : ''}>${label}</option>`

const filters = ({
  asked,
  members,
  words,
}: Shown): Html => html`<form class="card row" method="get" action="${PATH}">
    <div class="field"><label for="person">${words.word('person')}</label><select id="person" name="person">
      ${option('', words.word('everybody'), asked.person)}
      ${members.map(({ _id, name }) => option(_id, name, asked.person))}
    </select></div>
    <div class="field"><label for="action">${words.word('action')}</label><select id="action" name="action">
      ${option('', words.word('every_action'), asked.action)}
      ${AUDIT_ACTIONS.map((action) => option(action, action, asked.action))}
    </select></div>
    <div class="field"><label for="from">${words.word('from')}</label><input id="from" name="from" type="date" value="${asked.from ?? ''}"></div>
    <div class="field"><label for="until">${words.word('until')}</label><input id="until" name="until" type="date" value="${asked.until ?? ''}"></div>
    <button>${words.word('show')}</button>
  </form>`

/** Who did it, as far as that is known. */
const whoOf = ({ by }: ChainEntry, words: AuditWords): string =>
  by.user_id === null && by.name === '' ? words.word('unknown') : by.name

const row = (entry: ChainEntry, { words, reading }: Shown): Html => {
  const { seq, at, action, outcome, reason, by, address, target } = entry
  const how = words.say('how', {
    who: whoOf(entry, words),
    via: by.via,
    address: address ?? words.word('no_address'),
  })
  const ended =
    reason === undefined
      ? words.word(outcome)
      : words.say('because', { outcome: words.word(outcome), reason })
  return html`<li><span class="main"><code>${action}</code> ${ended}
      <span class="sub">${how}</span>
      <span class="sub">${Object.entries(target).map(([name, value]) => html`${name}: ${words.isolate(value)} `)}</span>
      <span class="sub"><time datetime="${at}">${absolute(new Date(at), reading)}</time> · ${words.say('place', { place: String(seq) })}</span></span></li>`
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
  const [, digits] = /^(\d{1,15})$/.exec(c.req.query('before') ?? '') ?? []
  const before = digits === undefined ? undefined : Number(digits)
  const [found, members] = await Promise.all([
    deps.store.audit.latest(workspace_id, filterOf(asked, reading), SHOWN + 1, before),
    deps.store.people.members(workspace_id, { limit: LIMITS.page }),
  ])
  const entries = found.slice(0, SHOWN)
  const last = entries.at(-1)
  const older =
    found.length > SHOWN && last ? withAsked(PATH, asked, { before: String(last.seq) }) : undefined
  const language: Language = languageOf(signedIn.person.locale)
  const words = wordsOf(AUDIT, language)
  const shown = { asked, entries, members, older, words, reading }
  return send(c, { title: words.word('title'), language, signedIn, wide: true, body: body(shown) })
}

const download = async (c: Ctx, deps: Deps, signedIn: SignedInMember): Promise<Response> => {
  requireOwner(signedIn)
  const { workspace_id } = signedIn.membership
  const filter = filterOf(askedIn(c), await readingFor(deps, signedIn))
  const encoder = new TextEncoder()
  let after = 0
  // The next entries are read when the browser has taken those before.
  const stream = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const entries = await deps.store.audit.read(workspace_id, after, READ, filter)
      after = entries.at(-1)?.seq ?? after
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
