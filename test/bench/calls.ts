// Calls one at a time, over HTTP and the bus to the database and back, against their floor: what the same path costs when
// nothing but the path is there. And how many calls eight clients get at once, with the processor time of one.
import { connectBus } from '../../shared/bus/connect.ts'
import { createLog } from '../../shared/process/log.ts'
import { agentOf } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { keysOf } from '../support/keys.ts'
import { startProcess } from './gateway.ts'
import { type Connected, connect, openWorkspace, SMALL } from './growth.ts'
import { toolCall } from './mcp-load.ts'
import { type Pair, pair, type Sample, sample } from './measure.ts'
import type { Servers } from './servers.ts'

const RUNS = 30
const ROUNDS = 5
const CLIENTS = 8
const AT_ONCE = 200
const BODY = 'x'.repeat(200)
const SUBJECT = 'bench.floor'

/** One call against its floor; `together` from eight clients, and the processor time of one of those calls (ms). */
export type CallFigures = Pair & Readonly<{ call: string; floor: string; together: Sample; cpu_ms: number }>

/** One exchange with a bare SDK server, one raw request on the bus, and one read or one durable write. */
const openFloor = async ({ mongo }: Connected, nats_url: string, bareUrl: string) => {
  const log = createLog({ filter: 'error', topic: 'bench' })
  const bus = await connectBus(nats_url, 'bench-floor', log, keysOf('bench-floor'))
  bus.nc.subscribe(SUBJECT, { callback: (_, msg) => void msg.respond(msg.data) })
  const documents = mongo.database('floor').collection<{ _id: number; body: string }>('documents')
  await documents.insertOne({ _id: 0, body: BODY })
  const exchange = toolCall(bareUrl, '', 'list_tasks', {})
  let written = 0
  const path = async (): Promise<void> => {
    await exchange()
    await bus.nc.request(SUBJECT, BODY, { timeout: 5_000 })
  }
  return {
    read: async (): Promise<void> => {
      await path()
      await documents.findOne({ _id: 0 })
    },
    write: async (): Promise<void> => {
      await path()
      written += 1
      await documents.insertOne({ _id: written, body: BODY })
    },
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  }
}

/** The calls of an agent on its way: how each is made the nth time, and whether it writes. */
const callsOf = (url: string, token: string, task_ids: readonly string[]) => {
  const tool = (name: string, input: Record<string, unknown>) => toolCall(`${url}/mcp`, token, name, input)()
  const task = (n: number) => task_ids[(n * 7_919) % task_ids.length] as string
  return [
    ['create_task', 'write', () => tool('create_task', { title: 'One more', body: BODY })],
    ['get_task', 'read', (n: number) => tool('get_task', { task_id: task(n) })],
    ['get_next_work', 'read', () => tool('get_next_work', {})],
    [
      'update_task, its status',
      'write',
      // Each task is put on hold in one run over all of them, and opened in the next.
      (n: number) => {
        const status = Math.floor(n / task_ids.length) % 2 === 0 ? 'on_hold' : 'open'
        return tool('update_task', { task_id: task_ids[n % task_ids.length] as string, status })
      },
    ],
  ] as const
}

/** Measures each call in a small workspace; its services and its gateway run in this process, the bare server beside it. */
export const benchCalls = async (servers: Servers): Promise<CallFigures[]> => {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const unlimited = { TOOL_CALLS_PER_MINUTE: '1000000', WORKSPACE_CALLS_PER_MINUTE: '1000000' }
  const connected = await connect({ ...servers.env('bench_calls'), ...unlimited }, port)
  await using _stack = connected.stack
  const { account, task_ids } = await openWorkspace(connected, port, 'Calls', SMALL)
  await using agent = await agentOf({ url }, account)
  const bare = await startProcess('./bare-server.ts', {})
  try {
    await using floor = await openFloor(connected, servers.nats_url, bare.url)
    const found: CallFigures[] = []
    for (const [call, kind, make] of callsOf(url, agent.accessToken(), task_ids)) {
      let made = 0
      const one = (): Promise<void> => make(made++)
      const against = await pair(
        () => sample(one, RUNS),
        () => sample(floor[kind], RUNS),
        ROUNDS,
      )
      const began = process.cpuUsage()
      const together = await sample(one, AT_ONCE, CLIENTS)
      const { user, system } = process.cpuUsage(began)
      found.push({ call, floor: kind, ...against, together, cpu_ms: (user + system) / 1_000 / AT_ONCE })
    }
    return found
  } finally {
    bare.child.kill()
  }
}
