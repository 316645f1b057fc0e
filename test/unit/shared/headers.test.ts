// The caller in the headers of a request: read and written once, however often they call.
import { expect, test } from 'vitest'
import { readCall, startBudget, writeCall } from '../../../shared/bus/headers.ts'
import { ALL_SCOPES } from '../../../shared/contracts/define/common.ts'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { systemClock } from '../../../shared/process/clock.ts'

const ann: Caller = {
  kind: 'person',
  grant_id: null,
  user_id: 'U1',
  user_name: 'Ann',
  workspace_id: 'W1',
  role: 'member',
  scopes: ALL_SCOPES,
  client_id: 'web',
  client_name: 'Web',
}
const asking = { asked: 'tasks', operation: 'get_task', payload: '{}', sign: () => 'signed', attempt: 0 }
const { signal } = new AbortController()

const headersOf = (caller: Caller) =>
  writeCall({ caller, request_id: 'R1', ...startBudget(systemClock, 1_000) }, 1_000, asking)
const callerIn = (headers: ReturnType<typeof headersOf>) => readCall(headers, systemClock, signal).caller

test('equal_callers_are_read_once_and_differing_ones_apart', () => {
  const first = callerIn(headersOf(ann))
  expect(first).toEqual(ann)
  expect(callerIn(headersOf({ ...ann }))).toBe(first)
  for (const other of [{ role: 'owner' }, { workspace_id: 'W2' }, { scopes: [] }] as const)
    expect(callerIn(headersOf({ ...ann, ...other }))).toEqual({ ...ann, ...other })
})

test('a_caller_that_calls_share_cannot_be_changed_by_one_of_them', () => {
  const caller = callerIn(headersOf({ ...ann, user_id: 'U2' })) as unknown as {
    role: string
    scopes: string[]
  }
  expect(() => {
    caller.role = 'owner'
  }).toThrow(TypeError)
  expect(() => caller.scopes.push('more')).toThrow(TypeError)
})

test('a_malformed_caller_is_refused_each_time', () => {
  const headers = headersOf({ ...ann, role: 'nobody' as never })
  for (let n = 0; n < 2; n += 1) expect(() => callerIn(headers)).toThrow()
})
