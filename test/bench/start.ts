// How long all services take to start on data that is there already, in one process, from the command to their being ready.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import { connect, openWorkspace } from './growth.ts'
import { type Sample, toSample } from './measure.ts'
import { untilReady } from './processes.ts'
import type { Servers } from './servers.ts'

/** START_TASKS makes it another number. */
export const TASKS = Number(process.env.START_TASKS ?? 10_000)
const STARTS = 5
const DATABASE = 'bench_start'

/** Fills a workspace, and starts everything on it several times. */
export const benchStart = async (servers: Servers): Promise<Sample> => {
  const port = await freePort()
  {
    const connected = await connect(servers.env(DATABASE), port)
    await using _stack = connected.stack
    await openWorkspace(connected, port, 'Start', { loops: Math.ceil(TASKS / 20), tasks: TASKS })
  }
  const given = { PORT: `${port}`, PUBLIC_URL: `http://localhost:${port}` }
  const env = { PATH: String(process.env.PATH), ...servers.env(DATABASE), ...given }
  const program = join(import.meta.dirname, '../../services/run.ts')
  const times: number[] = []
  for (let start = 0; start < STARTS; start += 1) {
    const began = performance.now()
    const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    try {
      await untilReady(given.PUBLIC_URL)
      times.push(performance.now() - began)
    } finally {
      const gone = once(child, 'exit')
      child.kill('SIGTERM')
      await gone
    }
  }
  return toSample(
    times,
    times.reduce((sum, one) => sum + one, 0),
  )
}
