// The pages that services declare in their contracts, each at /workspace/<path>: who may see it, its list, and its operations
// as posted forms. Knows no service.
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { roleList } from '../../../../shared/contracts/define/access-words.ts'
import { checkInput } from '../../../../shared/contracts/define/check.ts'
import { Id } from '../../../../shared/contracts/define/common.ts'
import type { Contract } from '../../../../shared/contracts/define/contract.ts'
import { notFound } from '../../../../shared/contracts/define/errors.ts'
import { inputSchema, outputSchema } from '../../../../shared/contracts/define/json-schema.ts'
import { languageOf } from '../../../../shared/contracts/define/language.ts'
import type { Panel, PanelAction, PanelDetail, PanelPage } from '../../../../shared/contracts/define/panel.ts'
import { wordsOf } from '../../../../shared/contracts/define/wording.ts'
import { requireConfirmed } from '../../accounts/account-mails.ts'
import type { Deps } from '../../deps.ts'
import type { GatewayEnv } from '../../http/env.ts'
import { translatedError } from '../../translated-errors.ts'
import { auditedInWorkspace } from '../audited-forms.ts'
import { type Ctx, type Html, type Page, send } from '../layout.ts'
import { PANEL } from '../messages/panel.ts'
import { attempt, type Fault, fieldsOf, formActionOf } from '../posted-forms.ts'
import {
  doneNote,
  type Field,
  type FormFault,
  fieldsOfAction,
  filled,
  pageAction,
  panelTexts,
  pathOf,
  type Row,
  rowFault,
  type Surroundings,
  spaced,
  tableOf,
  withQuery,
} from './panel-view.ts'
import { callOf, membersOnly, type SignedInMember } from './workspace-page.ts'

/** Rows of one page. */
const SHOWN_ROWS = 50

/** A declared page: where it is, the page that its rows lead to, and the path of the page above it. */
type PanelPlace = Readonly<{
  contract: Contract
  panel: Panel
  page: PanelPage
  path: string
  from: Readonly<Record<string, string>>
  detail: PanelDetail | undefined
  above: string | undefined
}>

const panelPagesOf = (contract: Contract): readonly PanelPlace[] => {
  const { panel } = contract
  if (!panel) return []
  const path = pathOf(panel)
  const main = { contract, panel, page: panel, path, from: {}, detail: panel.detail, above: undefined }
  if (!panel.detail) return [main]
  const { from, path: segment } = panel.detail
  return [
    main,
    { ...main, page: panel.detail, path: `${path}/${segment}`, from, detail: undefined, above: path },
  ]
}

type Listed = Readonly<{ about: string; rows: readonly Row[]; next: string | null }>

const operationOf = ({ contract }: PanelPlace, name: string) => {
  const found = contract.operations[name]
  if (!found) throw notFound('page', name)
  return found
}

const list = async (c: Ctx, deps: Deps, signedIn: SignedInMember, place: PanelPlace): Promise<Listed> => {
  const { operation, rows, about } = place.page.table
  const cursor = c.req.query('cursor')
  const asked = { ...queryOf(c, place), limit: SHOWN_ROWS, ...(cursor ? { cursor } : {}) }
  const input = checkInput(operationOf(place, operation).input, asked)
  const found = (await deps.ask(place.contract, operation, input, callOf(c, deps, signedIn))) as Row
  return {
    about: about === undefined ? '' : String(found[about]),
    rows: found[rows] as readonly Row[],
    next: found.next_cursor as string | null,
  }
}

const queryOf = (c: Ctx, { from, page }: PanelPlace): Record<string, string> => {
  const { filter } = page.table
  const chosen = filter && c.req.query(filter.member)
  return {
    ...filled(Object.fromEntries(Object.keys(from).map((name) => [name, name])), c.req.query()),
    ...(filter && chosen ? { [filter.member]: chosen } : {}),
  }
}

/** Links that narrow the list down. */
const filterLinks = (place: PanelPlace, { path, query, language, t }: Surroundings): Html | '' => {
  const { filter, operation } = place.page.table
  if (!filter) return ''
  const { properties } = inputSchema(operationOf(place, operation).input)
  type Members = Record<string, { enum?: readonly string[] }>
  const { [filter.member]: chosen = '', ...others } = query
  const link = (word: string, label: string): Html =>
    html`<a href="${withQuery(path, word === '' ? others : { ...others, [filter.member]: word })}" ${word === chosen ? html`aria-current="true"` : ''}>${label}</a>`
  return html`<nav class="filter" aria-label="${t(filter.label)}">${link('', wordsOf(PANEL, language).word('all'))}
    ${((properties as Members)[filter.member]?.enum ?? []).map((word) => link(word, t(spaced(word))))}</nav>`
}

/** The declared members of a row. */
const membersOf = (place: PanelPlace): Record<string, object> => {
  const { properties } = outputSchema(operationOf(place, place.page.table.operation).output)
  type Rows = { items?: { properties?: Record<string, object> } }
  return (properties as Record<string, Rows>)[place.page.table.rows]?.items?.properties ?? {}
}

const pagePart = (place: PanelPlace, listed: Listed, around: Surroundings): Html => {
  const { page, path, above, panel, detail } = place
  const { t, language } = around
  const words = wordsOf(PANEL, language)
  const paged = (cursor: string) => withQuery(path, { ...around.query, cursor })
  return html`${above ? html`<p><a href="${above}">${t(panel.title)}</a></p>` : html`<p><a href="/workspace">${words.word('workspace')}</a></p>`}
    <h1>${t(page.title)}</h1><p class="lead">${t(page.intro)}</p>
    ${listed.about === '' ? '' : html`<p><strong>${words.isolate(listed.about)}</strong></p>`}
    ${doneNote(around)} ${rowFault(page, around)}
    ${filterLinks(place, around)}
    <section class="card" aria-label="${t(page.title)}">
      ${listed.rows.length === 0 ? html`<p>${t(page.table.empty)}</p>` : tableOf(page, listed.rows, detail, around, membersOf(place))}
      ${listed.next === null ? '' : html`<p><a href="${paged(listed.next)}">${words.word('next_page')}</a></p>`}
    </section>
    ${page.actions.map((action) => pageAction(action, around))}`
}

type Extra = Partial<Pick<Surroundings, 'typed' | 'fault' | 'done'>>

const show = async (
  c: Ctx,
  deps: Deps,
  signedIn: SignedInMember,
  place: PanelPlace,
  extra: Extra = {},
  fault?: Fault,
): Promise<Response> => {
  const { path, page, contract, panel } = place
  const { language, t } = panelTexts(panel, languageOf(signedIn.person.locale))
  const action = actionOf(place, c.req.query('done') ?? '')
  const around: Surroundings = {
    operations: contract.operations,
    language,
    t,
    path,
    query: queryOf(c, place),
    typed: extra.typed ?? new URLSearchParams(),
    fault: extra.fault,
    done: extra.done ?? (action && !extra.fault ? { action, revealed: undefined } : undefined),
  }
  const body = pagePart(place, await list(c, deps, signedIn, place), around)
  const shown: Page = { title: t(page.title), language, signedIn, wide: true, body }
  return send(c, shown, formActionOf(fault))
}

const actionOf = ({ page }: PanelPlace, operation: string): PanelAction | undefined =>
  [...page.actions, ...page.table.actions].find((action) => action.operation === operation)

/** What was typed into a field; undefined where it was left empty. */
const typedInto = ({ name, kind }: Field, form: URLSearchParams): unknown =>
  kind === 'some_of' ? form.getAll(name) : form.get(name)?.trim() || undefined

const inputOf = (place: PanelPlace, action: PanelAction, form: URLSearchParams): Record<string, unknown> => {
  const fields = fieldsOfAction(operationOf(place, action.operation), action)
  const asked = fields.map((field) => [field.name, typedInto(field, form)] as const)
  const given = Object.keys(action.from ?? {}).map((name) => [name, form.get(name) ?? ''] as const)
  return Object.fromEntries([...asked, ...given].filter(([, value]) => value !== undefined))
}

/** The fault as the form shows it: with a sentence at each field that it names. */
const formFault = (operation: string, { field, error }: Fault): FormFault => {
  const named = (error.extras.details?.fields ?? []) as readonly { field: string; message: string }[]
  const fields = field === undefined ? named : [{ field, message: error.message }]
  return { operation, error, fields: new Map(fields.map((one) => [one.field, one.message])) }
}

/** The ids in an input; whatever else is in it is no business of the log. */
const idsOf = (input: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(input).filter(
      (member): member is [string, string] => member[0].endsWith('_id') && Id.safeParse(member[1]).success,
    ),
  )

const act = async (c: Ctx, deps: Deps, signedIn: SignedInMember, place: PanelPlace): Promise<Response> => {
  const action = actionOf(place, c.req.param('operation') ?? '')
  if (!action) throw notFound('action', c.req.param('operation') ?? '')
  const { operation, reveal } = action
  const form = await fieldsOf(c)
  const done = await attempt(() => {
    // These forms have things sent to other people's addresses: mails and calls.
    requireConfirmed(signedIn.person)
    const input = checkInput(operationOf(place, operation).input, inputOf(place, action, form))
    const asked = {
      action: reveal === undefined ? ('panel.used' as const) : ('panel.secret_shown' as const),
      target: { service: place.contract.name, operation, ...idsOf(input) },
    }
    const ask = () => deps.ask(place.contract, operation, input, callOf(c, deps, signedIn))
    return auditedInWorkspace(c, deps, signedIn, asked, ask)
  })
  if (!done.ok)
    return show(
      c,
      deps,
      signedIn,
      place,
      { typed: form, fault: formFault(operation, done.fault) },
      done.fault,
    )
  // A secret that is shown once is in this answer alone: it must not be in an address or a store.
  if (reveal !== undefined) {
    const revealed = String((done.value as Row)[reveal])
    return show(c, deps, signedIn, place, { done: { action, revealed } })
  }
  return c.redirect(withQuery(place.path, { ...queryOf(c, place), done: operation }), 303)
}

/** The pages that the contracts declare. */
export const panelRoutes = (routes: Hono<GatewayEnv>, deps: Deps): void => {
  const inside = (place: PanelPlace, work: typeof act) =>
    membersOnly(deps)(async (c, _, signedIn) => {
      if (!place.panel.roles.includes(signedIn.membership.role))
        throw translatedError('forbidden', (words, language) =>
          words.say('page_of_roles', { roles: roleList(place.panel.roles, language) }),
        )
      return work(c, deps, signedIn, place)
    })
  for (const place of deps.contracts.flatMap(panelPagesOf)) {
    routes.get(place.path, inside(place, show))
    routes.post(`${place.path}/:operation`, inside(place, act))
  }
}
