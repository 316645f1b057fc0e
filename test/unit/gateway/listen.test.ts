// The listening socket, on this machine's own loopback.
import { request } from 'node:http'
import { afterEach, expect, test } from 'vitest'
import { type Fetch, type Listener, listen } from '../../../services/gateway/listen.ts'

const open: Listener[] = []
const started = async (fetch: Fetch, host = '127.0.0.1', port = 0): Promise<Listener> => {
  const listener = await listen(fetch, host, port)
  open.push(listener)
  return listener
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((listener) => listener.close()))
})
const ok: Fetch = () => new Response('ok')

test('answers_at_the_address_that_it_tells', async () => {
  const listener = await started(ok)
  expect(listener.address).toBe(`127.0.0.1:${listener.port}`)
  expect(await (await fetch(`http://${listener.address}/`)).text()).toBe('ok')
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

test('finishes_what_is_under_way_and_takes_nothing_new', async () => {
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
