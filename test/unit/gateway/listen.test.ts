// The listening socket, on this machine's own loopback.
import { request } from 'node:http'
import { networkInterfaces } from 'node:os'
import { afterEach, describe, expect, test } from 'vitest'
import { type Fetch, type Listener, listen, openAtEach } from '../../../services/gateway/listen.ts'

const open: Listener[] = []
const started = async (fetch: Fetch, host: string | undefined = '127.0.0.1', port = 0): Promise<Listener> => {
  const listener = await listen(fetch, host, port)
  open.push(listener)
  return listener
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()))
})
const ok: Fetch = () => new Response('ok')

test('answers_at_the_address_that_it_reports', async () => {
  const listener = await started(ok)
  expect(listener.address).toBe(`127.0.0.1:${listener.port}`)
  expect(await (await fetch(`http://${listener.address}/`)).text()).toBe('ok')
})

/** Whether this machine has IPv6; without it, tests of IPv6 are skipped. */
const hasIPv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ family }) => family === 'IPv6'))

test.runIf(hasIPv6)('answers_at_either_address_of_localhost_on_the_same_port', async () => {
  const listener = await listen(ok, undefined, 0)
  open.push(listener)
  for (const host of ['127.0.0.1', '[::1]'])
    expect(await (await fetch(`http://${host}:${listener.port}/`)).text()).toBe('ok')
  await expect(listen(ok, undefined, listener.port)).rejects.toThrow(/is in use by another program/)
})

test.runIf(hasIPv6)('says_that_the_other_address_of_localhost_is_in_use_and_leaves_none_open', async () => {
  const { port } = await started(ok, '::1')
  await expect(listen(ok, undefined, port)).rejects.toThrow(`[::1]:${port} is in use by another program`)
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow()
})

describe('the same port at each address', () => {
  const fault = (code: string) => Object.assign(new Error(code), { code })
  const opening = (openings: readonly (number | string)[]) => {
    const left = [...openings]
    const closed: number[] = []
    const openAt = async () => {
      const next = left.shift()
      if (typeof next !== 'number') throw fault(next ?? 'too many')
      return { port: next, close: () => closed.push(next) }
    }
    return { openAt, closed }
  }
  test.each(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])('leaves_out_what_the_machine_lacks: %s', async (code) => {
    const { openAt } = opening([4_000, code])
    expect(await openAtEach(['127.0.0.1', '::1'], 4_000, openAt)).toMatchObject([{ port: 4_000 }])
  })
  test('is_another_one_when_it_is_free_at_one_of_them_only', async () => {
    const { openAt, closed } = opening([5_000, 'EADDRINUSE', 5_001, 5_001])
    const opened = await openAtEach(['127.0.0.1', '::1'], 0, openAt)
    expect(opened.map(({ port }) => port)).toEqual([5_001, 5_001])
    expect(closed).toEqual([5_000])
  })
  test('is_given_up_when_it_was_asked_for_or_never_found', async () => {
    for (const [port, tries] of [
      [4_000, 1],
      [0, 10],
    ] as const) {
      const { openAt, closed } = opening(
        Array.from({ length: 30 }, (_, turn) => (turn % 2 ? 'EADDRINUSE' : 6_000)),
      )
      await expect(openAtEach(['127.0.0.1', '::1'], port, openAt)).rejects.toThrow('EADDRINUSE')
      expect(closed).toHaveLength(tries)
    }
  })
  test('is_refused_when_the_machine_lacks_the_first', async () => {
    await expect(openAtEach(['192.0.2.1'], 0, opening(['EADDRNOTAVAIL']).openAt)).rejects.toThrow()
  })
})

test('says_that_a_port_is_in_use_and_what_to_do', async () => {
  const { port, address } = await started(ok)
  await expect(listen(ok, '127.0.0.1', port)).rejects.toThrow(
    `${address} is in use by another program; stop that one, or set PORT to a port that is free.`,
  )
})

test('says_that_an_address_is_not_of_this_machine', async () => {
  await expect(listen(ok, '192.0.2.1', 0)).rejects.toThrow(
    /^192\.0\.2\.1:0 is not an address of this machine/,
  )
})

test('finishes_requests_in_flight_and_takes_no_new_ones', async () => {
  const arrived = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const listener = await started(async () => {
    arrived.resolve()
    await release.promise
    return new Response('finished')
  })
  const answer = fetch(`http://${listener.address}/`)
  await arrived.promise
  const closed = listener.close()
  await expect(fetch(`http://${listener.address}/`)).rejects.toThrow()
  release.resolve()
  expect(await (await answer).text()).toBe('finished')
  await closed
})

test('tells_the_handler_when_the_client_has_gone', async () => {
  const gone = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const listener = await started(async ({ signal }) => {
    signal.addEventListener('abort', () => gone.resolve())
    arrived.resolve()
    await gone.promise
    return new Response('too late')
  })
  const client = request(`http://${listener.address}/`, { method: 'POST' })
  client.on('error', () => undefined)
  client.end('{}')
  await arrived.promise
  client.destroy()
  await gone.promise
})
