// That the tombstone of a workspace alone refuses what works in it, before anything of it has ended.
import { expect, test } from 'vitest'
import { isDeleted } from '../../../services/gateway/accounts/workspace-deletion-rules.ts'
import { govern } from '../../../services/gateway/oauth/governed-rules.ts'
import { person } from '../../support/service-environment.ts'

const NOW = new Date('2026-01-31T08:00:00Z')
const DELETED = { deleted: { at: NOW, by: { user_id: 'a', name: 'Ann', client: '' } } }

test('a_token_of_a_deleted_workspace_is_refused_while_its_person_is_still_a_member', () => {
  const caller = person('01J00000000000000000000000', { client_id: 'an app' })
  const access = { ok: true, caller, grant_id: 'g', gen: 1, expires_at: NOW.getTime() / 1_000 + 60 } as const
  expect(govern(access, {}, NOW).ok).toBe(true)
  expect(govern(access, DELETED, NOW)).toEqual({ ok: false, reason: 'workspace_deleted' })
})

test('a_workspace_without_a_tombstone_is_not_deleted', () => {
  expect([null, undefined, {}, DELETED].map(isDeleted)).toEqual([false, false, false, true])
})
