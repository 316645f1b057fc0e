// The page of the audit log: for owners alone, by person, action and day, in pages, and as lines of JSON that can be verified.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { recordAudit } from '../../services/gateway/audit/audit.ts'
import { CHAIN_START, type ChainEntry, verifyChain } from '../../services/gateway/audit/audit-rules.ts'
import { type Account, asksToSignIn, openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'

const PATH = '/workspace/audit'
const LINES = `${PATH}.jsonl`

let env: GatewayEnvironment
let ann: Account
let other: Account
let ws: string
let annId: string
beforeAll(async () => {
  env = await openGatewayEnvironment()
  ann = await signUp(env, { name: 'Ann <b>' })
  other = await signUp(env, { name: 'Other' })
  const person = await env.deps.store.people.byEmail(ann.email)
  annId = person?._id ?? ''
  ws = person?.memberships[0]?.workspace_id ?? ''
  const by = { user_id: null, name: 'Somebody <i>', via: 'web' }
  for (let n = 1; n <= 60; n += 1)
    await recordAudit(env.deps, {
      action: 'token.revoked',
      ws: [ws],
      by,
      address: '203.0.113.7',
      target: { name: `Token ${n} <script>` },
      outcome: 'done',
    })
})
afterAll(() => env?.[Symbol.asyncDispose]())

const rowsOf = (text: string): number => text.split('</time> · ').length - 1
const linesOf = (text: string): ChainEntry[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ChainEntry)

test('it_is_read_in_pages_and_texts_in_it_are_no_markup', async () => {
  const first = await ann.browser.open(PATH)
  expect([first.status, rowsOf(first.text)]).toEqual([200, 50])
  expect(first.text).toContain('Token 60 &lt;script&gt;')
  expect(first.text).not.toMatch(/<script>|<i>/)
  const [, older = ''] = /href="(\/workspace\/audit\?before=[\d-]+)"/.exec(first.text) ?? []
  const second = await ann.browser.open(older)
  expect(second.text).toContain('account.made')
  expect(second.text).not.toContain('?before=')
  const { end } = verifyChain(ws, CHAIN_START, await env.deps.store.audit.read(ws, 0, 1_000))
  expect(rowsOf(first.text) + rowsOf(second.text)).toBe(end.seq)
})

test.each([
  ['person', () => ({ person: annId }), (entry: ChainEntry) => entry.by.user_id === annId],
  [
    'action',
    () => ({ action: 'session.started' }),
    (entry: ChainEntry) => entry.action === 'session.started',
  ],
])('it_is_narrowed_down_by_%s_on_the_page_and_in_the_download', async (_, asked, passes) => {
  const query = new URLSearchParams(asked())
  const all = await env.deps.store.audit.read(ws, 0, 1_000)
  const expected = all.filter(passes)
  expect(expected.length).toBeGreaterThan(0)
  expect(expected.length).toBeLessThan(all.length)
  expect(rowsOf((await ann.browser.open(`${PATH}?${query}`)).text)).toBe(expected.length)
  expect(linesOf((await ann.browser.open(`${LINES}?${query}`)).text)).toEqual(expected)
})

test('it_is_narrowed_down_by_day', async () => {
  const today = env.deps.clock.now().toISOString().slice(0, 10)
  const open = async (query: string) => rowsOf((await ann.browser.open(`${PATH}?${query}`)).text)
  expect(await open('from=2000-01-01&until=2000-01-02')).toBe(0)
  expect(await open(`from=2000-01-01&until=${today}`)).toBe(50)
})

test('by_day_nothing_is_shown_twice_or_left_out_at_the_end_of_a_page_however_many_entries_have_one_time', async () => {
  const at = env.deps.clock.now()
  const same = await env.db.collection('audit').find({ ws, action: 'token.revoked' }).toArray()
  const day = at.toISOString().slice(0, 10)
  const before = same.map(({ _id, at: was }) => ({ _id, was: was as Date }))
  await env.db.collection('audit').updateMany({ ws, action: 'token.revoked' }, { $set: { at } })
  const seen: string[] = []
  for (let path = `${PATH}?from=${day}&action=token.revoked`; path !== ''; ) {
    const { text } = await ann.browser.open(path)
    seen.push(...[...text.matchAll(/Token (\d+) /g)].map(([, n = '']) => n))
    path = /href="(\/workspace\/audit\?[^"]*before=[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? ''
  }
  expect(seen.map(Number)).toEqual(Array.from({ length: 60 }, (_, n) => 60 - n))
  for (const { _id, was } of before)
    await env.db.collection('audit').updateOne({ _id }, { $set: { at: was } })
})

test('the_words_are_those_of_the_reader_and_the_code_is_beside_them', async () => {
  const french = await signUp(env, { name: 'Zoé' })
  await french.browser.submit('/account/reading', { language: 'fr', time_zone: '' })
  const { text } = await french.browser.open(PATH)
  expect(text).toContain('Nouveau compte: fait')
  expect(text).toContain('<code>account.made</code>')
  expect(text).toContain('par le navigateur')
  expect(text).toContain('>Changement d’un rôle</option>')
})

test('the_download_is_the_whole_chain', async () => {
  const { status, headers, text } = await ann.browser.open(LINES)
  expect([status, headers.get('cache-control')]).toEqual([200, 'no-store'])
  expect(headers.get('content-type')).toContain('application/jsonl')
  const lines = linesOf(text)
  expect(lines).toEqual(await env.deps.store.audit.read(ws, 0, 1_000))
  expect(verifyChain(ws, CHAIN_START, lines).fault).toBeUndefined()
})

test('a_name_with_line_breaks_and_markup_makes_no_line_and_no_element_of_its_own', async () => {
  const forged = `x\n{"seq":1,"action":"account.deleted"}\r\u2028<img src=x>`
  const evil = await signUp(env, { name: 'Eve' })
  const person = await env.deps.store.people.byEmail(evil.email)
  const log = person?.memberships[0]?.workspace_id ?? ''
  await recordAudit(env.deps, {
    action: 'token.made',
    ws: [log],
    by: { user_id: null, name: forged, via: forged },
    address: forged,
    target: { name: forged, [forged]: forged },
    outcome: 'refused',
    reason: forged,
  })
  const lines = linesOf((await evil.browser.open(LINES)).text)
  expect(lines.filter(({ action }) => action === 'account.deleted')).toEqual([])
  expect(lines).toEqual(await env.deps.store.audit.read(log, 0, 1_000))
  expect(verifyChain(log, CHAIN_START, lines).fault).toBeUndefined()
  expect((await evil.browser.open(PATH)).text).not.toContain('<img')
})

test.each([
  'person=*&action=__proto__&from=0&until=9999-99-99',
  'person[$ne]=x&action[$ne]=x&before[$gt]=0',
  'action=admin.command%00&before=-1-1&from=2026-02-31',
])('a_filter_that_is_forged_counts_as_none_and_shows_one_log_alone: %s', async (query) => {
  const all = await env.deps.store.audit.read(ws, 0, 1_000)
  expect(linesOf((await ann.browser.open(`${LINES}?${query}`)).text)).toEqual(all)
  expect(rowsOf((await ann.browser.open(`${PATH}?${query}`)).text)).toBe(50)
})

test('a_page_of_older_entries_of_another_log_shows_only_ones_own', async () => {
  const [entry] = await env.deps.store.audit.byTime(ws, {}, 'newest first', 1)
  const { text } = await other.browser.open(`${PATH}?before=${Date.parse(entry?.at ?? '')}-${entry?.seq}`)
  expect(rowsOf(text)).toBeGreaterThan(0)
  expect(text).not.toMatch(/Token \d/)
})

test('an_owner_of_another_workspace_sees_nothing_of_it', async () => {
  for (const path of [PATH, LINES, `${PATH}?person=${annId}`])
    expect((await other.browser.open(path)).text).not.toMatch(/Token \d/)
})

test.each(['admin', 'member', 'viewer'])('for_a_%s_it_is_refused', async (role) => {
  const account = await signUp(env, { name: role })
  await env.db
    .collection('people')
    .updateOne({ email: account.email }, { $set: { 'memberships.0.role': role } })
  for (const path of [PATH, LINES]) expect((await account.browser.open(path)).status).toBe(403)
  expect((await account.browser.open('/workspace')).text).not.toContain(`href="${PATH}"`)
})

test('who_is_not_signed_in_is_led_to_sign_in', async () => {
  for (const path of [PATH, LINES]) expect(asksToSignIn(await openBrowser(env.url).open(path))).toBe(true)
  expect((await ann.browser.open('/workspace')).text).toContain(`href="${PATH}"`)
})
