// `npm run import` and `npm run export` as an operator runs them, against a running system.
import { execFile } from 'node:child_process'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import { TEST_SECRET } from '../support/keys.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { ids } from '../support/service-environment.ts'
import { type System, startSystem } from '../support/system.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let system: System
let ann: Account
let agent: McpClient
const folder = mkdtempSync(join(tmpdir(), 'loops-imports-'))

type Ran = Readonly<{ code: number; out: string; err: string }>
const run = async (command: 'import' | 'export', ...args: string[]): Promise<Ran> => {
  const file = join(import.meta.dirname, `../../infra/${command}.ts`)
  const { natsUrl: NATS_URL, mongodbUrl: MONGODB_URL } = system.stack
  const env = { PATH: process.env.PATH, NATS_URL, MONGODB_URL, LOOPS_SECRET: TEST_SECRET }
  return await promisify(execFile)(process.execPath, [file, ...args], { env }).then(
    ({ stdout: out, stderr: err }) => ({ code: 0, out, err }),
    ({ code, stdout: out, stderr: err }: { code: number; stdout: string; stderr: string }) => ({
      code,
      out,
      err,
    }),
  )
}
const write = (name: string, text: string | Uint8Array): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}
const beads = (...lines: object[]): string => lines.map((line) => JSON.stringify(line)).join('\n')

beforeAll(async () => {
  system = await startSystem({ names: ['gateway', 'tasks', 'loops-queue', 'notifier'] })
  ann = await signUp(system, { name: 'Ann' })
  agent = await agentOf(system, ann)
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await agent?.[Symbol.asyncDispose]()
  await system?.[Symbol.asyncDispose]()
})

test('tasks come in as the owner of the only workspace, and again without doubling', async () => {
  const file = write(
    'issues.jsonl',
    beads(
      { id: 'b-1', title: 'First', priority: 0, dependencies: [{ depends_on_id: 'b-2', type: 'blocks' }] },
      { id: 'b-2', title: 'Second', comments: [{ id: 'c', author: 'Bob', text: 'hello' }] },
      { id: 'b-3', title: 'Third', status: 'closed' },
      { _type: 'memory', id: 'b-4' },
    ),
  )
  const dry = await run('import', 'beads', file, '--dry-run')
  expect([dry.code, dry.out]).toEqual([0, expect.stringMatching(/nothing was changed.*2 {2}new tasks/s)])
  const first = await run('import', 'beads', file)
  expect([first.code, first.err]).toEqual([0, expect.stringMatching(/as Ann: [\d.]+ s\.\n$/)])
  expect(first.out).toMatch(/2 {2}new tasks.*1 {2}new comments.*is finished there.*b-3 {2}Third/s)
  expect(first.out).toMatch(/is not a task.*b-4/s)
  expect((await run('import', 'beads', file)).out).toMatch(
    /0 {2}new tasks.*2 {2}the same as before.*0 {2}new comments/s,
  )
  const { tasks } = await agent.call('list_tasks', {})
  expect(tasks.map(({ title }) => title)).toEqual(['Second', 'First'])
  expect(tasks[0]).toMatchObject({ status: 'open', author: { name: 'Ann', client: 'Import' } })
})

test('what goes out is read again, as lines and as files', async () => {
  const path = join(folder, 'out/export.jsonl')
  expect(await run('export', path)).toMatchObject({
    code: 0,
    out: expect.stringContaining('Wrote 2 loops and tasks'),
  })
  const lines = readFileSync(path, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as object)
  expect(lines).toMatchObject([
    { type: 'workspace' },
    { title: 'First', blocked_by: [{ source: 'beads', id: 'b-2' }] },
    { title: 'Second', comments: [{ author: 'Bob', text: 'hello' }] },
  ])
  expect((await run('import', 'loops', path)).out).toMatch(/0 {2}new tasks.*2 {2}the same as before/s)
  const markdown = join(folder, 'markdown')
  expect((await run('export', markdown)).code).toBe(0)
  expect(readdirSync(join(markdown, 'no-loop'))).toEqual(['beads-b-1-first.md', 'beads-b-2-second.md'])
  expect((await run('export', markdown)).err).toContain('is not empty')
})

test('each fault is a sentence, and nothing of the file comes in', async () => {
  const before = await agent.call('list_tasks', {})
  const large = write('large.csv', '')
  truncateSync(large, 200_000_000)
  const wide = write('wide.csv', Array.from({ length: 5_000 }, (_, n) => `c${n}`).join(','))
  const good = write('good.jsonl', beads({ id: 'x', title: 'x' }))
  const backlog = join(folder, 'project/backlog')
  mkdirSync(backlog, { recursive: true })
  symlinkSync('/etc', join(backlog, 'out'))
  const rows: readonly (readonly [readonly string[], RegExp])[] = [
    [['trello', good], /no source trello: name one of github/],
    [['beads'], /Name one file or folder/],
    [['beads', join(folder, 'nowhere')], /There is no .*nowhere/],
    [['linear', folder], /is a folder: name the file/],
    [['linear', good], /is not CSV/],
    [['linear', large], /has 200\.0 MB; at most 100\.0 MB/],
    [['linear', wide], /5000 columns/],
    [['linear', write('wrong.csv', 'ID,Title,Status\n"x,')], /not CSV/],
    [['jira', write('nul.csv', 'a\0')], /NUL at byte 2/],
    [['jira', write('wide16.csv', Buffer.from('\uFEFFa', 'utf16le'))], /UTF-16/],
    [['github', write('no.json', 'no')], /not JSON/],
    [['backlog', join(folder, 'project')], /out is a link that leads out of the folder/],
    [['beads', good, '--into', ids.next()], /There is no loop .* that you can see/],
    [['beads', good, '--into', 'x'], /\bid\b/],
    [['beads', good, '--what'], /--what/],
    [['beads', good, '--as', 'eve@example.com'], /eve@example\.com is no member/],
    [['beads', good, '--workspace', ids.next()], /There is no workspace/],
  ]
  for (const [args, sentence] of rows) {
    const { code, err } = await run('import', ...args)
    expect([args.join(' '), code, err]).toEqual([args.join(' '), 1, expect.stringMatching(sentence)])
    expect(err).not.toMatch(/\n\s+at /)
  }
  const after = await agent.call('list_tasks', {})
  expect(after.total).toBe(before.total)
})

test('who may not approve cannot ask for it, and where there are several workspaces one is named', async () => {
  const file = write('more.jsonl', beads({ id: 'm-1', title: 'More' }))
  const eve = await joinWorkspace(system, ann, { name: 'Eve', role: 'viewer' })
  const refused = await run('import', 'beads', file, '--as', eve.email)
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringContaining('As viewer, Eve may not change anything'),
  })
  await signUp(system, { name: 'Zoe' })
  const several = await run('import', 'beads', file)
  expect(several).toMatchObject({ code: 1, err: expect.stringMatching(/several workspaces.*--workspace ID/) })
  const [, id = ''] = /(\w{26}) {2}Ann/.exec(several.err) ?? []
  const approved = await run('import', 'beads', file, '--workspace', id, '--as', ann.email, '--approve')
  expect(approved.code).toBe(0)
})
