// The params of protocol requests that do not fit: answered in words, whatever the method, and nulls as if absent.
import { describe, expect, test } from 'vitest'
import { readParams, refuseParams } from '../../../services/gateway/mcp/params.ts'

const request = (method: string, params?: unknown, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params === undefined ? {} : { params }),
})

describe('params that do not fit', () => {
  test.each([
    ['tools/call', {}, 'params.name'],
    ['tools/call', { name: 5 }, 'params.name'],
    ['tools/call', { name: 'get_task', arguments: [] }, 'params.arguments'],
    ['tools/call', { name: 'get_task', arguments: 'x' }, 'params.arguments'],
    ['tools/list', { cursor: 5 }, 'params.cursor'],
    ['prompts/list', { cursor: {} }, 'params.cursor'],
    ['prompts/get', {}, 'params.name'],
    ['prompts/get', { name: 'triage', arguments: [] }, 'params.arguments'],
    ['resources/list', { cursor: true }, 'params.cursor'],
    ['resources/templates/list', { cursor: 1 }, 'params.cursor'],
    ['resources/read', { uri: 5 }, 'params.uri'],
    ['resources/read', {}, 'params.uri'],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'triage' } }, 'params.argument'],
    ['initialize', {}, 'params.protocolVersion'],
  ])('are_refused_by_name: %s %j', (method, params, field) => {
    const refused = refuseParams(request(method, params, 'seven'))
    expect(refused).toMatchObject({ jsonrpc: '2.0', id: 'seven', error: { code: -32_602 } })
    const { message } = (refused as { error: { message: string } }).error
    expect(message).toContain(`The params of ${method} do not fit. ${field}`)
    expect(message).not.toMatch(/[[{"]|Invalid input/)
  })

  test('of_one_request_refuse_its_whole_batch', () => {
    const batch = [
      request('tools/call', { name: 'delete_task', arguments: {} }, 1),
      request('tools/list', { cursor: 5 }, 2),
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
    ]
    const refused = refuseParams(batch) as readonly { id: unknown; error: { message: string } }[]
    expect(refused.map(({ id }) => id)).toEqual([1, 2])
    expect(refused[0]?.error.message).toContain('Not done')
    expect(refused[1]?.error.message).toContain('params.cursor')
  })

  test('are_named_a_few_at_a_time', () => {
    const params = {
      name: 'triage',
      arguments: Object.fromEntries(Array.from({ length: 999 }, (_, n) => [n, n])),
    }
    const refused = refuseParams(request('prompts/get', params)) as { error: { message: string } }
    expect(refused.error.message.length).toBeLessThan(500)
  })
})

describe('params that fit', () => {
  test.each([
    request('tools/list'),
    request('tools/list', {}),
    request('tools/call', { name: 'get_task', arguments: { task_id: null } }),
    request('prompts/get', { name: 'triage' }),
    request('ping'),
    request('initialize', { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } }),
    request('of_no_revision', { anything: 5 }),
    request('constructor', { anything: 5 }),
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { hello: 1 },
    5,
    null,
    [request('tools/list', {}, 1), 5, null],
  ])('are_left_to_the_protocol: %j', (body) => {
    expect(refuseParams(body)).toBeUndefined()
  })
})

describe('null', () => {
  test('is_as_if_absent_in_what_this_server_reads', () => {
    expect(readParams(request('tools/call', { name: 'get_task', arguments: null }))).toEqual(
      request('tools/call', { name: 'get_task' }),
    )
    expect(readParams(request('tools/list', null))).toEqual(request('tools/list'))
    expect(readParams([request('tools/list', { cursor: null })])).toEqual([request('tools/list', {})])
  })

  test('stays_inside_the_arguments_and_in_methods_of_others', () => {
    const call = request('tools/call', { name: 'update_task', arguments: { due_date: null } })
    expect(readParams(call)).toEqual(call)
    const other = request('of_no_revision', { a: null })
    expect(readParams(other)).toEqual(other)
    for (const body of [null, 5, [null]]) expect(readParams(body)).toEqual(body)
  })
})
