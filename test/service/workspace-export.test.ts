// The export of everything that belongs to a workspace: complete, without secrets, for its owner alone, and written as it is read.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { serviceAccountOf, tokenOf } from '../support/fleet.ts'
import { ageSessions } from '../support/second-factors.ts'
import { type System, startSystem } from '../support/system.ts'

const PATH = '/workspace/export.jsonl'

let system: System
let ann: Account
let bo: Account
beforeAll(async () => {
  system = await startSystem()
  // Whoever comes first owns the installation; Ann is like everybody after.
  await signUp(system, { name: 'First' })
  ann = await signUp(system, { name: 'Ann', workspace: 'Bakery' })
  bo = await joinWorkspace(system, ann, { name: 'Bo' })
})
afterAll(async () => {
  await system?.stop()
})

type Line = Readonly<Record<string, unknown>> & Readonly<{ type: string }>
const linesOf = (text: string): Line[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

test('holds_all_that_belongs_to_the_workspace_and_no_secret', async () => {
  await using agent = await agentOf(system, ann, { name: 'Editor' })
  const token = await tokenOf(bo, { name: 'ci' })
  const service = await serviceAccountOf(ann, { name: 'robot' })
  await ann.browser.submit('/workspace/invite', { email: 'cy@example.com', role: 'viewer' })
  await ann.browser.submit('/workspace/webhooks/add_webhook', { url: 'https://example.com/hook' })
  const { loop } = await agent.call('create_loop', { name: 'Cake', visibility: 'private' })
  const ids: string[] = []
  for (const title of ['Bake', 'Ice', 'Eat']) {
    const { task } = await agent.call('create_task', { title, loop_id: loop.id })
    ids.push(task.id)
  }
  await agent.call('add_comment', { task_id: ids[0] ?? '', text: 'At 180 degrees?', kind: 'question' })
  const eve = await signUp(system, { name: 'Eve', workspace: 'Elsewhere' })
  await using other = await agentOf(system, eve)
  await other.call('create_task', { title: 'Not hers' })

  const { status, headers, text } = await ann.browser.open(PATH)
  expect([status, headers.get('content-type')]).toEqual([200, 'application/jsonl; charset=utf-8'])
  const lines = linesOf(text)
  const of = (type: string) => lines.filter((line) => line.type === type)
  expect(lines[0]).toMatchObject({ type: 'workspace', name: 'Bakery' })
  expect(of('settings')).toMatchObject([{ name: 'Bakery', time_zone: 'UTC' }])
  expect(of('loop')).toMatchObject([{ name: 'Cake', visibility: 'private' }])
  expect(of('task').map(({ title }) => title)).toEqual(['Eat', 'Ice', 'Bake'])
  expect(JSON.stringify(of('task'))).toContain('At 180 degrees?')
  expect(of('member').map(({ name, role }) => [name, role])).toEqual([
    ['Ann', 'owner'],
    ['Bo', 'member'],
  ])
  expect(of('invitation')).toMatchObject([{ email: 'cy@example.com', role: 'viewer', invited_by: 'Ann' }])
  expect(of('service_account')).toMatchObject([{ name: 'robot' }])
  expect(of('token')).toMatchObject([{ name: 'ci' }])
  expect(of('connection').map(({ client_name }) => client_name)).toContain('Editor')
  expect(of('webhooks')).toMatchObject([{ url: 'https://example.com/hook' }])
  expect(of('activity').map(({ event }) => event)).toContain('comment.added')
  expect(of('audit').map(({ action }) => action)).toContain('export.made')
  expect(lines.at(-1)).toEqual({ type: 'end', lines: lines.length - 1 })
  for (const secret of [token, service.client_secret, 'whsec_', 'argon2', 'Not hers', eve.email])
    expect(text).not.toContain(secret)
})

test('is_for_the_owner_alone_and_asks_again_who_signed_in_a_while_ago', async () => {
  expect((await bo.browser.open(PATH)).status).toBe(403)
  await ageSessions(system.stack.mongodbUrl, ann.email, 20 * 60_000)
  const asked = await ann.browser.open(PATH)
  expect(asked.url.pathname).toBe('/account/re-authenticate')
  const proved = await ann.browser.submit(asked.url, { password: ann.password, to: PATH })
  expect([proved.url.pathname, linesOf(proved.text).at(-1)?.type]).toEqual([PATH, 'end'])
})
