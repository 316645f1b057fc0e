// `npm run keys` as an operator runs it, against a running system.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { introspectionToken } from '../../services/gateway/oauth/introspect.ts'
import { ANNOUNCE_MS } from '../../services/gateway/oauth/key-schedule.ts'
import { signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { connectApp, getJson, refreshTokens } from '../support/oauth-client.ts'

const SECRET = 'a secret of the tests that is long enough'

let env: GatewayEnvironment
beforeAll(async () => {
  env = await openGatewayEnvironment({ LOOPS_SECRET: SECRET })
})
afterAll(() => env?.[Symbol.asyncDispose]())

type Ran = Readonly<{ code: number; out: string; err: string }>
const run = async (
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Promise<Ran> => {
  const file = join(import.meta.dirname, '../../infra/keys.ts')
  const MONGODB_URL = env.stack.mongodbUrl
  const given = { PATH: process.env.PATH, MONGODB_URL, LOOPS_SECRET: SECRET, ...variables }
  try {
    const ran = await promisify(execFile)(process.execPath, [file, ...args], { env: given })
    return { code: 0, out: ran.stdout, err: ran.stderr }
  } catch (error) {
    const { code, stdout: out, stderr: err } = error as { code: number; stdout: string; stderr: string }
    return { code, out, err }
  }
}
const uses = ({ out }: Ran): string[] => out.match(/\b(signs(?: from)?|verifies until)\b/g) ?? []

test('a_key_is_announced_then_signs_and_the_old_one_still_verifies', async () => {
  expect(uses(await run(['list']))).toEqual(['signs'])
  expect(uses(await run(['rotate']))).toEqual(['signs'])
  const created_at = new Date(env.deps.clock.now().getTime() - ANNOUNCE_MS)
  await env.db.collection('signing_keys').updateMany({}, { $set: { created_at } })
  const ann = await signUp(env, { name: 'Ann' })
  const { app, tokens } = await connectApp(env.url, ann)
  const rotated = await run(['rotate'])
  expect([rotated.code, uses(rotated), rotated.err]).toEqual([0, ['signs from', 'signs'], ''])
  expect((await run(['rotate'])).out).toContain('would not sign earlier')
  await env.deps.keys.tend()
  const { body } = await getJson(`${env.url}/.well-known/jwks.json`)
  expect(body.keys).toHaveLength(2)
  env.advance(ANNOUNCE_MS)
  const next = await refreshTokens(env.url, app, tokens.refresh_token)
  expect(await env.verify(next.body.access_token)).toMatchObject({ ok: true })
  expect(env.deps.keys.uses().map(({ use }) => use)).toEqual(['signs', 'verifies'])
})

test('the_gateway_accepts_the_introspection_token_that_is_shown', async () => {
  expect((await run(['introspection'])).out.trim()).toBe(introspectionToken(env.deps.secrets))
})

test('another_secret_is_refused_and_creates_no_key', async () => {
  const count = () => env.db.collection('signing_keys').countDocuments()
  const before = await count()
  const { code, err } = await run(['rotate'], { LOOPS_SECRET: 'another secret that is long enough too' })
  expect([code, err]).toEqual([1, expect.stringContaining('LOOPS_SECRET is not the one')])
  expect(await count()).toBe(before)
})

test('without_arguments_the_command_says_what_it_can_do', async () => {
  const { code, out } = await run([])
  expect([code, out]).toEqual([2, expect.stringContaining('npm run keys -- rotate')])
})

test('service_secrets_are_shown_as_lines_of_an_environment_file', async () => {
  const lines = (await run(['service-secrets'])).out.trim().split('\n')
  expect(lines.map((line) => line.split('=')[0]).toSorted()).toEqual(
    ['GATEWAY', 'LOOPS_QUEUE', 'NOTIFIER', 'TASKS', 'WEBHOOKS'].map((name) => `${name}_SECRET`),
  )
  const both = (await run(['service-secrets'], { LOOPS_SECRET_OLD: SECRET })).out.trim().split('\n')
  expect(both.filter((line) => line.includes('_SECRET_OLD='))).toHaveLength(5)
})

test('rotate_secret_says_what_still_needs_the_old_one', async () => {
  expect((await run(['rotate-secret'])).out).toMatch(/is not being replaced/)
  const rotating = { LOOPS_SECRET: 'another secret that is long enough too', LOOPS_SECRET_OLD: SECRET }
  expect(await run(['rotate-secret'], rotating)).toMatchObject({
    code: 1,
    out: expect.stringMatching(/still needed: \d+ secrets/),
  })
  // Reading the keys with both secrets encrypts them again, as a gateway does.
  await run(['list'], rotating)
  expect((await run(['rotate-secret'], rotating)).out).toMatch(/Keep LOOPS_SECRET_OLD until 20/)
})
