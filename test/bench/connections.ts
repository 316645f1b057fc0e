// What costs an installation memory while nothing happens: streams of events, and connections that are only kept.
import { connect as connectSocket, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { agentOf, signUp } from '../support/accounts.ts'
import { eventClient } from '../support/event-client.ts'
import { cpuOf, type Installation, memoryOf, startInstallation, untilQuiet } from './processes.ts'
import type { Servers } from './servers.ts'

/** A connection has at most 20 streams. */
const PER_AGENT = 20
const WATCHED_MS = 10_000

/** What one of something costs the gateway: memory (bytes) and processor time of an hour (ms). */
export type Idle = Readonly<{ count: number; memory_bytes: number; cpu_ms_per_hour: number }>
export type IdleFigures = Readonly<{ streams: Idle; connections: Idle }>

/** Has `open` open so many at the gateway of an installation, and looks at it before and after. */
const measure = async (
  { services, processes }: Installation,
  count: number,
  open: () => Promise<() => Promise<void>>,
): Promise<Idle> => {
  const pid = services.find(({ name }) => name === 'gateway')?.pid ?? 0
  await untilQuiet(processes)
  const [memory, cpu] = [memoryOf(pid), cpuOf(pid)]
  await pause(WATCHED_MS)
  const idle_s = cpuOf(pid) - cpu
  const close = await open()
  await untilQuiet(processes)
  const began_s = cpuOf(pid)
  await pause(WATCHED_MS)
  const more_s = cpuOf(pid) - began_s - idle_s
  const grown = Math.max(0, memoryOf(pid) - memory)
  await close()
  const per_hour = 3_600_000 / WATCHED_MS
  return {
    count,
    memory_bytes: (grown * 1e6) / count,
    cpu_ms_per_hour: (Math.max(0, more_s) * 1_000 * per_hour) / count,
  }
}

/** Streams of events of as many agents as they take. */
export const idleStreams = (installation: Installation, count: number): Promise<Idle> =>
  measure(installation, count, async () => {
    const stack = new AsyncDisposableStack()
    const account = await signUp(installation, { name: 'Listener' })
    for (let made = 0; made < count; made += PER_AGENT) {
      const agent = stack.use(await agentOf(installation, account))
      const client = eventClient(installation.url, agent.accessToken)
      for (let one = 0; one < Math.min(PER_AGENT, count - made); one += 1)
        stack.use(await client.stream({ name: 'work.ready', cursor: null }))
    }
    return () => stack.disposeAsync()
  })

const keptSocket = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connectSocket(port, 'localhost', () => {
      socket.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
    })
    socket.once('data', () => resolve(socket)).on('error', reject)
  })

/** Measures event streams, and connections that have sent one request and are kept. */
export const benchConnections = async (servers: Servers, count = 400): Promise<IdleFigures> => {
  await using installation = await startInstallation(servers, 'bench_connections', 1)
  const connections = await measure(installation, count, async () => {
    const port = Number(new URL(installation.url).port)
    const sockets: Socket[] = []
    for (let made = 0; made < count; made += 1) sockets.push(await keptSocket(port))
    return async () => {
      for (const socket of sockets) socket.destroy()
    }
  })
  return { connections, streams: await idleStreams(installation, count) }
}
