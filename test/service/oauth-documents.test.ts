// Clients with a metadata document. They connect with one; it is cached, and the gateway cannot be made to fetch
// anything else.
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createSocketServer, type LookupFunction } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { fetchDocument } from '../../services/gateway/oauth/document-fetch.ts'
import { type Account, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import {
  type App,
  authorizationUrl,
  exchangeCode,
  getJson,
  newPkce,
  obtainCode,
  REDIRECT,
  refreshTokens,
} from '../support/oauth-client.ts'

type Site = AsyncDisposable & Readonly<{ id: string; asked: () => number }>

/** A site on this machine with one document, which `answer` makes for each request. */
const openSite = async (
  answer: (id: string, count: number) => RequestListener,
  path = '/client.json',
): Promise<Site> => {
  let asked = 0
  let id = ''
  const server = createServer((request, response) => {
    asked += 1
    answer(id, asked)(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  id = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  return {
    id,
    asked: () => asked,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

const json =
  (body: unknown, headers: Readonly<Record<string, string>> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))

const documentOf = (client_id: string) => ({
  client_id,
  client_name: 'Described app',
  // As Claude Code has it: the loopback address without a port.
  redirect_uris: ['http://127.0.0.1/callback'],
  token_endpoint_auth_method: 'none',
})

let environment: GatewayEnvironment
let ann: Account
beforeEach(async () => {
  environment = await openGatewayEnvironment({ CLIENT_METADATA_LOOPBACK: 'allowed' })
  ann = await signUp(environment, { name: 'Ann' })
})
afterEach(() => environment?.[Symbol.asyncDispose]())

const appOf = (client_id: string): App => ({ client_id, redirect_uri: REDIRECT })
const ask = (id: string) =>
  ann.browser.open(authorizationUrl(environment.url, appOf(id), newPkce().challenge))

test('a_client_with_a_document_connects_without_registering_and_survives_the_loss_of_its_site [R8]', async () => {
  const { body } = await getJson(`${environment.url}/.well-known/oauth-authorization-server`)
  expect(body).toMatchObject({ client_id_metadata_document_supported: true })
  const site = await openSite((id) => json(documentOf(id)))
  const app = appOf(site.id)
  const page = await ask(site.id)
  expect(page.text).toContain('Described app')
  expect(page.text).toContain(`It describes itself at <strong>${new URL(site.id).host}</strong>`)
  const first = (await exchangeCode(environment.url, app, await obtainCode(environment.url, app, ann))).body
  await site[Symbol.asyncDispose]()
  environment.advance(2 * 24 * 60 * 60_000)
  const next = await refreshTokens(environment.url, app, first.refresh_token)
  expect(next.status).toBe(200)
  expect(await environment.verify(next.body.access_token)).toMatchObject({
    ok: true,
    caller: { client_id: site.id },
  })
})

test('two_installations_with_one_id_each_keep_their_grant [R9]', async () => {
  await using site = await openSite((id) => json(documentOf(id)))
  const app = appOf(site.id)
  const [one, two] = [
    (await exchangeCode(environment.url, app, await obtainCode(environment.url, app, ann))).body,
    (await exchangeCode(environment.url, app, await obtainCode(environment.url, app, ann))).body,
  ]
  for (const tokens of [one, two])
    expect((await refreshTokens(environment.url, app, tokens.refresh_token)).status).toBe(200)
})

test('a_stale_document_is_read_again_and_its_new_text_counts', async () => {
  await using site = await openSite((id, count) =>
    json(
      { ...documentOf(id), ...(count > 1 ? { redirect_uris: ['https://moved.example/cb'] } : {}) },
      { 'Cache-Control': 'max-age=600' },
    ),
  )
  await Promise.all(Array.from({ length: 5 }, () => ask(site.id)))
  environment.advance(599_000)
  expect((await ask(site.id)).status).toBe(200)
  expect(site.asked()).toBe(1)
  environment.advance(2_000)
  expect((await ask(site.id)).status).toBe(400)
  expect(site.asked()).toBe(2)
})

test('a_failure_is_soon_forgotten_and_fetched_once_meanwhile', async () => {
  await using site = await openSite((id, count) => (request, response) => {
    if (count > 1) return json(documentOf(id))(request, response)
    response.writeHead(503).end()
  })
  expect((await ask(site.id)).status).toBe(400)
  expect((await ask(site.id)).status).toBe(400)
  expect(site.asked()).toBe(1)
  environment.advance(11_000)
  expect((await ask(site.id)).status).toBe(200)
})

describe('a document that was read', () => {
  const DAY_MS = 24 * 60 * 60_000
  const FRESH_MS = 10_000
  /** A site that answers correctly once, and then as given. */
  const openFailing = (then: RequestListener) =>
    openSite((id, count) => (count === 1 ? json(documentOf(id), { 'Cache-Control': 'max-age=1' }) : then))
  /** Uses the client, so that it is kept for a long time. */
  const use = async (id: string) => {
    const app = appOf(id)
    expect(
      (await exchangeCode(environment.url, app, await obtainCode(environment.url, app, ann))).status,
    ).toBe(200)
  }
  const failures: readonly (readonly [string, RequestListener])[] = [
    ['answers_503', (_, response) => response.writeHead(503).end()],
    ['answers_429', (_, response) => response.writeHead(429).end()],
    ['breaks_off', (_, response) => response.destroy()],
  ]
  test.each(failures)('counts_for_a_week_while_its_site_%s [R8]', async (_, fail) => {
    await using site = await openFailing(fail)
    await use(site.id)
    environment.advance(6 * DAY_MS)
    expect((await ask(site.id)).status).toBe(200)
    expect(site.asked()).toBe(2)
    expect((await ask(site.id)).status).toBe(200)
    environment.advance(2 * DAY_MS)
    expect((await ask(site.id)).status).toBe(400)
  })
  const withdrawals: readonly (readonly [string, RequestListener])[] = [
    ['is_gone', (_, response) => response.writeHead(404).end()],
    ['is_of_another', json(documentOf('https://app.example/client.json'))],
    ['moved', (_, response) => response.writeHead(302, { Location: 'https://app.example' }).end()],
  ]
  test.each(withdrawals)('no_longer_counts_once_it_%s [R8]', async (_, answer) => {
    await using site = await openFailing(answer)
    await use(site.id)
    environment.advance(FRESH_MS * 6)
    expect((await ask(site.id)).status).toBe(400)
  })
})

test('slow_hosts_keep_nobody_from_the_documents_of_others [R8]', async () => {
  // Each request comes from a network of its own, so only the host is counted.
  await using many = await openGatewayEnvironment({
    CLIENT_METADATA_LOOPBACK: 'allowed',
    TRUSTED_PROXIES: '1',
  })
  const arrived = Promise.withResolvers<void>()
  let waiting = 0
  await using slow = await openSite(() => () => {
    waiting += 1
    if (waiting === 4) arrived.resolve()
  })
  await using quick = await openSite((id) => json(documentOf(id)))
  const from = (id: string, network: number) =>
    fetch(authorizationUrl(many.url, appOf(id), newPkce().challenge), {
      headers: { 'x-forwarded-for': `10.0.${network}.1` },
      redirect: 'manual',
    })
  const held = Array.from({ length: 40 }, (_, turn) => from(`${slow.id}?${turn}`, turn))
  await arrived.promise
  expect((await from(quick.id, 41)).status).toBe(303)
  const texts = await Promise.all(held.map(async (answer) => (await answer).text()))
  expect(texts.filter((text) => text.includes('client_documents_busy'))).toHaveLength(36)
  expect(waiting).toBe(4)
}, 30_000)

test('an_address_is_not_a_client_where_documents_are_off', async () => {
  await using site = await openSite((id) => json(documentOf(id)))
  await using off = await openGatewayEnvironment(
    { CLIENT_METADATA_DOCUMENTS: 'off', CLIENT_METADATA_LOOPBACK: 'allowed' },
    environment,
  )
  const { text } = await ann.browser.open(
    authorizationUrl(environment.url, appOf(site.id), newPkce().challenge),
  )
  expect(text).toContain('Described app')
  const page = await fetch(authorizationUrl(off.url, appOf(site.id), newPkce().challenge))
  expect(page.status).toBe(400)
  expect(await page.text()).toContain('client_unknown')
  expect(site.asked()).toBe(1)
})

describe('a page of ours, and no redirect, for', () => {
  const refusals: readonly (readonly [string, (id: string) => RequestListener])[] = [
    ['a_document_of_another_client', () => json(documentOf('https://app.example/client.json'))],
    ['a_redirect', (id) => (_, response) => response.writeHead(302, { Location: `${id}?2` }).end()],
    ['more_than_5_KiB', (id) => json({ ...documentOf(id), pad: 'x'.repeat(5_200) })],
    [
      'a_page',
      (id) => (_, r) => r.writeHead(200, { 'Content-Type': 'text/html' }).end(JSON.stringify(documentOf(id))),
    ],
    ['no_json', () => (_, r) => r.writeHead(200, { 'Content-Type': 'application/json' }).end('{')],
    ['a_cut_answer', () => (_, response) => response.destroy()],
    ['a_script_as_redirect', (id) => json({ ...documentOf(id), redirect_uris: ['javascript:alert(1)'] })],
  ]
  test.each(refusals)('%s [R8]', async (_, answer) => {
    await using site = await openSite((id) => answer(id))
    const { status, url } = await ask(site.id)
    expect([status, url.pathname]).toEqual([400, '/authorize'])
    expect(site.asked()).toBe(1)
  })
})

describe('the network inside cannot be reached by', () => {
  /** A listener on this machine that must get no connection. */
  const openTrap = async () => {
    let connections = 0
    const server = createSocketServer((socket) => {
      connections += 1
      socket.destroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return {
      port: (server.address() as AddressInfo).port,
      arrivals: () => connections,
      [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
    }
  }
  const resolving =
    (...addresses: readonly string[]): LookupFunction =>
    (_, __, callback) =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )

  test.each([
    ['a_name_of_this_machine', ['127.0.0.1']],
    ['a_mapped_address', ['::ffff:127.0.0.1']],
    ['a_name_that_is_public_and_private_at_once', ['8.8.8.8', '127.0.0.1']],
    ['the_metadata_service_of_a_cloud', ['169.254.169.254']],
  ])('%s [R8]', async (_, addresses) => {
    await using trap = await openTrap()
    const url = new URL(`https://rebound.example:${trap.port}/client.json`)
    const fetched = await fetchDocument(url, { loopback: false, lookup: resolving(...addresses) })
    expect(fetched).toEqual({ ok: false, fault: 'address_not_public' })
    expect(trap.arrivals()).toBe(0)
  })

  test('localhost_by_the_system_resolver_even_where_tests_may_use_this_machine [R8]', async () => {
    await using trap = await openTrap()
    const url = new URL(`https://localhost:${trap.port}/client.json`)
    expect(await fetchDocument(url, { loopback: true })).toEqual({ ok: false, fault: 'address_not_public' })
    expect(trap.arrivals()).toBe(0)
  })

  test('the_answer_to_a_stranger_does_not_say_which', async () => {
    const page = await ask('https://localhost:1/client.json')
    expect(page.status).toBe(400)
    expect(page.text).toContain('client_document_unreachable')
  })
})

test('a_site_that_never_ends_its_answer_is_abandoned', async () => {
  await using site = await openSite(() => (_, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).write('{')
  })
  expect((await ask(site.id)).status).toBe(400)
}, 20_000)
