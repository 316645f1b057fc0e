// Limits that two gateways share: registrations, authorization requests, and the calls of one connection.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ErrorBody } from '../../shared/contracts/define/errors.ts'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import { postRegistration, REDIRECT, registerApp } from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

const CALLS = 40

let system: System
let ann: Account
beforeAll(async () => {
  system = await startSystem({ instances: 2, env: { TOOL_CALLS_PER_MINUTE: String(CALLS) } })
  ann = await signUp(system, { name: 'Ann' })
})
afterAll(() => system?.stop())

const gatewayOf = (turn: number): string => system.gateways[turn % 2] as string

test('a_connection_that_calls_too_often_learns_how_long_to_wait_and_others_go_on [P19]', async () => {
  await using busy = await agentOf(system, ann)
  await using calm = await agentOf(system, ann)
  let last = await busy.result('get_workspace', {})
  // More than two spans allow together, since they may fall into two.
  for (let turn = 0; turn < 2 * CALLS + 10 && !last.isError; turn += 1)
    last = await busy.result('get_workspace', {})
  expect(last.isError).toBe(true)
  expect(last.structuredContent?.error).toMatchObject({ code: 'rate_limited', retryable: true })
  const { retry_after_ms } = (last.structuredContent?.error ?? {}) as ErrorBody
  expect(retry_after_ms).toBeGreaterThan(0)
  expect(retry_after_ms).toBeLessThanOrEqual(60_000)
  expect(last.content[0]?.text).toMatch(/^rate_limited: .* Wait \d+ s/)
  expect((await calm.result('get_workspace', {})).isError).toBeFalsy()
})

describe('a flood from one address over two gateways', () => {
  test('of_registrations_is_slowed_by_both_together [R6]', async () => {
    const app = { redirect_uris: [REDIRECT], token_endpoint_auth_method: 'none' }
    const answers = await Promise.all(
      Array.from({ length: 130 }, (_, turn) => postRegistration(gatewayOf(turn), app)),
    )
    const slowed = answers.filter(({ status }) => status === 429)
    expect(slowed.length).toBeGreaterThanOrEqual(10)
    for (const { headers, body } of slowed) {
      expect(headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
      expect(body.error).toBe('temporarily_unavailable')
    }
  })
  test('of_requests_for_authorization_is_slowed_by_both_together', async () => {
    const { client_id } = await expect
      .poll(() => registerApp(system.url).catch(() => null), { timeout: 20_000 })
      .not.toBeNull()
      .then(() => registerApp(system.url))
    const statuses = new Map<number, number>()
    for (let turn = 0; turn < 620 && !statuses.has(429); turn += 1) {
      const response = await fetch(`${gatewayOf(turn)}/authorize?client_id=${client_id}`, {
        redirect: 'manual',
      })
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
      if (response.status !== 429) continue
      expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/)
      expect(await response.text()).toContain('Too many attempts')
    }
    expect(statuses.get(429)).toBe(1)
    expect(statuses.get(303)).toBeGreaterThan(0)
  })
})
