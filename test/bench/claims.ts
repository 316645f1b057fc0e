// How fast work is handed out: by clients one at a time and at once, in a workspace with few loops and one with many, which
// take turns. And whether completing and claiming in one call is worth it.
import { AppError } from '../../shared/contracts/define/errors.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { freePort } from '../support/free-port.ts'
import { type Connected, connect, openWorkspace, type Workspace } from './growth.ts'
import { median, type Pair, pair, type Sample, sample } from './measure.ts'
import { coreTimes } from './processes.ts'
import type { Servers } from './servers.ts'

export const CLIENTS = [1, 8, 50] as const
export const FEW_LOOPS = 50
export const MANY_LOOPS = 5_000
/** Tasks per loop, as the filler makes them; every other one is ready. */
const TASKS_PER_LOOP = 10
/** Claims of a round: fewer than there are ready tasks in the small workspace. */
const CLAIMS = 200
const ROUNDS = 3
/** Claims that one call gives back. */
const RELEASED_AT_ONCE = 20
/** Completions of a round, each of a task that is gone afterwards. */
const COMPLETIONS = 50

const ids = systemIds()

/** Claims per second of so many clients. */
export type Rate = Readonly<{
  clients: number
  few: Sample
  many: Sample
  /** Calls that had to be repeated, by code. */
  refused: Readonly<Record<string, number>>
  /** With many loops: per second, against one client; at most the number of clients. */
  speedup: number
  /** How much of the machine was busy meanwhile, this process and all others (0 to 1). */
  busy: number
  /** Median over rounds of how much slower it is with many loops. */
  flat: number
}>

/** A client of a workspace: a connection of its own. */
const clientOf = ({ tasks, loops }: Connected, { call, caller }: Workspace) => {
  const own = { ...caller, grant_id: ids.next() }
  const asked = () => ({ ...call(), caller: own })
  return {
    /** Claims as an agent with a label that no other has, so that no bound is reached. */
    claim: async (refusals: AppError[]) => {
      const agent = ids.next()
      for (;;) {
        try {
          const { claims, reason } = await loops.claim_next_work({ agent }, asked())
          const [claim] = claims
          if (!claim) throw new Error(`there is no work left to claim: ${reason}`)
          return { agent, task_id: claim.task.id, claim_id: claim.claim_id }
        } catch (error) {
          if (!(error instanceof AppError)) throw error
          refusals.push(error)
        }
      }
    },
    complete: (done: Readonly<{ agent: string; task_id: string; claim_id: string }>, claim_next: boolean) =>
      loops.complete_task({ ...done, claim_next }, asked()),
    /** Gives back all that it holds, so that the next round finds the same work. */
    releaseAll: async (): Promise<void> => {
      for (let left = 1; left > 0; ) {
        const { claims } = await tasks.renew_claims({}, asked())
        left = claims.length
        const task_ids = claims.slice(0, RELEASED_AT_ONCE).map(({ task_id }) => task_id)
        if (left > 0) await tasks.release_claims({ task_ids }, asked())
      }
    },
  }
}

/** A round of claims by so many clients, and its work given back. */
const round = async (
  connected: Connected,
  workspace: Workspace,
  count: number,
  refusals: AppError[],
): Promise<Sample> => {
  const clients = Array.from({ length: count }, () => clientOf(connected, workspace))
  const measured = await sample(
    async (index) => void (await clients[index % count]?.claim(refusals)),
    CLAIMS,
    count,
  )
  await Promise.all(clients.map((one) => one.releaseAll()))
  return measured
}

/** Measures claims, and completions with the next claim in the same call and in one of its own. */
export const benchClaims = async (
  servers: Servers,
): Promise<Readonly<{ rates: readonly Rate[]; complete: Pair }>> => {
  const port = await freePort()
  const connected = await connect(servers.env('bench_claims'), port)
  await using _stack = connected.stack
  const open = (name: string, loops: number) =>
    openWorkspace(connected, port, name, { loops, tasks: loops * TASKS_PER_LOOP })
  const [many, few] = [await open('Many', MANY_LOOPS), await open('Few', FEW_LOOPS)]
  const rates: Rate[] = []
  for (const clients of CLIENTS) {
    const refusals: AppError[] = []
    const before = coreTimes()
    const times = await pair(
      () => round(connected, few, clients, refusals),
      () => round(connected, many, clients, refusals),
      ROUNDS,
      'perSecond',
    )
    const one = rates[0]?.many.perSecond ?? times.b.perSecond
    const after = coreTimes()
    rates.push({
      clients,
      few: times.a,
      many: times.b,
      refused: Object.fromEntries(
        [...Map.groupBy(refusals, ({ code }) => code)].map(([code, some]) => [code, some.length]),
      ),
      speedup: times.b.perSecond / one,
      busy: (after.busy - before.busy) / (after.all - before.all),
      flat: median(times.ratios),
    })
  }
  const client = clientOf(connected, many)
  const [first, second] = [await client.claim([]), await client.claim([])]
  let [together, apart] = [first, second]
  const complete = await pair(
    () =>
      sample(async () => {
        const { next } = await client.complete(together, true)
        const claim = next?.claims[0]
        if (!claim) throw new Error('there is no work left to claim')
        together = { ...together, task_id: claim.task.id, claim_id: claim.claim_id }
      }, COMPLETIONS),
    () =>
      sample(async () => {
        await client.complete(apart, false)
        apart = await client.claim([])
      }, COMPLETIONS),
    ROUNDS,
  )
  return { rates, complete }
}
