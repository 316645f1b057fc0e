// The pages of imports and exports over HTTP: a file goes in after a look at what it would do, and a download holds all.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

let system: System
let ann: Account
let agent: McpClient
beforeAll(async () => {
  system = await startSystem({ instances: 2, names: ['gateway', 'tasks', 'loops-queue', 'notifier'] })
  ann = await signUp(system, { name: 'Ann' })
  agent = await agentOf(system, ann)
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await system?.[Symbol.asyncDispose]()
})

const issues = (...lines: object[]): string => lines.map((line) => JSON.stringify(line)).join('\n')
const form = (
  fields: Readonly<Record<string, string>>,
  file?: string | Uint8Array<ArrayBuffer>,
): FormData => {
  const data = new FormData()
  for (const [name, value] of Object.entries(fields)) data.append(name, value)
  if (file !== undefined) data.append('file', new Blob([file]), 'issues.jsonl')
  return data
}
const until = async (who: Account, path: string | URL, text: string): Promise<string> =>
  await vi.waitFor(async () => {
    const page = await who.browser.open(path)
    if (!page.text.includes(text)) throw new Error(page.text)
    return page.text
  }, 20_000)

test('a file is looked at first, then imported in the background, and again without doubling', async () => {
  const file = issues(
    { id: 'b-1', title: 'First', dependencies: [{ depends_on_id: 'b-2', type: 'blocks' }] },
    { id: 'b-2', title: 'Second', comments: [{ id: 'c', author: 'Bob', text: 'hello' }] },
    { id: 'b-3', title: '<b>Third</b>', status: 'closed' },
  )
  const looked = await ann.browser.upload('/import', form({ source: 'beads' }, file))
  expect(looked.url.pathname).toMatch(/^\/import\/\w{26}$/)
  expect(looked.text).toMatch(/New tasks<\/th><td>2</)
  expect(looked.text).toContain('&lt;b&gt;Third')
  expect((await agent.call('list_tasks', {})).total).toBe(0)
  await ann.browser.submit(looked.url, {})
  const done = await until(ann, looked.url, 'Imported')
  expect(done).toMatch(/New tasks<\/th><td>2<.*New comments<\/th><td>1</s)
  const { tasks } = await agent.call('list_tasks', {})
  expect(tasks.map(({ title }) => title)).toEqual(['Second', 'First'])
  expect(tasks[1]?.open_blockers).toBe(1)
  // A second press of the button does nothing.
  await ann.browser.submit(looked.url, {})
  const again = await ann.browser.upload('/import', form({ source: 'beads', text: file }))
  expect(again.text).toMatch(/The same as before<\/th><td>2</)
  expect((await agent.call('list_tasks', {})).total).toBe(2)
})

test('an import whose gateway went away goes on for whoever looks at its page, and doubles nothing', async () => {
  const count = 120
  const rows = Array.from({ length: count }, (_, n) => ({
    id: `left-${n}`,
    title: `Left ${n}`,
    comments: [{ id: 'c', text: 'hello' }],
    dependencies: n > 0 ? [{ depends_on_id: `left-${Math.floor((n - 1) / 2)}`, type: 'blocks' }] : [],
  }))
  const liv = await signUp(system, { name: 'Liv' })
  await using her = await agentOf(system, liv)
  // What the gateway had done: a half of it.
  const half = await liv.browser.upload(
    '/import',
    form({ source: 'beads' }, issues(...rows.slice(0, count / 2))),
  )
  await liv.browser.submit(half.url, {})
  await until(liv, half.url, 'Imported')
  const looked = await liv.browser.upload('/import', form({ source: 'beads' }, issues(...rows)))
  const log = createLog({ filter: 'error', topic: 'test' })
  await using mongo = await connectMongo(system.stack.mongodbUrl, log)
  const uploads = mongo.database('gateway').collection<{ _id: string }>('uploads')
  const _id = looked.url.pathname.split('/').at(-1) ?? ''
  const left = (lease_until: Date) =>
    uploads.updateOne({ _id }, { $set: { state: 'running', run: 'gone', done: 60, lease_until } })
  await left(new Date(Date.now() + 60_000))
  // It may still be alive.
  await liv.browser.submit(looked.url, {})
  expect((await liv.browser.open(looked.url)).text).toContain('Importing')
  expect(await uploads.findOne({ _id })).toMatchObject({ run: 'gone' })
  await left(new Date(Date.now() - 1))
  const done = await until(liv, looked.url, 'Imported')
  expect(done).toMatch(/New tasks<\/th><td>60<.*The same as before<\/th><td>60<.*New comments<\/th><td>60</s)
  const { tasks, total } = await her.call('list_tasks', { limit: 200 })
  expect(total).toBe(count)
  expect(tasks.filter(({ open_blockers }) => open_blockers === 1)).toHaveLength(count - 1)
})

test('an upload is for its person alone', async () => {
  const looked = await ann.browser.upload(
    '/import',
    form({ source: 'beads' }, issues({ id: 'x', title: 'x' })),
  )
  const bob = await joinWorkspace(system, ann, { name: 'Bob' })
  for (const page of [await bob.browser.open(looked.url), await bob.browser.submit(looked.url, {})])
    expect([page.status, page.text.includes('There is no import')]).toEqual([404, true])
  const eve = await joinWorkspace(system, ann, { name: 'Eve', role: 'viewer' })
  expect((await eve.browser.open('/import')).status).toBe(403)
  expect((await eve.browser.upload('/import', form({ source: 'beads', text: '{}' }))).status).toBe(403)
})

test.each<[string, Readonly<Record<string, string>>, string | Uint8Array<ArrayBuffer> | undefined, RegExp]>([
  ['nothing', { source: 'beads' }, undefined, /nothing to import/],
  ['an unknown source', { source: 'trello' }, 'x', /no such source/],
  ['another format', { source: 'linear' }, 'a,b\n1,2', /no column/],
  ['UTF-16', { source: 'linear' }, new Uint8Array([0xff, 0xfe, 0x61, 0]), /UTF-16/],
  ['no loop', { source: 'beads', into: 'x' }, issues({ id: '1', title: 'x' }), /not an id/],
  [
    'a loop that is not there',
    { source: 'beads', into: '01JDAAAAAAAAAAAAAAAAAAAAAA' },
    issues({ id: '1', title: 'x' }),
    /There is no loop/,
  ],
])('%s is refused with a sentence', async (_, fields, file, sentence) => {
  const page = await ann.browser.upload('/import', form(fields, file))
  expect(page.status).toBeGreaterThanOrEqual(400)
  expect(page.status).toBeLessThan(500)
  expect(page.text).toMatch(sentence)
})

test('a file may be larger than other requests', async () => {
  const large = issues({ id: 'l', title: 'Large', description: 'x'.repeat(2 * LIMITS.request_bytes) })
  expect((await ann.browser.upload('/import', form({ source: 'beads' }, large))).text).toContain(
    'larger than 64 KB',
  )
})

test('a download holds what the person sees, and can be imported', async () => {
  const { loop } = await agent.call('create_loop', { name: 'secret', visibility: 'private' })
  await agent.call('create_task', { title: 'hidden', loop_id: loop.id })
  const bob = await joinWorkspace(system, ann, { name: 'Ben' })
  const [own, other] = await Promise.all([ann, bob].map((who) => who.browser.open('/export/tasks.jsonl')))
  expect(own?.headers.get('content-disposition')).toMatch(/^attachment; filename="loops-[\d-]+\.jsonl"$/)
  expect(own?.text).toContain('hidden')
  expect(other?.text).not.toMatch(/hidden|secret/)
  const [read, less] = await Promise.all([ann, bob].map((who) => who.browser.open('/export/tasks.md')))
  expect(read?.headers.get('content-type')).toBe('text/markdown; charset=utf-8')
  expect(read?.headers.get('content-disposition')).toMatch(/filename="loops-[\d-]+\.md"$/)
  expect(read?.text).toMatch(
    /^# .*\n## Loop: secret\n.*\n## hidden\n\n- Id: loops:\w{26}\n.*- Loop: secret\n/s,
  )
  expect(less?.text).not.toMatch(/hidden|secret/)
  const zoe = await signUp(system, { name: 'Zoe' })
  const looked = await zoe.browser.upload('/import', form({ source: 'loops', approve: 'on' }, own?.text))
  expect(looked.text).toMatch(/New loops<\/th><td>secret</)
  await zoe.browser.submit(looked.url, {})
  await until(zoe, looked.url, 'Imported')
  expect((await zoe.browser.open('/export/tasks.jsonl')).text).toContain('hidden')
  expect((await zoe.browser.open('/export')).text).toMatch(/\/export\/tasks\.jsonl.*\/export\/tasks\.md/s)
})

// The last one: the rest of such a body is not read, so its connection ends.
test('a file of more than 10 MB is refused', async () => {
  const page = await ann.browser.upload('/import', form({ source: 'beads' }, 'x'.repeat(11_000_000)))
  expect(page.status).toBe(413)
})
