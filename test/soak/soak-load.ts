// The constant load of a soak: agents that plan, claim and ship, people who open pages, and streams that stay open. Each
// goes on when a service restarts, as good clients do.
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import type { Agent, Common } from '../chaos/commands.ts'
import { countOf } from '../chaos/ledger.ts'
import { openAgent, patient } from '../chaos/load.ts'
import { type Account, agentOf, asksToSignIn } from '../support/accounts.ts'
import { eventClient } from '../support/event-client.ts'

const ids = systemIds()
const TASKS = 3
/** Loops of each agent that are kept after they shipped; the tasks of older ones are deleted. */
const KEPT_LOOPS = 5
const THINKING_MS = 150
const READING_MS = 1_000
/** How long a stream is kept before it is opened anew. */
const STREAM_MS = 45_000
const PAGES = ['/', '/triage', '/search?q=soak', '/account', '/workspace'] as const

/** How long calls and pages took since the last look (ms), and how many there were; the looker empties it. */
export type Times = { calls: number[]; pages: number[]; done: number }

/** What the workers share. */
export type Work = Readonly<{
  common: Common
  times: Times
  signal: AbortSignal
  /** What went wrong for good, by what it was. */
  failed: Map<string, number>
}>

const measured = async <T>(into: number[], work: () => Promise<T>): Promise<T> => {
  const began = clock.monotonicMs()
  const result = await work()
  into.push(clock.monotonicMs() - began)
  return result
}

const timed = ({ times }: Work, agent: Agent): Agent => ({
  call: async (tool, input) => {
    const answer = await measured(times.calls, () => agent.call(tool, input))
    times.done += 1
    await sleep(THINKING_MS)
    return answer
  },
})

/** Fills a loop, works it off by claims, and ships it. @returns its tasks */
const workOff = async ({ call }: Agent, label: string): Promise<string[]> => {
  const key = ids.next()
  const { loop } = await call('create_loop', { name: `Soak ${key}`, idempotency_key: key })
  const task_ids: string[] = []
  for (let n = 1; n <= TASKS; n += 1) {
    const title = `Soak ${key}, part ${n}`
    const idempotency_key = ids.next()
    const { task } = await call('create_task', { title, loop_id: loop.id, idempotency_key })
    await call('update_task', { task_id: task.id, status: 'approved' })
    task_ids.push(task.id)
  }
  for (let n = 1; n <= TASKS; n += 1) {
    const { claims } = await call('claim_next_work', { loop_id: loop.id, agent: label })
    for (const { claim_id, task } of claims) {
      await call('add_comment', { task_id: task.id, text: 'Halfway.', idempotency_key: ids.next() })
      await call('complete_task', { task_id: task.id, claim_id, agent: label, outcome: 'Done and tested.' })
    }
  }
  await call('ship_loop', { loop_id: loop.id })
  return task_ids
}

/** An agent that works off one loop after the other, and deletes the tasks of old ones. */
export const agentAtWork = async (work: Work, account: Account, label: string): Promise<void> => {
  const { common, signal, failed } = work
  await using client = await openAgent(common, account, 'modern')
  const agent = timed(work, patient(common, client))
  const kept: string[][] = []
  while (!signal.aborted)
    try {
      kept.push(await workOff(agent, label))
      for (const task_id of kept.length > KEPT_LOOPS ? (kept.shift() ?? []) : [])
        await agent.call('delete_task', { task_id })
      await agent.call('list_tasks', { limit: 50 })
      await agent.call('get_queue_stats', {})
    } catch (error) {
      countOf(failed, String(error).slice(0, 100))
      await sleep(READING_MS)
    }
}

/** Somebody who opens one page after the other. */
export const personAtWork = async (
  { times, signal, failed }: Work,
  { browser, name }: Account,
): Promise<void> => {
  for (let n = 0; !signal.aborted; n += 1) {
    const page = PAGES[n % PAGES.length] ?? '/'
    try {
      const arrived = await measured(times.pages, () => browser.open(page))
      if (arrived.status >= 500 || asksToSignIn(arrived))
        countOf(failed, `${name} saw ${arrived.status} at ${page}`)
    } catch (error) {
      countOf(failed, `a page of ${name}: ${String(error).slice(0, 80)}`)
    }
    await sleep(READING_MS)
  }
}

/** Repeats something that lasts until its signal, which comes after a while or at the end. */
const again = async (
  { signal, failed }: Work,
  what: string,
  open: (until: AbortSignal) => Promise<void>,
): Promise<void> => {
  while (!signal.aborted) {
    const until = AbortSignal.any([signal, AbortSignal.timeout(STREAM_MS)])
    await open(until).catch((error: unknown) => {
      if (!until.aborted) countOf(failed, `${what}: ${String(error).slice(0, 80)}`)
    })
    await sleep(READING_MS)
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** An agent that waits for work on a stream of events. */
export const streamOfEvents = async (work: Work, account: Account): Promise<void> => {
  await using client = await agentOf(work.common, account)
  const events = eventClient(work.common.url, client.accessToken)
  await again(work, 'a stream of events', async (until) => {
    await using stream = await events.stream({ name: 'work.ready', cursor: null })
    await Promise.race([stream.ended, untilAborted(until)])
  })
}

/** A page that stays open and hears of changes. */
export const openPage = (work: Work, { browser }: Account): Promise<void> =>
  again(work, 'an open page', async (signal) => {
    const { text } = await browser.open('/')
    const [, live] = /data-live="([^"]+)"/.exec(text) ?? []
    if (live === undefined) throw new Error('the page has no address to listen at')
    const url = new URL(live.replaceAll('&amp;', '&'), work.common.url)
    const answer = await fetch(url, { headers: { cookie: browser.cookie() }, signal })
    if (!answer.ok) throw new Error(`it answers ${answer.status}`)
    for await (const _ of answer.body ?? []) if (signal.aborted) break
  })
