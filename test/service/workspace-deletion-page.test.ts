// The page on which an owner deletes the workspace, and the operator's commands for it: who may, what is asked, where the
// person goes on, and what is recorded.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, openBrowser, signUp } from '../support/accounts.ts'
import { runAdmin, SECRET } from '../support/admin-command.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'

const PATH = '/workspace/delete'

let env: GatewayEnvironment
beforeAll(async () => {
  env = await openGatewayEnvironment({ LOOPS_SECRET: SECRET })
})
afterAll(() => env?.[Symbol.asyncDispose]())

const personOf = async ({ email }: Account) => {
  const person = await env.deps.store.people.byEmail(email)
  if (!person) throw new Error(`nobody has ${email}`)
  return person
}
const workspaceOf = async (account: Account) => (await personOf(account)).memberships[0]?.workspace_id ?? ''
/** Makes somebody a member of another one's workspace too. No mail goes out here, so it is written to the database. */
const joins = async (who: Account, host: Account, role: string) => {
  const [theirs] = (await personOf(host)).memberships
  const membership = { ...theirs, id: `of ${who.email}`, role }
  await env.db
    .collection('people')
    .updateOne({ email: who.email }, { $push: { memberships: membership } } as object)
  await who.browser.submit('/workspace/switch', { workspace_id: theirs?.workspace_id ?? '' })
}
const newestOf = async (ws: string) => (await env.deps.store.audit.read(ws, 0, 1_000)).at(-1)

describe('the page', () => {
  test('deletes_only_with_the_name_and_leads_to_the_page_for_people_without_a_workspace', async () => {
    const ann = await signUp(env, { name: 'Ann', workspace: 'Bakery & Sons' })
    const ws = await workspaceOf(ann)
    expect((await ann.browser.open('/workspace')).text).toContain(`href="${PATH}"`)
    const page = await ann.browser.open(PATH)
    expect(page.text).toContain('What stays, and why')
    const wrong = await ann.browser.submit(PATH, { name: 'Bakery' })
    expect([
      wrong.status,
      wrong.text.includes('Type the name of the workspace as it is written here.'),
    ]).toEqual([400, true])
    expect((await ann.browser.open('/workspace')).status).toBe(200)
    expect(await newestOf(ws)).toMatchObject({ action: 'workspace.deleted', outcome: 'refused' })
    const done = await ann.browser.submit(PATH, { name: '  Bakery & Sons ' })
    expect([done.status, done.url.pathname, done.text.includes('No workspace')]).toEqual([403, '/', true])
    expect(await newestOf(ws)).toMatchObject({
      action: 'workspace.deleted',
      outcome: 'done',
      by: { name: 'Ann', via: 'web' },
      target: { workspace_id: ws },
    })
    // Sent again, it does nothing.
    expect((await ann.browser.submit(PATH, { name: 'Bakery & Sons' })).status).toBe(403)
  })

  test('leads_to_another_workspace_of_the_person', async () => {
    const bo = await signUp(env, { name: 'Bo', workspace: 'Own' })
    const cy = await signUp(env, { name: 'Cy', workspace: 'Theirs' })
    await joins(bo, cy, 'owner')
    expect((await bo.browser.open('/workspace')).text).toContain('<h1>Theirs</h1>')
    const done = await bo.browser.submit(PATH, { name: 'Theirs' })
    expect([done.status, done.url.pathname]).toEqual([200, '/'])
    expect((await bo.browser.open('/workspace')).text).toContain('<h1>Own</h1>')
    expect((await cy.browser.open('/workspace')).status).toBe(403)
  })

  test.each(['admin', 'member', 'viewer'])('is_closed_to_a_member_who_is_%s', async (role) => {
    const ann = await signUp(env, { name: 'Ann', workspace: `Of ${role}` })
    const bo = await signUp(env, { name: 'Bo' })
    await joins(bo, ann, role)
    expect((await bo.browser.open(PATH)).status).toBe(403)
    expect((await bo.browser.submit(PATH, { name: `Of ${role}` })).status).toBe(403)
    expect((await ann.browser.open('/workspace')).status).toBe(200)
  })

  test('deletes_only_the_workspace_that_is_shown_whatever_a_form_names', async () => {
    const ann = await signUp(env, { name: 'Ann', workspace: 'Hers' })
    const eve = await signUp(env, { name: 'Eve', workspace: 'Evil' })
    const ws = await workspaceOf(ann)
    await eve.browser.submit(`${PATH}?workspace=${ws}`, { name: 'Hers', workspace_id: ws })
    await eve.browser.submit('/workspace/switch', { workspace_id: ws })
    await eve.browser.submit(PATH, { name: 'Hers' })
    for (const { browser } of [ann, eve]) expect((await browser.open('/workspace')).status).toBe(200)
  })

  test('refuses_a_form_of_another_site', async () => {
    const ann = await signUp(env, { name: 'Ann', workspace: 'Target' })
    const forged = await fetch(new URL(PATH, env.url), {
      method: 'POST',
      headers: {
        cookie: ann.browser.cookie(),
        origin: 'https://evil.example',
        'sec-fetch-site': 'cross-site',
      },
      body: new URLSearchParams({ name: 'Target' }),
    })
    expect(forged.status).toBe(403)
    expect((await ann.browser.open('/workspace')).status).toBe(200)
  })

  test('asks_again_who_signed_in_a_while_ago', async () => {
    const ann = await signUp(env, { name: 'Ann', workspace: 'Old sign-in' })
    const authenticated_at = new Date(Date.now() - 20 * 60_000)
    const user_id = (await personOf(ann))._id
    await env.db.collection('sessions').updateMany({ user_id }, { $set: { authenticated_at } })
    const asked = await ann.browser.submit(PATH, { name: 'Old sign-in' })
    expect([asked.status, asked.text.includes('Is it still you?')]).toEqual([401, true])
    expect((await ann.browser.open('/workspace')).status).toBe(200)
  })
})

describe('the operator', () => {
  const admin = async (...args: readonly string[]) => {
    const { code, out, err } = await runAdmin(env, ...args)
    return { code, said: code === 0 ? out : err }
  }

  test('deletes_a_workspace_by_name_and_makes_another_for_its_owner', async () => {
    const ann = await signUp(env, { name: 'Ann', workspace: 'Forge' })
    const ws = await workspaceOf(ann)
    const unsure = await admin('delete-workspace', ws)
    expect([unsure.code, unsure.said]).toEqual([2, expect.stringContaining('--confirm "Forge"')])
    expect((await ann.browser.open('/workspace')).status).toBe(200)
    expect((await admin('delete-workspace', ws, '--confirm', 'Forge')).code).toBe(0)
    expect((await ann.browser.open('/workspace')).status).toBe(403)
    expect(await newestOf(ws)).toMatchObject({
      action: 'admin.command',
      by: { via: 'admin' },
      target: { command: 'delete-workspace' },
      outcome: 'done',
    })
    expect((await admin('delete-workspace', ws, '--confirm', 'Forge')).code).toBe(2)
    expect((await admin('workspaces')).said).not.toContain(ws)
    expect((await admin('make-workspace', ann.email, 'Anvil')).code).toBe(0)
    expect((await ann.browser.open('/workspace')).text).toContain('<h1>Anvil</h1>')
  })
})

test('after_the_last_workspace_no_stranger_can_set_up_the_installation', async () => {
  await using alone = await openGatewayEnvironment({ SIGN_UP: 'invited' })
  const page = await openBrowser(alone.url).open('/')
  expect(page.text).toContain('/sign-up')
  const ann = await signUp(alone, { name: 'Ann', workspace: 'Only' })
  expect((await ann.browser.open(PATH)).text).toContain('This is the only workspace here.')
  await ann.browser.submit(PATH, { name: 'Only' })
  expect((await openBrowser(alone.url).open('/')).text).not.toContain('/sign-up')
  const stranger = openBrowser(alone.url)
  const fields = {
    name: 'Eve',
    email: 'eve@example.com',
    password: 'seven green bicycles in a row',
    workspace: 'Evil',
  }
  expect((await stranger.submit('/sign-up', fields)).status).toBe(403)
})
