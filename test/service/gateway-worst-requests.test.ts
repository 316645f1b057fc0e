// The cost of a stranger's worst request to the event loop, on every route of the gateway. It sends the largest body,
// query and headers that are accepted, made slow to read, and compares them with an empty request.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import { registerApp } from '../support/oauth-client.ts'
import type { Done, Order } from '../support/raw-worker.ts'
import { openWholeGateway, type WholeGateway } from '../support/whole-gateway.ts'

/**
 * How much more than an empty request one may cost the server's thread: as much as so many readings of a small JSON text,
 * measured beside it, so that a slow or busy machine changes both. Some 6 ms, more than the grain in which kernels count.
 */
const YARDSTICKS = 8
const YARDSTICK = `[${'"a",'.repeat(32_768)}0]`
/** The minimum of this many measurements counts, since other load only adds to one. */
const TRIES = 25

const open = new AsyncDisposableStack()
let gateway: WholeGateway
let worker: Worker
/** A registered app, so that its requests are read completely. */
let app: string

beforeAll(async () => {
  // Each request comes from an address of its own, so that no limit by address saves the server work.
  gateway = open.use(await openWholeGateway({ TRUSTED_PROXIES: '1' }))
  const { client_id, redirect_uri } = await registerApp(gateway.url)
  app = `client_id=${client_id}&redirect_uri=${encodeURIComponent(redirect_uri)}`
  worker = new Worker(new URL('../support/raw-worker.ts', import.meta.url))
  open.defer(async () => void (await worker.terminate()))
})
afterAll(() => open.disposeAsync())

type Attack = Readonly<{
  query?: string
  headers?: Readonly<Record<string, string>>
  type?: string
  body?: string
  chunked?: boolean
}>

const FORM = 'application/x-www-form-urlencoded'
const JSON_TYPE = 'application/json'
const fill = (unit: (turn: number) => string, size: number, between = '&'): string => {
  const parts: string[] = []
  for (let length = 0, turn = 0; ; turn += 1) {
    const part = unit(turn)
    length += part.length + between.length
    if (length > size) return parts.join(between)
    parts.push(part)
  }
}
const HEADER = 14_000
const FORM_SIZE = 32 * 1024
const JSON_SIZE = 16 * 1024
const short = (turn: number): string => turn.toString(36)
const registration = (member: string): string => `{"redirect_uris":[${member}]}`

const queries = (): Readonly<Record<string, Attack>> => ({
  'a query of short keys': { query: fill(short, HEADER) },
  'a query of one key': { query: fill(() => 'a', HEADER) },
  'a query of separators': { query: '&'.repeat(HEADER) },
  'a query of escapes': { query: fill(() => '%C3%A4=%E2%82%AC', HEADER) },
  'a request with much of everything': {
    query: `client_id=x&response_type=code&${fill(() => 'resource=http://localhost:1/mcp', HEADER)}`,
  },
  'a query of scopes': { query: `scope=${fill(short, HEADER, '+')}` },
  'an app’s query of short keys': { query: `${app}&${fill(short, HEADER - 200)}` },
  'an app’s query of one long state': { query: `${app}&state=${'%C3%A4'.repeat(HEADER / 6 - 50)}` },
})
const HEADERS: Readonly<Record<string, Attack>> = {
  'many cookies': { headers: { Cookie: fill((turn) => `${short(turn)}=1`, HEADER, '; ') } },
  'one cookie often': { headers: { Cookie: fill(() => 'loops_session=1', HEADER, '; ') } },
  'many languages': {
    headers: { 'Accept-Language': fill((turn) => `aa-${short(turn)};q=0.5`, HEADER, ',') },
  },
  'many hops': { headers: { 'X-Forwarded-For': fill(() => '1', HEADER, ',') } },
  'many tags': { headers: { 'If-None-Match': fill(() => 'W/"a"', HEADER, ',') } },
  'many types': { headers: { Accept: fill(() => 'a/b;q=0.1', HEADER, ',') } },
  'a long token': { headers: { Authorization: `Bearer ${'a'.repeat(HEADER)}` } },
  'a token of dots': { headers: { Authorization: `Bearer ${'.'.repeat(HEADER)}` } },
  'a token of spaces': { headers: { Authorization: `Bearer${' '.repeat(HEADER)}a` } },
  'long credentials': {
    headers: {
      Authorization: `Basic ${Buffer.from(`${'%'.repeat(5_000)}:${'+'.repeat(5_000)}`).toString('base64')}`,
    },
  },
  'credentials of spaces': { headers: { Authorization: `Basic a${' '.repeat(HEADER)}!` } },
  'a long origin': { headers: { Origin: `http://${'a.'.repeat(HEADER / 2)}` } },
}
const bodies = (): Readonly<Record<string, Attack>> => ({
  'an app’s form of short keys': { type: FORM, body: `${app}&${fill(short, FORM_SIZE - 200)}` },
  'an app’s form of scopes': {
    type: FORM,
    body: `${app}&grant_type=refresh_token&scope=${fill(short, FORM_SIZE - 300, '+')}`,
  },
  'a form of short keys': { type: FORM, body: fill(short, FORM_SIZE) },
  'a form of one key': { type: FORM, body: fill(() => 'a', FORM_SIZE) },
  'a form of values': { type: FORM, body: fill((turn) => `${short(turn)}=%41`, FORM_SIZE) },
  'a form of escapes': { type: FORM, body: fill(() => '%C3%A4=%E2%82%AC', FORM_SIZE) },
  'a form of spaces': { type: FORM, body: `email=${'+'.repeat(FORM_SIZE - 200)}&name=%20` },
  'a form of marks': { type: FORM, body: `email=${'a@'.repeat((FORM_SIZE - 200) / 2)}&scope=${short(1)}` },
  'a form of scopes': {
    type: FORM,
    body: `grant_type=refresh_token&client_id=x&scope=${fill(short, FORM_SIZE - 200, '+')}`,
  },
  'the largest form': { type: FORM, body: `a=${'x'.repeat(LIMITS.request_bytes - 2)}` },
  'the largest form in pieces': {
    type: FORM,
    body: `a=${'x'.repeat(LIMITS.request_bytes - 2)}`,
    chunked: true,
  },
  'a form that is too large': { type: FORM, body: 'x'.repeat(4 * LIMITS.request_bytes) },
  'a form that is too large in pieces': {
    type: FORM,
    body: 'x'.repeat(4 * LIMITS.request_bytes),
    chunked: true,
  },
  'deep JSON': { type: JSON_TYPE, body: '['.repeat(JSON_SIZE) },
  'deep JSON that ends': { type: JSON_TYPE, body: '['.repeat(JSON_SIZE / 2) + ']'.repeat(JSON_SIZE / 2) },
  'JSON of many keys': {
    type: JSON_TYPE,
    body: `{${fill((turn) => `"${short(turn)}":0`, JSON_SIZE - 2, ',')}}`,
  },
  'JSON of wrong members': { type: JSON_TYPE, body: registration(fill(() => '0', JSON_SIZE - 30, ',')) },
  'JSON of short addresses': { type: JSON_TYPE, body: registration(fill(() => '"a:"', JSON_SIZE - 30, ',')) },
  'JSON of long lists': {
    type: JSON_TYPE,
    body: `{"redirect_uris":["https://a.example"],"contacts":[${fill(() => '0', JSON_SIZE - 80, ',')}]}`,
  },
  'JSON of names': {
    type: JSON_TYPE,
    body: `{"redirect_uris":["https://a.example"],"client_name":"${'\\u202e '.repeat(2_000)}"}`,
  },
  'the largest JSON': { type: JSON_TYPE, body: `[${'0,'.repeat(LIMITS.request_bytes / 2 - 2)}0]` },
  'many parts': {
    type: 'multipart/form-data; boundary=a',
    body: fill(() => '--a\r\nContent-Disposition: form-data; name="a"\r\n\r\n', FORM_SIZE, ''),
  },
})

let address = 0
const bytesOf = (method: string, path: string, attack: Attack): Uint8Array => {
  address += 1
  const from = `10.${(address >> 16) & 255}.${(address >> 8) & 255}.${address & 255}`
  const { 'X-Forwarded-For': hops, ...headers } = attack.headers ?? {}
  const body = attack.body ?? ''
  const lines = {
    Host: `localhost:${gateway.port}`,
    Connection: 'close',
    'X-Forwarded-For': hops === undefined ? from : `${hops},${from}`,
    ...headers,
    ...(method === 'POST' ? { 'Content-Type': attack.type ?? FORM } : {}),
    ...(method !== 'POST'
      ? {}
      : attack.chunked
        ? { 'Transfer-Encoding': 'chunked' }
        : { 'Content-Length': body.length }),
  }
  const target = attack.query === undefined ? path : `${path}?${attack.query}`
  const head = `${method} ${target} HTTP/1.1\r\n${Object.entries(lines)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')}\r\n`
  if (method !== 'POST') return Buffer.from(head)
  return Buffer.from(
    attack.chunked ? `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n` : `${head}${body}`,
  )
}

/** The processor time of this thread, which is the server's, for one request (ms). */
const costOf = async (bytes: Uint8Array): Promise<number> => {
  const done = once(worker, 'message') as Promise<[Done]>
  const before = process.threadCpuUsage()
  worker.postMessage({ port: gateway.port, bytes } satisfies Order)
  await done
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1_000
}

/** What the yardsticks cost now (ms). */
const allowedNow = (): number => {
  let least = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < 5; turn += 1) {
    const before_ms = performance.now()
    JSON.parse(YARDSTICK)
    least = Math.min(least, performance.now() - before_ms)
  }
  return least * YARDSTICKS
}

const leastOf = async (method: string, path: string, attack: Attack, enough_ms: number): Promise<number> => {
  let least = Number.POSITIVE_INFINITY
  for (let turn = 0; turn < TRIES && least > enough_ms; turn += 1)
    least = Math.min(least, await costOf(bytesOf(method, path, attack)))
  return least
}

test('cost_the_event_loop_no_more_than_a_few_milliseconds_on_any_route', async () => {
  expect(gateway.routes.length).toBeGreaterThan(40)
  const dear: string[] = []
  for (const { method, path } of gateway.routes) {
    let empty = Number.POSITIVE_INFINITY
    for (let turn = 0; turn < 5; turn += 1) empty = Math.min(empty, await costOf(bytesOf(method, path, {})))
    const attacks = { ...queries(), ...HEADERS, ...(method === 'POST' ? bodies() : {}) }
    for (const [name, attack] of Object.entries(attacks)) {
      const allowed_ms = allowedNow()
      const more = (await leastOf(method, path, attack, empty + allowed_ms)) - empty
      if (more > Math.max(allowed_ms, allowedNow()))
        dear.push(`${method} ${path}: ${name} costs ${more.toFixed(1)} ms more`)
    }
  }
  expect(dear).toEqual([])
}, 180_000)
