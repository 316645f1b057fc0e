// What people enter as limits of claims.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  LIMIT_NAMES,
  readLimits,
  readMaxClaims,
  sameLimits,
  shownLimit,
} from '../../../services/gateway/accounts/claim-limit-rules.ts'
import { claimLimit } from '../../../shared/contracts/define/claim-limits.ts'

const typed = {
  default_ttl_seconds: '120',
  max_ttl_seconds: '10080',
  max_claims: '5',
  max_claims_per_agent: '1',
}

test('terms_are_entered_in_minutes', () => {
  expect(readLimits({ ...typed, default_ttl_seconds: ' 5 ', max_claims: '50' })).toEqual({
    default_ttl_seconds: 300,
    max_ttl_seconds: 604_800,
    max_claims: 50,
    max_claims_per_agent: 1,
  })
})
test.each([
  ['default_ttl_seconds', '4'],
  ['default_ttl_seconds', '10081'],
  ['default_ttl_seconds', ''],
  ['max_ttl_seconds', '1e3'],
  ['max_ttl_seconds', '7.5'],
  ['max_claims', '0'],
  ['max_claims', '51'],
  ['max_claims_per_agent', '-1'],
  ['max_claims_per_agent', '１'],
] as const)('%s_cannot_be_“%s”', (field, value) => {
  expect(() => readLimits({ ...typed, [field]: value })).toThrow(
    expect.objectContaining({ code: 'invalid_argument', extras: { details: { field } } }),
  )
})
test('the_default_is_no_longer_than_the_longest', () => {
  expect(() => readLimits({ ...typed, max_ttl_seconds: '60' })).toThrow('longer than the longest')
})
test('what_is_shown_can_be_entered_again_and_changes_nothing', () => {
  const minutes = fc.integer({ min: 5, max: 10_080 })
  const count = fc.integer({ min: 1, max: 50 })
  fc.assert(
    fc.property(minutes, minutes, count, count, (one, other, max_claims, max_claims_per_agent) => {
      const set = {
        default_ttl_seconds: Math.min(one, other) * 60,
        max_ttl_seconds: Math.max(one, other) * 60,
        max_claims,
        max_claims_per_agent,
      }
      const shown = Object.fromEntries(LIMIT_NAMES.map((name) => [name, shownLimit(name, set)]))
      expect(readLimits(shown as typeof typed)).toEqual(set)
    }),
  )
  expect(sameLimits(readLimits(typed), undefined)).toBe(true)
  expect(LIMIT_NAMES.map((name) => claimLimit(name, undefined))).toEqual([7_200, 604_800, 5, 1])
})
test('a_token_has_a_bound_or_none', () => {
  expect([readMaxClaims(), readMaxClaims(' '), readMaxClaims('12')]).toEqual([undefined, undefined, 12])
  expect(() => readMaxClaims('many')).toThrow('whole number from 1 to 50, or nothing')
})
