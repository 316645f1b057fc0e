// Many agents and sweepers with wrong clocks on a few tasks, against a model that knows only who should hold what.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Claimant,
  type Claims,
  claimsAfter,
  expireClaim,
  fence,
  type Holder,
  liveClaim,
  MAX_EXPIRIES,
  needsRenewal,
} from '../../../services/tasks/claim-rules.ts'
import { termWithin } from '../../../services/tasks/limit-rules.ts'
import type { ClaimLimits } from '../../../shared/contracts/define/claim-limits.ts'
import type { TaskStatus } from '../../../shared/contracts/define/common.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'

const MINUTE_MS = 60_000
const TERM_MS = 120 * MINUTE_MS
const AGENTS = 5
const TASKS = 3
/** How far the clock of a replica may be off, either way: it decides by what it takes for the database's time. */
const SKEW_MS = 5 * MINUTE_MS
const BEGAN = Date.parse('2026-03-04T05:06:07Z')

type Task = Claims & Readonly<{ status: TaskStatus; v: number }>
/** What the real thing is: stored tasks, and a database with the one clock that counts. */
type Real = { tasks: Task[]; now_ms: number; next: number; limits: ClaimLimits; longest_ms: number }
/** What each agent believes, and what was acknowledged. */
type Model = {
  held: Map<number, { agent: number; claim_id: string }>
  done: Map<number, string>
  last_fence: number[]
}
type Command = fc.Command<Model, Real>

const holderAt = (agent: number): Holder => ({
  actor: { user_id: `user ${agent}`, name: `${agent}`, client: 'Test' },
  grant_id: `grant ${agent}`,
  agent: null,
})
const claimant = (agent: number, claim_id?: string): Claimant => ({
  holder: holderAt(agent),
  may_approve: false,
  claim_id,
})
const taskAt = ({ tasks }: Real, n: number): Task => {
  const task = tasks[n]
  if (!task) throw new Error('there are as many tasks as numbers')
  return task
}
/** Changes the status as a service does whose clock is off; a save of what others changed since does not count. */
const change = (
  real: Real,
  n: number,
  status: TaskStatus,
  by: Claimant,
  off_ms: number,
): string | undefined => {
  const before = taskAt(real, n)
  const made = {
    id: `claim ${real.next++}`,
    now: new Date(real.now_ms + off_ms),
    term_ms: termWithin({ claim_limits: real.limits }, undefined) * 1_000,
    bounded: true,
  }
  try {
    fence(before, { status }, by, made.now)
    real.tasks[n] = { ...claimsAfter(before, status, by, made), status, v: before.v + 1 }
    return undefined
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}

/** What must hold after each step. */
const check = (model: Model, real: Real): void => {
  real.tasks.forEach((task, n) => {
    const live = liveClaim(task)
    const believed = model.held.get(n)
    expect(live?.id).toBe(believed?.claim_id)
    if (live && believed) expect(live.holder).toEqual(holderAt(believed.agent))
    expect(task.fence ?? 0).toBeGreaterThanOrEqual(model.last_fence[n] ?? 0)
    model.last_fence[n] = task.fence ?? 0
    expect(task.status === 'shipped').toBe(model.done.has(n))
    // No claim lasts longer than a term of a clock that is right or wrong by as much as is allowed.
    if (live?.until) expect(live.until.getTime()).toBeLessThanOrEqual(real.now_ms + real.longest_ms + SKEW_MS)
  })
}

const command = (name: string, run: (model: Model, real: Real) => void): Command => ({
  check: () => true,
  run: (model, real) => {
    run(model, real)
    check(model, real)
  },
  toString: () => name,
})

const task = fc.nat({ max: TASKS - 1 })
const agent = fc.nat({ max: AGENTS - 1 })
const off = fc.integer({ min: -SKEW_MS, max: SKEW_MS })

const commands = [
  fc.tuple(task, agent, off).map(([n, who, off_ms]) =>
    command(`agent ${who} claims ${n}`, (model, real) => {
      const free = taskAt(real, n).status === 'approved'
      if (!free && taskAt(real, n).status !== 'in_progress') return
      const refused = change(real, n, 'in_progress', claimant(who), off_ms)
      const mine = model.held.get(n)?.agent === who
      expect(refused).toBe(free || mine ? undefined : 'claimed')
      if (free) model.held.set(n, { agent: who, claim_id: liveClaim(taskAt(real, n))?.id ?? '' })
    }),
  ),
  fc.tuple(task, agent, off, fc.boolean()).map(([n, who, off_ms, names]) =>
    command(`agent ${who} completes ${n}${names ? ' by its claim' : ''}`, (model, real) => {
      if (taskAt(real, n).status !== 'in_progress') return
      const held = model.held.get(n)
      const mine = held?.agent === who
      const named = names ? (mine ? held.claim_id : 'a claim of yesterday') : undefined
      const refused = change(real, n, 'shipped', claimant(who, named), off_ms)
      expect(refused).toBe(mine ? undefined : names ? 'claim_lost' : 'claimed')
      if (!mine) return
      expect(model.done.has(n)).toBe(false)
      model.done.set(n, held.claim_id)
      model.held.delete(n)
    }),
  ),
  fc.tuple(task, agent, off).map(([n, who, off_ms]) =>
    command(`agent ${who} releases ${n}`, (model, real) => {
      if (model.held.get(n)?.agent !== who) return
      expect(change(real, n, 'approved', claimant(who), off_ms)).toBeUndefined()
      model.held.delete(n)
    }),
  ),
  fc.tuple(task, agent, off).map(([n, who, off_ms]) =>
    command(`agent ${who} renews ${n}`, (model, real) => {
      const before = taskAt(real, n)
      const { claim } = before
      if (!claim?.until || model.held.get(n)?.agent !== who) return
      const now = new Date(real.now_ms + off_ms)
      const term_ms = termWithin({ claim_limits: real.limits }, claim.term_ms / 1_000) * 1_000
      if (!needsRenewal(claim, term_ms, now)) return
      // As the store does it: never an earlier end over a later one.
      const until = new Date(Math.max(claim.until.getTime(), now.getTime() + term_ms))
      real.tasks[n] = { ...before, claim: { ...claim, until } }
      expect(until >= claim.until).toBe(true)
    }),
  ),
  fc.tuple(task, off).map(([n, off_ms]) =>
    command(`a sweeper looks at ${n}`, (model, real) => {
      const before = taskAt(real, n)
      const expired = expireClaim(before, new Date(real.now_ms + off_ms))
      if (!expired) return
      // Whoever was cut short was cut short by the clock's error at most.
      expect(before.claim?.until?.getTime()).toBeLessThanOrEqual(real.now_ms + SKEW_MS)
      expect(expired.status).toBe((before.expiries ?? 0) + 1 >= MAX_EXPIRIES ? 'on_hold' : 'approved')
      // Somebody looks at what was put on hold, and approves it again.
      real.tasks[n] = { ...before, ...expired, status: 'approved', v: before.v + 1 }
      model.held.delete(n)
    }),
  ),
  fc.tuple(fc.integer({ min: 5, max: 240 }), fc.integer({ min: 5, max: 240 })).map(([first, second]) =>
    command(`an admin sets the terms to ${first} and ${second} minutes`, (_, real) => {
      const max_ttl_seconds = Math.max(first, second) * 60
      real.limits = { default_ttl_seconds: Math.min(first, second) * 60, max_ttl_seconds }
      real.longest_ms = Math.max(real.longest_ms, max_ttl_seconds * 1_000)
    }),
  ),
  fc.integer({ min: 1, max: 90 }).map((minutes) =>
    command(`${minutes} minutes pass`, (_, real) => {
      real.now_ms += minutes * MINUTE_MS
    }),
  ),
]

test('with_clocks_that_are_five_minutes_off_each_task_has_one_holder_and_is_completed_once_by_them', () => {
  fc.assert(
    fc.property(fc.commands(commands, { maxCommands: 120, size: 'max' }), (life) => {
      fc.modelRun(
        () => ({
          model: { held: new Map(), done: new Map(), last_fence: [] },
          real: {
            tasks: Array.from({ length: TASKS }, () => ({ status: 'approved' as const, v: 1 })),
            now_ms: BEGAN,
            next: 1,
            limits: {},
            longest_ms: TERM_MS,
          },
        }),
        life,
      )
    }),
    { numRuns: 300 },
  )
})

test('an_agent_that_renews_in_time_never_loses_its_claim_to_a_sweeper_whose_clock_is_five_minutes_ahead', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 }), (pauses) => {
      let now_ms = BEGAN
      const by = claimant(0)
      const made = { id: 'claim', now: new Date(now_ms - SKEW_MS), term_ms: TERM_MS, bounded: true }
      let held: Task = {
        ...claimsAfter({ status: 'approved' }, 'in_progress', by, made),
        status: 'in_progress',
        v: 2,
      }
      for (const minutes of pauses) {
        now_ms += minutes * MINUTE_MS
        expect(expireClaim(held, new Date(now_ms + SKEW_MS))).toBeNull()
        const { claim } = held
        const behind = new Date(now_ms - SKEW_MS)
        if (claim && needsRenewal(claim, TERM_MS, behind))
          held = { ...held, claim: { ...claim, until: new Date(behind.getTime() + TERM_MS) } }
      }
    }),
    { numRuns: 300 },
  )
})
