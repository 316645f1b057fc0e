// Every verb on every state of a claim: who is let through, who is refused and why. Whoever is refused has changed nothing.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { TaskDoc } from '../../services/tasks/task-store.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { type AgentsEnvironment, openAgentsEnvironment, worker } from '../support/agents-environment.ts'
import { ids } from '../support/service-environment.ts'
import { until } from '../support/tasks-environment.ts'

/** What there is to find: the claim is the caller's, was theirs, is another's, or there is none. */
const STATES = ['none', 'mine', 'anothers', 'mine_expired', 'mine_expired_now_anothers'] as const
/** The states as a worker meets them, and the claim of another as somebody does who may approve. */
const COLUMNS = [...STATES, 'anothers_to_an_approver'] as const
type Column = (typeof COLUMNS)[number]
type Outcome = 'ok' | 'claimed' | 'claim_lost' | 'invalid_transition' | 'all_claimed'

/** A task in a loop of its own, and the claim on it that the caller has or had. */
type Found = Readonly<{ task_id: string; loop_id: string; claim_id: string }>
/** Does one thing to a task for a caller. */
type Verb = (caller: Caller, found: Found) => Promise<unknown>

let env: AgentsEnvironment
const tasksOf = (caller: Caller) => env.tasksOf(caller)
const loopsOf = (caller: Caller) => env.loopsOf(caller)

/** The refusal in an answer that tells of several tasks. */
const raise = (error: Readonly<{ code: string; message: string }> | undefined): void => {
  if (error) throw new AppError(error.code as AppError['code'], error.message)
}
const setStatus =
  (status: TaskDoc['status']): Verb =>
  (caller, { task_id }) =>
    tasksOf(caller).update_task({ task_id, status })

const VERBS: Readonly<Record<string, Verb>> = {
  begin: setStatus('in_progress'),
  ship: setStatus('shipped'),
  give_back: setStatus('approved'),
  hold: setStatus('on_hold'),
  reject: setStatus('rejected'),
  withdraw_the_approval: setStatus('open'),
  ship_among_many: async (caller, { task_id }) => {
    const { results } = await tasksOf(caller).bulk_update_tasks({ task_ids: [task_id], status: 'shipped' })
    raise(results[0]?.error)
  },
  ship_under_the_claim: (caller, { task_id, claim_id }) =>
    tasksOf(caller).update_task({ task_id, status: 'shipped', claim_id }),
  set_the_priority: (caller, { task_id }) => tasksOf(caller).update_task({ task_id, priority: 'high' }),
  set_the_priority_under_the_claim: (caller, { task_id, claim_id }) =>
    tasksOf(caller).update_task({ task_id, priority: 'high', claim_id }),
  comment: (caller, { task_id }) => tasksOf(caller).add_comment({ task_id, text: 'How far is it?' }),
  take_out_of_its_loop: (caller, { task_id }) => tasksOf(caller).update_task({ task_id, loop_id: null }),
  move_into_a_new_loop: (caller, { task_id }) =>
    loopsOf(caller).create_loop_from_tasks({ loop_name: 'New', task_ids: [task_id] }),
  delete: (caller, { task_id }) => tasksOf(caller).delete_task({ task_id }),
  claim: (caller, { task_id }) => tasksOf(caller).claim_task({ task_id }),
  take_over: (caller, { task_id }) => tasksOf(caller).claim_task({ task_id, take_over: true }),
  claim_next: async (caller, { loop_id }) => {
    const { claims, reason } = await loopsOf(caller).claim_next_work({ loop_id, agent: ids.next() })
    if (claims.length === 0) throw new Error(reason)
  },
  renew: async (caller, { task_id }) => {
    const { claims } = await tasksOf(caller).renew_claims({ task_ids: [task_id] })
    raise(claims[0]?.error)
  },
  release: async (caller, { task_id }) => {
    const { released } = await tasksOf(caller).release_claims({ task_ids: [task_id] })
    raise(released[0]?.error)
  },
  complete: (caller, { task_id }) => loopsOf(caller).complete_task({ task_id, outcome: 'Done.' }),
  complete_under_the_claim: (caller, { task_id, claim_id }) =>
    loopsOf(caller).complete_task({ task_id, claim_id, outcome: 'Done.' }),
}

const OK = ['ok', 'ok', 'ok', 'ok', 'ok', 'ok'] as const
const HOLDER_ONLY = ['ok', 'ok', 'claimed', 'ok', 'claimed', 'claimed'] as const
const HOLDER_OR_APPROVER = ['ok', 'ok', 'claimed', 'ok', 'claimed', 'ok'] as const
const FINISH = ['invalid_transition', 'ok', 'claimed', 'invalid_transition', 'claimed', 'claimed'] as const
const UNDER_CLAIM = ['claim_lost', 'ok', 'claim_lost', 'claim_lost', 'claim_lost', 'claim_lost'] as const

/** The outcome of each verb in each column. */
const TABLE: Readonly<Record<string, readonly Outcome[]>> = {
  begin: HOLDER_ONLY,
  ship: FINISH,
  ship_among_many: FINISH,
  ship_under_the_claim: UNDER_CLAIM,
  give_back: HOLDER_ONLY,
  hold: HOLDER_OR_APPROVER,
  reject: HOLDER_OR_APPROVER,
  // Not from work in progress: an approver puts it on hold, or rejects it.
  withdraw_the_approval: ['ok', 'invalid_transition', 'claimed', 'ok', 'claimed', 'invalid_transition'],
  set_the_priority: OK,
  set_the_priority_under_the_claim: UNDER_CLAIM,
  comment: OK,
  take_out_of_its_loop: HOLDER_OR_APPROVER,
  move_into_a_new_loop: HOLDER_OR_APPROVER,
  delete: HOLDER_OR_APPROVER,
  claim: HOLDER_ONLY,
  take_over: HOLDER_OR_APPROVER,
  claim_next: ['ok', 'all_claimed', 'all_claimed', 'ok', 'all_claimed', 'all_claimed'],
  renew: UNDER_CLAIM,
  // What is free, or in other hands, the caller does not hold: that is what they asked for.
  release: OK,
  // Whoever held it last is told that they lost it, not that work never began.
  complete: ['invalid_transition', 'ok', 'claimed', 'claim_lost', 'claimed', 'claimed'],
  complete_under_the_claim: UNDER_CLAIM,
}
const CELLS = Object.keys(VERBS).flatMap((verb) =>
  COLUMNS.map((column, n) => [verb, column, TABLE[verb]?.[n]] as const),
)

let found: ReadonlyMap<string, Found>
let me: Caller
let other: Caller
let approver: Caller

/** Puts a task of each cell into the state of its column. */
const prepare = async (owner: Caller): Promise<ReadonlyMap<string, Found>> => {
  const made = new Map<string, Found>()
  const claims = new Map<string, string>()
  for (const [verb, column] of CELLS) {
    const { loop } = await loopsOf(owner).create_loop({ name: `${verb} ${column}` })
    const { task } = await tasksOf(owner).create_task({ title: verb, loop_id: loop.id })
    made.set(`${verb} ${column}`, { task_id: task.id, loop_id: loop.id, claim_id: 'never given' })
  }
  const all = [...made.values()].map(({ task_id }) => task_id)
  for (let from = 0; from < all.length; from += LIMITS.bulk_tasks) {
    const task_ids = all.slice(from, from + LIMITS.bulk_tasks)
    await tasksOf(owner).bulk_update_tasks({ task_ids, status: 'approved' })
  }
  const tasksIn = (columns: readonly Column[]): string[] =>
    CELLS.filter(([, column]) => columns.includes(column)).map(
      ([verb, column]) => made.get(`${verb} ${column}`)?.task_id ?? '',
    )
  const expiring = tasksIn(['mine_expired', 'mine_expired_now_anothers'])
  for (const task_id of [...expiring, ...tasksIn(['mine'])])
    claims.set(task_id, (await tasksOf(me).claim_task({ task_id })).claim.claim_id)
  const stored = env.db.collection<TaskDoc>('tasks')
  // As if the terms of these claims had passed.
  const past = new Date(Date.now() - 60_000)
  await stored.updateMany({ _id: { $in: expiring } }, { $set: { 'claim.until': past } })
  await until(
    async () =>
      (await stored.countDocuments({ _id: { $in: expiring }, status: 'approved' })) === expiring.length,
  )
  for (const task_id of tasksIn(['anothers', 'mine_expired_now_anothers', 'anothers_to_an_approver']))
    await tasksOf(other).claim_task({ task_id })
  return new Map(
    [...made].map(([cell, one]) => [cell, { ...one, claim_id: claims.get(one.task_id) ?? one.claim_id }]),
  )
}

beforeAll(async () => {
  env = await openAgentsEnvironment()
  const owner = await env.newOwner()
  me = worker(owner.workspace_id)
  other = worker(owner.workspace_id)
  approver = { ...owner, grant_id: ids.next() }
  found = await prepare(owner)
}, 120_000)
afterAll(() => env?.[Symbol.asyncDispose]())

test('the_table_names_every_verb', () =>
  expect(Object.keys(TABLE).toSorted()).toEqual(Object.keys(VERBS).toSorted()))

describe('each verb on each state of a claim', () => {
  test.each(CELLS)('%s_when_%s_is_%s', async (verb, column, expected) => {
    const cell = found.get(`${verb} ${column}`)
    if (!cell) throw new Error('each cell has a task')
    const stored = () =>
      env.db
        .collection<TaskDoc>('tasks')
        .findOne({ _id: cell.task_id }, { projection: { status: 1, claim: 1, fence: 1, v: 1 } })
    const before = await stored()
    const caller = column === 'anothers_to_an_approver' ? approver : me
    const outcome = await VERBS[verb]?.(caller, cell).then(
      () => 'ok',
      (error: unknown) => (error instanceof AppError ? error.code : (error as Error).message),
    )
    expect(outcome).toBe(expected)
    if (outcome !== 'ok') expect(await stored()).toEqual(before)
  })
})
