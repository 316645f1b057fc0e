// How long `npm run import` takes for many issues and for few, and the processor time that it costs.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { tasks as tasksContract } from '../../shared/contracts/tasks/contract.ts'
import { agentOf, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { type Connected, connect } from './growth.ts'
import { timesOf } from './processes.ts'
import type { Servers } from './servers.ts'

/** IMPORT_ISSUES makes it another number. */
export const MANY_ISSUES = Number(process.env.IMPORT_ISSUES ?? 10_000)
export const FEW_ISSUES = MANY_ISSUES / 5
const LOOK_MS = 50
const BODY = 'What happens, what should happen, and how to see it.\n'.repeat(20)
const REPOSITORY = 'https://github.com/example/example/issues'

/** One import. */
export type ImportFigures = Readonly<{
  issues: number
  tasks: number
  comments: number
  edges: number
  /** How long the command takes. */
  seconds: number
  /** How long it takes until every event of it is published. */
  published_s: number
  /** Processor time until then (s): of the services with the command, and of NATS and MongoDB. */
  services_s: number
  servers_s: number
}>

/** Issues as `gh issue list --json …` writes them: every second one has a comment, every third a milestone, every fourth waits. */
const issuesOf = (count: number) =>
  Array.from({ length: count }, (_, n) => ({
    number: n + 1,
    title: `Issue ${n + 1} about the queue`,
    body: BODY,
    state: n % 10 === 0 ? 'CLOSED' : 'OPEN',
    stateReason: n % 10 === 0 ? 'COMPLETED' : '',
    labels: [{ name: 'bug' }, { name: `area ${n % 7}` }],
    milestone: n % 3 === 0 ? { title: `v${n % 20}` } : null,
    comments:
      n % 2 === 0
        ? [
            {
              id: `c${n}`,
              author: { login: 'bob' },
              body: 'Seen here too.',
              createdAt: '2026-01-01T00:00:00Z',
            },
          ]
        : [],
    blockedBy: { nodes: n % 4 === 3 ? [{ number: n, url: `${REPOSITORY}/${n}` }] : [] },
    url: `${REPOSITORY}/${n + 1}`,
  }))

/** Processor time (s): of this process with the command, and of its servers. */
const timeUsed = (): readonly [services_s: number, servers_s: number] => {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ')
  const servers = children.map((pid) => timesOf(pid)[0])
  const [own, ended] = timesOf('self')
  return [own + ended, servers.reduce((sum, one) => sum + one, 0)]
}

const ran = promisify(execFile)

/** Imports issues into a new workspace by the command. */
const importOnce = async (
  { mongo }: Connected,
  env: Record<string, string>,
  { port, folder, count, name }: Readonly<{ port: number; folder: string; count: number; name: string }>,
): Promise<ImportFigures> => {
  const system = { url: `http://localhost:${port}` }
  const account = await signUp(system, { name })
  await using agent = await agentOf(system, account)
  const { workspace } = await agent.call('get_workspace', {})
  const file = join(folder, `${count}.json`)
  writeFileSync(file, JSON.stringify(issuesOf(count)))
  const command = join(import.meta.dirname, '../../infra/import.ts')
  const before = timeUsed()
  const began = performance.now()
  const { stdout } = await ran(process.execPath, [command, 'github', file, '--workspace', workspace.id], {
    env: { PATH: String(process.env.PATH), ...env },
  })
  const seconds = (performance.now() - began) / 1_000
  const counted = (what: string): number => Number(new RegExp(`(\\d+) {2}${what}`).exec(stdout)?.[1])
  const db = mongo.database(tasksContract.name)
  const tasks = db.collection('tasks')
  // The command has ended; what it wrote is still being published.
  while (await tasks.findOne({ 'outbox.at': { $exists: true } }, { hint: 'outbox' })) await pause(LOOK_MS)
  const published_s = (performance.now() - began) / 1_000
  const after = timeUsed()
  return {
    issues: count,
    tasks: counted('new tasks'),
    comments: counted('new comments'),
    edges: await tasks.countDocuments({ ws: workspace.id, 'blocked_by.0': { $exists: true } }),
    seconds,
    published_s,
    services_s: after[0] - before[0],
    servers_s: after[1] - before[1],
  }
}

/** Imports few issues, then many. */
export const benchImport = async (servers: Servers): Promise<{ few: ImportFigures; many: ImportFigures }> => {
  const port = await freePort()
  const env = servers.env('bench_import')
  const connected = await connect(env, port)
  await using _stack = connected.stack
  const folder = mkdtempSync(join(tmpdir(), 'loops-bench-import-'))
  try {
    const few = await importOnce(connected, env, { port, folder, count: FEW_ISSUES, name: 'Few' })
    const many = await importOnce(connected, env, { port, folder, count: MANY_ISSUES, name: 'Many' })
    return { few, many }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
