// What comes before the protocol: credentials and challenges, origins and host names, bodies, load. No network.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Server } from '@modelcontextprotocol/server'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { askForScopes, askForToken, readBearer, refuseToken } from '../../../services/gateway/http/bearer.ts'
import { discardBody, readBytes } from '../../../services/gateway/http/bytes.ts'
import { namesOf } from '../../../services/gateway/http/host.ts'
import { problem } from '../../../services/gateway/http/problems.ts'
import { MAX_DEPTH, readBody } from '../../../services/gateway/mcp/body.ts'
import { createMcp } from '../../../services/gateway/mcp/handler.ts'
import { createLoad } from '../../../services/gateway/mcp/load.ts'
import { type McpRouteDeps, mcpRoutes, originsOf } from '../../../services/gateway/mcp/routes.ts'
import { LIMITS } from '../../../shared/contracts/define/common.ts'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import { createLog } from '../../../shared/process/log.ts'
import { MODERN } from '../../support/mcp-client.ts'
import { SOME_ID } from '../../support/tools.ts'

const PUBLIC_URL = 'https://loops.example.com'

describe('the bearer header', () => {
  test.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER   a.b-c', 'a.b-c'],
    ['Bearer a b', 'a b'],
  ])('gives_its_token (%s)', (header, token) => {
    expect(readBearer(header)).toBe(token)
  })

  test.each([null, '', 'abc', 'Basic abc', 'Bearerabc', 'Bearer', 'Digest x="Bearer y"'])(
    'has_none_to_give (%s)',
    (header) => {
      expect(readBearer(header)).toBeUndefined()
    },
  )
})

describe('challenges', () => {
  test('ask_for_a_token_without_naming_an_error', () => {
    const response = askForToken(PUBLIC_URL, '/mcp')
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${PUBLIC_URL}/.well-known/oauth-protected-resource/mcp", scope="loops:read loops:write"`,
    )
  })

  test('name_the_document_of_the_path_that_was_asked_for', () => {
    expect(askForToken(PUBLIC_URL, '/mcp/').headers.get('www-authenticate')).toContain(
      'oauth-protected-resource/mcp/"',
    )
  })

  test('call_a_bad_token_invalid_and_too_few_scopes_insufficient', () => {
    expect(refuseToken(PUBLIC_URL, '/mcp').headers.get('www-authenticate')).toContain('error="invalid_token"')
    const response = askForScopes(PUBLIC_URL, '/mcp', { held: ['loops:read'], missing: ['loops:write'] })
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    expect(response.headers.get('www-authenticate')).toContain('scope="loops:read loops:write"')
  })
})

describe('origins and host names', () => {
  const allowsOrigin = originsOf(PUBLIC_URL)
  const allowsHost = namesOf(PUBLIC_URL, '10.1.2.3')

  test.each([
    PUBLIC_URL,
    'http://localhost:6274',
    'http://127.0.0.1:1',
    'http://[::1]:3000',
    'https://localhost',
  ])('allow_pages_of_%s', (origin) => {
    expect(allowsOrigin(origin)).toBe(true)
  })

  test.each([
    'null',
    '',
    'http://loops.example.com',
    'https://loops.example.com.evil.example',
    'https://loops.example.com:444',
    'http://localhost.evil.example',
    'https://evil.example',
    'file://localhost',
    'http://127.0.0.1.evil.example',
  ])('refuse_pages_of (%s)', (origin) => {
    expect(allowsOrigin(origin)).toBe(false)
  })

  test.each([
    'loops.example.com',
    'LOOPS.example.com:443',
    'localhost:4000',
    '127.0.0.1',
    '[::1]:4000',
    '10.1.2.3:80',
  ])('know_the_name_%s', (host) => {
    expect(allowsHost(host)).toBe(true)
  })

  test.each([
    '',
    'evil.example',
    'evil.example:4000',
    'loops.example.com.evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    'localhost/evil.example',
    'evil.example#localhost',
    'a b',
  ])('do_not_know_the_name (%s)', (host) => {
    expect(allowsHost(host)).toBe(false)
  })
})

const post = (body: BodyInit): Request =>
  new Request('http://localhost/mcp', { method: 'POST', body, duplex: 'half' } as RequestInit)
const pieces = (size: number, count: number): ReadableStream<Uint8Array> => {
  let left = count
  return new ReadableStream({
    pull: (controller) => {
      if (left === 0) controller.close()
      else controller.enqueue(new Uint8Array(size).fill(0x20))
      left -= 1
    },
  })
}
const refusal = async (body: BodyInit): Promise<readonly [number, number]> => {
  const read = await readBody(post(body))
  if (read.ok) throw new Error('it was not refused')
  const { error } = (await read.response.json()) as { error: { code: number } }
  return [read.response.status, error.code]
}

describe('a body', () => {
  test.each([
    ['{', [400, -32_700]],
    ['', [400, -32_700]],
    ['{"a":1}x', [400, -32_700]],
    [new Uint8Array([0x22, 0xff, 0x22]), [400, -32_700]],
    ['['.repeat(MAX_DEPTH + 1), [400, -32_600]],
    ['{"a":'.repeat(MAX_DEPTH + 1), [400, -32_600]],
    ['[{"id":1,"method":"a"},{"id":1,"method":"b"}]', [400, -32_600]],
  ])('is_refused_in_the_form_of_the_protocol (%#)', async (body, expected) => {
    expect(await refusal(body)).toEqual(expected)
  })

  test('is_refused_when_larger_than_the_limit_by_one_byte_however_it_comes', async () => {
    const [piece, count] = [2 ** 16, LIMITS.request_bytes / 2 ** 16]
    expect(await refusal(`"${'a'.repeat(LIMITS.request_bytes - 1)}"`)).toEqual([413, -32_000])
    expect(await refusal(pieces(piece, count + 1))).toEqual([413, -32_000])
    const exact = await readBody(post(`"${'a'.repeat(LIMITS.request_bytes - 2)}"`))
    expect(exact.ok).toBe(true)
    expect(await readBytes(post(pieces(piece, count)), LIMITS.request_bytes)).toMatchObject({ ok: true })
  })

  test('is_read_to_its_end_when_it_breaks_off_or_nobody_wants_it', async () => {
    const broken = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) })
    expect(await readBytes(post(broken), 10)).toEqual({ ok: false, reason: 'broken_off' })
    const unwanted = post('something')
    await discardBody(unwanted)
    expect(unwanted.bodyUsed).toBe(true)
  })

  test('of_any_json_is_parsed_as_json_parses_it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.json({ maxDepth: 6 }), async (json) => {
        const read = await readBody(post(json))
        expect(read).toEqual({ ok: true, value: JSON.parse(json) })
      }),
      { numRuns: 200 },
    )
  })
})

test('load_counts_in_and_out_and_refuses_more', () => {
  const load = createLoad(2)
  const [first, second] = [load.enter(), load.enter()]
  expect(load.full()).toBe(true)
  expect(() => load.enter()).toThrow(expect.objectContaining({ code: 'unavailable' }))
  first()
  first()
  expect(load.full()).toBe(false)
  const third = load.enter()
  expect(load.full()).toBe(true)
  second()
  third()
})

const caller: Caller = {
  kind: 'person',
  grant_id: null,
  user_id: SOME_ID,
  user_name: 'Ann',
  workspace_id: SOME_ID,
  role: 'owner',
  scopes: ['loops:read'],
  client_id: 'c',
  client_name: 'c',
}
const log = createLog({ filter: 'error', topic: 'test' })

/** The routes of the endpoint, which accept any token. */
const routesOf = (given: Pick<McpRouteDeps, 'mcp' | 'load'>) =>
  mcpRoutes({
    ...given,
    publicUrl: PUBLIC_URL,
    log,
    mayAsk: async () => true,
    verify: async () => ({ ok: true, caller, grant_id: SOME_ID, gen: 1, expires_at: 0 }),
    countStranger: () => undefined,
  })

test('a_gateway_that_is_full_says_so_before_it_reads_and_when_to_come_back', async () => {
  const routes = routesOf({
    load: createLoad(0),
    mcp: { fetch: () => Promise.reject(new Error('called')), close: async () => undefined },
  })
  const response = await routes.request('/mcp', {
    method: 'POST',
    headers: { Authorization: 'Bearer x', Host: 'loops.example.com' },
    body: '{',
  })
  expect(response.status).toBe(503)
  expect(response.headers.get('retry-after')).toBe('1')
  expect(await response.json()).toMatchObject({ error: { data: { code: 'unavailable', retryable: true } } })
})

test('an_answer_to_a_program_goes_out_as_it_is_and_not_as_a_stream', async () => {
  const server = () => {
    const made = new Server({ name: 'test', version: '1' }, { capabilities: { tools: {} } })
    made.setRequestHandler('tools/list', () => ({ tools: [] }))
    return made
  }
  const routes = routesOf({ load: createLoad(), mcp: createMcp(server, log) })
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  using bodies = vi.spyOn(Response.prototype, 'body', 'get')
  const response = await routes.request('/mcp', {
    method: 'POST',
    headers: {
      Authorization: 'Bearer x',
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': MODERN,
      'MCP-Method': 'tools/list',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta } }),
  })
  expect(bodies).not.toHaveBeenCalled()
  expect(response.headers.get('vary')).toBe('Origin')
  expect(await response.json()).toMatchObject({ id: 1, result: { tools: [] } })
})

test('a_problem_has_the_members_of_the_table_and_when_to_come_back', async () => {
  const response = problem(new AppError('unavailable', 'Not now.', { retry_after_ms: 1_200 }))
  expect(response.status).toBe(503)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.get('retry-after')).toBe('2')
  expect(await response.json()).toMatchObject({ status: 503, detail: 'Not now.', code: 'unavailable' })
})

test('bodies_are_read_within_bounds_alone', () => {
  const folder = join(import.meta.dirname, '../../../services/gateway')
  const unbounded = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== join('http', 'bytes.ts'))
    .filter((file) =>
      /\breq(uest)?(\.raw)?\.(json|text|parseBody|formData|arrayBuffer|blob|bytes)\(/.test(
        readFileSync(join(folder, file), 'utf8'),
      ),
    )
  expect(unbounded).toEqual([])
})
