// Starts services by name in this process: the same wiring and the same bus for one of them as for all.

import { CONTRACTS } from '../shared/contracts/index.ts'
import type { Config } from '../shared/process/config.ts'
import { readConfig } from '../shared/process/config.ts'
import { openTelemetry, type Telemetry } from '../shared/process/telemetry.ts'

/** What each `services/<name>/main.ts` exports as `start`. The gateway adds its URL, and its setup link while it has one. */
export type Started = AsyncDisposable & Readonly<{ url?: string; setup_url?: string }>
type Main = Readonly<{ start: (config: Config, telemetry: Telemetry) => Promise<Started> }>

export const SERVICE_NAMES: readonly string[] = CONTRACTS.map(({ name }) => name)

/** What makes the streams and consumers for all of them. */
export const MIGRATOR = 'migrator'

/** Everything that can be started by name, in the order in which one process starts it. */
export const STARTABLE: readonly string[] = [MIGRATOR, ...SERVICE_NAMES]

const load = async (name: string): Promise<Main> => (await import(`./${name}/main.ts`)) as Main

/**
 * Loads the code of all services, so that it is there once they are started: it can be loaded while their servers start.
 * What cannot be loaded is left for that start to report.
 */
export const loadServices = async (): Promise<void> => {
  await Promise.allSettled(STARTABLE.map(load))
}

/**
 * Starts the named services, or all: the migrator first, then all others at once. Disposing stops them in the reverse order
 * of their names.
 * @throws ConfigError, or whatever kept a service from starting; those already started are stopped.
 */
export const startServices = async (
  env: Readonly<Record<string, string | undefined>>,
  options: Readonly<{ names?: readonly string[]; onStarted?: (name: string) => void }> = {},
): Promise<Started> => {
  const names = options.names?.length ? options.names : STARTABLE
  const config = readConfig(env)
  const stack = new AsyncDisposableStack()
  let urls: Pick<Started, 'url' | 'setup_url'> = {}
  try {
    // One for the process, and first: an orchestrator sees what the start waits for.
    const telemetry = stack.use(await openTelemetry(config, names))
    const startOne = async (name: string): Promise<Started> => {
      const { start } = await load(name)
      const started = await start(config, telemetry)
      const { url, setup_url } = started
      if (url !== undefined) urls = { url, ...(setup_url === undefined ? {} : { setup_url }) }
      options.onStarted?.(name)
      return started
    }
    const startEach = async (some: readonly string[]): Promise<void> => {
      const each = await Promise.allSettled(some.map(startOne))
      for (const one of each) if (one.status === 'fulfilled') stack.use(one.value)
      for (const one of each) if (one.status === 'rejected') throw one.reason
    }
    await startEach(names.filter((name) => name === MIGRATOR))
    await startEach(names.filter((name) => name !== MIGRATOR))
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
  return { ...urls, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
