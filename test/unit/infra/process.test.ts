// Server processes that outlive, or must not outlive, the one that started them; real processes throughout.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { identityOf, isAlive } from '../../../infra/servers/identity.ts'
import type { Launch } from '../../../infra/servers/process.ts'
import { launch, stopLeftover, tailOf } from '../../../infra/servers/process.ts'

const PROCESS = fileURLToPath(new URL('../../../infra/servers/process.ts', import.meta.url))

let folder: string
let started: number[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-'))
  started = []
})

afterEach(() => {
  for (const pid of started) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  rmSync(folder, { recursive: true })
})

const pidFile = () => join(folder, 'process.json')
const logFile = () => join(folder, 'log')
const sleeper = (): Launch => ({ path: 'sleep', args: ['600'], logFile: logFile(), pidFile: pidFile() })
const gone = (pid: number) => vi.waitFor(() => expect(identityOf(pid)).toBeUndefined(), { timeout: 10_000 })

const launched = (options: Launch) => {
  const running = launch(options)
  started.push(running.pid)
  return running
}

/** A process that launches a sleeper, tells its id, and then waits to be killed. */
const parentOfSleeper = async () => {
  const script = `import { launch } from ${JSON.stringify(PROCESS)}
    console.log(launch(${JSON.stringify(sleeper())}).pid)
    setInterval(() => {}, 1000)`
  const parent = spawn(process.execPath, ['--input-type=module', '-e', script])
  const [pid] = await once(parent.stdout, 'data')
  started.push(Number(pid), parent.pid ?? 0)
  return { parent, pid: Number(pid) }
}

test('stopped_process_is_gone_and_forgotten', async () => {
  const running = launched(sleeper())
  expect(existsSync(pidFile())).toBe(true)
  await running.stop()
  await gone(running.pid)
  expect(existsSync(pidFile())).toBe(false)
})

test('output_appended_to_the_log', async () => {
  writeFileSync(logFile(), 'earlier\n')
  const running = launched({ ...sleeper(), path: 'sh', args: ['-c', 'echo out; echo err >&2; exit 7'] })
  expect(await running.ended).toBe('exit code 7')
  expect(tailOf(logFile(), 2)).toEqual(['out', 'err'])
  expect(readFileSync(logFile(), 'utf8')).toMatch(/^earlier\n/)
})

test('binary_that_cannot_be_run_told_as_its_end', async () => {
  const running = launch({ ...sleeper(), path: join(folder, 'absent') })
  expect(await running.ended).toMatch(/ENOENT/)
  await running.stop()
})

test('large_log_set_aside', async () => {
  writeFileSync(logFile(), Buffer.alloc(21e6, '.'))
  await launched(sleeper()).stop()
  expect(existsSync(`${logFile()}.old`)).toBe(true)
})

test('server_ends_when_its_starter_is_killed', async () => {
  const { parent, pid } = await parentOfSleeper()
  expect(identityOf(pid)).toBeDefined()
  parent.kill('SIGKILL')
  await gone(pid)
})

test('server_left_running_is_found_and_stopped_by_the_next_start', async () => {
  const left = spawn('sleep', ['600'], { detached: true })
  started.push(left.pid ?? 0)
  writeFileSync(pidFile(), JSON.stringify({ pid: left.pid, identity: identityOf(left.pid ?? 0) }))
  expect(await stopLeftover(pidFile())).toBe(true)
  expect(identityOf(left.pid ?? 0)).toBeUndefined()
  expect(existsSync(pidFile())).toBe(false)
})

test('just_started_is_known_by_its_whole_command_line', () => {
  for (let turn = 0; turn < 100; turn += 1) {
    const child = spawn('sleep', ['600'])
    started.push(child.pid ?? 0)
    expect(identityOf(child.pid ?? 0)).toMatch(/^\d+ sleep 600$/)
  }
})

test('dying_is_known_whole_or_not_at_all', async () => {
  for (let turn = 0; turn < 100; turn += 1) {
    const child = spawn('sleep', ['600'])
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    expect(identityOf(child.pid ?? 0) ?? 'gone').toMatch(/^(gone|\d+ sleep 600)$/)
    await ended
  }
})

test('another_process_under_the_same_number_left_alone', async () => {
  const other = spawn('sleep', ['600'])
  started.push(other.pid ?? 0)
  writeFileSync(pidFile(), JSON.stringify({ pid: other.pid, identity: '1 mongod --dbpath /elsewhere' }))
  expect(await stopLeftover(pidFile())).toBe(false)
  expect(identityOf(other.pid ?? 0)).toBeDefined()
})

test.each(['', '{', '{"pid":"1"}'])('broken_pid_file_%j_ignored', async (content) => {
  writeFileSync(pidFile(), content)
  expect(await stopLeftover(pidFile())).toBe(false)
})
