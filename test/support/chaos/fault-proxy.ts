// A TCP proxy that does to connections what networks do: it delays, cuts, stalls and refuses them on demand. Knows no
// protocol.
import { createServer, connect as dial, type Socket } from 'node:net'

/** Where something listens. */
export type Address = Readonly<{ host: string; port: number }>

/** What goes wrong from now on, on connections that are open and on those to come. */
export type Fault =
  /** Every piece comes so much later. */
  | Readonly<{ kind: 'delay'; ms: number }>
  /** A connection ends after so many further bytes of requests, or of replies: with 0, what was asked is done and never answered. */
  | Readonly<{ kind: 'cut'; of: 'request' | 'reply'; after_bytes: number }>
  /** What is sent vanishes and neither end hears of it, as when a machine loses its power: no such connection comes back. */
  | Readonly<{ kind: 'half_open' }>
  /** All connections are reset, and new ones too. */
  | Readonly<{ kind: 'refuse' }>

/** A running proxy. Disposing it cuts all connections. */
export type FaultProxy = AsyncDisposable &
  Address &
  Readonly<{
    inflict: (fault: Fault) => void
    /** New connections are well from now on; half-open ones stay dead. */
    heal: () => void
    /** Connections that were cut, reset or lost so far. */
    hurt: () => number
  }>

type Direction = 'request' | 'reply'
type Line = Readonly<{ client: Socket; server: Socket }> & {
  dead: boolean
  /** Bytes since the present fault began. */
  bytes: Record<Direction, number>
}

/**
 * Starts a proxy on a free port of this machine.
 * @param target asked for each connection; undefined refuses it.
 */
export const startFaultProxy = async (target: () => Address | undefined): Promise<FaultProxy> => {
  const lines = new Set<Line>()
  let fault: Fault | undefined
  let hurt = 0

  const end = (line: Line, how: 'destroySoon' | 'resetAndDestroy'): void => {
    if (!lines.delete(line)) return
    hurt += 1
    line.client[how]()
    line.server[how]()
  }
  const kill = (line: Line): void => {
    if (!line.dead) hurt += 1
    line.dead = true
  }
  const pass = (line: Line, direction: Direction, to: Socket, piece: Buffer, done: () => void): void => {
    if (line.dead || !lines.has(line)) return
    if (fault?.kind !== 'cut' || fault.of !== direction) return void to.write(piece, done)
    const room = Math.max(0, fault.after_bytes - line.bytes[direction])
    line.bytes[direction] += piece.length
    if (piece.length <= room) to.write(piece, done)
    else to.write(piece.subarray(0, room), () => end(line, 'destroySoon'))
  }
  const join = (line: Line, direction: Direction, from: Socket, to: Socket): void => {
    from.on('error', () => from.destroy())
    from.on('data', (piece: Buffer) => {
      if (line.dead) return
      // One piece at a time, so that what is delayed stays in order and a slow reader is felt by the writer.
      from.pause()
      const go = (): void => pass(line, direction, to, piece, () => from.resume())
      if (fault?.kind === 'delay') setTimeout(go, fault.ms)
      else go()
    })
    from.on('close', () => {
      if (!line.dead) to.destroySoon()
      if (!line.dead || to.destroyed) lines.delete(line)
    })
  }
  const server = createServer((client) => {
    const address = target()
    if (!address || fault?.kind === 'refuse') {
      client.on('error', () => undefined)
      client.resetAndDestroy()
      return
    }
    const line: Line = { client, server: dial(address), dead: false, bytes: { request: 0, reply: 0 } }
    if (fault?.kind === 'half_open') kill(line)
    lines.add(line)
    join(line, 'request', client, line.server)
    join(line, 'reply', line.server, client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    host: '127.0.0.1',
    port: address !== null && typeof address === 'object' ? address.port : 0,
    inflict: (next) => {
      fault = next
      for (const line of lines) {
        line.bytes = { request: 0, reply: 0 }
        if (next.kind === 'refuse') end(line, 'resetAndDestroy')
        if (next.kind === 'half_open') kill(line)
      }
    },
    heal: () => {
      fault = undefined
    },
    hurt: () => hurt,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const { client, server: upstream } of lines) for (const end of [client, upstream]) end.destroy()
      await closed
    },
  }
}
