// The executable: `run.ts tasks` runs one service, `run.ts migrator` what makes streams and consumers, `run.ts` all of them.
// `run.ts migrator --once` makes the streams and consumers and ends, for installations that do so before the services start.
import { AppError, textOf } from '../shared/contracts/define/errors.ts'
import { ConfigError, missingForServices, processEnv, readConfig } from '../shared/process/config.ts'
import { runUntilSignal } from '../shared/process/lifecycle.ts'
import { createLog } from '../shared/process/log.ts'
import { MIGRATOR, STARTABLE, startServices } from './start.ts'

const say = (text: string): void => void process.stderr.write(`${text}\n`)

const ONCE = '--once'

/** What was thrown, with what to do about it where it says so. */
const sentenceOf = (error: unknown): string => {
  if (error instanceof AppError) return textOf(error)
  return error instanceof Error ? error.message : String(error)
}

const main = async (args: readonly string[]): Promise<number> => {
  const names = args.filter((arg) => arg !== ONCE)
  const unknown = names.filter((name) => !STARTABLE.includes(name))
  if (unknown.length > 0) {
    say(`There is no service ${unknown.join(', ')}; there are ${STARTABLE.join(', ')}.`)
    return 2
  }
  const isMigrator = names.length > 0 && names.every((name) => name === MIGRATOR)
  const once = args.includes(ONCE)
  if (once && !isMigrator) {
    say(`Only the ${MIGRATOR} can run once: node services/run.ts ${MIGRATOR} ${ONCE}`)
    return 2
  }
  try {
    const config = readConfig(processEnv())
    const missing = missingForServices(config, isMigrator ? ['NATS_URL'] : undefined)
    if (missing.length > 0) throw new ConfigError(missing)
    const log = createLog({ filter: config.LOG, topic: names.join('+') || 'loops' })
    const running = await startServices(processEnv(), { names })
    if (once) {
      await running[Symbol.asyncDispose]()
      return 0
    }
    return await runUntilSignal(running, log)
  } catch (error) {
    say(sentenceOf(error))
    return error instanceof ConfigError ? 2 : 1
  }
}

process.exit(await main(process.argv.slice(2)))
