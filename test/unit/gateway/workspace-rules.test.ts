// How a workspace and an invitation may change, and the events about it.
import { describe, expect, test } from 'vitest'
import {
  createInvitation,
  editWorkspace,
  INVITATION_MS,
  type Invitation,
  isOpen,
  type Workspace,
  withdrawInvitation,
} from '../../../services/gateway/accounts/workspace-rules.ts'
import { ALL_SCOPES } from '../../../shared/contracts/define/common.ts'
import type { Caller, Role } from '../../../shared/contracts/define/contract.ts'
import { isTimeZone } from '../../../shared/contracts/define/language.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const ID = '01JDAAAAAAAAAAAAAAAAAAAAAA'
const aggregate = { _id: ID, ws: ID, v: 3, outbox: [], ledger: [] }
const workspace: Workspace = { ...aggregate, name: 'Acme', ai_context: '', time_zone: 'UTC', created_at: NOW }
const caller = (role: Role): Caller => ({
  kind: 'person',
  grant_id: null,
  user_id: ID,
  user_name: 'Ann',
  workspace_id: ID,
  role,
  scopes: ALL_SCOPES,
  client_id: 'web',
  client_name: 'Web',
})

describe('editing', () => {
  test('publishes_what_changed_and_nothing_else', () => {
    const edit = { name: 'Acme', ai_context: 'Be kind.', time_zone: 'Europe/Zurich' }
    const { workspace: next, events } = editWorkspace(workspace, edit, caller('admin'))
    expect(next).toMatchObject(edit)
    expect(events).toEqual([
      {
        name: 'workspace.updated',
        data: {
          workspace_id: ID,
          version: 4,
          changed: ['ai_context', 'time_zone'],
          by: { user_id: ID, name: 'Ann', client: 'Web' },
        },
      },
    ])
  })
  test('publishes_new_limits_of_claims_beside_the_names_that_readers_know', () => {
    const claim_limits = { max_claims: 9 }
    const { workspace: next, events } = editWorkspace(workspace, { claim_limits }, caller('owner'))
    expect(next.claim_limits).toEqual(claim_limits)
    expect(events[0]?.data).toMatchObject({ changed: [], also_changed: ['claim_limits'], version: 4 })
    const unset = { default_ttl_seconds: 7_200, max_ttl_seconds: 604_800, max_claims: 5 }
    expect(editWorkspace(workspace, { claim_limits: unset }, caller('owner')).events).toEqual([])
  })
  test('silent_when_nothing_changed', () => {
    expect(editWorkspace(workspace, { name: 'Acme' }, caller('owner')).events).toEqual([])
  })
  test.each(['member', 'viewer'] as const)('refused_to_a_%s', (role) => {
    expect(() => editWorkspace(workspace, { name: 'Mine' }, caller(role))).toThrow('Only the owner')
  })
  test('refused_for_a_time_zone_that_does_not_exist', () => {
    expect(() => editWorkspace(workspace, { time_zone: 'Mars/Olympus' }, caller('owner'))).toThrow(
      'time zone',
    )
    expect(['UTC', 'Europe/Zurich', 'Asia/Kathmandu'].every(isTimeZone)).toBe(true)
    expect(['', 'x', 'Europe/'].some(isTimeZone)).toBe(false)
  })
})

describe('invitations', () => {
  const made = createInvitation({ email: 'bo@example.com', role: 'viewer' }, caller('owner'), ID, NOW)
  const invitation: Invitation = { ...aggregate, ...made.invitation }

  const memberOf = (ws: string, role: Role, id?: string) => ({
    memberships: [{ workspace_id: ws, workspace_name: '', role, joined_at: NOW, ...(id ? { id } : {}) }],
  })
  const inviter = memberOf(invitation.ws, 'admin')

  test.each([
    ['no_account', null],
    ['no_membership', { memberships: [] }],
    ['a_membership_elsewhere', memberOf('01JDBBBBBBBBBBBBBBBBBBBBBB', 'owner')],
    ['a_lower_role', memberOf(invitation.ws, 'member')],
  ])('dead_when_the_inviter_has_%s', (_, now) => {
    expect(isOpen(invitation, now, NOW)).toBe(false)
  })
  test('dead_when_the_inviter_left_and_came_back', () => {
    const under = { ...invitation, membership_id: 'one' }
    expect(isOpen(under, memberOf(invitation.ws, 'owner', 'one'), NOW)).toBe(true)
    expect(isOpen(under, memberOf(invitation.ws, 'owner', 'another'), NOW)).toBe(false)
  })
  test('open_for_a_week', () => {
    expect(isOpen(invitation, inviter, NOW)).toBe(true)
    expect(isOpen(invitation, inviter, new Date(NOW.getTime() + INVITATION_MS))).toBe(false)
  })
  test('the_address_is_not_published', () => {
    expect(JSON.stringify(made.events)).not.toContain('bo@example.com')
  })
  test('withdrawn_for_good', () => {
    expect(isOpen({ ...invitation, ...withdrawInvitation(invitation, caller('admin')) }, inviter, NOW)).toBe(
      false,
    )
  })
  test.each(['member', 'viewer'] as const)('refused_to_a_%s', (role) => {
    const asked = { email: 'bo@example.com', role: 'member' } as const
    expect(() => createInvitation(asked, caller(role), ID, NOW)).toThrow('Only the owner')
    expect(() => withdrawInvitation(invitation, caller(role))).toThrow('Only the owner')
  })
})
