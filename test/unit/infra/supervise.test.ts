// A server that is kept running: starts, deaths, restarts, ports; the server is a few lines of Node.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { StartFault } from '../../../infra/report.ts'
import { identityOf } from '../../../infra/servers/identity.ts'
import { untilAccepting } from '../../../infra/servers/port.ts'
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

const supervising = (script: string, onLost: (fault: StartFault) => void = () => {}) => {
  const binary = { path: process.execPath, version: '', sha256: '', source: '' }
  const report = { step: (text: string) => void lines.push(text), progress: () => {} }
  return superviseServer(plan(script), { binary, dataDir, report, onLost })
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
  expect(lines).toContain('testd ended by itself (signal SIGKILL): starting it again (1 of 3)')
})

test('given_up_after_three_restarts', async () => {
  const lost = Promise.withResolvers<StartFault>()
  await using server = await supervising(LISTENING, lost.resolve)
  for (let restart = 1; restart <= 3; restart++) await killAndWaitForTheNext(server)
  process.kill(server.pid(), 'SIGKILL')
  expect((await lost.promise).message).toMatch(/^testd stopped \(signal SIGKILL\): see its last lines below/)
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
    /^testd stopped \(exit code 3\): .*testd\.log, put that right, then start again\.$/,
  )
  expect(fault.details).toEqual(['first line', 'cannot open my files'])
})
