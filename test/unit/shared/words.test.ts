// The small pure words that every service uses: scopes, idempotency keys, event envelopes, budgets of time.
import { describe, expect, test } from 'vitest'
import { CloudEvent, stampEvents } from '../../../shared/contracts/define/cloud-event.ts'
import { ALL_SCOPES } from '../../../shared/contracts/define/common.ts'
import type { Caller, Role } from '../../../shared/contracts/define/contract.ts'
import { effectiveScopes, includesScope, scopesOfRole } from '../../../shared/contracts/define/scopes.ts'
import { systemIds } from '../../../shared/process/ids.ts'
import { findRepeat, type LedgerEntry, repeatable } from '../../../shared/storage/idempotency.ts'

type Asked = Readonly<{ idempotency_key?: string; [argument: string]: unknown }>

const caller: Caller = {
  kind: 'person',
  grant_id: null,
  user_id: '01J0000000000000000000USER',
  user_name: 'Ada',
  workspace_id: '01J00000000000000000000000',
  role: 'member',
  scopes: ['loops:write'],
  client_id: 'client-a',
  client_name: 'Agent',
}

describe('scopes', () => {
  test('writing_includes_reading_and_nothing_includes_approving', () => {
    expect(includesScope(['loops:write'], 'loops:read')).toBe(true)
    expect(includesScope(['loops:write'], 'loops:write')).toBe(true)
    expect(includesScope(['loops:read'], 'loops:write')).toBe(false)
    expect(includesScope(['loops:write', 'loops:read'], 'loops:approve')).toBe(false)
    expect(includesScope(['loops:approve'], 'loops:approve')).toBe(true)
    expect(includesScope(['loops:approve'], 'loops:read')).toBe(false)
    expect(includesScope([], 'loops:read')).toBe(false)
  })

  test.each(['owner', 'admin', 'member'] as Role[])('%s_may_all_that_was_consented_to', (role) => {
    expect(scopesOfRole(role)).toEqual(ALL_SCOPES)
    expect(effectiveScopes(['loops:write', 'loops:approve'], role)).toEqual(['loops:write', 'loops:approve'])
    expect(effectiveScopes([], role)).toEqual([])
  })

  test('viewer_only_reads_whatever_was_consented_to', () => {
    expect(scopesOfRole('viewer')).toEqual(['loops:read'])
    expect(effectiveScopes(['loops:write', 'loops:approve'], 'viewer')).toEqual(['loops:read'])
    expect(effectiveScopes(['loops:approve'], 'viewer')).toEqual([])
  })
})

describe('an idempotency key', () => {
  const input: Asked = { title: 'A', nested: { b: 1, a: [{ d: 1, c: 2 }] }, idempotency_key: 'k' }

  test('absent_makes_nothing_to_remember', () => {
    expect(repeatable(caller, 'create_task', { idempotency_key: undefined })).toBeUndefined()
    expect(findRepeat([], undefined)).toBeUndefined()
  })

  test('names_the_same_request_whatever_the_order_of_its_members', () => {
    const reordered = { idempotency_key: 'k', nested: { a: [{ c: 2, d: 1 }], b: 1 }, title: 'A' }
    expect(repeatable(caller, 'create_task', reordered)).toEqual(repeatable(caller, 'create_task', input))
  })

  test.each([
    ['title', { ...input, title: 'B' }],
    ['list order', { ...input, nested: { b: 1, a: [] } }],
    ['type', { ...input, title: null }],
    ['an added member', { ...input, body: '' }],
  ])('tells_requests_apart_by_%s', (_, other) => {
    const [one, two] = [repeatable(caller, 'create_task', input), repeatable(caller, 'create_task', other)]
    expect(one?.key).toBe(two?.key)
    expect(one?.hash).not.toBe(two?.hash)
  })

  test('tells_lists_apart_by_their_order', () => {
    const of = (ids: string[]) =>
      repeatable(caller, 'reorder_loops', { ids, idempotency_key: 'k' } as object)?.hash
    expect(of(['a', 'b'])).not.toBe(of(['b', 'a']))
  })

  test.each([
    ['workspace', { ...caller, workspace_id: 'other' }, 'create_task'],
    ['person', { ...caller, user_id: 'other' }, 'create_task'],
    ['client', { ...caller, client_id: 'other' }, 'create_task'],
    ['tool', caller, 'update_task'],
  ])('belongs_to_one_%s', (_, other, tool) => {
    expect(repeatable(other, tool, input)?.key).not.toBe(repeatable(caller, 'create_task', input)?.key)
  })

  test('cannot_be_made_to_meet_another_by_moving_text_between_the_parts', () => {
    const one = repeatable({ ...caller, user_id: 'a', client_id: 'b","c' }, 't', { idempotency_key: 'k' })
    const two = repeatable({ ...caller, user_id: 'a","b', client_id: 'c' }, 't', { idempotency_key: 'k' })
    expect(one?.key).not.toBe(two?.key)
  })

  test('is_kept_only_as_a_hash', () => {
    expect(JSON.stringify(repeatable(caller, 't', { idempotency_key: 'my-own-key' }))).not.toContain(
      'my-own-key',
    )
  })

  test('finds_its_result_and_refuses_another_request', () => {
    const request = repeatable(caller, 'create_task', input)
    if (!request) throw new Error('no key')
    const entry: LedgerEntry = { ...request, at: new Date('2026-08-01T00:00:00Z'), result: { id: 1 } }
    expect(findRepeat([entry], request)).toBe(entry)
    expect(findRepeat([], request)).toBeUndefined()
    const changed: Asked = { ...input, title: 'B' }
    const other = repeatable(caller, 'create_task', changed)
    expect(() => findRepeat([entry], other)).toThrow(
      expect.objectContaining({ code: 'idempotency_conflict' }),
    )
  })
})

describe('an event’s envelope', () => {
  const now = new Date('2026-08-01T10:00:00.000Z')
  const stamp = { service: 'tasks', workspace_id: 'W', entity_id: 'T', version: 3, now }
  const ids = () => {
    let n = 0
    return () => `id-${++n}`
  }

  test('is_a_cloud_event_with_the_version_as_its_sequence', () => {
    const [waiting] = stampEvents([{ name: 'task.created', data: { task_id: 'T' } }], {
      ...stamp,
      nextId: ids(),
    })
    expect(waiting).toEqual({
      id: 'id-1',
      at: now,
      subject: 'evt.tasks.task.created.W',
      event: {
        specversion: '1.0',
        id: 'id-1',
        source: '/loops/tasks',
        type: 'task.created',
        subject: 'T',
        time: '2026-08-01T10:00:00.000Z',
        datacontenttype: 'application/json',
        workspaceid: 'W',
        sequence: 3,
        data: { task_id: 'T' },
      },
    })
    expect(CloudEvent.safeParse(waiting?.event).success).toBe(true)
  })

  test('has_an_id_of_its_own_and_the_trace_of_its_call', () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const events = [
      { name: 'task.created', data: {} },
      { name: 'task.updated', data: {} },
    ]
    const stamped = stampEvents(events, { ...stamp, nextId: ids(), call: { traceparent } })
    expect(stamped.map(({ id }) => id)).toEqual(['id-1', 'id-2'])
    for (const { id, event } of stamped) expect(event).toMatchObject({ id, traceparent })
  })

  test('copies_its_data', () => {
    const data = { task_id: 'T' }
    const [waiting] = stampEvents([{ name: 'task.created', data }], { ...stamp, nextId: ids() })
    data.task_id = 'changed'
    expect(waiting?.event.data).toEqual({ task_id: 'T' })
  })
})

describe('ids', () => {
  test('are_ulids_that_sort_in_the_order_made', () => {
    const ids = systemIds()
    const made = Array.from({ length: 1_000 }, () => ids.next())
    for (const id of made) expect(id).toMatch(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/)
    expect(made.toSorted()).toEqual(made)
    expect(new Set(made).size).toBe(made.length)
  })

  test('of_secrets_are_256_bits', () => {
    const ids = systemIds()
    expect(Buffer.from(ids.token(), 'base64url')).toHaveLength(32)
    expect(ids.token()).not.toBe(ids.token())
  })
})
