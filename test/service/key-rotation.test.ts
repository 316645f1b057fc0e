// Signing keys change while two gateways issue and check tokens. No gateway restarts, and no request is refused.
import { decodeProtectedHeader } from 'jose'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ANNOUNCE_MS, RETIRE_MS, ROTATE_MS } from '../../services/gateway/oauth/key-schedule.ts'
import { signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { type App, connectApp, getJson, refreshTokens } from '../support/oauth-client.ts'

let gateways: readonly [GatewayEnvironment, GatewayEnvironment]
beforeEach(async () => {
  const first = await openGatewayEnvironment()
  gateways = [first, await openGatewayEnvironment({}, first)]
})
afterEach(async () => {
  for (const gateway of gateways) await gateway[Symbol.asyncDispose]()
})

const kidOf = (token: string): string => String(decodeProtectedHeader(token).kid)
/** Backdates the key to long ago. */
const age = ({ db, deps }: GatewayEnvironment) => {
  const created_at = new Date(deps.clock.now().getTime() - ROTATE_MS)
  return db.collection('signing_keys').updateMany({}, { $set: { created_at } })
}
const advance = (ms: number): void => {
  for (const gateway of gateways) gateway.advance(ms)
}
const tend = () => Promise.all(gateways.map(({ deps }) => deps.keys.tend()))
const published = async (): Promise<number[]> =>
  Promise.all(
    gateways.map(async ({ url }) => {
      const { body } = await getJson(`${url}/.well-known/jwks.json`)
      return (body as unknown as { keys: readonly unknown[] }).keys.length
    }),
  )

/** Refreshes at each gateway in turn and has both check every token, until `done`. */
const load = async (app: App, refresh_token: string, until: Promise<unknown>): Promise<string> => {
  let [token, rounds, over] = [refresh_token, 0, false]
  const ended = until.then(() => {
    over = true
  })
  while (!over || rounds < 4) {
    const at = gateways[rounds % 2] as GatewayEnvironment
    const { status, body } = await refreshTokens(at.url, app, token)
    expect(status).toBe(200)
    for (const gateway of gateways)
      expect(await gateway.verify(body.access_token)).toMatchObject({ ok: true })
    token = body.refresh_token
    rounds += 1
  }
  await ended
  return token
}

test('keys_rotate_over_two_gateways_under_load_without_a_refused_request', async () => {
  const [first, second] = gateways
  const ann = await signUp(first, { name: 'Ann' })
  const { app, tokens } = await connectApp(first.url, ann)
  const old = kidOf(tokens.access_token)
  await age(first)

  // Due: one new key, published by both, while the old one still signs.
  let refresh = await load(app, tokens.refresh_token, tend().then(tend))
  expect(await published()).toEqual([2, 2])
  const before = (await refreshTokens(second.url, app, refresh)).body
  expect(kidOf(before.access_token)).toBe(old)

  // Announced: the new one signs, and what the old one signed stays valid.
  advance(ANNOUNCE_MS)
  const after = (await refreshTokens(first.url, app, before.refresh_token)).body
  expect(kidOf(after.access_token)).not.toBe(old)
  for (const gateway of gateways)
    expect(await gateway.verify(before.access_token)).toMatchObject({ ok: true })
  refresh = await load(app, after.refresh_token, tend())
  expect(await published()).toEqual([2, 2])

  // Done: the old one goes.
  advance(RETIRE_MS)
  refresh = await load(app, refresh, tend().then(tend))
  expect(await published()).toEqual([1, 1])
  expect((await refreshTokens(second.url, app, refresh)).status).toBe(200)
  for (const gateway of gateways)
    expect(await gateway.verify(tokens.access_token)).toMatchObject({ ok: false })
})

test('a_gateway_that_has_not_polled_yet_finds_a_new_key_by_its_first_token', async () => {
  const [first, second] = gateways
  const ann = await signUp(first, { name: 'Ann' })
  const { app, tokens } = await connectApp(first.url, ann)
  await age(first)
  await first.deps.keys.tend()
  advance(ANNOUNCE_MS)
  const { body } = await refreshTokens(first.url, app, tokens.refresh_token)
  expect(kidOf(body.access_token)).not.toBe(kidOf(tokens.access_token))
  expect(await second.verify(body.access_token)).toMatchObject({ ok: true })
})

test('a_dropped_key_ends_what_it_signed_on_both_gateways_and_nothing_that_its_successor_signs', async () => {
  const [first, second] = gateways
  const ann = await signUp(first, { name: 'Ann' })
  const { app, tokens } = await connectApp(first.url, ann)
  const old = kidOf(tokens.access_token)
  const checks = (token: string) => Promise.all(gateways.map(({ verify }) => verify(token)))
  // From here on both have it in their caches.
  expect(await checks(tokens.access_token)).toMatchObject([{ ok: true }, { ok: true }])
  let over = false
  const dropping = first.deps.keys.drop(old).finally(() => {
    over = true
  })
  let [refresh, signed, rounds] = [tokens.refresh_token, tokens.access_token, 0]
  while (!over || kidOf(signed) === old) {
    const { status, body } = await refreshTokens(
      (gateways[rounds % 2] as GatewayEnvironment).url,
      app,
      refresh,
    )
    expect(status).toBe(200)
    refresh = body.refresh_token
    signed = body.access_token
    rounds += 1
    if (kidOf(signed) !== old) expect(await checks(signed)).toMatchObject([{ ok: true }, { ok: true }])
  }
  expect(await dropping).toBe(true)
  await expect
    .poll(() => checks(tokens.access_token), { timeout: 5_000 })
    .toMatchObject([
      { ok: false, reason: 'invalid' },
      { ok: false, reason: 'invalid' },
    ])
  expect(await published()).toEqual([1, 1])
  expect(await second.deps.keys.drop(old)).toBe(false)
})
