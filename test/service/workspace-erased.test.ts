// Of a deleted workspace nothing is left in any database but what the lists say, another one is untouched, its members get
// one mail each, and what comes late is erased again.
import type { Client } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import * as z from 'zod'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { collectionsOf, ERASURES, KEPT_PLACES, placesOf } from '../support/erased-places.ts'
import { newSecret, startEventReceiver } from '../support/event-receiver.ts'
import { getServiceToken, serviceAccountOf, tokenOf } from '../support/fleet.ts'
import { startReceiver } from '../support/receiver.ts'
import { ids } from '../support/service-environment.ts'
import { type System, startSystem } from '../support/system.ts'
import { type Deleter, openDeleter } from '../support/workspace-deleter.ts'

vi.setConfig({ testTimeout: 120_000 })
const SOON = { timeout: 60_000, interval: 200 } as const

let system: System
let deleter: Deleter
beforeAll(async () => {
  system = await startSystem({ instances: 2, env: { LOOPBACK_TARGETS: 'allowed' } })
  deleter = await openDeleter(system)
})
afterAll(async () => {
  await deleter?.[Symbol.asyncDispose]()
  await system?.stop()
})

/** A workspace in which something of every kind has happened. */
const lived = async (name: string) => {
  const owner = await signUp(system, { name, workspace: `${name}’s house` })
  const member = await joinWorkspace(system, owner, { name: `${name}s friend` })
  const hook = await startReceiver()
  const told = await startEventReceiver()
  const agent = await agentOf(system, owner, { era: 'modern', name: `${name}s agent` })
  const guest = await agentOf(system, member, { name: `${name}s helper` })
  await owner.browser.submit('/workspace/webhooks/add_webhook', { url: hook.url })
  const delivery = { mode: 'webhook', url: told.url, secret: newSecret() }
  await (agent.raw as unknown as Client).request(
    { method: 'events/subscribe', params: { name: 'task.approved', arguments: {}, delivery } },
    z.looseObject({}),
  )
  const service = await serviceAccountOf(owner, { name: 'robot' })
  await getServiceToken(system.url, service)
  const personal = await tokenOf(member, { name: 'ci' })
  await owner.browser.submit('/workspace/invite', { email: `late.${ids.next()}@example.com`, role: 'viewer' })
  const upload = new FormData()
  upload.append('source', 'markdown')
  upload.append('file', new Blob(['- [ ] Buy flour\n']), 'list.md')
  await owner.browser.upload('/import', upload)
  const { loop } = await agent.call('create_loop', { name: 'Cake', idempotency_key: ids.next() })
  const made = async (title: string) =>
    (await agent.call('create_task', { title, loop_id: loop.id, idempotency_key: ids.next() })).task.id
  const [bake, ice, eat] = [await made('Bake'), await made('Ice'), await made('Eat')]
  await agent.call('bulk_update_tasks', {
    task_ids: [bake, ice],
    status: 'approved',
    idempotency_key: ids.next(),
  })
  await guest.call('claim_task', { task_id: bake })
  await agent.call('add_comment', { task_id: eat, text: `@${member.name} is this right?`, kind: 'question' })
  await agent.call('ship_loop', { loop_id: loop.id })
  const second = await agent.call('create_loop', { name: 'Bread' })
  await agent.call('create_task', { title: 'Knead', loop_id: second.loop.id })
  const ws = await deleter.workspaceOf(owner)
  const mailsTo = async ({ email }: Account) => (await system.mails()).filter(({ to }) => to.includes(email))
  await expect
    .poll(async () => (await mailsTo(member)).some(({ subject }) => subject.includes('Shipped')), SOON)
    .toBe(true)
  await expect.poll(() => hook.calls.length, SOON).toBeGreaterThan(3)
  return { ws, owner, member, agent, guest, hook, told, personal, mailsTo }
}

/** Where a workspace is still named, besides where it may be; people and their sessions may name it until its end. */
const leftOf = async (ws: string, also: readonly string[] = []) =>
  Object.keys(await placesOf(deleter.mongo, ws)).filter(
    (place) =>
      !also.includes(place) &&
      (!KEPT_PLACES.has(place) || place === 'gateway.people' || place === 'gateway.sessions'),
  )

/** Has every service erase a workspace once more, now. */
const passAgain = async (ws: string, passes?: number) => {
  for (const service of Object.keys(ERASURES)) {
    const tombstones = deleter.mongo.database(service).collection<{ _id: string }>('deleted_workspaces')
    const due = { due_at: new Date(0), ...(passes === undefined ? {} : { passes }) }
    await tombstones.updateOne({ _id: ws }, { $set: due })
  }
}

test('nothing_is_left_of_a_deleted_workspace_and_another_is_as_it_was', async () => {
  const gone = await lived('Gil')
  const other = await lived('Ola')
  const before = await placesOf(deleter.mongo, gone.ws)
  // Every list is right only if there was something to erase.
  const filled = Object.entries(ERASURES).flatMap(([service, { erased }]) =>
    erased.map(({ name }) => `${service}.${name}`).filter((place) => place in before),
  )
  expect(filled).toEqual(
    expect.arrayContaining([
      'gateway.grants',
      'gateway.personal_tokens',
      'gateway.service_accounts',
      'gateway.invitations',
      'tasks.tasks',
      'tasks.comments',
      'tasks.tallies',
      'tasks.search',
      'tasks.activity',
      'loops-queue.queues',
      'loops-queue.loops',
      'loops-queue.search',
      'loops-queue.activity',
      'notifier.deliveries',
      'notifier.notices',
      'notifier.subscriptions',
      'webhooks.webhooks',
      'webhooks.deliveries',
      'webhooks.subscriptions',
    ]),
  )
  const others = async () => {
    const places = await placesOf(deleter.mongo, other.ws)
    return Object.fromEntries(
      Object.entries(places).map(([place, documents]) => [
        place,
        documents.map(({ _id }) => String(_id)).toSorted(),
      ]),
    )
  }
  const theirs = await others()
  await deleter.remove(gone.owner)
  await expect.poll(() => leftOf(gone.ws, ['notifier.notices']), SOON).toEqual([])
  // What somebody's own mails wait in goes in a late pass.
  await passAgain(gone.ws, 3)
  await expect.poll(() => leftOf(gone.ws), SOON).toEqual([])
  const tombstone = (await placesOf(deleter.mongo, gone.ws))['gateway.workspaces']
  expect(JSON.stringify(tombstone)).not.toContain('Gil’s house')
  const after = await others()
  for (const [place, found] of Object.entries(theirs))
    expect(after[place], place).toEqual(expect.arrayContaining(found))

  // Each member has one mail, and the call that was under way makes no more of them.
  for (const who of [gone.owner, gone.member]) {
    const about = async () =>
      (await gone.mailsTo(who)).filter(
        ({ subject }) => subject === 'A workspace of yours on Loops was deleted',
      )
    await expect.poll(async () => (await about()).length, SOON).toBe(1)
    expect((await about())[0]?.text).toContain('Gil deleted the workspace Gil’s house')
  }
  const calls = gone.hook.calls.length
  await other.agent.call('create_task', { title: 'Still here' })
  await expect.poll(() => other.hook.calls.some(({ body }) => body.includes('task.created')), SOON).toBe(true)
  expect(gone.hook.calls.length).toBe(calls)
  expect((await other.agent.call('list_tasks', {})).tasks.length).toBeGreaterThan(0)

  // What comes late is gone after the next pass.
  const late = { _id: ids.next(), ws: gone.ws, title: 'late' }
  await deleter.mongo.database('tasks').collection<typeof late>('tasks').insertOne(late)
  await passAgain(gone.ws)
  await expect
    .poll(() => deleter.mongo.database('tasks').collection('tasks').countDocuments({ ws: gone.ws }), SOON)
    .toBe(0)
})

test('the_lists_name_every_collection_that_exists', async () => {
  const known = new Set(
    Object.entries(ERASURES).flatMap(([service, { erased, kept }]) =>
      [...erased.map(({ name }) => name), ...Object.keys(kept)].map((name) => `${service}.${name}`),
    ),
  )
  expect([...(await collectionsOf(deleter.mongo)).keys()].filter((place) => !known.has(place))).toEqual([])
})
