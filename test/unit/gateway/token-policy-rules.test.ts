// The policy of tokens: it never gives more than the token or the policy, and nothing at all beyond it.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  commonScopes,
  POLICY_DAYS,
  readPolicy,
  requireWithin,
  type TokenPolicy,
  underPolicy,
} from '../../../services/gateway/accounts/token-policy-rules.ts'
import { ALL_SCOPES } from '../../../shared/contracts/define/common.ts'
import { includesScope } from '../../../shared/contracts/define/scopes.ts'

const NOW = new Date('2026-11-27T06:00:00Z')
const DAY_MS = 24 * 60 * 60_000
const scopeSets = fc.uniqueArray(fc.constantFrom(...ALL_SCOPES), { minLength: 1 })
const policies: fc.Arbitrary<TokenPolicy> = fc.record(
  {
    max_days: fc.constantFrom(...POLICY_DAYS),
    scopes: scopeSets,
    personal: fc.constant(false as const),
  },
  { requiredKeys: [] },
)
const kinds = fc.constantFrom('person' as const, 'service' as const)

test('both_lists_allow_what_is_common_and_nothing_else', () => {
  fc.assert(
    fc.property(scopeSets, scopeSets, (one, other) => {
      const common = commonScopes(one, other)
      for (const scope of ALL_SCOPES)
        expect(includesScope(common, scope)).toBe(includesScope(one, scope) && includesScope(other, scope))
    }),
  )
})
test('what_is_left_of_a_token_is_within_the_policy_and_what_is_not_does_not_work', () => {
  fc.assert(
    fc.property(policies, kinds, scopeSets, fc.integer({ min: 0, max: 400 }), (policy, of, scopes, age) => {
      const since = new Date(NOW.getTime() - age * DAY_MS)
      const left = underPolicy(policy, { of, since }, scopes, NOW)
      const common = commonScopes(scopes, policy.scopes)
      const isOver =
        (policy.personal === false && of === 'person') ||
        (policy.max_days !== undefined && age >= policy.max_days) ||
        common.length === 0
      if (left === 'beyond') expect(isOver).toBe(true)
      else {
        expect([isOver, left.scopes]).toEqual([false, common])
        expect(left.until === undefined || left.until > NOW).toBe(true)
      }
    }),
  )
})
test('what_may_be_made_works_then_and_there', () => {
  const days = fc.constantFrom(...POLICY_DAYS)
  fc.assert(
    fc.property(policies, kinds, scopeSets, days, (policy, of, scopes, asked) => {
      try {
        requireWithin(policy, { of, scopes, days: asked })
      } catch {
        return
      }
      const left = underPolicy(policy, { of, since: NOW }, scopes, NOW)
      for (const scope of scopes) expect(left !== 'beyond' && includesScope(left.scopes, scope)).toBe(true)
    }),
  )
})
test('without_a_policy_nothing_is_bounded', () => {
  expect(underPolicy(undefined, { of: 'person', since: new Date(0) }, ['loops:approve'], NOW)).toEqual({
    scopes: ['loops:approve'],
    until: undefined,
  })
})
test('the_widest_choices_are_no_policy', () => {
  expect(readPolicy({ max_days: '365', scopes: ALL_SCOPES, personal: 'yes' })).toEqual({})
  expect(readPolicy({ max_days: '7', scopes: ['loops:read'], personal: 'no' })).toEqual({
    max_days: 7,
    scopes: ['loops:read'],
    personal: false,
  })
})
test.each([
  [{ max_days: '8', scopes: ['loops:read'], personal: 'no' }],
  [{ max_days: '', scopes: ['loops:read'], personal: 'no' }],
  [{ max_days: '7', scopes: [], personal: 'no' }],
  [{ max_days: '7', scopes: ['loops:admin'], personal: 'no' }],
])('the_policy_%j_is_refused', (typed) => {
  expect(() => readPolicy(typed)).toThrow()
})
