// Nobody learns about or changes what is not theirs by any route of the gateway. Outsiders send every route, as the gateway
// has it, ids of a workspace in any place: they get no text and no other id of it, and its data stays as it was.
import fc from 'fast-check'
import type { Document } from 'mongodb'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Bus, connectBus } from '../../shared/bus/connect.ts'
import { eventSubject } from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { type Account, agentOf, joinWorkspace, openBrowser, signUp } from '../support/accounts.ts'
import { serviceAccountOf, tokenOf } from '../support/fleet.ts'
import { idsIn } from '../support/outsider.ts'
import { fieldNames, type PageRequest, requestsTo, sendPageRequest } from '../support/page-outsider.ts'
import { type System, startSystem } from '../support/system.ts'
import { openWholeGateway, type WholeGateway } from '../support/whole-gateway.ts'

/** In every text that members see; the second one in what only owners see. */
const CANARY = 'canary-of-the-quay'
const OWNERS_CANARY = 'nightingale-of-the-safe'
const RUNS = 1
const log = createLog({ filter: 'error', topic: 'test' })
/** The mailbox of development shows the mails of everybody, on a machine that nobody else reaches. */
const OPEN_TO_ALL = /^\/dev\//
/** Where what a viewer tried, and mails about their own account, may be added. */
const OWN = /^(gateway audit|gateway audit_pending|notifier notices|notifier deliveries) /

let system: System
let mongo: Mongo
let bus: Bus
let routes: WholeGateway['routes']
let ann: Account
let viewer: Account
let ws: string
let annId: string
let viewerId: string
/** The ids of one thing of every kind in the workspace, which outsiders send. */
let ids: readonly string[]
/** The ids of a second one, which nobody sends; and those of what only owners see. */
let unsent: readonly string[]
let unsentOfOwners: readonly string[]
const published: string[] = []

const furnish = async (): Promise<void> => {
  await using agent = await agentOf(system, ann)
  const { you, workspace } = await agent.call('get_workspace', {})
  ws = workspace.id
  annId = you.user_id
  const { loop } = await agent.call('create_loop', { name: `${CANARY} loop` })
  const { task } = await agent.call('create_task', { title: `${CANARY} task`, loop_id: loop.id })
  await agent.call('add_comment', { task_id: task.id, text: `${CANARY} comment` })
  const hidden = await agent.call('create_loop', { name: `${OWNERS_CANARY} loop`, visibility: 'private' })
  await tokenOf(ann, { name: `${OWNERS_CANARY} token ${hidden.loop.id}` })
  await serviceAccountOf(ann, { name: `${OWNERS_CANARY} program ${hidden.loop.id}` })
  await agent.call('create_task', { title: `${OWNERS_CANARY} task`, loop_id: hidden.loop.id })
  await ann.browser.submit('/workspace/invite', {
    email: `${OWNERS_CANARY}.${hidden.loop.id.toLowerCase()}@example.com`,
    role: 'member',
  })
}

const isOf = (id: string, document: Document): boolean =>
  Object.values(document).includes(id) || String(document._id).split(' ').includes(id)
const isOfVictim = (document: Document): boolean =>
  (isOf(ws, document) || isOf(annId, document)) && !JSON.stringify(document).includes(viewerId)

/** The documents of the workspace and its owner, in every database. */
const documents = async (): Promise<Map<string, string>> => {
  const found = new Map<string, string>()
  for (const { name } of CONTRACTS) {
    const db = mongo.database(name)
    for (const { name: collection } of await db.listCollections({}, { nameOnly: true }).toArray())
      if (!collection.startsWith('system.'))
        for (const one of await db.collection(collection).find().toArray())
          if (isOfVictim(one)) found.set(`${name} ${collection} ${one._id}`, JSON.stringify(one))
  }
  return found
}

/** Waits until nothing in the background writes to the workspace any more. */
const quiet = async (): Promise<void> => {
  let before = await documents()
  await vi.waitFor(
    async () => {
      const now = await documents()
      const same = JSON.stringify([...now]) === JSON.stringify([...before])
      before = now
      if (!same || [...now.values()].some((text) => /"outbox":\[\{/.test(text)))
        throw new Error('not quiet yet')
    },
    { timeout: 60_000, interval: 2_500 },
  )
}

beforeAll(async () => {
  system = await startSystem({ env: { TRUSTED_PROXIES: '1', LOG: 'error' } })
  mongo = await connectMongo(system.stack.mongodbUrl, log)
  bus = await connectBus(system.stack.natsUrl, 'test', log)
  await using whole = await openWholeGateway()
  routes = whole.routes.filter(({ path }) => !OPEN_TO_ALL.test(path))
  ann = await signUp(system, { name: 'Ann', workspace: `${CANARY} workspace` })
  viewer = await joinWorkspace(system, ann, { name: 'Vic', role: 'viewer' })
  const people = mongo.database('gateway').collection('people')
  viewerId = String((await people.findOne({ email: viewer.email }))?._id)
  await furnish()
  bus.nc.subscribe(eventSubject('*', '*.*', ws), {
    callback: (_, message) => void published.push(message.string()),
  })
  await quiet()
  ids = idsIn([...(await documents()).values()])
  await furnish()
  await quiet()
  const texts = [...(await documents()).values()]
  const isUnsent = (id: string): boolean => !ids.includes(id)
  unsent = idsIn(texts).filter(isUnsent)
  unsentOfOwners = idsIn(texts.filter((text) => text.includes(OWNERS_CANARY))).filter(isUnsent)
})
afterAll(async () => {
  await bus?.[Symbol.asyncDispose]()
  await mongo?.[Symbol.asyncDispose]()
  await system?.stop()
})

let addresses = 0
/** Each request comes from an address of its own, so that none is refused for the others. */
const fromAnywhere = (): Record<string, string> => {
  addresses += 1
  return { 'x-forwarded-for': `10.${addresses >> 16}.${(addresses >> 8) & 255}.${addresses & 255}` }
}

type Outsider = Readonly<{
  headers: () => Record<string, string>
  /** Begins anew after the outsider has signed out, left or ended the account. */
  again: () => Promise<void>
}>

const inBrowser = async (begin: () => Promise<Account>): Promise<Outsider> => {
  let account = await begin()
  const signIn = async (): Promise<void> => {
    const browser = openBrowser(system.url)
    const { email, password } = account
    const arrived = await browser.submit('/sign-in', { email, password })
    account = arrived.url.pathname === '/' ? { ...account, browser } : await begin()
  }
  return { headers: () => ({ cookie: account.browser.cookie() }), again: signIn }
}

/** Sends one request to each route. @returns what of it came through to a page or a form. */
const sendAll = async (
  { headers, again }: Outsider,
  requests: readonly PageRequest[],
  secrets: Readonly<{ texts: readonly string[]; ids: readonly string[] }>,
): Promise<number> => {
  let inside = 0
  for (const request of requests) {
    let answer = await sendPageRequest(system.url, request, { ...headers(), ...fromAnywhere() })
    if (answer.location.startsWith('/sign-in') && request.cookies === '') {
      await again()
      answer = await sendPageRequest(system.url, request, { ...headers(), ...fromAnywhere() })
    }
    const what = JSON.stringify(request)
    for (const text of secrets.texts) expect(answer.all, what).not.toContain(text)
    for (const id of secrets.ids) expect(answer.all, what).not.toContain(id)
    if (!answer.location.startsWith('/sign-in') && answer.status < 400) inside += 1
  }
  return inside
}

const stranger = () => inBrowser(() => signUp(system, { name: 'Stranger' }))
const nobody = async (): Promise<Outsider> => ({ headers: () => ({}), again: async () => undefined })
const program = async (): Promise<Outsider> => {
  const token = await tokenOf(await signUp(system, { name: 'Operator' }))
  return { headers: () => ({ authorization: `Bearer ${token}` }), again: async () => undefined }
}
const onlyViews = () => inBrowser(async () => viewer)

test.each([
  ['the_owner_of_another_workspace', stranger, [CANARY, OWNERS_CANARY], false, 40],
  ['a_program_of_another_workspace', program, [CANARY, OWNERS_CANARY], false, 8],
  ['somebody_who_is_not_signed_in', nobody, [CANARY, OWNERS_CANARY], false, 8],
  ['a_viewer_of_the_workspace', onlyViews, [OWNERS_CANARY], true, 40],
])(
  '%s_learns_and_changes_nothing_by_any_route',
  async (_, open, texts, inside_it, least) => {
    const outsider = await open()
    const secret = { texts, ids: inside_it ? unsentOfOwners : unsent }
    expect(secret.ids.length).toBeGreaterThan(4)
    await quiet()
    const before = await documents()
    expect(before.size).toBeGreaterThan(20)
    published.length = 0
    let most = 0
    await fc.assert(
      fc.asyncProperty(requestsTo(routes, fieldNames(), ids), async (requests) => {
        most = Math.max(most, await sendAll(outsider, requests, secret))
        const after = [...(await documents())].filter(
          ([key]) => before.has(key) || !(inside_it && OWN.test(key)),
        )
        expect(Object.fromEntries(after)).toEqual(Object.fromEntries(before))
      }),
      { numRuns: RUNS, endOnFailure: true },
    )
    expect(published.filter((text) => !(inside_it && text.includes('"/loops/gateway"')))).toEqual([])
    // Without this, everything may have been refused at the entry.
    expect(most).toBeGreaterThan(least)
  },
  240_000,
)

test('the_owner_reads_on_these_routes_what_the_others_do_not', async () => {
  const shown = await Promise.all(
    routes
      .filter(({ method, path }) => method === 'GET' && !/\/x(\/|$)|live/.test(path))
      .map(async ({ path }) => [path, (await ann.browser.open(path)).text] as const),
  )
  const with_ = (canary: string) => shown.filter(([, text]) => text.includes(canary)).map(([path]) => path)
  expect(with_(CANARY).length).toBeGreaterThan(5)
  expect(with_(OWNERS_CANARY)).toEqual(
    expect.arrayContaining(['/workspace/audit.jsonl', '/workspace/access', '/workspace']),
  )
})
