// list_tasks and tools/list through the gateway (token, checks, bus) against a bare SDK server with the same tools and answer.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { agentOf, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { toolCall, toolsList } from './mcp-load.ts'
import { type Pair, pair, sample } from './measure.ts'
import type { Servers } from './servers.ts'

const CALLS = 1_500
const PARALLEL = 32
const ROUNDS = 7

/** Starts a program of this folder in a process of its own; its first line is its address. */
export const startProcess = async (
  file: string,
  env: Record<string, string>,
): Promise<{ url: string; child: ChildProcess }> => {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url))], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { url: String(line).trim(), child }
}

/** Both sides of one comparison: calls and lists per second with 32 at once, and the latency of calls one at a time. */
export type Against = Readonly<{ throughput: Pair; serial: Pair; lists: Pair }>

const against = async (servers: Servers, file: string, bareUrl: string): Promise<Against> => {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const database = `bench_${file.replace(/\W/g, '')}`
  const ours = await startProcess(file, { ...servers.env(database), PORT: String(port), PUBLIC_URL: url })
  try {
    await using agent = await agentOf({ url }, await signUp({ url }, { name: 'Bench' }))
    const call = toolCall(`${url}/mcp`, agent.accessToken(), 'list_tasks', {})
    const bareCall = toolCall(bareUrl, '', 'list_tasks', {})
    const throughput = await pair(
      () => sample(call, CALLS, PARALLEL),
      () => sample(bareCall, CALLS, PARALLEL),
      ROUNDS,
      'perSecond',
    )
    const serial = await pair(
      () => sample(call, CALLS / 3),
      () => sample(bareCall, CALLS / 3),
      ROUNDS,
    )
    const [list, bareList] = [toolsList(`${url}/mcp`, agent.accessToken()), toolsList(bareUrl, '')]
    const lists = await pair(
      () => sample(list, CALLS / 3, PARALLEL),
      () => sample(bareList, CALLS / 3, PARALLEL),
      ROUNDS,
      'perSecond',
    )
    return { throughput, serial, lists }
  } finally {
    ours.child.kill()
  }
}

/** The gateway by itself, and with the bus and a service that answers at once, each against the bare server. */
export const benchGateway = async (
  servers: Servers,
): Promise<Readonly<{ alone: Against; withBus: Against }>> => {
  const bare = await startProcess('./bare-server.ts', {})
  try {
    const alone = await against(servers, './direct-server.ts', bare.url)
    const withBus = await against(servers, './gateway-server.ts', bare.url)
    return { alone, withBus }
  } finally {
    bare.child.kill()
  }
}
