// The pure rules of second factors, codes and recent proofs.
import fc from 'fast-check'
import { Secret, TOTP } from 'otpauth'
import { describe, expect, test } from 'vitest'
import {
  addPasskey,
  countFactors,
  type Factors,
  isRecoveryCode,
  MAX_PASSKEYS,
  noFactors,
  normalizeCode,
  type Passkey,
  provesSecondFactor,
  recoveryCodeOf,
  removeFactor,
  setCodeApp,
  setRecovery,
  usePasskey,
  useRecovery,
  useStep,
} from '../../../services/gateway/accounts/factor-rules.ts'
import { hasSecondFactor, isRecent } from '../../../services/gateway/accounts/session-rules.ts'
import { codeSecretOf, codeUri, stepOfCode } from '../../../services/gateway/accounts/totp-rules.ts'
import { offersPasskeys } from '../../../services/gateway/accounts/way-in-rules.ts'
import { isKeptPath } from '../../../services/gateway/web/account/kept-form-rules.ts'

const NOW = new Date('2026-03-01T12:00:00Z')
const app = { sealed: 'x', last_step: 0, created_at: NOW, last_used_at: null }
const passkey = (id: string, counter = 0): Passkey => ({
  id,
  name: id,
  public_key: '',
  counter,
  transports: [],
  created_at: NOW,
  last_used_at: null,
})
const token = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))

describe('codes', () => {
  test('are_those_of_RFC_6238', () => {
    // Appendix B, of which apps show the last six digits.
    const secret = Secret.fromLatin1('12345678901234567890').base32
    for (const [seconds, code] of [
      [59, '287082'],
      [1_111_111_109, '081804'],
      [20_000_000_000, '353130'],
    ] as const)
      expect(stepOfCode(secret, code, new Date(seconds * 1_000))).toBe(Math.floor(seconds / 30))
  })
  test('are_accepted_one_step_early_or_late_and_no_further', () => {
    fc.assert(
      fc.property(token, fc.integer({ min: -4, max: 4 }), (random, steps) => {
        const secret = codeSecretOf(random)
        const at = new TOTP({ secret: Secret.fromBase32(secret) })
        const code = at.generate({ timestamp: NOW.getTime() + steps * 30_000 })
        const near = [-1, 0, 1].map((step) => at.generate({ timestamp: NOW.getTime() + step * 30_000 }))
        expect(stepOfCode(secret, code, NOW) !== undefined).toBe(near.includes(code))
      }),
    )
  })
  test('work_once_and_never_before_one_that_worked', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 })), (steps) => {
        let factors: Factors = setCodeApp(noFactors('p'), app)
        let last = 0
        for (const step of steps)
          if (step > last) {
            factors = useStep(factors, step, NOW)
            last = step
          } else expect(() => useStep(factors, step, NOW)).toThrow()
      }),
    )
  })
  test('are_read_from_an_address_that_apps_know', () => {
    const uri = new URL(codeUri('JBSWY3DPEHPK3PXP', 'ann@example.com', 'loops.example.com:3000'))
    expect(uri.protocol).toBe('otpauth:')
    expect(uri.searchParams.get('secret')).toBe('JBSWY3DPEHPK3PXP')
    expect(uri.searchParams.get('issuer')).toBe('Loops (loops.example.com 3000)')
  })
})

describe('recovery codes', () => {
  test('are_recognized_however_they_are_typed', () => {
    fc.assert(
      fc.property(token, (random) => {
        const code = recoveryCodeOf(random)
        expect(code).toMatch(/^([A-Z2-7]{4}-){3}[A-Z2-7]{4}$/)
        expect(isRecoveryCode(normalizeCode(code.toLowerCase().replaceAll('-', ' ')))).toBe(true)
      }),
    )
  })
  test('work_once', () => {
    const factors = setRecovery(setCodeApp(noFactors('p'), app), ['a', 'b'])
    const used = useRecovery(factors, 'a')
    expect(used.recovery).toEqual(['b'])
    expect(() => useRecovery(used, 'a')).toThrow()
  })
  test('go_with_the_last_factor', () => {
    const factors = setRecovery(setCodeApp(noFactors('p'), app), ['a'])
    expect(removeFactor(factors, 'code_app', false)?.recovery).toEqual([])
  })
})

describe('passkeys', () => {
  test('are_refused_once_their_count_does_not_grow', () => {
    const factors = addPasskey(noFactors('p'), passkey('one', 5))
    expect(() => usePasskey(factors, 'one', 5, NOW)).toThrow()
    expect(() => usePasskey(factors, 'other', 9, NOW)).toThrow()
    expect(usePasskey(factors, 'one', 6, NOW).passkeys[0]?.counter).toBe(6)
  })
  test('that_do_not_count_work_again_and_again', () => {
    const factors = usePasskey(addPasskey(noFactors('p'), passkey('one')), 'one', 0, NOW)
    expect(usePasskey(factors, 'one', 0, NOW).passkeys[0]?.last_used_at).toEqual(NOW)
  })
  test('are_bounded_and_each_is_known_once', () => {
    let factors = noFactors('p')
    for (let made = 0; made < MAX_PASSKEYS; made += 1) factors = addPasskey(factors, passkey(String(made)))
    expect(() => addPasskey(factors, passkey('one more'))).toThrow(/20/)
    expect(() => addPasskey(addPasskey(noFactors('p'), passkey('a')), passkey('a'))).toThrow()
  })
  test.each([
    ['https://loops.example.com', true],
    ['http://localhost:3000', true],
    ['http://loops.example.com', false],
    ['https://10.0.0.1', false],
    ['https://[::1]', false],
  ])('are_offered_at_%s: %s', (url, offered) => {
    expect(offersPasskeys(url)).toBe(offered)
  })
})

test('the_last_factor_stays_where_a_workspace_requires_one', () => {
  const one = setCodeApp(noFactors('p'), app)
  expect(() => removeFactor(one, 'code_app', true)).toThrow()
  const two = addPasskey(one, passkey('k'))
  const left = removeFactor(two, 'k', true)
  expect(left && countFactors(left)).toBe(1)
  expect(removeFactor(two, 'none', true)).toBeUndefined()
})

test.each([
  [{ amr: ['pwd', 'mfa'] }, true],
  [{ amr: ['pwd'] }, false],
  [{ amr: 'mfa' }, false],
  [{ acr: 'two' }, true],
  [{ acr: 'one' }, false],
  [{}, false],
])('of_a_provider_that_says_%j: %s', (claims, proves) => {
  expect(provesSecondFactor(claims, ['two'])).toBe(proves)
})

test('a_session_is_proved_by_two_factors_only_where_it_says_so', () => {
  expect(hasSecondFactor({})).toBe(false)
  expect(hasSecondFactor({ methods: ['password', 'mailed_link', 'oidc'] })).toBe(false)
  for (const method of ['passkey', 'code', 'recovery_code', 'oidc_factor'] as const)
    expect(hasSecondFactor({ methods: ['password', method] })).toBe(true)
})

test('a_proof_is_recent_for_its_time_and_an_older_session_was_proved_when_it_began', () => {
  const created_at = new Date(NOW.getTime() - 60_000)
  expect(isRecent({ created_at }, NOW, 60_001)).toBe(true)
  expect(isRecent({ created_at }, NOW, 60_000)).toBe(false)
  expect(isRecent({ created_at, authenticated_at: NOW }, NOW, 1)).toBe(true)
})

test('only_paths_of_this_server_are_led_back_to', () => {
  for (const path of [
    '/account/tokens',
    '/workspace/members/01J0/role',
    '/consent?request=a_b-c',
    '/workspace',
  ])
    expect(isKeptPath(path), path).toBe(true)
  for (const path of [
    '//evil.example',
    '/\\evil',
    'https://evil.example',
    '/sign-out',
    '/account/../sign-out',
    '/accounts',
    '/account#x',
    '',
  ])
    expect(isKeptPath(path), path).toBe(false)
})
