// Requests to addresses that strangers name. It tests what they cannot reach, however it is written, resolved or
// redirected, the bounds on answers, and that TLS verifies the name.
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import {
  type AddressInfo,
  createServer as createSocketServer,
  type LookupFunction,
  type Server,
} from 'node:net'
import { describe, expect, test } from 'vitest'
import { type OutboundOptions, reach } from '../../shared/net/outbound.ts'
import { allowedFor, isLoopbackAddress } from '../../shared/net/public-address.ts'
import { CERTIFICATE, KEY } from '../support/tls.ts'

const ASKED = { method: 'POST', headers: {}, body: 'hello', timeout_ms: 2_000, max_bytes: 100 } as const

type Site = AsyncDisposable & Readonly<{ port: number; arrivals: () => number }>

const opened = async (server: Server, arrivals: () => number): Promise<Site> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    arrivals,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}

/** Counts connections, so that even one without a request is noticed. */
const openTrap = (): Promise<Site> => {
  let connections = 0
  const server = createSocketServer((socket) => {
    connections += 1
    socket.destroy()
  })
  return opened(server, () => connections)
}

const openSite = (answer: RequestListener): Promise<Site> => {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    answer(request, response)
  })
  return opened(server, () => requests)
}

const resolving = (...answers: readonly (readonly string[])[]): LookupFunction => {
  let asked = 0
  return (_, __, callback) => {
    const addresses = answers[Math.min(asked, answers.length - 1)] ?? []
    asked += 1
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
}

const send = (url: string, options: OutboundOptions = {}) => reach(new URL(url), ASKED, options)
const here: OutboundOptions = { allows: isLoopbackAddress }
const NOT_PUBLIC = { ok: false, fault: 'address_not_public' }

describe('the network inside is not reached', () => {
  test.each([
    '127.0.0.1',
    '0x7f.1',
    '0177.0.0.1',
    '2130706433',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:10.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[fe80::1]',
    '[fd00::1]',
    '10.0.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '0.0.0.0',
  ])('at_%s', async (host) => {
    await using trap = await openTrap()
    for (const scheme of ['http', 'https'])
      expect(await send(`${scheme}://${host}:${trap.port}/`)).toEqual(NOT_PUBLIC)
    expect(trap.arrivals()).toBe(0)
  })

  test.each([
    ['a_name_of_this_machine', [['127.0.0.1']]],
    ['a_name_of_a_mapped_address', [['::ffff:10.0.0.1']]],
    ['a_name_of_the_metadata_service_of_a_cloud', [['169.254.169.254']]],
    ['a_name_that_is_public_and_private_at_once', [['8.8.8.8', '127.0.0.1']]],
  ])('by_%s', async (_, answers) => {
    await using trap = await openTrap()
    const lookup = resolving(...answers)
    expect(await send(`https://rebound.example:${trap.port}/`, { lookup })).toEqual(NOT_PUBLIC)
    expect(trap.arrivals()).toBe(0)
  })

  test('by_a_name_that_is_public_only_while_it_is_checked', async () => {
    await using trap = await openTrap()
    // Public when first asked. Nothing asks twice: what was checked is what is connected to, and nobody answers there.
    const lookup = resolving(['192.88.98.1'], ['127.0.0.1'])
    const url = new URL(`https://rebound.example:${trap.port}/`)
    const answered = await reach(url, { ...ASKED, timeout_ms: 300 }, { lookup })
    expect(answered.ok).toBe(false)
    expect(trap.arrivals()).toBe(0)
  })

  test('by_a_redirect', async () => {
    await using trap = await openTrap()
    await using site = await openSite((_, response) =>
      response.writeHead(302, { Location: `http://127.0.0.1:${trap.port}/` }).end(),
    )
    const answered = await send(`http://127.0.0.1:${site.port}/`, here)
    expect(answered).toMatchObject({ ok: true, status: 302 })
    expect(trap.arrivals()).toBe(0)
  })

  test('by_an_address_on_this_machine_unless_it_is_allowed_and_without_tls', async () => {
    await using site = await openSite((_, response) => response.end('hi'))
    const url = (scheme: string) => new URL(`${scheme}://localhost:${site.port}/`)
    const tried = (scheme: string, loopback: boolean) =>
      reach(url(scheme), ASKED, { allows: allowedFor(url(scheme), loopback) })
    expect(await tried('http', false)).toEqual(NOT_PUBLIC)
    expect(await tried('https', true)).toEqual(NOT_PUBLIC)
    expect(await tried('http', true)).toMatchObject({ ok: true, status: 200 })
    const outside = new URL('http://example.com/')
    expect(allowedFor(outside, true)('93.184.216.34')).toBe(false)
    expect(allowedFor(new URL('https://example.com/'), true)('93.184.216.34')).toBe(true)
  })
})

describe('an answer', () => {
  test('is_read_no_further_than_its_bound', async () => {
    await using site = await openSite((_, response) => response.end('x'.repeat(1_000_000)))
    const answered = await send(`http://127.0.0.1:${site.port}/`, here)
    expect(answered).toMatchObject({ ok: true, whole: false })
    expect(answered.ok && answered.body.length).toBe(100)
  })

  test('that_never_ends_is_abandoned', async () => {
    await using site = await openSite((_, response) => void response.writeHead(200).write('x'))
    const url = new URL(`http://127.0.0.1:${site.port}/`)
    expect(await reach(url, { ...ASKED, timeout_ms: 200 }, here)).toEqual({ ok: false, fault: 'timed_out' })
  })

  test('that_is_cut_off_counts_as_a_failure', async () => {
    await using site = await openSite((_, response) => void response.destroy())
    const answered = await send(`http://127.0.0.1:${site.port}/`, here)
    expect(answered).toEqual({ ok: false, fault: 'unreachable' })
  })
})

describe('TLS', () => {
  const openTls = async () => {
    const names: (string | false | undefined)[] = []
    const bodies: string[] = []
    const server = createTlsServer({ key: KEY, cert: CERTIFICATE }, async (request, response) => {
      names.push((request.socket as unknown as { servername?: string | false }).servername)
      bodies.push(Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString())
      response.end()
    })
    return { names, bodies, site: await opened(server, () => names.length) }
  }
  const to127: LookupFunction = resolving(['127.0.0.1'])

  test('is_verified_by_name_though_the_connection_is_pinned_to_an_address', async () => {
    const { site, names, bodies } = await openTls()
    await using _ = site
    const url = `https://hooks.example.com:${site.port}/`
    const answered = await send(url, { ...here, lookup: to127, ca: CERTIFICATE })
    expect(answered).toMatchObject({ ok: true, status: 200 })
    expect([names, bodies]).toEqual([['hooks.example.com'], ['hello']])
  })

  test.each([
    ['of_another_name', 'other.example.com', CERTIFICATE],
    ['that_nobody_vouches_for', 'hooks.example.com', undefined],
  ])('%s_is_refused_before_a_word_is_sent', async (__, host, ca) => {
    const { site } = await openTls()
    await using _ = site
    const options = { ...here, lookup: to127, ...(ca === undefined ? {} : { ca }) }
    const answered = await send(`https://${host}:${site.port}/`, options)
    expect(answered).toEqual({ ok: false, fault: 'certificate_not_trusted' })
    expect(site.arrivals()).toBe(0)
  })
})
