// `npm run demo`: runs the working day against a running system and shows its progress. LOOPS_URL or PORT names another
// system than the default.
import { systemIds } from '../../shared/process/ids.ts'
import { dayOfWork } from './day-of-work.ts'
import { awaitMails, openOffice, PASSWORD } from './office.ts'

const seconds = (since: number): string => `${((performance.now() - since) / 1_000).toFixed(1)} s`.padStart(7)

const main = async (): Promise<number> => {
  const url = process.env.LOOPS_URL ?? `http://localhost:${process.env.PORT ?? 4000}`
  const began = performance.now()
  const say = (line: string): void => console.log(`${seconds(began)}  ${line}`)
  const ready = await fetch(new URL('/readyz', url)).catch(() => null)
  if (!ready?.ok) {
    console.error(
      `Nothing answers at ${url}: run npm start in another terminal first, or set LOOPS_URL, or PORT as for npm start.`,
    )
    return 1
  }
  const run = systemIds().next().slice(-6).toLowerCase()
  await using office = await openOffice(url, run, say)
  const day = await dayOfWork(office.team, say)
  const mails = await awaitMails(
    url,
    3,
    ({ to, subject }) => to.includes(run) && subject.startsWith('Shipped: '),
  )
  say(`mails: ${mails.map(({ to, subject }) => `${to}: ${subject}`).join('; ')}`)
  const stats = await office.team.planner.call('get_queue_stats', {})
  say(
    `${stats.loops.active} active loops, ${stats.loops.shipped} shipped; tasks by status: ${JSON.stringify(stats.tasks)}`,
  )
  say(
    `done; ${day.filed.length} tasks were filed. Read the mails at ${url}/dev/mail, look around at ${url}/ as ${office.owner.email}, password: ${PASSWORD}`,
  )
  return 0
}

try {
  process.exit(await main())
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exit(1)
}
