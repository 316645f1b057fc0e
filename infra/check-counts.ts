// `npm run check-counts`: compares the counters of tasks and comments with a fresh count.
// Loops may be running meanwhile.
import { openRecount } from '../services/tasks/recount-store.ts'
import { tasks } from '../shared/contracts/tasks/contract.ts'
import { processEnv } from '../shared/process/config.ts'
import { createLog } from '../shared/process/log.ts'
import { connectMongo, type Mongo } from '../shared/storage/mongo.ts'
import { recordedCommand } from './admin/recording.ts'
import { runCommand, runningConfig } from './running.ts'

const USAGE = `npm run check-counts              lists wrong counters; exits with 1 if there are any
npm run check-counts -- --repair  also repairs them`

/** Counter documents per check. */
const BATCH = 100

const say = (line: string): void => void process.stdout.write(`${line}\n`)

type Checked = Readonly<{ wrong: number; repaired: number }>

const checkAll = async (mongo: Mongo, repair: boolean): Promise<Checked> => {
  const recount = await openRecount(mongo.database(tasks.name))
  if (repair) await recount.insertMissing()
  let [checked, wrong, repaired] = [0, 0, 0]
  for (let after: string | null = ''; after !== null; ) {
    const check = await recount.check(after, BATCH)
    checked += check.checked
    for (const drift of check.drifts) {
      wrong += 1
      const changes = Object.entries(drift.missing).map(
        ([path, by]) => `${path} by ${by > 0 ? '+' : ''}${by}`,
      )
      say(`${drift.counter} of workspace ${drift.ws} must change: ${changes.join(', ')}`)
      if (repair && (await recount.repair(drift))) repaired += 1
    }
    after = check.end
  }
  say(`${checked} counter documents checked, ${wrong} wrong${repair ? `, ${repaired} repaired` : ''}.`)
  return { wrong, repaired }
}

const run = async (repair: boolean): Promise<number> => {
  const { LOG, MONGODB_URL = '' } = runningConfig({ LOG: 'warn', ...processEnv() }, ['MONGODB_URL'])
  await using mongo = await connectMongo(MONGODB_URL, createLog({ filter: LOG, topic: 'check-counts' }))
  const check = () => checkAll(mongo, repair)
  const { wrong, repaired } = repair
    ? await recordedCommand(mongo, 'check-counts --repair', {}, check, (all) => ({
        repaired: String(all.repaired),
      }))
    : await check()
  return wrong > repaired ? 1 : 0
}

await runCommand(async () => {
  const [option, ...more] = process.argv.slice(2)
  if (more.length === 0 && (option === undefined || option === '--repair'))
    return await run(option !== undefined)
  say(USAGE)
  return 2
})
