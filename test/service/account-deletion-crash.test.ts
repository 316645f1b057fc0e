// Kills the gateway at every step of deleting an account and starts another one. The account is then deleted as a whole, or it
// is as it was.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Browser, openBrowser } from '../support/accounts.ts'
import { type KilledGateway, openKilledGateway } from '../support/killed-gateway.ts'
import { ids } from '../support/service-environment.ts'

const PASSWORD = 'seven green bicycles in a row'
const ANN = { name: 'Ann', email: 'ann@example.com', password: PASSWORD, workspace: 'Acme' }
const CY = { name: 'Cy', email: 'cy@example.com', password: PASSWORD, workspace: 'Other' }
const OTHERS = ['tasks', 'loops-queue', 'notifier', 'webhooks'] as const

let killed: KilledGateway
let environment: KilledGateway['environment']
let site: string
let mongo: KilledGateway['mongo']
let people: KilledGateway['people']

beforeEach(async () => {
  killed = await openKilledGateway()
  ;({ environment, site, mongo, people } = killed)
  for (const service of OTHERS) await environment.start(service)
})
afterEach(() => killed[Symbol.asyncDispose]())

/** Two people of a workspace, and another owner beside the one who leaves. @returns the latter. */
const leaver = async (): Promise<Readonly<{ browser: Browser; id: string; workspace: string }>> => {
  const running = await environment.start('gateway')
  const browser = openBrowser(site)
  await browser.submit('/sign-up', ANN)
  await openBrowser(site).submit('/sign-up', CY)
  const [ann, cy] = [await people.byEmail(ANN.email), await people.byEmail(CY.email)]
  const membership = ann?.memberships[0]
  if (!ann || !cy || !membership) throw new Error('nobody signed up')
  const owner = { ...membership, id: ids.next(), role: 'owner' as const }
  await people.join(cy, owner, ids.next(), [])
  await running[Symbol.asyncDispose]()
  return { browser, id: ann._id, workspace: membership.workspace_id }
}

const remove = (browser: Browser) => browser.submit('/account/delete', { email: ANN.email })
const erased = (id: string) =>
  expect.poll(async () => (await people.byId(id))?.erasing ?? null, { timeout: 30_000 }).toBeNull()
const stateOf = async (id: string) => {
  const person = await people.byId(id)
  return [person?.name, person?.memberships.length, person?.deleted_at !== undefined]
}
const leavings = async (workspace: string) =>
  (
    await environment.events('gateway', workspace, (events) =>
      events.some(({ type }) => type === 'person.left'),
    )
  ).filter(({ type }) => type === 'person.left')

test.each(['delete_account.buried', 'erase_account.access_ended', 'erase_account.erased'])(
  'a_deleted_account_is_erased_once_after_a_crash_at: %s',
  async (step) => {
    const { browser, id, workspace } = await leaver()
    const { died } = await environment.startFaulty('gateway', step)
    await remove(browser).catch(() => undefined)
    expect(await died).toBe('SIGKILL')
    expect(await stateOf(id)).toEqual(['Former member', 0, true])
    await environment.start('gateway')
    await erased(id)
    const gateway = mongo.database('gateway')
    expect(await gateway.collection('sessions').countDocuments({ user_id: id })).toBe(0)
    expect(await people.byEmail(ANN.email)).toBeNull()
    expect(await leavings(workspace)).toHaveLength(1)
    expect(await gateway.collection('account_mails').countDocuments({ kind: 'account_deleted' })).toBe(1)
  },
)

test('an_account_whose_deletion_was_only_begun_at_a_crash_is_as_it_was_and_can_be_deleted', async () => {
  const { browser, id, workspace } = await leaver()
  const { died } = await environment.startFaulty('gateway', 'delete_account.marked')
  await expect(remove(browser)).rejects.toThrow()
  expect(await died).toBe('SIGKILL')
  expect(await stateOf(id)).toEqual(['Ann', 1, false])
  // Whoever is leaving counts as no owner: here one is left.
  expect(await people.countOwners(workspace)).toBe(1)
  const long_ago = new Date(Date.now() - 10 * 60_000)
  await mongo
    .database('gateway')
    .collection<{ _id: string }>('people')
    .updateOne({ _id: id }, { $set: { leaving_at: long_ago } })
  await environment.start('gateway')
  await expect.poll(() => people.countOwners(workspace)).toBe(2)
  expect((await browser.open('/account')).text).toContain('Ann')
  expect((await remove(browser)).text).toContain('Your account is deleted')
  await erased(id)
})
