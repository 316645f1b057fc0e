// The proxy that hurts connections does each thing that it is told to, and passes everything on otherwise.
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type FaultProxy, startFaultProxy } from '../../support/chaos/fault-proxy.ts'

let stack: AsyncDisposableStack
let proxy: FaultProxy
/** What the server behind the proxy has got so far; it answers everything with itself. */
let got: string

beforeEach(async () => {
  stack = new AsyncDisposableStack()
  got = ''
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (piece) => {
      got += piece
      socket.write(piece)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stack.defer(() => void server.close())
  const { port } = server.address() as { port: number }
  proxy = stack.use(await startFaultProxy(() => ({ host: '127.0.0.1', port })))
})
afterEach(() => stack.disposeAsync())

type Client = Readonly<{ socket: Socket; heard: () => string; closed: Promise<unknown> }>

const open = async (): Promise<Client> => {
  const socket = stack.adopt(connect(proxy.port, proxy.host), (one) => void one.destroy())
  let heard = ''
  socket.on('error', () => undefined)
  socket.on('data', (piece) => {
    heard += piece
  })
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await Promise.race([new Promise((resolve) => socket.once('connect', resolve)), closed])
  return { socket, heard: () => heard, closed }
}
const echoed = async (client: Client, text: string): Promise<void> => {
  client.socket.write(text)
  await expect.poll(client.heard).toContain(text)
}

test('passed_on_both_ways_when_nothing_is_wrong', async () => {
  const client = await open()
  await echoed(client, 'hello')
  expect(got).toBe('hello')
  expect(proxy.broken()).toBe(0)
})

test('cut_in_the_middle_of_a_request', async () => {
  const client = await open()
  await echoed(client, 'hello')
  proxy.inflict({ kind: 'cut', of: 'request', after_bytes: 3 })
  client.socket.write('again')
  await client.closed
  await expect.poll(() => got).toBe('helloaga')
  expect(proxy.broken()).toBe(1)
})

test('done_and_never_answered', async () => {
  const client = await open()
  proxy.inflict({ kind: 'cut', of: 'reply', after_bytes: 0 })
  client.socket.write('done')
  await client.closed
  await expect.poll(() => got).toBe('done')
  expect(client.heard()).toBe('')
})

test('silent_for_ever_when_half_open', async () => {
  const old = await open()
  await echoed(old, 'hello')
  proxy.inflict({ kind: 'half_open' })
  old.socket.write('lost')
  const young = await open()
  young.socket.write('lost too')
  proxy.heal()
  const next = await open()
  await echoed(next, 'well')
  old.socket.write('still lost')
  await echoed(next, 'again')
  expect(got).toBe('hellowellagain')
  expect([old.socket.closed, young.socket.closed]).toEqual([false, false])
})

test('refused_old_and_new_until_healed', async () => {
  const old = await open()
  await echoed(old, 'hello')
  proxy.inflict({ kind: 'refuse' })
  await old.closed
  await (await open()).closed
  proxy.heal()
  await echoed(await open(), 'well')
})

test('late_and_in_order_when_delayed', async () => {
  const client = await open()
  proxy.inflict({ kind: 'delay', ms: 30 })
  for (const text of ['one ', 'two ', 'three']) client.socket.write(text)
  proxy.heal()
  client.socket.write(' four')
  await expect.poll(client.heard).toBe('one two three four')
})
