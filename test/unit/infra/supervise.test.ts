// A server that is kept running: starts, deaths, restarts, ports; the server is a few lines of Node.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { StartFault } from '../../../infra/report.ts'
import { identityOf } from '../../../infra/servers/identity.ts'
import { rememberedPort, untilAccepting } from '../../../infra/servers/port.ts'
import type { ServerPlan } from '../../../infra/servers/supervise.ts'
import { superviseServer } from '../../../infra/servers/supervise.ts'

const LISTENING = 'require("net").createServer().listen(Number(process.argv[1]), "127.0.0.1")'
const DYING = 'console.log("first line"); console.log("cannot open my files"); process.exit(3)'

let dataDir: string
let lines: string[]

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'supervise-'))
  lines = []
})

afterEach(() => rmSync(dataDir, { recursive: true }))

const plan = (script: string): ServerPlan => ({
  name: 'testd',
  folder: 'testd',
  args: (port) => ['-e', script, String(port)],
  ready: (port, signal) => untilAccepting('127.0.0.1', port, signal),
  url: (port) => `test://127.0.0.1:${port}`,
})

const neverLost = (fault: StartFault): void => expect.fail(fault.message)

const supervising = (
  script: string,
  onLost: (fault: StartFault) => void = () => {},
  more: Partial<ServerPlan> = {},
) => {
  const binary = { path: process.execPath, version: '', sha256: '', source: '' }
  const report = { step: (text: string) => void lines.push(text), progress: () => {} }
  const quickly = { restart_ms: [0], look_ms: 20 }
  return superviseServer({ ...plan(script), ...more }, { binary, dataDir, report, onLost, ...quickly })
}

const killAndWaitForTheNext = async (server: { pid: () => number }) => {
  const killed = server.pid()
  const before = lines.filter((line) => line.includes('serving again')).length
  process.kill(killed, 'SIGKILL')
  await vi.waitFor(
    () => expect(lines.filter((line) => line.includes('serving again'))).toHaveLength(before + 1),
    { timeout: 10_000 },
  )
}

test('serves_on_the_same_port_start_after_start', async () => {
  const first = await supervising(LISTENING)
  await first[Symbol.asyncDispose]()
  await using second = await supervising(LISTENING)
  expect(second.url).toBe(first.url)
})

test('another_port_taken_when_the_remembered_one_is_in_use', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const taken = (other.address() as { port: number }).port
  mkdirSync(join(dataDir, 'testd'))
  writeFileSync(join(dataDir, 'testd', 'port'), `${taken}\n`)
  await using server = await supervising(LISTENING)
  expect(server.url).not.toContain(String(taken))
  expect(readFileSync(join(dataDir, 'testd', 'port'), 'utf8').trim()).toBe(server.url.split(':').at(-1))
  other.close()
})

test('started_again_on_the_same_port_when_it_dies', async () => {
  await using server = await supervising(LISTENING)
  const { url } = server
  await killAndWaitForTheNext(server)
  await untilAccepting('127.0.0.1', Number(url.split(':').at(-1)), AbortSignal.timeout(5_000))
  expect(lines).toContain('testd ended by itself (signal SIGKILL): restarting it')
})

test('started_again_however_often_it_dies_with_one_line_about_that', async () => {
  await using server = await supervising(LISTENING, neverLost, { advice: () => 'Try another one.' })
  for (let death = 1; death <= 6; death++) await killAndWaitForTheNext(server)
  const about = lines.filter((line) => line.includes('ever more slowly'))
  expect(about).toHaveLength(1)
  expect(about[0]).toMatch(
    /^testd has ended 4 times in a short time \(signal SIGKILL\); see .*testd\.log\. .*Try another one\.$/,
  )
  expect(lines.filter((line) => line.includes('ended by itself'))).toHaveLength(3)
})

test('given_up_where_trying_cannot_help', async () => {
  const lost = Promise.withResolvers<StartFault>()
  const isHopeless = (how: string) => how === 'signal SIGKILL'
  await using server = await supervising(LISTENING, lost.resolve, { isHopeless })
  process.kill(server.pid(), 'SIGKILL')
  expect((await lost.promise).message).toMatch(/^testd stopped \(signal SIGKILL\): see its last lines below/)
})

test('one_that_runs_and_does_not_work_is_started_anew', async () => {
  let ill: number | undefined
  const illness = async (_: string, pid: number) => (pid === ill ? 'write error' : undefined)
  await using server = await supervising(LISTENING, neverLost, { illness })
  const first = server.pid()
  ill = first
  await vi.waitFor(() => expect(lines).toContain('testd: serving again'), { timeout: 10_000 })
  expect(server.pid()).not.toBe(first)
  expect(identityOf(first)).toBeUndefined()
  expect(lines).toContain('testd ended by itself (write error): restarting it')
})

test('what_its_plan_says_is_in_its_environment_unless_it_is_there_already', async () => {
  const script = `console.log("got " + process.env.TESTD_MODE + " " + process.env.PATH); ${LISTENING}`
  const env = { TESTD_MODE: 'careful', PATH: '/nowhere' }
  await using _ = await supervising(script, neverLost, { env })
  const log = readFileSync(join(dataDir, 'testd', 'testd.log'), 'utf8')
  expect(log).toContain(`got careful ${process.env.PATH}`)
})

test('stopped_for_good_when_disposed_of', async () => {
  const server = await supervising(LISTENING)
  const pid = server.pid()
  await server[Symbol.asyncDispose]()
  expect(identityOf(pid)).toBeUndefined()
  expect(lines.join()).not.toContain('ended by itself')
})

test('death_while_starting_told_with_its_last_lines', async () => {
  const fault: StartFault = await supervising(DYING).then(
    () => expect.fail('it started'),
    (error) => error,
  )
  expect(fault.message).toMatch(
    /^testd stopped \(exit code 3\): .*testd\.log, fix the problem, then start again\.$/,
  )
  expect(fault.details).toEqual(['first line', 'cannot open my files'])
})

test('leaves_a_port_free_that_somebody_else_is_about_to_take', async () => {
  const file = join(dataDir, 'port')
  const port = await rememberedPort(file)
  expect(await rememberedPort(file)).toBe(port)
  const other = await rememberedPort(file, port)
  expect(other).not.toBe(port)
  expect(await rememberedPort(file, port)).toBe(other)
})
