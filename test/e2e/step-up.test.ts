// How an app gets a scope that it did not have, over the whole system. The clients of both SDKs do it by their own code;
// for clients that cannot ask, their person does.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Account, agentOf, joinWorkspace, linkInMail, signUp } from '../support/accounts.ts'
import { connectMcp, type Era, type McpClient, type ToolResult } from '../support/mcp-client.ts'
import { connectApp, refreshTokens } from '../support/oauth-client.ts'
import { type Answer, openWire } from '../support/raw-http.ts'
import { type System, startSystem } from '../support/system.ts'

const BASELINE = 'loops:read loops:write'
const ALL = 'loops:read loops:write loops:approve'

let system: System
let owner: Account

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
})
afterAll(() => system?.stop())

/** An app that requests the given scopes. */
const appOf = (account: Account, era: Era, name = `app-${era}`): Promise<McpClient> =>
  connectMcp(system.url, { era, name, browse: (authorization) => account.browse(authorization) })

const openTasks = async (app: McpClient, count: number): Promise<string[]> => {
  const made = []
  for (let task = 0; task < count; task += 1)
    made.push((await app.call('create_task', { title: `Task ${task} of ${app.name}` })).task.id)
  return made
}

const errorOf = ({ structuredContent }: ToolResult): Record<string, unknown> =>
  structuredContent?.error as Record<string, unknown>

const callBy = async (accessToken: string, message: unknown): Promise<Answer> => {
  using wire = openWire(new URL('/mcp', system.url), {
    Authorization: `Bearer ${accessToken}`,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
  })
  return await wire.send(JSON.stringify(message))
}
const updateOf = (id: number, task_id: string, status: string) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name: 'update_task', arguments: { task_id, status } },
})

describe.each(['modern', 'auto', 'legacy'] as const)('a client (%s) that may not approve', (era) => {
  test.each([
    ['update_task', 'approved'],
    ['update_task', 'in_progress'],
    ['update_task', 'shipped'],
    ['bulk_update_tasks', 'approved'],
  ] as const)('asks_its_person_when_%s_to_%s_is_an_approval_and_goes_on', async (tool, status) => {
    await using app = await appOf(owner, era)
    expect(app.scope()).toBe(BASELINE)
    const [task_id = '', other = ''] = await openTasks(app, 2)
    const asked = tool === 'update_task' ? { task_id, status } : { task_ids: [task_id, other], status }
    const result = await app.result(tool, asked)
    expect(result.isError).toBeFalsy()
    expect((await app.call('get_task', { task_id })).task).toMatchObject({
      status,
      approved_by: { name: 'Olga' },
    })
    expect(app.scope()).toBe(ALL)
  })
})

test('the_challenge_names_what_is_held_and_what_is_missing_and_nothing_is_changed [B4]', async () => {
  const { tokens } = await connectApp(system.url, owner)
  await using app = await agentOf(system, owner)
  const [task_id = ''] = await openTasks(app, 1)
  const answer = await callBy(tokens.access_token, updateOf(1, task_id, 'approved'))
  expect(answer.status).toBe(403)
  const challenge = String(answer.headers['www-authenticate'])
  expect(challenge).toContain('error="insufficient_scope"')
  expect(challenge).toContain(`scope="${ALL}"`)
  expect(challenge).toContain(`resource_metadata="${system.url}/.well-known/oauth-protected-resource/mcp"`)
  expect(answer.text).toContain('/apps')
  expect((await app.call('get_task', { task_id })).task).toMatchObject({ status: 'open', version: 1 })
})

test('no_more_scopes_are_requested_than_the_work_needs', async () => {
  await using approver = await agentOf(system, owner)
  const [task_id = ''] = await openTasks(approver, 1)
  await approver.call('update_task', { task_id, status: 'approved' })
  await using worker = await appOf(owner, 'modern')
  // Begun, given back, begun again and done, all under the recorded approval.
  for (const status of ['in_progress', 'approved', 'in_progress', 'shipped'] as const)
    await worker.call('update_task', { task_id, status })
  expect(worker.scope()).toBe(BASELINE)
})

test('a_partly_done_bulk_change_says_which_tasks_were_done', async () => {
  await using approver = await agentOf(system, owner)
  const [approved = '', open = ''] = await openTasks(approver, 2)
  await approver.call('update_task', { task_id: approved, status: 'approved' })
  await using worker = await appOf(owner, 'modern')
  const { results } = await worker.call('bulk_update_tasks', {
    task_ids: [approved, open],
    status: 'in_progress',
  })
  expect(results).toMatchObject([{ ok: true }, { ok: false, error: { code: 'forbidden' } }])
})

test('a_batch_of_an_older_client_is_answered_call_by_call', async () => {
  const { tokens } = await connectApp(system.url, owner)
  await using app = await agentOf(system, owner)
  const [task_id = ''] = await openTasks(app, 1)
  const answer = await callBy(tokens.access_token, [
    updateOf(1, task_id, 'rejected'),
    updateOf(2, task_id, 'approved'),
  ])
  expect(answer.status).toBe(200)
})

describe('a client that answers a challenge by a refresh', () => {
  test('learns_where_its_person_can_allow_it_and_goes_on_once_they_have', async () => {
    await using app = await appOf(owner, 'sdk1', 'Elder')
    const [task_id = ''] = await openTasks(app, 1)
    const refused = await app.result('update_task', { task_id, status: 'approved' })
    expect(errorOf(refused)).toMatchObject({ code: 'forbidden', scope: 'loops:approve' })
    expect(errorOf(refused).hint).toContain(`${system.url}/apps`)

    const page = await owner.browser.open('/apps')
    const [form] = page.text.split('<li class="card app">').filter((card) => card.includes('<h2>Elder</h2>'))
    const action = /action="(\/apps\/\w+\/scopes)"/.exec(form ?? '')?.[1] ?? ''
    await owner.browser.submit(action, { give: 'loops:approve' })
    const { task } = await app.call('update_task', { task_id, status: 'approved' })
    expect(task.status).toBe('approved')
  })
})

describe('a further scope at the page of apps', () => {
  const connected = async () => {
    const { app, tokens } = await connectApp(system.url, owner, { metadata: { client_name: 'By hand' } })
    const page = await owner.browser.open('/apps')
    const [card = ''] = page.text.split('<li class="card app">').filter((one) => one.includes('>By hand<'))
    const action = /action="(\/apps\/\w+\/scopes)"/.exec(card)?.[1] ?? ''
    return { app, tokens, action }
  }
  test('is_in_the_next_token_and_leaves_every_token_when_it_is_revoked', async () => {
    const { app, tokens, action } = await connected()
    await owner.browser.submit(action, { give: 'loops:approve' })
    const wider = (await refreshTokens(system.url, app, tokens.refresh_token)).body
    expect(wider.scope).toBe(ALL)
    await owner.browser.submit(action, { take: 'loops:approve' })
    const narrower = (await refreshTokens(system.url, app, wider.refresh_token)).body
    expect(narrower.scope).toBe(BASELINE)
  })
  test('cannot_be_given_to_the_app_of_somebody_else', async () => {
    const { app, tokens, action } = await connected()
    const other = await signUp(system, { name: 'Otto' })
    expect((await other.browser.submit(action, { give: 'loops:approve' })).status).toBe(404)
    expect((await refreshTokens(system.url, app, tokens.refresh_token)).body.scope).toBe(BASELINE)
  })
  test.each(['loops:admin', 'loops:write', ''])('is_no_other_scope: %j', async (give) => {
    const { app, tokens, action } = await connected()
    await owner.browser.submit(action, { give })
    expect((await refreshTokens(system.url, app, tokens.refresh_token)).body.scope).toBe(BASELINE)
  })
})

test('a_step_up_keeps_the_workspace_that_the_app_works_in', async () => {
  const guest = await signUp(system, { name: 'Gus', workspace: 'At home' })
  await owner.browser.submit('/workspace/invite', { email: guest.email, role: 'member' })
  await guest.browser.submit(await linkInMail(system, guest.email, 'invitations'), {})
  /** Takes the workspace that the page has selected, as a browser does; at first, the second one. */
  const choices: string[] = []
  const browse = async (authorization: URL): Promise<URL> => {
    const page = await guest.browser.open(authorization)
    const options = [...page.text.matchAll(/<option value="(\w+)" (selected)?/g)]
    const workspace_id = (options.find(([, , selected]) => selected) ?? options[1])?.[1] ?? ''
    choices.push(workspace_id)
    const answer = await guest.browser.submit(page.url, {
      decision: 'allow',
      workspace_id,
      further: 'loops:approve',
    })
    return answer.url
  }
  await using app = await connectMcp(system.url, { era: 'modern', browse })
  const [task_id = ''] = await openTasks(app, 1)
  await app.call('update_task', { task_id, status: 'approved' })
  expect(choices).toHaveLength(2)
  expect(choices[1]).toBe(choices[0])
  expect((await app.call('get_task', { task_id })).task.status).toBe('approved')
})

test('a_viewer_gets_the_reason_and_is_not_sent_round_in_circles', async () => {
  const viewer = await joinWorkspace(system, owner, { name: 'Vera', role: 'viewer' })
  const { tokens } = await connectApp(system.url, viewer)
  await using app = await agentOf(system, owner)
  const [task_id = ''] = await openTasks(app, 1)
  const answer = await callBy(tokens.access_token, updateOf(1, task_id, 'approved'))
  expect(answer.status).toBe(200)
  expect(answer.text).toContain('Your role in this workspace is viewer')
})
