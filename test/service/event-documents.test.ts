// What the gateway publishes about events: the AsyncAPI document, the schemas, and the page.
import { Parser } from '@asyncapi/parser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { subscriberOperationsOf } from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { describedDirectEvents, describedEvents } from '../../shared/events/asyncapi.ts'
import { type System, startSystem } from '../support/system.ts'

const EVENTS = describedEvents(CONTRACTS)
const DIRECT = describedDirectEvents(CONTRACTS)
let system: System

beforeAll(async () => {
  system = await startSystem({ names: ['gateway'] })
})
afterAll(async () => {
  await system?.stop()
})

const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${system.url}${path}`, { headers })

test('the_official_parser_accepts_the_document', async () => {
  const answer = await get('/asyncapi.json')
  expect(answer.headers.get('content-type')).toContain('application/json')
  const { document, diagnostics } = await new Parser().parse(await answer.text())
  // Code generators read 3.0.
  expect(diagnostics.map(({ code }) => code)).toEqual(['asyncapi-latest-version'])
  expect(document?.info().externalDocs()?.url()).toBe(`${system.url}/events`)
  expect(document?.channels().all()).toHaveLength(
    EVENTS.length + 2 * subscriberOperationsOf(CONTRACTS).length,
  )
})

test('each_schema_is_served_at_its_own_address', async () => {
  for (const { name } of [...EVENTS, ...DIRECT]) {
    const path = `/schemas/${name}.json`
    expect(await (await get(path)).json()).toMatchObject({ $id: `${system.url}${path}`, title: name })
  }
  expect((await get('/schemas/task.eaten.json')).status).toBe(404)
})

test('caches_keep_each_document_until_it_changes', async () => {
  const first = await get('/asyncapi.json')
  const tag = first.headers.get('etag') ?? ''
  expect(first.headers.get('cache-control')).toBe('public, max-age=300')
  const again = await get('/asyncapi.json', { 'If-None-Match': `"other", W/${tag}` })
  expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', tag])
  expect((await get('/asyncapi.json', { 'If-None-Match': '"other"' })).status).toBe(200)
})

test('the_page_describes_every_event', async () => {
  const answer = await get('/events')
  const page = await answer.text()
  expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
  for (const { name, examples } of [...EVENTS, ...DIRECT]) {
    expect(page).toContain(`<h2>${name}</h2>`)
    for (const { id } of examples) expect(page).toContain(id)
  }
  for (const { address } of EVENTS) expect(page).toContain(address)
  expect(page).toContain('href="/asyncapi.json"')
  expect(page).not.toContain('<script')
})
