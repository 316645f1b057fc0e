// Assertions and the keys behind them: what is accepted, for any claims and any keys.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readServiceKeys, usableKeys } from '../../../services/gateway/accounts/service-key-rules.ts'
import {
  ASSERTION_SECONDS,
  CLOCK_SECONDS,
  checkAssertion,
} from '../../../services/gateway/oauth/assertion-rules.ts'

const NOW = new Date('2026-11-27T06:00:00Z')
const now_s = NOW.getTime() / 1_000
const expected = { client_id: 'c1', audiences: ['https://a.example', 'https://a.example/token'], now: NOW }
const right = { iss: 'c1', sub: 'c1', aud: 'https://a.example', exp: now_s + 60, jti: 'one' }
const isAccepted = (claims: object, typ?: unknown): boolean => checkAssertion(typ, claims, expected).ok

test('an_assertion_works_from_now_for_five_minutes_give_or_take_the_clocks', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1_000, max: 1_000 }), (ahead) => {
      const fits = ahead > -CLOCK_SECONDS && ahead <= ASSERTION_SECONDS + CLOCK_SECONDS
      expect(isAccepted({ ...right, exp: now_s + ahead })).toBe(fits)
    }),
  )
})
test('it_is_remembered_for_longer_than_it_works', () => {
  fc.assert(
    fc.property(fc.integer({ min: -29, max: 300 }), (ahead) => {
      const ruled = checkAssertion(undefined, { ...right, exp: now_s + ahead }, expected)
      const until = ruled.ok ? ruled.value.until : NOW
      const later = { ...expected, now: until }
      expect(checkAssertion(undefined, { ...right, exp: now_s + ahead }, later).ok).toBe(false)
    }),
  )
})
test('no_claims_but_those_of_the_client_for_this_server_are_accepted', () => {
  const texts = fc.constantFrom(
    'c1',
    'c2',
    '',
    'https://a.example',
    'https://a.example/',
    'https://a.example/mcp',
  )
  fc.assert(
    fc.property(texts, texts, fc.oneof(texts, fc.array(texts)), fc.string(), (iss, sub, aud, jti) => {
      const audience = typeof aud === 'string' ? aud : aud.length === 1 ? aud[0] : undefined
      const fits =
        iss === 'c1' && sub === 'c1' && audience === 'https://a.example' && jti !== '' && jti.length <= 256
      expect(isAccepted({ ...right, iss, sub, aud, jti })).toBe(fits)
    }),
  )
})
test('anything_at_all_is_judged_without_a_fault', () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (typ, claims) => {
      expect(checkAssertion(typ, claims, expected).ok).toBe(false)
      expect(usableKeys(claims).length).toBeLessThanOrEqual(20)
    }),
  )
})
test.each(['at+jwt', 'oauth-id-jag+jwt', 1])('a_token_of_the_type_%s_is_no_assertion', (typ) => {
  expect([isAccepted(right, typ), isAccepted(right, 'JWT')]).toEqual([false, true])
})

const EC = { kty: 'EC', crv: 'P-256', x: 'x'.repeat(43), y: 'y'.repeat(43) }
const keysOf = (jwks: unknown) => readServiceKeys({ jwks: JSON.stringify(jwks), jwks_uri: '' }, false)

test.each([
  ['with a short RSA key', { kty: 'RSA', n: 'n'.repeat(171), e: 'AQAB' }],
  ['with a giant RSA key', { kty: 'RSA', n: 'n'.repeat(2_731), e: 'AQAB' }],
  ['with an exponent that is slow', { kty: 'RSA', n: 'n'.repeat(342), e: 'n'.repeat(300) }],
  ['with a curve that is not listed', { ...EC, crv: 'secp256k1' }],
  ['with a key for encryption', { ...EC, use: 'enc' }],
  ['with a key for a shared secret', { ...EC, alg: 'HS256' }],
  ['with a private key', { ...EC, d: 'd' }],
])('a_set_%s_is_refused_whole', (_, key) => {
  expect(() => keysOf({ keys: [EC, key] })).toThrow()
  expect(usableKeys({ keys: [EC, key] })).toEqual([EC])
})
test('a_set_of_twenty_one_keys_is_refused', () => {
  expect(keysOf({ keys: Array(20).fill(EC) })).toMatchObject({ kind: 'jwks' })
  expect(() => keysOf({ keys: Array(21).fill(EC) })).toThrow()
})
test('members_that_are_not_of_a_key_are_dropped', () => {
  expect(keysOf({ ...EC, x5c: ['x'], note: '<b>' })).toEqual({ kind: 'jwks', keys: [EC] })
})
