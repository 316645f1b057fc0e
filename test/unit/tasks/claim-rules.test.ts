// Who holds a task, decided without a database: examples, and whole lives of a task in the hands of many agents.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  beginClaim,
  type Claimant,
  type Claims,
  claimChange,
  claimsAfter,
  endClaim,
  expireClaim,
  fence,
  type Holder,
  holds,
  isHolder,
  liveClaim,
  MAX_EXPIRIES,
  type NewClaim,
  needsRenewal,
  takeOver,
} from '../../../services/tasks/claim-rules.ts'
import { TASK_STATUSES, type TaskStatus } from '../../../shared/contracts/define/common.ts'
import { AppError, type ErrorCode } from '../../../shared/contracts/define/errors.ts'

const HOUR_MS = 60 * 60_000
const NOW = new Date('2026-03-04T05:06:07Z')
const later = (ms: number): Date => new Date(NOW.getTime() + ms)

const holder = (user: string, connection: string | null, agent: string | null = null): Holder => ({
  actor: { user_id: user, name: user, client: `${connection}` },
  grant_id: connection,
  agent,
})
const ann = holder('ann', 'G1')
const bob = holder('bob', 'G2')
const by = (who: Holder, more: Partial<Claimant> = {}): Claimant => ({
  holder: who,
  may_approve: false,
  ...more,
})
const made = (id: string, more: Partial<NewClaim> = {}): NewClaim => ({
  id,
  now: NOW,
  term_ms: 2 * HOUR_MS,
  bounded: true,
  ...more,
})

type Task = Claims & Readonly<{ status: TaskStatus }>
const free: Task = { status: 'approved' }
const claimedBy = (who: Holder, before: Claims = {}): Task => ({
  ...beginClaim(before, who, made('C1')),
  status: 'in_progress',
})

/** The code of the refusal, or undefined when there was none. */
const refusal = (act: () => unknown): ErrorCode | undefined => {
  try {
    act()
    return undefined
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}

describe('who holds', () => {
  test.each([
    ['the_same_connection', ann, true],
    ['another_connection_of_the_same_person', holder('ann', 'G9'), false],
    ['another_person_by_a_connection_of_the_same_id', holder('bob', 'G1'), false],
    ['the_person_in_the_browser', holder('ann', null), false],
  ])('%s', (_, who, expected) => expect(isHolder(ann, who)).toBe(expected))

  test('a_label_must_fit_where_one_is_given', () => {
    const labelled = holder('ann', 'G1', 'one')
    expect(isHolder(labelled, holder('ann', 'G1', 'one'))).toBe(true)
    expect(isHolder(labelled, holder('ann', 'G1', 'two'))).toBe(false)
    expect(isHolder(ann, holder('ann', 'G1', 'one'))).toBe(false)
    expect(isHolder(labelled, ann)).toBe(true)
  })

  test('a_claim_lives_only_while_its_task_is_in_progress', () => {
    for (const status of TASK_STATUSES)
      expect(liveClaim({ ...claimedBy(ann), status }) !== undefined).toBe(status === 'in_progress')
  })

  test('a_stale_claim_is_lost_whatever_else_fits', () => {
    expect(refusal(() => holds(claimedBy(ann), by(ann, { claim_id: 'C0' })))).toBe('claim_lost')
    expect(refusal(() => holds(free, by(ann, { claim_id: 'C1' })))).toBe('claim_lost')
    expect(holds(claimedBy(ann), by(bob, { claim_id: 'C1' }))).toBe(true)
  })

  test('a_lost_claim_says_how_it_ended', () => {
    const expired = { ...claimedBy(ann), ...expireClaim(claimedBy(ann), later(3 * HOUR_MS)) } as Task
    const again = { ...beginClaim(expired, bob, made('C2')), status: 'in_progress' } as const
    let said = ''
    try {
      holds(again, by(ann, { claim_id: 'C1' }))
    } catch (error) {
      said = (error as AppError).message
    }
    expect(said).toBe('You no longer hold this task: it was not renewed in time.')
  })
})

describe('what a claim keeps others from', () => {
  const approver = by(bob, { may_approve: true })
  const stranger = by(bob)
  test.each<[string, Parameters<typeof fence>[1], ErrorCode | undefined, ErrorCode | undefined]>([
    ['to_begin', { status: 'in_progress' }, 'claimed', 'claimed'],
    ['to_finish', { status: 'shipped' }, 'claimed', 'claimed'],
    ['to_give_it_back', { status: 'approved' }, 'claimed', 'claimed'],
    ['to_hold', { status: 'on_hold' }, 'claimed', undefined],
    ['to_reject', { status: 'rejected' }, 'claimed', undefined],
    ['to_withdraw_the_approval', { status: 'open' }, 'claimed', undefined],
    ['to_move', { moves: true }, 'claimed', undefined],
    ['to_change_texts_or_priority', {}, undefined, undefined],
  ])('%s', (_, change, ofStranger, ofApprover) => {
    const task = claimedBy(ann)
    expect(refusal(() => fence(task, change, stranger, NOW))).toBe(ofStranger)
    expect(refusal(() => fence(task, change, approver, NOW))).toBe(ofApprover)
    expect(refusal(() => fence(task, change, by(ann), NOW))).toBeUndefined()
    expect(refusal(() => fence(free, change, stranger, NOW))).toBeUndefined()
  })

  test('the_refusal_names_the_holder_and_the_wait_and_never_the_claim', () => {
    const labelled = claimedBy(holder('ann', 'G1', 'one'))
    let error: AppError | undefined
    try {
      fence(labelled, { status: 'shipped' }, stranger, later(HOUR_MS))
    } catch (thrown) {
      error = thrown as AppError
    }
    expect(error?.extras.details).toEqual({
      held_by: { name: 'ann', client: 'G1', agent: 'one' },
      since: NOW.toISOString(),
    })
    expect(error?.extras.retry_after_ms).toBe(HOUR_MS)
    expect(JSON.stringify(error?.extras)).not.toContain('C1')
  })
})

describe('how a claim begins and ends', () => {
  test('the_status_begins_and_ends_it', () => {
    const begun = claimsAfter(free, 'in_progress', by(ann), made('C1'))
    expect(begun.claim).toMatchObject({ id: 'C1', fence: 1, attempt: 1, holder: ann })
    const held: Task = { ...begun, status: 'in_progress' }
    expect(claimsAfter(held, 'in_progress', by(ann), made('C2')).claim?.id).toBe('C1')
    expect(claimsAfter(held, 'shipped', by(ann), made('C2')).ended_claim?.why).toBe('completed')
    expect(claimsAfter(held, 'approved', by(ann), made('C2')).ended_claim?.why).toBe('released')
    const stopped = claimsAfter(held, 'on_hold', by(bob, { may_approve: true }), made('C2'))
    expect(stopped).toMatchObject({ ended_claim: { id: 'C1', why: 'withdrawn' } })
    expect(stopped.claim).toBeUndefined()
  })

  test('a_person_in_the_browser_holds_without_a_term', () => {
    const begun: Task = {
      ...beginClaim({}, holder('ann', null), made('C1', { term_ms: null })),
      status: 'in_progress',
    }
    expect(begun.claim?.until).toBeNull()
    expect(expireClaim(begun, later(1_000 * HOUR_MS))).toBeNull()
  })

  test('work_in_progress_of_an_earlier_release_is_claimed_by_whoever_begins_it', () => {
    expect(claimsAfter({ status: 'in_progress' }, 'in_progress', by(ann), made('C1')).claim?.id).toBe('C1')
  })

  test('an_expired_claim_gives_the_work_back_and_the_third_in_a_row_puts_it_on_hold', () => {
    let task = free
    for (let attempt = 1; attempt <= MAX_EXPIRIES; attempt += 1) {
      task = { ...beginClaim(task, ann, made(`C${attempt}`)), status: 'in_progress' }
      expect(task.claim).toMatchObject({ attempt, fence: attempt })
      expect(expireClaim(task, later(2 * HOUR_MS - 1))).toBeNull()
      task = { ...task, ...expireClaim(task, later(2 * HOUR_MS)) } as Task
      expect(task.status).toBe(attempt === MAX_EXPIRIES ? 'on_hold' : 'approved')
    }
    expect(beginClaim(task, ann, made('C9')).claim).toMatchObject({ attempt: 1, fence: MAX_EXPIRIES + 1 })
  })

  test('a_release_ends_the_row_of_expiries', () => {
    const once = { ...claimedBy(ann), expiries: 2 }
    expect(endClaim(once, 'released', NOW).expiries).toBeUndefined()
  })

  test('taken_over_by_another_connection_of_the_same_person_or_by_an_approver_alone', () => {
    const task = claimedBy(ann)
    expect(refusal(() => takeOver(task, by(bob), made('C2')))).toBe('claimed')
    for (const who of [by(holder('ann', 'G9')), by(bob, { may_approve: true })]) {
      const after = takeOver(task, who, made('C2'))
      expect(after).toMatchObject({
        claim: { id: 'C2', fence: 2 },
        ended_claim: { id: 'C1', why: 'taken_over' },
      })
    }
  })

  test('nothing_is_renewed_in_the_first_third_of_the_term', () => {
    const until = later(2 * HOUR_MS)
    expect(needsRenewal({ until }, 2 * HOUR_MS, later((2 * HOUR_MS) / 3))).toBe(false)
    expect(needsRenewal({ until }, 2 * HOUR_MS, later((2 * HOUR_MS) / 3 + 1))).toBe(true)
    expect(needsRenewal({ until: null }, 2 * HOUR_MS, NOW)).toBe(false)
  })
})

/** What agents and time do to one task. */
const agents = [ann, bob, holder('ann', 'G1', 'one'), holder('ann', 'G1', 'two'), holder('ann', 'G9')]
const steps = fc.array(
  fc.record({
    who: fc.nat({ max: agents.length - 1 }),
    act: fc.constantFrom('claim', 'complete', 'complete_with_stale', 'release', 'take_over', 'wait'),
    ms: fc.nat({ max: HOUR_MS }),
    may_approve: fc.boolean(),
  }),
  { maxLength: 60 },
)

test('completed_at_most_once_and_only_by_the_holder_of_the_last_claim', () => {
  fc.assert(
    fc.property(steps, (life) => {
      let task: Task = free
      let now_ms = 0
      let number = 0
      const given: { id: string; fence: number }[] = []
      const completions: number[] = []
      for (const { who, act, ms, may_approve } of life) {
        now_ms += ms
        const claimant = by(agents[who] as Holder, { may_approve })
        const start = made(`C${++number}`, { now: later(now_ms) })
        const change = (status: TaskStatus, named: Claimant): void => {
          fence(task, { status }, named, start.now)
          task = { ...claimsAfter(task, status, named, start), status }
        }
        try {
          if (act === 'wait') task = { ...task, ...(expireClaim(task, start.now) ?? task) } as Task
          else if (act === 'claim' && task.status === 'approved') change('in_progress', claimant)
          else if (act === 'release' && task.status === 'in_progress') change('approved', claimant)
          else if (act === 'take_over' && task.status === 'in_progress')
            task = { ...takeOver(task, claimant, start), status: 'in_progress' }
          else if (act === 'complete_with_stale' && task.status === 'in_progress') {
            const stale = given.at(-2)
            if (stale) change('shipped', { ...claimant, claim_id: stale.id })
          } else if (act === 'complete' && task.status === 'in_progress') {
            const live = liveClaim(task)
            change('shipped', claimant)
            completions.push(live?.fence ?? 0)
          }
        } catch (error) {
          if (!(error instanceof AppError)) throw error
        }
        const live = liveClaim(task)
        if (live && live.id !== given.at(-1)?.id) given.push({ id: live.id, fence: live.fence })
        if (task.status !== 'in_progress') expect(liveClaim(task)).toBeUndefined()
      }
      expect(completions.length).toBeLessThanOrEqual(1)
      expect(given.map((claim) => claim.fence)).toEqual(given.map((_, n) => n + 1))
      if (completions.length === 1) expect(completions[0]).toBe(given.at(-1)?.fence)
    }),
    { numRuns: 500 },
  )
})

test('what_a_change_does_to_claims_is_told_from_the_task_before_and_after', () => {
  const held = claimedBy(ann)
  expect(claimChange(free, held)).toEqual({ begun: true, ended: undefined })
  expect(claimChange(held, held)).toEqual({ begun: false, ended: undefined })
  const released = { ...held, ...endClaim(held, 'released', NOW) }
  expect(claimChange(held, released)).toEqual({ begun: false, ended: 'released' })
  expect(claimChange(released, released)).toEqual({ begun: false, ended: undefined })
})
