// The page for teams that subscribe to Loops, followed word for word beside `npm start`. Every command on it is run.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { agentOf, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { missingGo } from '../support/go.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type NpmStart, npmStart } from '../support/npm-start.ts'
import { ensurePython } from '../support/python.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const PAGE = await readFile(join(ROOT, 'infra/examples/README.md'), 'utf8')
const COMMANDS = [...PAGE.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = '']) =>
  block.trim().split('\n'),
)
const OF_PYTHON = /^pip|python /
const OF_GO = /^go |\.\/subscriber/
/** Commands for the operator's own containers, which containers.test.ts covers. */
const OF_COMPOSE = /^docker compose .* kill --signal HUP nats-1 nats-2 nats-3$/
const python = await ensurePython()
const noGo = await missingGo()

let folder: string
let loops: NpmStart
let agent: McpClient

/** Runs one line in a shell, in a folder that looks like the project's, with the addresses of this installation. */
const run = async (line: string): Promise<{ code: number | null; said: string }> => {
  const command = line.replace('http://localhost:4000', loops.url).replace('infra/nats-users', 'nats-users')
  const own = 'path' in python ? [join(python.path, '..')] : []
  const env = {
    HOME: process.env.HOME,
    PATH: [dirname(process.execPath), join(ROOT, 'node_modules/.bin'), ...own, process.env.PATH].join(':'),
    DATA_DIR: loops.dataDir,
  }
  const child = spawn('sh', ['-c', command], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const [code] = await once(child, 'close')
  return { code: code as number | null, said }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'page-'))
  for (const name of ['infra', 'node_modules', 'package.json', 'package-lock.json'])
    await symlink(join(ROOT, name), join(folder, name))
  const PORT = String(await freePort())
  loops = npmStart({ DATA_DIR: join(folder, 'data'), PORT })
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await loops.kill()
  await rm(folder, { recursive: true, force: true })
})

test('loops_runs', async () => {
  await loops.ready()
  agent = await agentOf(loops, await signUp(loops, { name: 'Ada', workspace: 'Engine' }))
})

test.each(COMMANDS.filter((line) => !OF_COMPOSE.test(line)))('works: %s', async (line) => {
  if ('missing' in python && OF_PYTHON.test(line)) return expect(python.missing).toContain('nats-py')
  if (noGo && OF_GO.test(line)) return expect(noGo).toContain('no Go')
  // There must be events for the programs that read what is there.
  if (line.includes('--once')) await agent.call('create_task', { title: line })
  const { code, said } = await run(line)
  expect(code, said).toBe(0)
  if (line.includes('--once')) expect(said).toContain('task.created')
})

test('what_the_page_says_beside_its_commands_works', async () => {
  expect(await run('npm run subscriber -- list')).toMatchObject({
    said: expect.stringContaining('reports  evt.tasks'),
  })
  expect((await run('. ./reports.env; npm run subscriber -- remove reports')).code).toBe(0)
  const { code, said } = await run('node --env-file=reports.env infra/examples/subscriber.ts')
  expect(code).not.toBe(0)
  expect(said).toMatch(/authorization/i)
})

test('the_page_leaves_nothing_in_the_project', async () => {
  expect(await readdir(join(ROOT, 'infra/examples'))).toEqual(
    expect.not.arrayContaining([expect.stringMatching(/sqlite|\.env/)]),
  )
  expect(COMMANDS.length).toBeGreaterThan(9)
})
