// list_tasks through the gateway (token, checks, bus) against a bare SDK server with the same tools and answer.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { agentOf, signUp } from '../support/accounts.ts'
import { toolCall } from './mcp-load.ts'
import { type Pair, pair, sample } from './measure.ts'
import type { Servers } from './servers.ts'

const CALLS = 1_500
const PARALLEL = 32
const ROUNDS = 7

const startProcess = async (
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

/** Calls per second of both (32 at once), and latencies one at a time. */
export const benchGateway = async (
  servers: Servers,
): Promise<Readonly<{ throughput: Pair; serial: Pair }>> => {
  const port = await servers.freePort()
  const ours = await startProcess('./gateway-server.ts', {
    ...servers.env('bench_gateway'),
    PORT: String(port),
    PUBLIC_URL: `http://localhost:${port}`,
  })
  const bare = await startProcess('./bare-server.ts', {})
  try {
    const account = await signUp({ url: `http://localhost:${port}` }, { name: 'Bench' })
    await using agent = await agentOf({ url: `http://localhost:${port}` }, account)
    const call = toolCall(`http://localhost:${port}/mcp`, agent.accessToken(), 'list_tasks', {})
    const bareCall = toolCall(bare.url, '', 'list_tasks', {})
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
    return { throughput, serial }
  } finally {
    ours.child.kill()
    bare.child.kill()
  }
}
