// The life of a task: every status against every other, with and without an approval on record, by both kinds of people.
import { describe, expect, test } from 'vitest'
import { changeStatus, type Standing } from '../../../services/tasks/status-rules.ts'
import { TASK_STATUSES, type TaskStatus } from '../../../shared/contracts/define/common.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import { nextStatuses, TRANSITIONS } from '../../../shared/contracts/tasks/transitions.ts'

const approver = { user_id: '01JTESTAPPROVER00000000000', name: 'Ann', client: 'Web' }
const editor = { user_id: '01JTESTED1T0R0000000000000', name: 'Bob', client: 'Agent' }

/** Every pair of different statuses: `-` refused, `+` for anyone, `!` only with an approval on record or given now, `A` only given now. */
const TABLE: Record<TaskStatus, Record<TaskStatus, string>> = {
  open: { open: '=', approved: '!', in_progress: '!', on_hold: '+', shipped: '!', rejected: '+' },
  approved: { open: '+', approved: '=', in_progress: '!', on_hold: '+', shipped: '-', rejected: '+' },
  in_progress: { open: '-', approved: '!', in_progress: '=', on_hold: '+', shipped: '!', rejected: '+' },
  on_hold: { open: '+', approved: '!', in_progress: '!', on_hold: '=', shipped: '-', rejected: '+' },
  shipped: { open: '+', approved: 'A', in_progress: '-', on_hold: '-', shipped: '=', rejected: '-' },
  rejected: { open: '+', approved: '!', in_progress: '-', on_hold: '-', shipped: '-', rejected: '=' },
}

const pairs = TASK_STATUSES.flatMap((from) => TASK_STATUSES.map((to) => [from, to] as const))
const change = (from: Standing, to: TaskStatus, may_approve: boolean): Standing | AppError => {
  try {
    return changeStatus(from, to, { actor: editor, may_approve })
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
}

describe.each(pairs)('%s to %s', (from, to) => {
  const rule = TABLE[from][to]
  const approved: Standing = { status: from, approved_by: approver }
  const unapproved: Standing = { status: from, approved_by: null }
  const both = [approved, unapproved]

  if (rule === '=')
    test('unchanged_when_it_has_that_status', () => {
      for (const before of both) expect(change(before, to, false)).toBe(before)
    })
  if (rule === '-')
    test('refused_naming_the_legal_ones', () => {
      const legal = TASK_STATUSES.filter((status) => '+!A'.includes(TABLE[from][status]))
      for (const before of both)
        for (const may of [true, false]) {
          const refusal = change(before, to, may) as AppError
          expect(refusal.code).toBe('invalid_transition')
          expect(refusal.extras.details?.legal).toHaveLength(legal.length)
          expect(refusal.extras.details?.legal).toEqual(expect.arrayContaining(legal))
          for (const status of legal) expect(refusal.extras.hint).toContain(status)
        }
    })
  if (rule === '+')
    test(`allowed_to_anyone_and_${to === 'on_hold' ? 'keeps' : 'withdraws'}_the_approval`, () => {
      for (const before of both)
        expect(change(before, to, false)).toEqual({
          status: to,
          approved_by: to === 'on_hold' ? before.approved_by : null,
        })
    })
  if (rule === '!')
    test('allowed_once_approved_and_records_who_approves_it', () => {
      expect(change(approved, to, false)).toEqual({ status: to, approved_by: approver })
      expect(change(approved, to, true)).toEqual({ status: to, approved_by: approver })
      expect(change(unapproved, to, true)).toEqual({ status: to, approved_by: editor })
      const refusal = change(unapproved, to, false) as AppError
      expect(refusal.code).toBe('forbidden')
      expect(refusal.extras).toMatchObject({ details: { scope: 'loops:approve' }, hint: expect.any(String) })
    })
  if (rule === 'A')
    test('approved_anew_by_those_who_may', () => {
      for (const before of both) {
        expect(change(before, to, true)).toEqual({ status: to, approved_by: editor })
        expect(change(before, to, false)).toMatchObject({
          code: 'forbidden',
          extras: { details: { scope: 'loops:approve' } },
        })
      }
    })
})

test('every_status_can_be_left', () => {
  for (const status of TASK_STATUSES) expect(TRANSITIONS[status]).not.toEqual([])
})

test('next_are_those_statuses_to_which_a_change_succeeds', () => {
  for (const [from, to] of pairs)
    for (const approved_by of [approver, null])
      for (const may of [true, false]) {
        const before: Standing = { status: from, approved_by }
        const succeeds = from !== to && !(change(before, to, may) instanceof AppError)
        expect(nextStatuses(before, may).includes(to), `${from} to ${to}`).toBe(succeeds)
      }
})
