// When a challenge for more scopes leads somewhere, given that clients react to one differently.
import { expect, test } from 'vitest'
import { leadsSomewhere } from '../../../services/gateway/oauth/step-up.ts'
import type { Scope } from '../../../shared/contracts/define/common.ts'

const NOW = new Date('2026-11-20T12:00:00Z')
const ago = (ms: number): Date => new Date(NOW.getTime() - ms)
const scopes: Scope[] = ['loops:read', 'loops:write']
const whose = { user_id: 'ann', client_id: 'app' }

test.each([
  ['never_challenged', undefined, 1, true],
  ['challenged_by_the_same_token', { gen: 1, at: ago(1_000) }, 1, true],
  ['refreshed_since_as_an_answer', { gen: 1, at: ago(1_000) }, 2, false],
  ['refreshed_since_long_after', { gen: 1, at: ago(61_000) }, 2, true],
])('a_client_that_was_%s', (_, challenged, gen, leads) => {
  const grant = challenged === undefined ? { ...whose, scopes } : { ...whose, scopes, challenged }
  expect(leadsSomewhere(grant, gen, ['loops:approve'], NOW)).toBe(leads)
})

test('a_client_whose_person_has_allowed_it_meanwhile_needs_a_refresh', () => {
  const grant = {
    ...whose,
    scopes: [...scopes, 'loops:approve' as const],
    challenged: { gen: 1, at: NOW },
  }
  expect(leadsSomewhere(grant, 2, ['loops:approve'], NOW)).toBe(true)
})

test('a_service_account_is_sent_to_ask_only_for_what_it_has', () => {
  const grant = { user_id: 'account', client_id: 'account', scopes }
  expect(leadsSomewhere(grant, 1, ['loops:write'], NOW)).toBe(true)
  expect(leadsSomewhere(grant, 1, ['loops:approve'], NOW)).toBe(false)
})
