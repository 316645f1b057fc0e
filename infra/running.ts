// How an operator's command finds the system that it is about: by the environment, as services do, else by what
// `npm start` left in its data folder. Knows no command.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Config, readConfig } from '../shared/process/config.ts'
import { explain, StartFault } from './report.ts'
import { keptSecret, secretFile } from './servers/data-dir.ts'

type Env = Readonly<Record<string, string | undefined>>

const FILE = 'running.json'
const TOLD = ['NATS_URL', 'MONGODB_URL'] as const

/** Leaves word in the data folder of where the servers are, for its owner alone: there are passwords in it. */
export const recordRunning = (dataDir: string, env: Env): Disposable => {
  const file = join(dataDir, FILE)
  const told = Object.fromEntries(TOLD.map((name) => [name, env[name]]))
  rmSync(file, { force: true })
  writeFileSync(file, JSON.stringify(told), { mode: 0o600 })
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) }
}

const readTold = (dataDir: string): Env | undefined => {
  try {
    return JSON.parse(readFileSync(join(dataDir, FILE), 'utf8')) as Env
  } catch {
    return undefined
  }
}

/** What names a system. */
type Name = (typeof TOLD)[number] | 'LOOPS_SECRET'

/**
 * The configuration of the system that runs: what the environment does not say is taken from `npm start`.
 * @param needs what the command cannot do without: when the environment says it all, no start is looked for.
 * @throws ConfigError for a faulty variable; StartFault when nothing runs there and the environment names no system.
 */
export const runningConfig = (env: Env, needs: readonly Name[] = [...TOLD, 'LOOPS_SECRET']): Config => {
  const given = readConfig(env)
  if (needs.every((name) => given[name] !== undefined)) return given
  const dataDir = resolve(given.DATA_DIR)
  const told = readTold(dataDir)
  if (!told)
    throw new StartFault(
      `Nothing runs with the data folder ${dataDir}: run npm start in another terminal, name its DATA_DIR, or set ${needs.join(', ')}.`,
    )
  const secret = () => {
    throw new StartFault(`The data folder ${dataDir} has no secret: set LOOPS_SECRET.`)
  }
  const found: Record<string, string | undefined> = { ...env }
  for (const name of TOLD) found[name] = env[name] || told[name]
  found.LOOPS_SECRET = env.LOOPS_SECRET || keptSecret(secretFile(dataDir), secret)
  return readConfig(found)
}

/** Until whoever reads the output has all of it: a process that exits at once cuts off what a slow pipe has not taken. */
const written = (): Promise<void> => new Promise((resolve) => process.stdout.write('', () => resolve()))

/** Runs an operator's command to its exit code; what goes wrong is said in one sentence. */
export const runCommand = async (command: () => Promise<number>): Promise<never> => {
  try {
    const code = await command()
    await written()
    process.exit(code)
  } catch (error) {
    process.exit(explain(error, (line) => process.stderr.write(`${line}\n`)))
  }
}
