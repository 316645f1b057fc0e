// Whose connections somebody may end, when one was last heard of, and what it finished.
import { describe, expect, test } from 'vitest'
import { countOf, latest, mayEnd } from '../../../services/gateway/web/board/agents-rules.ts'
import type { ShownClaim } from '../../../shared/contracts/tasks/board.ts'

const claim = (heard_at: string): ShownClaim => ({
  task_id: 'T',
  title: 'Task',
  loop_id: null,
  by: { user_id: 'U', name: 'Ann', client: 'Claude' },
  since: heard_at,
  expires_at: null,
  heard_at,
})

describe('a connection', () => {
  const connection = { user_id: 'bo', ws: 'acme' }
  test.each([
    ['its_own_person', 'bo', 'acme', 'viewer', true],
    ['the_owner', 'olga', 'acme', 'owner', true],
    ['an_admin', 'ada', 'acme', 'admin', true],
    ['another_member', 'cy', 'acme', 'member', false],
    ['a_viewer', 'vi', 'acme', 'viewer', false],
    ['the_owner_of_another_workspace', 'eve', 'evil', 'owner', false],
    ['its_own_person_elsewhere', 'bo', 'evil', 'owner', false],
  ] as const)('is_ended_by_%s_or_not', (_, user_id, workspace_id, role, may) => {
    expect(mayEnd(connection, { user_id, workspace_id, role })).toBe(may)
  })
})

test('something_was_heard_of_when_it_was_last_used_or_renewed_a_claim', () => {
  const [day, at] = ['2026-11-27', new Date('2026-11-27T09:00:00Z')]
  expect(latest([], [])).toBeNull()
  expect(latest([null, day], [])).toBe(day)
  expect(latest([day, at], [])).toEqual(at)
  expect(latest(['2026-11-28', at], [])).toBe('2026-11-28')
  expect(latest([at], [claim('2026-11-27T08:00:00.000Z')])).toEqual(at)
  expect(latest([at, null], [claim('2026-11-27T10:00:00.000Z')])).toEqual(new Date('2026-11-27T10:00:00Z'))
})

test('what_was_finished_is_counted_by_person_and_app_over_all_its_agents', () => {
  const by = (user_id: string, client: string, tasks: number) => ({ by: { user_id, client }, tasks })
  const finished = [
    by('ann', 'Claude', 3),
    by('ann', 'Claude', 2),
    by('ann', 'Codex', 5),
    by('bo', 'Claude', 7),
  ]
  expect(countOf(finished, { user_id: 'ann', client: 'Claude' })).toBe(5)
  expect(countOf(finished, { user_id: 'ann' })).toBe(10)
  expect(countOf(finished, { user_id: 'cy', client: 'Claude' })).toBe(0)
})
