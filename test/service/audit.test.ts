// The audit log in the database: nothing lost and nothing twice, whatever dies and however many write.
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  audited,
  forgetOldEntries,
  recordAudit,
  takeUpLeftBehind,
} from '../../services/gateway/audit/audit.ts'
import {
  type AuditEntry,
  CHAIN_START,
  INSTALLATION_LOG,
  verifyChain,
} from '../../services/gateway/audit/audit-rules.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { ids } from '../support/service-environment.ts'

const DAY_MS = 24 * 60 * 60_000

let env: GatewayEnvironment
let second: GatewayEnvironment
beforeAll(async () => {
  env = await openGatewayEnvironment()
  second = await openGatewayEnvironment({}, env)
})
afterAll(async () => {
  await second?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
})

const entryFor = (ws: readonly string[], name = 'Ann'): AuditEntry => ({
  action: 'token.made',
  ws,
  by: { user_id: null, name, via: 'web' },
  address: '203.0.113.7',
  target: { name },
})
const entriesOf = (ws: string) => env.deps.store.audit.read(ws, 0, 1_000)
const pending = () => env.db.collection('audit_pending').countDocuments()

test('two_hundred_at_once_over_two_gateways_make_one_chain_without_a_gap', async () => {
  const ws = ids.next()
  const names = Array.from({ length: 200 }, (_, n) => `Person ${n}`)
  await Promise.all(
    names.map((name, n) =>
      recordAudit((n % 2 ? env : second).deps, { ...entryFor([ws], name), outcome: 'done' }),
    ),
  )
  const entries = await entriesOf(ws)
  expect(entries.map(({ target }) => target.name).toSorted()).toEqual(names.toSorted())
  const { end, fault } = verifyChain(ws, CHAIN_START, entries)
  expect([fault, end.seq]).toEqual([undefined, 200])
  expect(await pending()).toBe(0)
})

test('the_outcome_is_recorded_in_each_log_of_the_entry', async () => {
  const [one, other] = [ids.next(), ids.next()]
  const entry = entryFor([one, other])
  expect(await audited(env.deps, entry, async () => 7)).toBe(7)
  const refusal = new AppError('forbidden', 'A sentence that belongs into no log.')
  await expect(audited(env.deps, entry, () => Promise.reject(refusal))).rejects.toBe(refusal)
  await expect(audited(env.deps, entry, () => Promise.reject(new Error('bang')))).rejects.toThrow('bang')
  for (const ws of [one, other])
    expect((await entriesOf(ws)).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['done', undefined],
      ['refused', 'forbidden'],
      ['interrupted', 'internal'],
    ])
  expect(JSON.stringify(await entriesOf(one))).not.toContain('A sentence')
})

test('what_belongs_to_no_workspace_is_in_the_log_of_the_installation', async () => {
  await recordAudit(env.deps, { ...entryFor([], 'Nobody'), outcome: 'refused', reason: 'forbidden' })
  expect((await entriesOf(INSTALLATION_LOG)).at(-1)).toMatchObject({ target: { name: 'Nobody' } })
})

test('what_a_crash_leaves_behind_is_taken_up_once_by_whoever_comes', async () => {
  const [before, after, between] = [ids.next(), ids.next(), ids.next()]
  const now = env.deps.clock.now()
  const left = (ws: readonly string[]) => ({ ...entryFor(ws), _id: ids.next(), at: now, due_at: now })
  // It died before the work had ended, …
  await env.deps.store.audit.begin(left([before]))
  // … after it, …
  await env.deps.store.audit.begin({ ...left([after]), outcome: 'refused', reason: 'not_found' })
  // … or when only one of two logs had the entry.
  const half = { ...left([between, after]), outcome: 'done' as const }
  await env.deps.store.audit.begin(half)
  const { _id: id, due_at: _, ws: __, ...rest } = half
  await env.deps.store.audit.append(between, { ...rest, id, at: now.toISOString() })
  await Promise.all([env, second, env].map(({ deps }) => takeUpLeftBehind(deps)))
  const outcomes = async (ws: string) => (await entriesOf(ws)).map(({ outcome }) => outcome)
  expect(await outcomes(before)).toEqual(['interrupted'])
  expect((await outcomes(after)).toSorted()).toEqual(['done', 'refused'])
  expect(await outcomes(between)).toEqual(['done'])
  expect(await pending()).toBe(0)
})

test('old_entries_go_and_the_rest_can_still_be_verified', async () => {
  const ws = ids.next()
  const at = (days: number): string => new Date(env.deps.clock.now().getTime() - days * DAY_MS).toISOString()
  const append = (days: number) => {
    const { ws: _, ...entry } = entryFor([])
    return env.deps.store.audit.append(ws, { ...entry, id: ids.next(), at: at(days), outcome: 'done' })
  }
  for (const days of [400, 380, 200, 370, 1]) await append(days)
  await Promise.all([env, second].map(({ deps }) => forgetOldEntries(deps, 365)))
  const anchor = await env.deps.store.audit.anchor(ws)
  expect(anchor.seq).toBe(2)
  const kept = await entriesOf(ws)
  expect(kept.map(({ seq }) => seq)).toEqual([3, 4, 5])
  expect(verifyChain(ws, anchor, kept).fault).toBeUndefined()
  // With all of them gone, the chain goes on where it was.
  await forgetOldEntries(env.deps, 0)
  expect(await entriesOf(ws)).toEqual([])
  await append(0)
  const next = await entriesOf(ws)
  expect(verifyChain(ws, await env.deps.store.audit.anchor(ws), next)).toMatchObject({ end: { seq: 6 } })
})

test('nothing_is_done_when_the_intent_cannot_be_noted', async () => {
  const { audit } = env.deps.store
  const broken = { ...audit, begin: () => Promise.reject(new AppError('unavailable', 'away')) }
  let done = false
  const work = async (): Promise<void> => {
    done = true
  }
  await expect(
    audited({ ...env.deps, store: { audit: broken } }, entryFor([ids.next()]), work),
  ).rejects.toThrow('away')
  expect(done).toBe(false)
})

test('an_entry_that_cannot_be_appended_now_is_taken_up_later_with_its_outcome', async () => {
  const ws = ids.next()
  const { audit } = env.deps.store
  const broken = { ...audit, append: () => Promise.reject(new AppError('unavailable', 'away')) }
  await audited({ ...env.deps, store: { audit: broken } }, entryFor([ws]), async () => undefined)
  expect(await entriesOf(ws)).toEqual([])
  await takeUpLeftBehind(env.deps)
  expect(await entriesOf(ws)).toMatchObject([{ outcome: 'done', seq: 1 }])
})
