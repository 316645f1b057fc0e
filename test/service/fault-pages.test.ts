// The pages of errors: with the navigation and in the language of whoever is signed in, and without either for strangers.
import { Hono } from 'hono'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { GatewayEnv } from '../../services/gateway/http/env.ts'
import { faultPage } from '../../services/gateway/web/fault-page.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import { createLog } from '../../shared/process/log.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'

const NOWHERE = '01JDAAAAAAAAAAAAAAAAAAAAAA'
const NAVIGATION = '<nav class="places"'

let env: GatewayEnvironment
let cookie: string

beforeAll(async () => {
  env = await openGatewayEnvironment()
  const answer = await fetch(`${env.url}/sign-up`, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({
      name: 'Ann',
      email: 'ann@example.com',
      password: 'seven green bicycles in a row',
      workspace: 'Acme',
    }),
  })
  cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  await env.db.collection('people').updateOne({}, { $set: { locale: 'de' } })
})
afterAll(() => env?.[Symbol.asyncDispose]())

const open = async (path: string, init: RequestInit = {}, as = cookie) => {
  const headers = { accept: 'text/html', cookie: as, ...init.headers }
  const response = await fetch(new URL(path, env.url), { redirect: 'manual', ...init, headers })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

test.each([
  ['an_unknown_path', '/nothing/here', {}, 404, 'Nicht gefunden'],
  ['a_loop_whose_service_is_away', `/loops/${NOWHERE}`, {}, 503, 'Gleich wieder da'],
  ['what_is_no_id', '/loops/nonsense', {}, 400, 'Das hat nicht geklappt'],
  [
    'a_form_of_another_site',
    `/loops/${NOWHERE}`,
    { method: 'POST', headers: { origin: 'https://evil.example' }, body: new URLSearchParams() },
    403,
    'Das ist nicht erlaubt',
  ],
  [
    'a_form_that_is_too_large',
    `/loops/${NOWHERE}`,
    { method: 'POST', body: new URLSearchParams({ name: 'x'.repeat(LIMITS.request_bytes) }) },
    413,
    'Das ist zu lang',
  ],
])('%s_is_said_in_the_frame_in_the_language_of_the_reader', async (_, path, init, status, title) => {
  const page = await open(path, init)
  expect(page.status).toBe(status)
  expect(page.headers.get('content-type')).toMatch(/^text\/html/)
  expect(page.text).toContain(`<h1>${title}</h1>`)
  expect(page.text).toContain(NAVIGATION)
  expect(page.text).toContain('lang="de"')
  expect(page.text).toMatch(/<main[^>]*data-fault/)
})

test('strangers_get_the_same_without_navigation', async () => {
  const { status, text } = await open('/nothing/here', {}, '')
  expect(status).toBe(404)
  expect(text).toContain('<h1>Not found</h1>')
  expect(text).not.toContain(NAVIGATION)
})

test('programs_get_problem_documents', async () => {
  const { status, headers } = await open('/nothing/here', { headers: { accept: '*/*' } })
  expect([status, headers.get('content-type')]).toEqual([404, 'application/problem+json'])
})

test.each([
  ['fails', () => Promise.reject(new Error('the database is away'))],
  ['does_not_answer', () => new Promise<undefined>(() => {})],
])('the_page_comes_where_the_look_at_who_asks_%s', async (_, whoLooks) => {
  const app = new Hono<GatewayEnv>()
  app.get('/', () => {
    throw new AppError('unavailable', 'The database is away.')
  })
  app.onError(faultPage({ log: createLog({ filter: 'error', topic: 'test' }), whoLooks }))
  const answer = await app.request('/')
  expect(answer.status).toBe(503)
  expect(await answer.text()).toContain('The database is away.')
})
