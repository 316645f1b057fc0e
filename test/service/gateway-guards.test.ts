// Rules for every route of the gateway: the host name, the origin of a form, and the rate limit of an address. The
// routes are read from the application, so new ones are covered too.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ANY_HOST, ANY_SITE, UNLIMITED } from '../../services/gateway/http/guards.ts'
import { STRANGERS_PER_ADDRESS } from '../../services/gateway/limits/policies.ts'
import { openWire } from '../support/raw-http.ts'
import { openWholeGateway, type WholeGateway } from '../support/whole-gateway.ts'

let gateway: WholeGateway
beforeAll(async () => {
  // Each request names its address, so a test can be one address or many.
  gateway = await openWholeGateway({ TRUSTED_PROXIES: '1' })
})
afterAll(() => gateway?.[Symbol.asyncDispose]())

let addresses = 0
const newAddress = (): string => {
  addresses += 1
  return `10.0.${addresses >> 8}.${addresses & 255}`
}
const ask = async (
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
  from = newAddress(),
) => {
  using wire = openWire(new URL(path, gateway.url), { 'X-Forwarded-For': from, ...headers })
  return await wire.send('', {}, method)
}

const FOREIGN_HOSTS = ['evil.example', `localhost.evil.example`, 'evil.example:4000']

describe('a request to a name that is not this server’s', () => {
  test('is_refused_on_every_route_but_those_of_services_and_orchestrators', async () => {
    const answered: string[] = []
    for (const { method, path } of gateway.routes)
      for (const Host of FOREIGN_HOSTS) {
        const { status, text } = await ask(method, path, { Host })
        if (status !== 403 || !text.includes('PUBLIC_URL')) answered.push(path)
      }
    expect(new Set(answered)).toEqual(ANY_HOST)
  })
  test('is_refused_on_unknown_paths_too', async () => {
    expect((await ask('GET', '/nothing', { Host: 'evil.example' })).status).toBe(403)
  })
  test('shows_people_a_page_that_says_what_to_do', async () => {
    const { headers, text } = await ask('GET', '/', { Host: 'evil.example', Accept: 'text/html,*/*' })
    expect(headers['content-type']).toMatch(/^text\/html/)
    expect(text).toContain('PUBLIC_URL')
  })
  test('may_be_to_any_name_of_this_machine', async () => {
    for (const name of ['localhost', '127.0.0.1', '[::1]', 'LOCALHOST'])
      expect((await ask('GET', '/', { Host: `${name}:${gateway.port}` })).status).toBe(200)
  })
})

describe('a form of another site', () => {
  const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }
  test.each([
    { Origin: 'https://evil.example' },
    { Origin: 'null' },
    { Origin: 'http://localhost:1' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
  ] as Record<string, string>[])('is_refused_on_every_route_that_goes_by_a_cookie: %j', async (headers) => {
    const taken: string[] = []
    for (const { method, path } of gateway.routes) {
      if (method === 'GET' || path === '/u/x') continue
      const { text } = await ask(method, path, { ...FORM, ...headers })
      if (!text.includes('This form was sent from another site')) taken.push(path)
    }
    expect(taken.filter((path) => !ANY_SITE.has(path))).toEqual([])
  })
})

describe('a flood from one address', () => {
  test('is_slowed_on_every_route_and_nobody_else_is', async () => {
    const from = newAddress()
    const { count, window_ms } = STRANGERS_PER_ADDRESS
    using wire = openWire(new URL('/sign-out', gateway.url), { 'X-Forwarded-For': from })
    const useUp = async (): Promise<void> => {
      // More than two spans allow together, since they may fall into two.
      let answer = await wire.send('', {}, 'GET')
      for (let turn = 0; turn < 2 * count + 10 && answer.status !== 429; turn += 1)
        answer = await wire.send('', {}, 'GET')
      expect(answer.status).toBe(429)
      expect(Number(answer.headers['retry-after'])).toBeLessThanOrEqual(window_ms / 1_000)
    }
    const limited = gateway.routes.filter(({ path }) => !UNLIMITED.has(path))
    const open = async (): Promise<number> => {
      await useUp()
      let answered = 0
      for (const [index, { method, path }] of limited.entries())
        if ((await ask(method, path, {}, `${from}:${5_000 + index}`)).status !== 429) answered += 1
      return answered
    }
    // A span may end meanwhile, and the next one allows requests again; that span has just begun when they are used up again.
    expect((await open()) === 0 || (await open()) === 0).toBe(true)
    expect((await ask('GET', '/sign-out', {})).status).toBe(200)
  })
})

/** Routes that answer strangers: programs, signing in and up, links that are a proof by themselves, and what all may read. */
const FOR_STRANGERS =
  /^\/(assets|dev|sign-in|oidc|schemas|\.well-known|u|invitations|reset|confirm|live)\/|^\/(sign-in|sign-up|sign-out|forgot|consent|events|[a-z]+\.json|jwks)?$/

describe('somebody who is not signed in', () => {
  test('is_asked_to_sign_in_on_every_other_page_and_form', async () => {
    const answered: string[] = []
    for (const { method, path } of gateway.routes) {
      if (ANY_SITE.has(path) || UNLIMITED.has(path) || FOR_STRANGERS.test(path)) continue
      const { status, headers } = await ask(method, path, { Accept: 'text/html' })
      if (status !== 303 || headers.location !== '/sign-in') answered.push(`${method} ${path}: ${status}`)
    }
    expect(answered).toEqual([])
  })
  test('opens_no_stream_of_a_page', async () => {
    expect((await ask('GET', '/live/01JDAAAAAAAAAAAAAAAAAAAAAA', {})).status).toBe(404)
  })
})
