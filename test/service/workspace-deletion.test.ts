// A workspace that is deleted, over two gateways: nothing works in it any more, and another workspace is as it was.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openPeopleStores } from '../../services/gateway/accounts/account-store.ts'
import { callerOf } from '../../services/gateway/accounts/sessions.ts'
import { deleteWorkspace } from '../../services/gateway/accounts/workspace-deletion.ts'
import { openWorkspaceStores } from '../../services/gateway/accounts/workspace-store.ts'
import type { Deps } from '../../services/gateway/deps.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import {
  type Account,
  agentOf,
  confirmAddress,
  joinWorkspace,
  linkInMail,
  openBrowser,
  signUp,
} from '../support/accounts.ts'
import { getServiceToken, serviceAccountOf, tokenOf } from '../support/fleet.ts'
import { connectApp, refreshTokens, tryToken } from '../support/oauth-client.ts'
import { ids } from '../support/service-environment.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let mongo: Mongo
let store: Pick<Deps['store'], 'people' | 'workspaces'>

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  mongo = await connectMongo(system.stack.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  const db = mongo.database('gateway')
  const aggregate = { service: 'gateway', clock, ids, onCommit: () => undefined }
  const { people } = await openPeopleStores(db, aggregate)
  store = { people, workspaces: (await openWorkspaceStores(db, aggregate)).workspaces }
})
afterAll(async () => {
  await mongo?.[Symbol.asyncDispose]()
  await system?.stop()
})

/** Who somebody is as the caller of an operation in their only workspace. */
const callerFor = async ({ email }: Account) => {
  const person = await store.people.byEmail(email)
  const [membership] = person?.memberships ?? []
  if (!person || !membership) throw new Error(`${email} is a member of nothing`)
  return callerOf(person, membership)
}
const everywhere = (token: string, status: number): Promise<void> =>
  expect
    .poll(() => Promise.all(system.gateways.map((site) => tryToken(site, token))))
    .toEqual(system.gateways.map(() => status))

describe('a workspace that is deleted', () => {
  test('is_refused_by_every_gateway_whatever_somebody_shows', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const bo = await joinWorkspace(system, ann, { name: 'Bo' })
    const { app, tokens } = await connectApp(system.url, bo)
    const personal = await tokenOf(bo, { name: 'ci' })
    const service = await serviceAccountOf(ann, { name: 'robot' })
    const [automatic = ''] = [(await getServiceToken(system.url, service)).body.access_token]
    const shown = [tokens.access_token, personal, automatic]
    for (const token of shown) await everywhere(token, 200)
    const caller = await callerFor(ann)
    await deleteWorkspace({ store, clock, ids }, caller)
    await deleteWorkspace({ store, clock, ids }, caller)
    for (const { browser } of [ann, bo]) {
      const page = await browser.open('/workspace')
      expect([page.status, page.text.includes('You do not belong to a workspace')]).toEqual([403, true])
    }
    for (const token of shown) await everywhere(token, 401)
    for (const site of system.gateways) {
      expect((await refreshTokens(site, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
      expect((await getServiceToken(site, service)).status).toBe(400)
    }
  })

  test('lets_nobody_in_by_an_invitation', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const email = `cy-${ids.next().toLowerCase()}@example.com`
    await confirmAddress(system, ann)
    await ann.browser.submit('/workspace/invite', { email, role: 'member' })
    const link = await linkInMail(system, email, 'invitations')
    expect((await openBrowser(system.url).open(link)).status).toBe(200)
    await deleteWorkspace({ store, clock, ids }, await callerFor(ann))
    expect((await openBrowser(system.url).open(link)).status).toBe(404)
  })

  test('is_deleted_by_owners_alone_and_once', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const bo = await joinWorkspace(system, ann, { name: 'Bo' })
    await expect(
      (async () => deleteWorkspace({ store, clock, ids }, await callerFor(bo)))(),
    ).rejects.toMatchObject({ code: 'forbidden' })
    const caller = await callerFor(ann)
    await Promise.all([1, 2, 3].map(() => deleteWorkspace({ store, clock, ids }, caller)))
    const tombstone = await store.workspaces.findTombstone(caller.workspace_id)
    expect(tombstone).toMatchObject({ deleted: { by: { user_id: caller.user_id } }, ai_context: '' })
    const other = await signUp(system, { name: 'Eve' })
    await using agent = await agentOf(system, other)
    expect((await agent.call('get_workspace', {})).workspace.id).not.toBe(caller.workspace_id)
  })
})
