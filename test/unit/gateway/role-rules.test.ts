// Who may change whose role or remove whom from a workspace.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Membership, Person } from '../../../services/gateway/accounts/person-rules.ts'
import { membershipUnder } from '../../../services/gateway/accounts/person-rules.ts'
import {
  changeEvent,
  decideChange,
  isPending,
  type MemberChange,
  membershipAfter,
  rolesToGive,
} from '../../../services/gateway/accounts/role-rules.ts'
import { ALL_SCOPES } from '../../../shared/contracts/define/common.ts'
import { type Caller, ROLES, type Role } from '../../../shared/contracts/define/contract.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const WS = '01JDAAAAAAAAAAAAAAAAAAAAAA'
const membership = (role: Role, given: Partial<Membership> = {}): Membership => ({
  id: 'm1',
  workspace_id: WS,
  workspace_name: 'Acme',
  role,
  joined_at: NOW,
  ...given,
})
const person = (_id: string, role: Role): Person => ({
  _id,
  v: 1,
  email: `${_id}@example.com`,
  name: _id,
  password_hash: '',
  memberships: [membership(role)],
  unsettled: [],
  locale: 'en',
  created_at: NOW,
})
const caller = (user_id: string, role: Role): Caller => ({
  kind: 'person',
  grant_id: null,
  user_id,
  user_name: user_id,
  workspace_id: WS,
  role,
  scopes: ALL_SCOPES,
  client_id: 'web',
  client_name: 'Web',
})
/** The outcome: the change, null, or the sentence of the refusal. */
const decide = (by: Caller, target: Person | null, role: Role | null, owners = 2) => {
  try {
    return decideChange({ person: target, role, owners }, by, 'c1', NOW)
  } catch (error) {
    if (error instanceof AppError) return error.message
    throw error
  }
}
const bo = (role: Role): Person => person('bo', role)

describe('a role', () => {
  test('given_by_owners_to_anybody_and_by_admins_below_owner', () => {
    for (const before of ROLES)
      for (const role of ROLES)
        if (role !== before) expect(decide(caller('ann', 'owner'), bo(before), role)).toMatchObject({ role })
    expect(decide(caller('ann', 'admin'), bo('viewer'), 'admin')).toMatchObject({ role: 'admin' })
    expect(decide(caller('ann', 'admin'), bo('viewer'), 'owner')).toMatch('Only an owner can make')
    expect(decide(caller('ann', 'admin'), bo('owner'), 'viewer')).toMatch('Only an owner can change')
  })
  test('not_given_to_oneself_beyond_what_one_may_give', () => {
    expect(decide(caller('bo', 'admin'), bo('admin'), 'owner')).toMatch('Only an owner can make')
    expect(decide(caller('bo', 'viewer'), bo('viewer'), 'member')).toMatch('Only the owner and the admins')
    expect(decide(caller('bo', 'owner'), bo('owner'), 'member')).toMatchObject({ role: 'member' })
  })
  test('that_somebody_has_already_changes_nothing', () => {
    expect(decide(caller('ann', 'owner'), bo('viewer'), 'viewer')).toBeNull()
  })
})

describe('leaving', () => {
  test('everybody_may_by_themselves', () => {
    for (const role of ROLES) expect(decide(caller('bo', role), bo(role), null)).toMatchObject({ role: null })
  })
  test('nobody_is_taken_out_by_members_and_viewers_nor_an_owner_by_an_admin', () => {
    for (const role of ['member', 'viewer'] as const)
      expect(decide(caller('ann', role), bo('viewer'), null)).toMatch('Only the owner and the admins')
    expect(decide(caller('ann', 'admin'), bo('owner'), null)).toMatch('Only an owner can change')
    expect(decide(caller('ann', 'admin'), bo('admin'), null)).toMatchObject({ role: null })
  })
  test('refused_for_somebody_of_another_workspace_or_unknown', () => {
    const stranger = { ...bo('member'), memberships: [membership('member', { workspace_id: 'other' })] }
    for (const target of [stranger, null])
      expect(decide(caller('ann', 'owner'), target, null)).toMatch('There is no member')
  })
})

test('the_last_owner_stays_whoever_asks_for_whatever', () => {
  for (const role of ['admin', 'member', 'viewer', null] as const)
    expect(decide(caller('bo', 'owner'), bo('owner'), role, 1)).toMatch('The last owner')
})

test('no_change_lets_anybody_gain_or_take_more_than_they_may_give', () => {
  const role = fc.constantFrom(...ROLES)
  fc.assert(
    fc.property(role, role, fc.option(role), fc.integer({ min: 1, max: 3 }), (by, before, next, owners) => {
      const change = decide(caller('ann', by), bo(before), next, owners)
      if (typeof change === 'string' || change === null) return
      expect(rolesToGive(by)).toContain(before)
      if (next !== null) expect(rolesToGive(by)).toContain(next)
      expect(before === 'owner' ? owners : 2).toBeGreaterThan(1)
    }),
  )
})

describe('a change that was decided', () => {
  const change = decide(caller('ann', 'owner'), bo('member'), 'viewer') as MemberChange
  test('done_once', () => {
    const after = membershipAfter(change)
    expect(isPending(change, membership('member'))).toBe(true)
    expect(after).toMatchObject({ role: 'viewer', changed_at: NOW, id: 'm1' })
    expect(isPending(change, after ?? undefined)).toBe(false)
    expect(isPending(change, undefined)).toBe(false)
  })
  test('left_alone_when_the_membership_is_another_by_now', () => {
    expect(isPending(change, membership('member', { changed_at: NOW }))).toBe(false)
    expect(isPending(change, membership('member', { id: 'm2' }))).toBe(false)
  })
  test('published_with_who_made_it', () => {
    const by = { user_id: 'ann', name: 'ann', client: 'Web' }
    const about = { user_id: 'bo', workspace_id: WS, name: 'bo', by }
    expect(changeEvent(change, bo('member'))).toEqual({
      name: 'person.role_changed',
      data: { ...about, role: 'viewer', role_before: 'member' },
    })
    expect(changeEvent({ ...change, role: null }, bo('member'))).toEqual({
      name: 'person.left',
      data: { ...about, role: 'member' },
    })
  })
})

test('what_was_made_under_an_earlier_membership_has_ended', () => {
  const back = { memberships: [membership('member', { id: 'm2' })] }
  expect(membershipUnder({ ws: WS, membership_id: 'm2' }, back)).toBeDefined()
  expect(membershipUnder({ ws: WS, membership_id: 'm1' }, back)).toBeUndefined()
  expect(membershipUnder({ ws: WS }, back)).toBeUndefined()
  expect(membershipUnder({ ws: WS }, { memberships: [] })).toBeUndefined()
})
