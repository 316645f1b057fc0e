// The status of mails, and who may see it. Owners, admins, members and strangers ask, with filters and on pages, and no
// query reads more than it shows.
import type { Document } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest'
import { type Deliveries, openDeliveries } from '../../services/notifier/delivery-store.ts'
import type { Delivery } from '../../services/notifier/notice-rules.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { notifier } from '../../shared/contracts/notifier/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import {
  caughtUp,
  openMailEnvironment,
  pendingDelivery,
  privateLoop,
  ship,
} from '../support/pending-mails.ts'
import type { People, Someone } from '../support/people.ts'
import { ids, person, refused, type TestEnvironment } from '../support/service-environment.ts'
import type { SmtpSink } from '../support/smtp-sink.ts'
import { freshStack } from '../support/stack.ts'

const open = new AsyncDisposableStack()
let sink: SmtpSink
let env: TestEnvironment
let people: People

beforeAll(async () => {
  ;({ env, people, sink } = open.use(await openMailEnvironment(['loops-queue', 'notifier'])))
})
afterAll(() => open.disposeAsync())

const seenBy = async (caller: Caller, asked: object = {}) => {
  const { deliveries } = await env.as(notifier, caller).list_deliveries({ limit: 200, ...asked })
  return deliveries.map(({ about, to }) => `${about} → ${to}`).sort()
}

describe('the mails of a workspace', () => {
  let ws: string
  let [owner, admin, ben, cem] = [] as unknown as [Someone, Someone, Someone, Someone]

  beforeAll(async () => {
    const names = ['Ann', 'Adi', 'Ben', 'Cem'].map((name) => ({ name }))
    const made = await people.workspace('Acme', names)
    ws = made.id
    ;[owner, admin, ben, cem] = made.members as [Someone, Someone, Someone, Someone]
    await caughtUp(env, ws, await ship(env, ws, ben, { name: 'Open' }), 4)
    const member_ids = [ben.id, admin.id]
    const loop_id = await privateLoop(env, ben, [admin.id])
    const secret = { loop_id, name: 'Secret', visibility: 'private' as const, member_ids }
    await caughtUp(env, ws, await ship(env, ws, ben, secret), 2)
    await people.invite(owner, 'dana@example.com')
    await sink.waitFor((mails) => mails.some(({ to }) => to.includes('dana@example.com')))
  })

  const OPEN = ['adi', 'ann', 'ben', 'cem'].map((name) => `Shipped: Open → ${name}@example.com`)
  const SECRET = ['adi', 'ben'].map((name) => `Shipped: Secret → ${name}@example.com`)
  const INVITED = 'Invitation → null'

  it('all_for_the_owner', async () => {
    expect(await seenBy(owner.caller)).toEqual([INVITED, ...OPEN, ...SECRET])
  })
  it('all_but_those_of_private_loops_for_an_admin', async () => {
    expect(await seenBy({ ...admin.caller, role: 'admin' })).toEqual([INVITED, ...OPEN])
  })
  it.each(['owner', 'admin', 'member', 'viewer'] as const)(
    'their_own_for_a_%s_who_asks_for_them',
    async (role) => {
      const own = await seenBy({ ...ben.caller, role }, { whose: 'mine' })
      expect(own).toEqual(['Shipped: Open → ben@example.com', 'Shipped: Secret → ben@example.com'])
    },
  )
  it.each(['member', 'viewer'] as const)('only_their_own_for_a_%s', async (role) => {
    expect(await seenBy({ ...cem.caller, role })).toEqual(['Shipped: Open → cem@example.com'])
  })
  it('none_for_the_owner_of_another_workspace_or_for_a_service', async () => {
    expect(await seenBy(person(ids.next(), { role: 'owner' }))).toEqual([])
    expect((await refused(env.as(notifier, null).list_deliveries({}))).code).toBe('forbidden')
  })
  it('filtered_by_status', async () => {
    expect(await seenBy(owner.caller, { status: 'sent' })).toHaveLength(7)
    expect(await seenBy(owner.caller, { status: 'failed' })).toEqual([])
    expect(await seenBy(cem.caller, { status: 'failed' })).toEqual([])
  })
  it('newest_first_on_pages_each_once', async () => {
    const { list_deliveries } = env.as(notifier, owner.caller)
    const found: string[] = []
    let cursor: string | null = null
    do {
      const page: Awaited<ReturnType<typeof list_deliveries>> = await list_deliveries({
        limit: 3,
        ...(cursor === null ? {} : { cursor }),
      })
      found.push(...page.deliveries.map(({ id }) => id))
      cursor = page.next_cursor
    } while (cursor !== null)
    expect(found).toHaveLength(7)
    expect(found).toEqual([...found].sort().reverse())
  })
})

describe('a ledger of some thousand mails', () => {
  const MANY = 3_000
  const PAGE = 20
  const WS = ids.next()
  const ME = ids.next()
  const EVENT = ids.next()
  const STATUSES = ['sent', 'sent', 'sent', 'sent', 'failed', 'suppressed', 'pending'] as const
  let mongo: Mongo
  let ledger: Deliveries

  const stored = (n: number): Delivery => {
    const status = STATUSES[n % STATUSES.length] ?? 'sent'
    const { due_at, ...others } = pendingDelivery({
      ws: n % 3 === 0 ? ids.next() : WS,
      event_id: n < 50 ? EVENT : ids.next(),
      user_id: n % 100 === 0 ? ME : ids.next(),
      shown_to: n % 5 === 0 ? 'owner' : 'managers',
      status,
      attempts: 1,
      expires_at: new Date(clock.now().getTime() + 3_600_000),
    })
    return { ...others, ...(status === 'pending' ? { due_at } : {}) }
  }

  beforeAll(async () => {
    mongo = await connectMongo(freshStack().mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
    const db = mongo.database('notifier')
    ledger = await openDeliveries(db, { clock: await openDatabaseClock(db, clock), ids })
    await ledger.add(Array.from({ length: MANY }, (_, n) => stored(n)))
    await mongo.database('notifier').command({ profile: 2 })
    return () => mongo[Symbol.asyncDispose]()
  })

  const query = { ws: WS, of: { shown_to: ['managers', 'owner'] }, limit: PAGE } as const
  const own = { ws: WS, of: { user_id: ME }, limit: PAGE } as const
  test.each<readonly [string, number, () => Promise<unknown>]>([
    ['the list of an owner', PAGE, () => ledger.list(query)],
    ['the failed ones', PAGE, () => ledger.list({ ...query, status: 'failed' })],
    ['one event', PAGE, () => ledger.list({ ...query, event_id: EVENT })],
    ['a later page', PAGE, () => ledger.list({ ...query, before: `${EVENT}~` })],
    ['a person’s own', PAGE, () => ledger.list(own)],
    ['a claim', 6 * PAGE, () => ledger.claim({ room: PAGE, reserve: 0, inHand: [] })],
    ['the mail to a person', 1, () => ledger.findFor(WS, EVENT, ME)],
  ])('%s reads at most %i mails and sorts none', async (_, most, query) => {
    const db = mongo.database('notifier')
    const marker = ids.next()
    await db.collection('deliveries').findOne({ _id: marker } as Document)
    await query()
    const entries = await db
      .collection('system.profile')
      .find({ ns: /\.deliveries$/ })
      .sort({ $natural: -1 })
      .limit(20)
      .toArray()
    const commands = entries.slice(
      0,
      entries.findIndex(({ command }) => command?.filter?._id === marker),
    )
    expect(commands.length).toBeGreaterThan(0)
    for (const { planSummary, hasSortStage, docsExamined, keysExamined } of commands) {
      expect(planSummary).toMatch(/^(IXSCAN|IDHACK|EXPRESS)/)
      expect(hasSortStage ?? false).toBe(false)
      expect(docsExamined).toBeLessThanOrEqual(most)
      expect(keysExamined).toBeLessThanOrEqual(2 * most + 12)
    }
  })
})
