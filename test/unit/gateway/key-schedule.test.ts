// When signing keys are made, sign and are removed.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ANNOUNCE_MS,
  dueNumber,
  keysNeeded,
  LOOK_MS,
  RETIRE_MS,
  ROTATE_MS,
  retiredAt,
  signerAt,
  usesAt,
} from '../../../services/gateway/oauth/key-schedule.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const key = (number: number, age_ms: number) => ({ number, created_at: new Date(NOW.getTime() - age_ms) })
/** The longest lifetime that can be configured for access tokens. */
const LONGEST_TOKEN_MS = 60 * 60_000

describe('the key that signs', () => {
  test('is_the_only_one_however_new', () => {
    expect(signerAt([key(1, 0)], NOW)?.number).toBe(1)
  })
  test('is_the_old_one_until_the_new_one_has_been_published_long_enough', () => {
    expect(signerAt([key(2, ANNOUNCE_MS - 1), key(1, ROTATE_MS)], NOW)?.number).toBe(1)
    expect(signerAt([key(2, ANNOUNCE_MS), key(1, ROTATE_MS)], NOW)?.number).toBe(2)
  })
  test('is_published_for_many_looks_before', () => {
    expect(ANNOUNCE_MS).toBeGreaterThan(5 * LOOK_MS)
  })
})

test('an_operator_sees_which_key_signs_which_is_announced_and_which_only_verifies', () => {
  const keys = [key(3, 0), key(2, ANNOUNCE_MS), key(1, ROTATE_MS)]
  expect(usesAt(keys, NOW)).toEqual([
    { key: keys[0], use: 'announced', signs_from: new Date(NOW.getTime() + ANNOUNCE_MS) },
    { key: keys[1], use: 'signs' },
    { key: keys[2], use: 'verifies', until: new Date(NOW.getTime() + RETIRE_MS) },
  ])
  expect(usesAt([key(1, 0)], NOW)).toMatchObject([{ use: 'signs' }])
})

test('a_key_can_be_made_before_it_is_due_unless_one_is_announced', () => {
  expect(keysNeeded([], NOW)).toBe(1)
  expect(keysNeeded([key(4, ANNOUNCE_MS)], NOW)).toBe(5)
  expect(keysNeeded([key(5, ANNOUNCE_MS - 1), key(4, ROTATE_MS)], NOW)).toBeUndefined()
})

test('a_key_is_due_when_there_is_none_or_the_newest_is_old', () => {
  expect(dueNumber([], NOW)).toBe(1)
  expect(dueNumber([key(4, ROTATE_MS - 1), key(3, 2 * ROTATE_MS)], NOW)).toBeUndefined()
  expect(dueNumber([key(4, ROTATE_MS)], NOW)).toBe(5)
})

test('no_key_is_removed_while_a_token_that_it_signed_is_valid', () => {
  const ages = fc.uniqueArray(fc.nat(2 * (ANNOUNCE_MS + RETIRE_MS)), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(ages, (given) => {
      const keys = given.toSorted((a, b) => a - b).map((age_ms, index) => key(given.length - index, age_ms))
      const retired = retiredAt(keys, NOW)
      expect(retired.length).toBeLessThan(keys.length)
      for (let ago_ms = 0; ago_ms <= LONGEST_TOKEN_MS; ago_ms += 60_000) {
        const then = new Date(NOW.getTime() - ago_ms)
        const there = keys.filter(({ created_at }) => created_at <= then)
        const signer = signerAt(there, then)
        if (signer) expect(retired).not.toContain(signer)
      }
    }),
  )
})

test('an_old_key_is_removed_in_the_end', () => {
  const old = key(1, ROTATE_MS)
  expect(retiredAt([key(2, ANNOUNCE_MS + RETIRE_MS), old], NOW)).toEqual([old])
})
