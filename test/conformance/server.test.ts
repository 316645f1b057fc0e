// The official conformance suite against this server from socket to protocol. Host, token, size and body checks are
// those of production; only the tools behind them are the suite's.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Ended, runSuite } from '../support/conformance/commands.ts'
import { type Endpoint, openEndpoint, openTokenEntry, tokenOf } from '../support/conformance/environment.ts'
import { suiteServer } from '../support/conformance/fixtures.ts'
import { namesIn, passedIn, type Revision, requiredOf } from '../support/conformance/suite.ts'

const BASELINE = join(import.meta.dirname, 'expected-failures.yml')

let endpoint: Endpoint
let entry: Endpoint

beforeAll(async () => {
  endpoint = await openEndpoint(suiteServer)
  entry = await openTokenEntry(endpoint.url, await tokenOf(endpoint))
})
afterAll(async () => {
  await entry?.[Symbol.asyncDispose]()
  await endpoint?.[Symbol.asyncDispose]()
})

const judge = async (revision: Revision, ...options: readonly string[]): Promise<Ended> => {
  using suite = runSuite(
    ...['server', '--url', `${entry.url}/mcp`, '--requirements', revision, '--timeout', '5000', ...options],
  )
  return await suite.ended
}

test('every_scenario_that_2026_07_28_requires_passes', async () => {
  const required = await requiredOf('2026-07-28')
  const ended = await judge('2026-07-28')
  expect(required.length).toBeGreaterThanOrEqual(37)
  expect(required.filter((name) => !passedIn(ended).has(name))).toEqual([])
  expect(ended.code, ended.stdout).toBe(0)
})

test('headers_that_contradict_the_body_are_refused_as_the_suite_requires [T11]', async () => {
  using suite = runSuite(
    ...['server', '--url', `${entry.url}/mcp`, '--scenario', 'http-header-validation'],
    ...['--spec-version', '2026-07-28'],
  )
  const { code, stdout } = await suite.ended
  expect(code, stdout).toBe(0)
})

test('every_scenario_that_2025_11_25_requires_passes_but_those_that_need_a_session', async () => {
  const required = await requiredOf('2025-11-25')
  const excepted = namesIn(await readFile(BASELINE, 'utf8'))
  const ended = await judge('2025-11-25', '--expected-failures', BASELINE)
  expect(required.length).toBeGreaterThanOrEqual(30)
  expect(required.filter((name) => !passedIn(ended).has(name)).toSorted()).toEqual(excepted.toSorted())
  // The suite ends with 0 only if each exception still fails.
  expect(ended.code, ended.stdout).toBe(0)
})

test('the_suite_is_refused_without_the_token_that_the_entry_adds [B1]', async () => {
  const ping = async ({ url }: Endpoint): Promise<number | null> => {
    using suite = runSuite('server', '--url', `${url}/mcp`, '--scenario', 'ping')
    return (await suite.ended).code
  }
  expect([await ping(entry), await ping(endpoint)]).toEqual([0, 1])
})
