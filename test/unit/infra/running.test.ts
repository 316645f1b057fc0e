// An operator's command finds the system that runs.
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { StartFault } from '../../../infra/report.ts'
import { recordRunning, runningConfig } from '../../../infra/running.ts'

const SERVERS = {
  NATS_URL: 'nats://loops:pass@127.0.0.1:4222',
  MONGODB_URL: 'mongodb://127.0.0.1:27017/loops',
}
const SECRET = 'a secret of the tests that is long enough'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'loops-running-'))
  writeFileSync(join(dir, 'secret'), `${SECRET}\n`)
})
afterEach(() => rmSync(dir, { recursive: true }))

test('found_by_the_data_folder_of_a_start_while_it_runs', () => {
  {
    using _ = recordRunning(dir, SERVERS)
    expect(statSync(join(dir, 'running.json')).mode & 0o077).toBe(0)
    expect(runningConfig({ DATA_DIR: dir })).toMatchObject({ ...SERVERS, LOOPS_SECRET: SECRET })
  }
  expect(() => runningConfig({ DATA_DIR: dir })).toThrow(StartFault)
})

test('found_by_the_environment_alone', () => {
  const env = { ...SERVERS, LOOPS_SECRET: SECRET, DATA_DIR: join(dir, 'none') }
  expect(runningConfig(env)).toMatchObject(SERVERS)
})

test('found_by_as_much_of_the_environment_as_is_needed', () => {
  const env = { MONGODB_URL: SERVERS.MONGODB_URL, DATA_DIR: join(dir, 'none') }
  expect(runningConfig(env, ['MONGODB_URL'])).toMatchObject(env)
  expect(() => runningConfig(env, ['MONGODB_URL', 'LOOPS_SECRET'])).toThrow(/set MONGODB_URL, LOOPS_SECRET/)
})

test('what_the_environment_says_wins', () => {
  using _ = recordRunning(dir, SERVERS)
  const MONGODB_URL = 'mongodb://127.0.0.1:9/other'
  expect(runningConfig({ DATA_DIR: dir, MONGODB_URL })).toMatchObject({ ...SERVERS, MONGODB_URL })
})

test('no_secret_is_made_by_looking', () => {
  rmSync(join(dir, 'secret'))
  using _ = recordRunning(dir, SERVERS)
  expect(() => runningConfig({ DATA_DIR: dir })).toThrow(/set LOOPS_SECRET/)
  expect(() => statSync(join(dir, 'secret'))).toThrow()
})
