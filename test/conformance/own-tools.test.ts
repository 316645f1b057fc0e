// The official conformance suite against the whole system with its own tools. It runs the scenarios that need none of
// the suite's tools. Another, `server-stateless`, calls one to see what a server logs; it passes with the suite's tools.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signUp } from '../support/accounts.ts'
import { runSuite } from '../support/conformance/commands.ts'
import { type Endpoint, openTokenEntry } from '../support/conformance/environment.ts'
import type { Revision } from '../support/conformance/suite.ts'
import { connectApp } from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let entry: Endpoint

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  const { tokens } = await connectApp(system.url, await signUp(system, { name: 'Olga' }))
  entry = await openTokenEntry(system.url, tokens.access_token)
})
afterAll(async () => {
  await entry?.[Symbol.asyncDispose]()
  await system?.stop()
})

const OLDER = [
  'server-initialize',
  'ping',
  'tools-list',
  'resources-list',
  'prompts-list',
  'dns-rebinding-protection',
]
const NEWER = [
  ...['tools-list', 'resources-list', 'prompts-list', 'dns-rebinding-protection', 'caching'],
  ...['sep-2164-resource-not-found', 'http-header-validation'],
]
const SCENARIOS: readonly (readonly [Revision, string])[] = [
  ...OLDER.map((name) => ['2025-11-25', name] as const),
  ...NEWER.map((name) => ['2026-07-28', name] as const),
]

test.each(SCENARIOS)('%s: %s passes', async (revision, scenario) => {
  using suite = runSuite(
    ...[
      'server',
      '--url',
      `${entry.url}/mcp`,
      '--scenario',
      scenario,
      '--spec-version',
      revision,
      '--timeout',
      '5000',
    ],
  )
  const { code, stdout, stderr } = await suite.ended
  expect(code, `${stdout}\n${stderr}`).toBe(0)
})
