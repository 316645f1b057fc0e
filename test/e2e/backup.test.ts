// A backup is taken under load, everything is destroyed, and the backup is restored: each document is as it was at the
// backup's moment, agents and subscribers work on, and what cannot be restored is refused with nothing overwritten.
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { cp, mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { BSON, MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { readDocuments } from '../../infra/backup/files.ts'
import { type Manifest, manifestText, readManifest } from '../../infra/backup/manifest-rules.ts'
import { silentReport } from '../../infra/report.ts'
import { startMongod } from '../../infra/servers/mongod.ts'
import { resolveMongod } from '../../infra/servers/resolve.ts'
import { type Account, agentOf, openBrowser, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { serverSearch } from '../support/images.ts'
import { runInfra } from '../support/infra-command.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type NpmStart, npmStart } from '../support/npm-start.ts'
import { type Credentials, credentialsIn, subscriberCommand } from '../support/subscribers.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const LIMIT_MS = 240_000
const WAIT = { timeout: 60_000, interval: 200 }
/** How many tasks with a comment each there are before the backup begins. */
const TASKS_BEFORE = 40
/** What a restore adds by itself: its entry in the audit log, and that it was one. */
const ADDED = /^(gateway\.(audit|audit_pending|audit_anchors)|.*\.restores)$/

/** A disk of 64 kB. */
const smallDisk = (path: string): Disposable & Readonly<{ path: string }> => {
  mkdirSync(path, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', path], { stdio: 'ignore' })
  return { path, [Symbol.dispose]: () => void execFileSync('umount', [path]) }
}
const CAN_MOUNT = ((): boolean => {
  const path = mkdtempSync(join(tmpdir(), 'mount-'))
  try {
    using _ = smallDisk(path)
    return true
  } catch {
    return false
  } finally {
    rmSync(path, { recursive: true, force: true })
  }
})()

type Rows = ReadonlyMap<string, string>

let folder: string
let PORT: string
let run: NpmStart
let owner: Account
let agent: McpClient
let reports: Credentials
/** A task that is changed three times before the backup and three times after it. */
let changing: string
let manifest: Manifest
const runs: NpmStart[] = []

const backup = (): string => join(folder, 'backup')

const start = async (name: string): Promise<NpmStart> => {
  const started = npmStart({ DATA_DIR: join(folder, name), PORT })
  runs.push(started)
  await started.ready()
  return started
}

const textOf = (document: Uint8Array | BSON.Document): string =>
  BSON.EJSON.stringify(
    document instanceof Uint8Array ? BSON.deserialize(document, { promoteValues: false }) : document,
    { relaxed: false },
  )
const idIn = (text: string): string => JSON.stringify(JSON.parse(text)._id)

/** The documents of a backup, by their ids. */
const rowsIn = async (path: string): Promise<Rows> => {
  const rows = new Map<string, string>()
  for await (const document of readDocuments(join(backup(), path))) {
    const text = textOf(document)
    rows.set(idIn(text), text)
  }
  return rows
}

/** The titles of tasks, or the tasks of comments, in a collection of the backup. */
const valuesIn = async (name: string, member: string): Promise<string[]> => {
  const entry = manifest.collections.find((one) => one.service === 'tasks' && one.name === name)
  const rows = await rowsIn(entry?.path ?? '')
  return [...rows.values()].map((text) => String(JSON.parse(text)[member]))
}

/** Files tasks one after another, each with a comment, until told to stop. */
const fileTasks = async (from: number, isOver: (n: number) => boolean): Promise<number> => {
  let n = from
  for (; !isOver(n); n += 1) {
    const { task } = await agent.call('create_task', { title: `Load ${n}`, body: 'x'.repeat(2_000) })
    await agent.call('add_comment', { task_id: task.id, text: `About load ${n}` })
  }
  return n
}

/** Changes the task three times. Returns its version then. */
const changeThrice = async (word: string): Promise<number> => {
  let version = 0
  for (const n of [1, 2, 3]) {
    const { task } = await agent.call('update_task', {
      task_id: changing,
      title: `Changed ${word} ${n}`,
    })
    version = task.version
  }
  return version
}

/** Runs the example program of a subscriber until there is nothing more to read. */
const readEvents = async (): Promise<string> => {
  const { said } = await runInfra('examples/subscriber', ['--once'], {
    ...reports,
    STATE: join(folder, 'reports.sqlite'),
  })
  return said
}
/** Reads events until the program has printed a text. Returns all that it printed. */
const readUntil = async (text: string): Promise<string> => {
  let said = ''
  const read = async (): Promise<string> => {
    said += await readEvents()
    return said
  }
  await vi.waitFor(async () => expect(await read()).toContain(text), WAIT)
  return said
}
const epochsKnown = (): unknown[] => {
  const db = new DatabaseSync(join(folder, 'reports.sqlite'), { readOnly: true })
  try {
    return db
      .prepare('SELECT epoch FROM epoch')
      .all()
      .map(({ epoch }) => epoch)
  } finally {
    db.close()
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backup-'))
  PORT = String(await freePort())
  run = await start('first')
  owner = await signUp(run, { name: 'Ada', workspace: 'Engine' })
  agent = await agentOf(run, owner)
  reports = credentialsIn(await subscriberCommand(['add', 'reports'], { DATA_DIR: run.dataDir }))
  changing = (await agent.call('create_task', { title: 'Changed 0' })).task.id
  await changeThrice('before')
  const { loop } = await agent.call('create_loop_from_tasks', { task_ids: [changing], loop_name: 'Granite' })
  await agent.call('create_loop', { name: 'Slate' })
  await agent.call('set_loop_priority', { loop_id: loop.id, priority: 0 })
  await fileTasks(0, (n) => n === TASKS_BEFORE)
}, LIMIT_MS)
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  await Promise.all(runs.map((one) => one.kill()))
  await rm(folder, { recursive: true, force: true })
})

test('a_backup_under_load_has_every_database_as_of_one_moment', async () => {
  let over = false
  const load = fileTasks(TASKS_BEFORE, () => over)
  const { code, said } = await runInfra('backup', [backup()], { DATA_DIR: run.dataDir }).finally(() => {
    over = true
  })
  const filed = await load
  expect(code, said).toBe(0)
  expect(said).toMatch(/tasks\.tasks: \d+ documents, [\d.]+ (kB|MB) \([\d.]+ (bytes|kB|MB|GB)\/s\)/)
  expect(said).toContain('It holds LOOPS_SECRET')
  expect(existsSync(`${backup()}.partial`)).toBe(false)
  const read = readManifest(await readFile(join(backup(), 'manifest.json'), 'utf8'), backup())
  if ('fault' in read) throw new Error(read.fault)
  manifest = read.manifest
  expect(manifest.moment).not.toBeNull()
  expect(manifest.files.map(({ path }) => path).toSorted()).toEqual([
    'nats-port',
    'secret',
    'subscribers.json',
  ])

  // Comments are copied before tasks, and each task got one before the next task was filed: at one moment at most one
  // task lacks its own.
  const titles = (await valuesIn('tasks', 'title')).filter((title) => title.startsWith('Load '))
  const commented = new Set(await valuesIn('comments', 'task_id')).size
  expect(titles.length).toBeGreaterThanOrEqual(TASKS_BEFORE)
  expect(titles.length).toBeLessThanOrEqual(filed)
  expect(titles.length - commented).toBeLessThanOrEqual(1)
})

test('a_second_backup_does_not_overwrite_the_first', async () => {
  const { code, said } = await runInfra('backup', [backup()], { DATA_DIR: run.dataDir })
  expect({ code, said }).toEqual({
    code: 1,
    said: expect.stringContaining('is not empty: name a new folder'),
  })
})

test.skipIf(!CAN_MOUNT)('a_backup_without_room_says_so_and_leaves_nothing', async () => {
  using disk = smallDisk(join(folder, 'full'))
  const { code, said } = await runInfra('backup', [join(disk.path, 'b')], { DATA_DIR: run.dataDir })
  expect({ code, said }).toEqual({ code: 1, said: expect.stringMatching(/is full: free some space/) })
  expect(await readdir(disk.path)).toEqual([])
})

test('what_happened_later_is_seen_by_a_subscriber_and_then_all_is_destroyed', async () => {
  const version = await changeThrice('after')
  await readUntil(`done task.updated ${changing} ${version}`)
  expect(epochsKnown()).toEqual([])
  await run.kill()
  await rm(run.dataDir, { recursive: true })
})

describe('bad input is refused in a sentence and nothing is written', () => {
  const target = (): string => join(folder, 'refused')
  const copyOf = async (change: (copy: string) => Promise<void>): Promise<string> => {
    const copy = await mkdtemp(join(folder, 'copy-'))
    await cp(backup(), copy, { recursive: true })
    await change(copy)
    return copy
  }
  const refused = async (from: string, into = target()): Promise<string> => {
    const { code, said } = await runInfra('restore', [from, '--into', into], {})
    expect(code, said).toBe(1)
    expect(said).not.toContain('Unexpected error')
    return said
  }
  const nothingWritten = () => expect(existsSync(target())).toBe(false)

  test('a_data_folder_that_is_not_empty', async () => {
    const into = join(folder, 'used')
    await mkdir(into)
    await writeFile(join(into, 'secret'), 'of another installation\n')
    expect(await refused(backup(), into)).toMatch(/is not empty \(secret\), and a restore overwrites nothing/)
    expect(await readdir(into)).toEqual(['secret'])
    expect(await readFile(join(into, 'secret'), 'utf8')).toBe('of another installation\n')
  })

  test('a_backup_of_a_newer_release', async () => {
    const newer = (members: object) =>
      copyOf((copy) => writeFile(join(copy, 'manifest.json'), manifestText({ ...manifest, ...members })))
    expect(await refused(await newer({ loops: '99.0.0' }))).toMatch(/newer than this release/)
    expect(await refused(await newer({ format: 99 }))).toMatch(/made by a newer release/)
    const collections = manifest.collections.map((one) => ({ ...one, schema: 99 }))
    expect(await refused(await newer({ collections }))).toMatch(/in a newer shape \(99/)
    nothingWritten()
  })

  test('half_a_backup', async () => {
    expect(await refused(await copyOf((copy) => rm(join(copy, 'manifest.json'))))).toMatch(/half a backup/)
    expect(await refused(await copyOf((copy) => rm(join(copy, 'secret'))))).toMatch(/secret is missing/)
    expect(await refused(join(folder, 'none'))).toMatch(/There is no backup/)
    nothingWritten()
  })

  test('a_changed_file', async () => {
    const [entry] = manifest.collections
    const changed = await copyOf(async (copy) => {
      await using file = await open(join(copy, entry?.path ?? ''), 'r+')
      await file.write(Buffer.from([0x55]), 0, 1, (entry?.bytes ?? 0) - 1)
    })
    expect(await refused(changed)).toMatch(/bson\.gz was changed or is damaged/)
    nothingWritten()
  })

  test('another_secret', async () => {
    const { code, said } = await runInfra('restore', [backup(), '--into', target()], {
      LOOPS_SECRET: 'another secret than that of the backup, long enough',
    })
    expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining('not the one of this backup') })
    nothingWritten()
  })

  test.skipIf(!CAN_MOUNT)('no_room', async () => {
    using disk = smallDisk(join(folder, 'small'))
    expect(await refused(backup(), join(disk.path, 'data'))).toMatch(/has .* left and Loops needs/)
    expect(await readdir(join(disk.path, 'data'))).toEqual([])
  })
})

/** Kills a restore at its first sign of work on the databases. */
const interruptedRestore = async (into: string): Promise<void> => {
  const { PATH, HOME } = process.env
  const child = execFile(process.execPath, ['infra/restore.ts', backup(), '--into', into], {
    cwd: ROOT,
    env: { PATH, HOME },
  })
  let said = ''
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.stdout?.on('data', (chunk) => {
    said += chunk
    if (/gateway\.\w+: \d+ documents/.test(said)) child.kill('SIGKILL')
  })
  await ended
  expect(said).not.toContain('Restored into')
}

test('a_restore_that_was_killed_is_not_started_and_can_be_repeated', async () => {
  const into = join(folder, 'second')
  await interruptedRestore(into)
  const refused = npmStart({ DATA_DIR: into, PORT })
  runs.push(refused)
  expect(await refused.ended).toBe(1)
  expect(refused.output()).toContain('was not finished: run npm run restore again')
  const { code, said } = await runInfra('restore', [backup(), '--into', into], {})
  expect(code, said).toBe(0)
  expect(said).toContain('Restored into')
})

test('every_document_is_as_it_was_at_the_moment_of_the_backup', async () => {
  const binary = await resolveMongod(serverSearch())
  const dataDir = join(folder, 'second')
  await using server = await startMongod({ dataDir, binary, report: silentReport, onLost: () => undefined })
  await using client = new MongoClient(server.url, { promoteValues: false })
  const now = Date.now()
  const isExpired = (text: string): boolean =>
    Number(JSON.parse(text).expires_at?.$date?.$numberLong ?? Number.POSITIVE_INFINITY) <= now
  for (const { service, name, path, documents } of manifest.collections) {
    const place = `${service}.${name}`
    const then = await rowsIn(path)
    expect(then.size, place).toBe(documents)
    const db = client.db(`loops_${service.replaceAll('-', '_')}`)
    const found = (await db.collection(name).find().toArray()).map((row) => textOf(row))
    const rows = new Map(found.map((text) => [idIn(text), text]))
    for (const [id, text] of then) {
      if (isExpired(text) || ADDED.test(place)) continue
      expect(rows.get(id), place).toBe(text)
    }
    const added = [...rows.keys()].filter((id) => !then.has(id))
    if (!ADDED.test(place)) expect(added, place).toEqual([])
  }
})

test('agents_people_and_subscribers_work_on', async () => {
  run = await start('second')
  const { task } = await agent.call('get_task', { task_id: changing })
  expect(task.title).toBe('Changed before 3')
  const arrived = await openBrowser(run.url).submit('/sign-in', {
    email: owner.email,
    password: owner.password,
  })
  expect(arrived.url.pathname).toBe('/')

  // The same version as the one that the subscriber saw before everything was destroyed.
  const { task: changed } = await agent.call('update_task', { task_id: changing, title: 'Changed again' })
  const said = await readUntil(`done task.updated ${changing} ${changed.version}`)
  expect(said).toContain('repeated')
  expect(said).not.toContain('older')
  expect(epochsKnown()).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\dT/)])
})

test('a_backup_of_the_restored_installation_knows_its_epoch', async () => {
  const next = join(folder, 'next')
  const { code, said } = await runInfra('backup', [next, '--without-secret'], { DATA_DIR: run.dataDir })
  expect(code, said).toBe(0)
  expect(said).toContain('It holds no LOOPS_SECRET')
  const read = readManifest(await readFile(join(next, 'manifest.json'), 'utf8'), next)
  if ('fault' in read) throw new Error(read.fault)
  expect(read.manifest.epoch).toBe(epochsKnown()[0])
  expect(existsSync(join(next, 'secret'))).toBe(false)
  expect(read.manifest.collections.some(({ name }) => name === 'restores')).toBe(false)
  const { said: asked } = await runInfra('restore', [next, '--into', join(folder, 'third')], {})
  expect(asked).toContain('This backup holds no LOOPS_SECRET: set the one that was used then.')
})
