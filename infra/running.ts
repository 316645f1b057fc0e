// How an operator's command finds the running servers.
// The environment names them, as for services; otherwise the file does that `npm start` keeps in its data folder.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type Config, readConfig } from '../shared/process/config.ts'
import { explain, StartFault } from './report.ts'
import { keptSecret, secretFile } from './servers/data-dir.ts'

type Env = Readonly<Record<string, string | undefined>>

const FILE = 'running.json'
const RECORDED = ['NATS_URL', 'MONGODB_URL'] as const
/** What is recorded besides, for the links that commands print. */
const RECORDED_BESIDE = ['PUBLIC_URL', 'PORT'] as const

/** Records where the servers are, in a file of the data folder that only its owner can read, since it holds passwords. */
export const recordRunning = (dataDir: string, env: Env): Disposable => {
  const file = join(dataDir, FILE)
  const recorded = Object.fromEntries([...RECORDED, ...RECORDED_BESIDE].map((name) => [name, env[name]]))
  rmSync(file, { force: true })
  writeFileSync(file, JSON.stringify(recorded), { mode: 0o600 })
  return { [Symbol.dispose]: () => rmSync(file, { force: true }) }
}

const readRecorded = (dataDir: string): Env | undefined => {
  try {
    return JSON.parse(readFileSync(join(dataDir, FILE), 'utf8')) as Env
  } catch {
    return undefined
  }
}

/** A variable that leads to a running installation. */
type Name = (typeof RECORDED)[number] | 'LOOPS_SECRET'

/**
 * The configuration of the running installation. What the environment lacks comes from the data folder of `npm start`.
 * @param needs the variables that the command needs; if the environment has them all, the data folder is not read
 * @throws ConfigError for a faulty variable; StartFault if nothing runs and the environment names no servers
 */
export const runningConfig = (env: Env, needs: readonly Name[] = [...RECORDED, 'LOOPS_SECRET']): Config => {
  const given = readConfig(env)
  if (needs.every((name) => given[name] !== undefined)) return given
  const dataDir = resolve(given.DATA_DIR)
  const recorded = readRecorded(dataDir)
  if (!recorded)
    throw new StartFault(
      `No Loops runs with the data folder ${dataDir}: run npm start in another terminal, set the DATA_DIR of one that runs, or set ${needs.join(', ')}.`,
    )
  const secret = () => {
    throw new StartFault(`The data folder ${dataDir} has no secret: set LOOPS_SECRET.`)
  }
  const found: Record<string, string | undefined> = { ...env }
  for (const name of [...RECORDED, ...RECORDED_BESIDE]) found[name] = env[name] || recorded[name]
  found.LOOPS_SECRET = env.LOOPS_SECRET || keptSecret(secretFile(dataDir), secret)
  return readConfig(found)
}

/** Waits until all output is out: an exit would cut off what a slow pipe has not taken yet. */
const written = (): Promise<void> => new Promise((resolve) => process.stdout.write('', () => resolve()))

/** Runs an operator's command and exits with its code. Says in one sentence what goes wrong. */
export const runCommand = async (command: () => Promise<number>): Promise<never> => {
  try {
    const code = await command()
    await written()
    process.exit(code)
  } catch (error) {
    process.exit(explain(error, (line) => process.stderr.write(`${line}\n`)))
  }
}
