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

/**
 * Starts the named services, or all and the migrator, in the order of the contracts; disposing stops them in reverse.
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
    for (const name of names) {
      const main = (await import(`./${name}/main.ts`)) as Main
      const started = stack.use(await main.start(config, telemetry))
      const { url, setup_url } = started
      if (url !== undefined) urls = { url, ...(setup_url === undefined ? {} : { setup_url }) }
      options.onStarted?.(name)
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
  return { ...urls, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
