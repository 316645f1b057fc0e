// A workspace that is deleted, over two gateways: nothing works in it any more, and another workspace is as it was.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
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
import { type Deleter, openDeleter } from '../support/workspace-deleter.ts'

let system: System
let deleter: Deleter
beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  deleter = await openDeleter(system)
})
afterAll(async () => {
  await deleter?.[Symbol.asyncDispose]()
  await system?.stop()
})

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
    await deleter.remove(ann)
    for (const { browser } of [ann, bo]) {
      const page = await browser.open('/workspace')
      expect([page.status, page.text.includes('You do not belong to a workspace')]).toEqual([403, true])
    }
    for (const token of shown) await everywhere(token, 401)
    for (const site of system.gateways) {
      expect((await refreshTokens(site, app, tokens.refresh_token)).body.error).toBe('invalid_grant')
      expect([400, 401]).toContain((await getServiceToken(site, service)).status)
    }
  })

  test('lets_nobody_in_by_an_invitation', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const email = `cy-${ids.next().toLowerCase()}@example.com`
    await confirmAddress(system, ann)
    await ann.browser.submit('/workspace/invite', { email, role: 'member' })
    const link = await linkInMail(system, email, 'invitations')
    expect((await openBrowser(system.url).open(link)).status).toBe(200)
    await deleter.remove(ann)
    expect((await openBrowser(system.url).open(link)).status).toBe(404)
  })

  test('is_deleted_by_owners_alone_and_once', async () => {
    const ann = await signUp(system, { name: 'Ann' })
    const bo = await joinWorkspace(system, ann, { name: 'Bo' })
    await expect(deleter.remove(bo)).rejects.toMatchObject({ code: 'forbidden' })
    const caller = await deleter.callerFor(ann)
    await Promise.all([1, 2, 3].map(() => deleter.removeAs(caller)))
    await deleter.removeAs(caller)
    const tombstone = await deleter.store.workspaces.findTombstone(caller.workspace_id)
    expect(tombstone).toMatchObject({ deleted: { by: { user_id: caller.user_id } }, ai_context: '' })
    const other = await signUp(system, { name: 'Eve' })
    await using agent = await agentOf(system, other)
    expect((await agent.call('get_workspace', {})).workspace.id).not.toBe(caller.workspace_id)
  })
})
