// Streams of subscriptions/listen: they end with their client, their connection and their gateway, and leave nothing behind.
import { createMcpHandler, Server, type ServerEventBus } from '@modelcontextprotocol/server'
import { describe, expect, test } from 'vitest'
import { createCatalog } from '../../../services/gateway/mcp/catalog.ts'
import type { Sight } from '../../../services/gateway/mcp/subscription-rules.ts'
import { createSubscriptions } from '../../../services/gateway/mcp/subscriptions.ts'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../../shared/contracts/index.ts'
import type { Passed } from '../../../shared/events/watch.ts'
import { systemClock } from '../../../shared/process/clock.ts'
import { createLog } from '../../../shared/process/log.ts'
import { person } from '../../support/service-environment.ts'

const MODERN = '2026-07-28'
const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientCapabilities': {},
}
const HEADERS = {
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
  'MCP-Protocol-Version': MODERN,
  'Mcp-Method': 'subscriptions/listen',
}
const QUEUE = 'loops://queue'
const SIGHT: Sight = { ids: new Set(), private_loop_ids: new Set(), private_key: '' }
const capabilities = { tools: { listChanged: true }, resources: { subscribe: true } }

/** Streams of one workspace, whose events, sight and connections the test makes. */
const opened = () => {
  const listeners = new Set<(passed: Passed) => void>()
  const state = {
    /** How far the clock is ahead (ms). */
    ahead_ms: 0,
    sight: async (): Promise<Sight> => SIGHT,
    caller: person('w') as Caller | undefined,
  }
  const subscriptions = createSubscriptions({
    watch: {
      listen: (_, listener) => {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
    },
    clock: { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + state.ahead_ms },
    random: () => 0,
    log: createLog({ filter: 'error', topic: 'test' }),
    catalog: createCatalog(CONTRACTS),
    findSight: () => state.sight(),
    countCall: () => undefined,
  })
  const open = (notifications: Record<string, unknown> = {}, grant_id = 'g') => {
    const gone = new AbortController()
    const asked = { resourceSubscriptions: [QUEUE], ...notifications }
    const body = {
      jsonrpc: '2.0',
      id: 1,
      method: 'subscriptions/listen',
      params: { notifications: asked, _meta: META },
    }
    const request = new Request('http://test/mcp', { method: 'POST', headers: HEADERS, signal: gone.signal })
    const newServer = () => new Server({ name: 'test', version: '1' }, { capabilities })
    const response = subscriptions.open({
      connection: { caller: person('w'), grant_id, request_id: 'r', recheck: async () => state.caller },
      uris: asked.resourceSubscriptions,
      signal: gone.signal,
      answer: (options: Readonly<{ bus: ServerEventBus; keepAliveMs: number }>) => {
        expect(options.keepAliveMs).toBeLessThan(25_000)
        const { fetch, close } = createMcpHandler(newServer, options)
        return { response: fetch(request, { parsedBody: body }), close }
      },
    })
    return { response, gone }
  }
  const pass = (passed: Passed): void => {
    for (const listener of listeners) listener(passed)
  }
  const isIdle = (): boolean => subscriptions.count() === 0 && listeners.size === 0
  return { subscriptions, open, pass, isIdle, state }
}

const messagesIn = (text: string) =>
  [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? '') as Record<string, unknown>)
/** The messages of a stream that has ended, or will. */
const messagesOf = async (response: Promise<Response>) => messagesIn(await (await response).text())
const ENDED = { id: 1, result: { resultType: 'complete' } }

describe('a stream leaves nothing behind', () => {
  test('when_its_client_goes', async () => {
    const { open, isIdle } = opened()
    const { response, gone } = open()
    await response
    expect(isIdle()).toBe(false)
    gone.abort()
    expect(isIdle()).toBe(true)
  })
  test('when_its_body_is_read_no_further', async () => {
    const { open, isIdle } = opened()
    const { body } = await open().response
    await body?.cancel()
    expect(isIdle()).toBe(true)
  })
  test('when_its_connection_is_good_no_longer', async () => {
    const { open, isIdle, state } = opened()
    const { response } = open()
    await response
    state.caller = undefined
    expect((await messagesOf(response)).at(-1)).toMatchObject(ENDED)
    expect(isIdle()).toBe(true)
  })
  test('when_its_client_reads_nothing_for_a_minute_while_one_that_reads_goes_on', async () => {
    const { open, subscriptions, state } = opened()
    const reading = messagesOf(open().response)
    await open().response
    expect(subscriptions.count()).toBe(2)
    state.ahead_ms = 60_000
    await expect.poll(subscriptions.count, { timeout: 10_000 }).toBe(1)
    subscriptions.end()
    expect((await reading).at(-1)).toMatchObject(ENDED)
  })
  test('when_all_end_and_none_is_opened_from_then_on', async () => {
    const { open, isIdle, subscriptions } = opened()
    const streams = [open().response, open().response]
    await Promise.all(streams)
    subscriptions.end()
    for (const response of streams) expect((await messagesOf(response)).at(-1)).toMatchObject(ENDED)
    expect(isIdle()).toBe(true)
    await expect(open().response).rejects.toMatchObject({ code: 'unavailable' })
  })
  test('when_it_is_granted_nothing_or_cannot_be_opened', async () => {
    const { open, isIdle, state } = opened()
    const { response } = open({ resourceSubscriptions: [], promptsListChanged: true })
    expect(await messagesOf(response)).toMatchObject([{ params: { notifications: {} } }, ENDED])
    expect(isIdle()).toBe(true)
    state.sight = async () => {
      throw new Error('no answer')
    }
    await expect(open().response).rejects.toThrow('no answer')
    expect(isIdle()).toBe(true)
  })
})

test('a_connection_takes_no_more_than_its_places', async () => {
  const { open, subscriptions } = opened()
  await Promise.all(Array.from({ length: 20 }, () => open().response))
  await expect(open().response).rejects.toMatchObject({ code: 'unavailable' })
  await open({}, 'another').response
  expect(subscriptions.count()).toBe(21)
  subscriptions.end()
})

test('what_could_not_be_looked_at_is_told_later_and_many_events_are_one_notice', async () => {
  const { open, pass, state, subscriptions } = opened()
  const { body } = await open().response
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  const next = async () => messagesIn(new TextDecoder().decode((await reader.read()).value))
  expect(await next()).toMatchObject([{ method: 'notifications/subscriptions/acknowledged' }])
  let looks = 0
  state.sight = async () => {
    looks += 1
    if (looks === 1) throw new Error('no answer')
    return SIGHT
  }
  for (let turn = 0; turn < 5; turn += 1) pass(undefined)
  expect(await next()).toMatchObject([{ method: 'notifications/resources/updated', params: { uri: QUEUE } }])
  expect(looks).toBe(2)
  subscriptions.end()
  expect(await next()).toMatchObject([ENDED])
})
