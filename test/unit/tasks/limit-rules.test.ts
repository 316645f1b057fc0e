// How long claims last and how many somebody may have, by workspace and token, and how a caller brings that along.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { boundFor, requireTerm, statusTerm, termWithin } from '../../../services/tasks/limit-rules.ts'
import { readCall, writeCall } from '../../../shared/bus/headers.ts'
import {
  CLAIM_LIMITS,
  type ClaimLimits,
  withOwnBound,
} from '../../../shared/contracts/define/claim-limits.ts'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import { systemClock } from '../../../shared/process/clock.ts'
import { person } from '../../support/service-environment.ts'

const DAY = 86_400
const limited = (claim_limits?: ClaimLimits): Caller => person('W', { claim_limits })
const between = ({ least, most }: Readonly<{ least: number; most: number }>) =>
  fc.option(fc.integer({ min: least, max: most }), { nil: undefined })
const limits = fc.record({
  default_ttl_seconds: between(CLAIM_LIMITS.default_ttl_seconds),
  max_ttl_seconds: between(CLAIM_LIMITS.max_ttl_seconds),
  max_claims: between(CLAIM_LIMITS.max_claims),
  max_claims_per_agent: between(CLAIM_LIMITS.max_claims_per_agent),
})
const ttl = fc.integer({ min: 300, max: 7 * DAY })

test.each([
  { set: undefined, unlabelled: 5, labelled: 1, term: 7_200, status: DAY },
  { set: { max_claims: 9, max_claims_per_agent: 2 }, unlabelled: 9, labelled: 2, term: 7_200, status: DAY },
  {
    set: { default_ttl_seconds: 600, max_ttl_seconds: 900 },
    unlabelled: 5,
    labelled: 1,
    term: 600,
    status: 900,
  },
  // A longest term that is shorter than the default, as two edits at once may leave it.
  { set: { max_ttl_seconds: 600 }, unlabelled: 5, labelled: 1, term: 600, status: 600 },
  { set: { default_ttl_seconds: 2 * DAY }, unlabelled: 5, labelled: 1, term: 2 * DAY, status: DAY },
])('$set', ({ set, unlabelled, labelled, term, status }) => {
  const caller = limited(set)
  expect(boundFor(caller, undefined)).toBe(unlabelled)
  expect(boundFor(caller, 'one')).toBe(labelled)
  expect(termWithin(caller, undefined)).toBe(term)
  expect(statusTerm(caller)).toBe(status)
})

test('a_term_beyond_the_longest_is_refused_with_the_bounds_and_every_other_is_kept', () => {
  fc.assert(
    fc.property(limits, ttl, (set, seconds) => {
      const caller = limited(set)
      const max = set.max_ttl_seconds ?? 7 * DAY
      if (seconds <= max) {
        requireTerm(caller, seconds)
        expect(termWithin(caller, seconds)).toBe(seconds)
        return
      }
      const refusal = (() => {
        try {
          requireTerm(caller, seconds)
        } catch (error) {
          return error
        }
        return undefined
      })()
      expect(refusal).toBeInstanceOf(AppError)
      expect(refusal).toMatchObject({ code: 'invalid_argument', extras: { details: { min: 300, max } } })
      expect((refusal as AppError).message).toContain(String(max))
    }),
  )
})
test('no_term_is_longer_than_the_longest', () => {
  fc.assert(
    fc.property(limits, fc.option(ttl, { nil: undefined }), (set, seconds) => {
      expect(termWithin(limited(set), seconds)).toBeLessThanOrEqual(set.max_ttl_seconds ?? 7 * DAY)
    }),
  )
})

describe('a_token', () => {
  test('without_a_bound_has_what_the_workspace_says', () => {
    fc.assert(fc.property(limits, (set) => withOwnBound(set, undefined) === set))
  })
  test('with_one_has_that_and_no_agent_under_it_more', () => {
    fc.assert(
      fc.property(limits, fc.integer({ min: 1, max: 50 }), (set, own) => {
        const caller = limited(withOwnBound(set, own))
        expect(boundFor(caller, undefined)).toBe(own)
        expect(boundFor(caller, 'one')).toBe(Math.min(own, boundFor(limited(set), 'one')))
        expect(termWithin(caller, undefined)).toBe(termWithin(limited(set), undefined))
      }),
    )
  })
})

describe('the_caller_on_the_bus', () => {
  const travelled = (caller: Caller): Caller | null => {
    const call = { caller, request_id: 'R', remainingMs: () => 1_000 }
    const asking = { asked: 'tasks', operation: 'claim_task', payload: '', sign: () => 'S', attempt: 0 }
    const { signal } = new AbortController()
    return readCall(writeCall(call, 1_000, asking), systemClock, signal).caller
  }
  test('brings_the_limits_along', () => {
    fc.assert(
      fc.property(limits, (set) => {
        expect(travelled(limited(set))?.claim_limits).toEqual(JSON.parse(JSON.stringify(set)))
      }),
    )
  })
  test('of_an_earlier_release_has_none_and_what_a_later_one_adds_is_ignored', () => {
    expect(travelled(limited())).not.toHaveProperty('claim_limits')
    const later = { max_claims: 3, max_loops: 4 } as ClaimLimits
    expect(travelled(limited(later))?.claim_limits).toEqual({ max_claims: 3 })
  })
})
