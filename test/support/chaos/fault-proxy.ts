// A TCP proxy that does to connections what networks do: it delays, cuts, loses and refuses them. Knows no protocol.
import { createServer, connect as dial, type Socket } from 'node:net'

/** Where something listens. */
export type Address = Readonly<{ host: string; port: number }>

/** The faults from now on, for open and new connections. */
export type Fault =
  /** Delays every chunk by this much. */
  | Readonly<{ kind: 'delay'; ms: number }>
  /** Cuts a connection after this many more bytes of requests or replies: with 0, a request is done and never answered. */
  | Readonly<{ kind: 'cut'; of: 'request' | 'reply'; after_bytes: number }>
  /** Drops all bytes silently, as when a machine loses power: such a connection never recovers. */
  | Readonly<{ kind: 'half_open' }>
  /** Resets all connections, new ones too. */
  | Readonly<{ kind: 'refuse' }>

/** A running proxy. Disposing it cuts all connections. */
export type FaultProxy = AsyncDisposable &
  Address &
  Readonly<{
    inflict: (fault: Fault) => void
    /** Ends the faults for new connections; half-open ones stay dead. */
    heal: () => void
    /** How many connections were cut, reset or lost so far. */
    broken: () => number
  }>

type Direction = 'request' | 'reply'
type Line = Readonly<{ client: Socket; server: Socket }> & {
  dead: boolean
  /** Bytes since the current fault began. */
  bytes: Record<Direction, number>
}
/** All connections of a proxy, and their faults. */
type Network = { readonly lines: Set<Line>; fault: Fault | undefined; broken: number }

const end = (network: Network, line: Line, how: 'destroySoon' | 'resetAndDestroy'): void => {
  if (!network.lines.delete(line)) return
  network.broken += 1
  line.client[how]()
  line.server[how]()
}

const kill = (network: Network, line: Line): void => {
  if (!line.dead) network.broken += 1
  line.dead = true
}

type Piece = Readonly<{ direction: Direction; to: Socket; bytes: Buffer; done: () => void }>

const pass = (network: Network, line: Line, { direction, to, bytes, done }: Piece): void => {
  const { lines, fault } = network
  if (line.dead || !lines.has(line)) return
  if (fault?.kind !== 'cut' || fault.of !== direction) return void to.write(bytes, done)
  const room = Math.max(0, fault.after_bytes - line.bytes[direction])
  line.bytes[direction] += bytes.length
  if (bytes.length <= room) to.write(bytes, done)
  else to.write(bytes.subarray(0, room), () => end(network, line, 'destroySoon'))
}

const forward = (network: Network, line: Line, direction: Direction): void => {
  const [from, to] = direction === 'request' ? [line.client, line.server] : [line.server, line.client]
  from.on('error', () => from.destroy())
  from.on('data', (bytes: Buffer) => {
    if (line.dead) return
    // One chunk at a time, so that delayed chunks stay in order and a slow reader slows the writer.
    from.pause()
    const go = (): void => pass(network, line, { direction, to, bytes, done: () => from.resume() })
    if (network.fault?.kind === 'delay') setTimeout(go, network.fault.ms)
    else go()
  })
  from.on('close', () => {
    if (!line.dead) to.destroySoon()
    if (!line.dead || to.destroyed) network.lines.delete(line)
  })
}

const accept = (network: Network, client: Socket, address: Address | undefined): void => {
  if (!address || network.fault?.kind === 'refuse') {
    client.on('error', () => undefined)
    client.resetAndDestroy()
    return
  }
  const line: Line = { client, server: dial(address), dead: false, bytes: { request: 0, reply: 0 } }
  if (network.fault?.kind === 'half_open') kill(network, line)
  network.lines.add(line)
  forward(network, line, 'request')
  forward(network, line, 'reply')
}

const inflict = (network: Network, fault: Fault): void => {
  network.fault = fault
  for (const line of network.lines) {
    line.bytes = { request: 0, reply: 0 }
    if (fault.kind === 'refuse') end(network, line, 'resetAndDestroy')
    if (fault.kind === 'half_open') kill(network, line)
  }
}

/**
 * Starts a proxy on a free port of this machine.
 * @param target asked for each connection; undefined refuses it.
 */
export const startFaultProxy = async (target: () => Address | undefined): Promise<FaultProxy> => {
  const network: Network = { lines: new Set(), fault: undefined, broken: 0 }
  const server = createServer((client) => accept(network, client, target()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    host: '127.0.0.1',
    port: address !== null && typeof address === 'object' ? address.port : 0,
    inflict: (fault) => inflict(network, fault),
    heal: () => {
      network.fault = undefined
    },
    broken: () => network.broken,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const { client, server: upstream } of network.lines)
        for (const socket of [client, upstream]) socket.destroy()
      await closed
    },
  }
}
