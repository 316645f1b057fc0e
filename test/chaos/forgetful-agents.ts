// Scripted agents that work as models do on a bad day: each kind forgets something else. Knows no server.
import { AppError, type ErrorCode } from '../../shared/contracts/define/errors.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { tasks } from '../../shared/contracts/tasks/contract.ts'
import type { ClaimedTask } from '../../shared/contracts/tasks/shapes.ts'
import type { Acting } from '../support/service-environment.ts'
import { type Completion, insist, OUTCOME } from './claims-verdict.ts'

/** A connection: its name as a client, and what it may call. */
export type Connection = Readonly<{
  client: string
  tasks: Acting<typeof tasks>
  loops: Acting<typeof loopsQueue>
  /** The same with so little time for an answer that some are given up, while the service goes on. */
  hasty: Acting<typeof loopsQueue>
}>

/** What was counted. */
export type DayFigures = {
  completed: Completion[]
  claims: number
  /** Claims that were handed out; each is new unless its request was repeated. */
  handed: Set<string>
  /** Claims that were handed out as new although somebody had them already. */
  handed_twice: string[]
  /** Completions that were refused because the claim was lost. */
  late: number
  /** Refusals and failures that agents met, by code. */
  met: Map<string, number>
}

/** A day as an agent knows it. */
export type Day = Readonly<{
  hour: () => number
  sleep: (hours: number) => Promise<void>
  isOver: () => boolean
  /** A number from 0 to n - 1. */
  random: (n: number) => number
  nextKey: () => string
  connect: (client: string) => Connection
  figures: DayFigures
}>

/** What an agent does until the day is over. */
export type Life = () => Promise<void>
/** The lives of one agent of a kind, or of those that share its connection. */
type Kind = (day: Day, name: string) => readonly Life[]

/** The title of work that whoever begins it never comes back from. */
export const FATAL = 'Kills whoever works on it'
/** How long a claim lasts unless it is renewed (hours). */
const TERM = 2
/** When the agents that complete nothing go home, so that the others can (hours). */
const HOME = 16
/** What an agent can be told that comes to complete work which is not its own any more. */
const LATE: ReadonlySet<ErrorCode> = new Set(['claim_lost', 'claimed', 'invalid_transition'])

const isFatal = ({ task }: ClaimedTask): boolean => task.title === FATAL

/** Does what may come too late. @returns false when it was refused because the work is not the caller's any more. */
const unlessLate = async (figures: DayFigures, work: () => Promise<unknown>): Promise<boolean> => {
  try {
    await insist(figures.met, work)
    return true
  } catch (error) {
    if (!(error instanceof AppError && LATE.has(error.code))) throw error
    figures.late += 1
    return false
  }
}

/** Claims without a key, as most models do: a repeat is a new request. */
const take = async ({ figures }: Day, { loops }: Connection, agent?: string): Promise<ClaimedTask[]> => {
  const asked = agent === undefined ? {} : { agent }
  const { claims, reason } = await insist(figures.met, () => loops.claim_next_work(asked))
  if (reason === 'at_capacity') return claims
  figures.claims += claims.length
  for (const { claim_id } of claims) {
    if (figures.handed.has(claim_id)) figures.handed_twice.push(claim_id)
    figures.handed.add(claim_id)
  }
  return claims
}

/** Completes a task, by its claim or only by its connection. */
const finish = async (
  { figures }: Day,
  { client, loops }: Connection,
  { task, claim_id, fence }: ClaimedTask,
  by: Readonly<{ agent?: string; claim_id?: string }> = { claim_id },
): Promise<boolean> => {
  const asked = { ...by, task_id: task.id, outcome: `${OUTCOME}${by.agent ?? client}.` }
  const done = await unlessLate(figures, () => loops.complete_task(asked))
  if (done) figures.completed.push({ task_id: task.id, client, ...(by.claim_id ? { fence } : {}) })
  return done
}

/** An agent that takes one task after the other under a label; one that dies of its work comes back under another. */
const labelled =
  (
    claim: (day: Day, connection: Connection, agent: string) => Promise<ClaimedTask[]>,
    work: (day: Day, connection: Connection, agent: string, claimed: ClaimedTask) => Promise<void>,
    { newEachTime = false, until = 24 } = {},
  ): Kind =>
  (day, name) => {
    const connection = day.connect(name)
    return [
      async () => {
        for (let session = 1; !day.isOver() && day.hour() < until; ) {
          const agent = `${name}, session ${session}`
          const [claimed] = await claim(day, connection, agent)
          if (!claimed) await day.sleep(1)
          else if (isFatal(claimed)) await day.sleep(TERM + 1)
          else await work(day, connection, agent, claimed)
          if (newEachTime || (claimed && isFatal(claimed))) session += 1
        }
      },
    ]
  }

/** Works longer than its claim lasts now and then, and never renews. */
const neverRenews = labelled(take, async (day, connection, agent, claimed) => {
  await day.sleep(1 + day.random(TERM + 1))
  await finish(day, connection, claimed, { agent, claim_id: claimed.claim_id })
})

/** Works, and ends its session without a word. */
const neverCompletes = labelled(take, async (day) => await day.sleep(1), { newEachTime: true, until: HOME })

/** Does not wait for its answers: asks again with the same key, and completes twice. */
const repeats = labelled(
  async (day, { loops, hasty }, agent) => {
    const asked = { agent, idempotency_key: day.nextKey() }
    const [, again] = await Promise.all([
      hasty.claim_next_work(asked).catch(() => undefined),
      insist(day.figures.met, () => loops.claim_next_work(asked)),
    ])
    const { claims } = await insist(day.figures.met, () => loops.claim_next_work(asked))
    for (const { claim_id } of [...again.claims, ...claims]) {
      if (!day.figures.handed.has(claim_id)) day.figures.claims += 1
      day.figures.handed.add(claim_id)
    }
    return claims
  },
  async (day, connection, agent, claimed) => {
    await day.sleep(1)
    const by = { agent, claim_id: claimed.claim_id }
    const asked = { ...by, task_id: claimed.task.id, outcome: `${OUTCOME}${agent}.` }
    await connection.hasty.complete_task(asked).catch(() => undefined)
    await finish(day, connection, claimed, by)
    await finish(day, connection, claimed, by)
  },
)

/** Is away for longer than its claim lasts, then goes on as if nothing had happened; told to stop, it begins anew. */
const comesBack = labelled(take, async (day, connection, agent, claimed) => {
  const { task, claim_id } = claimed
  await day.sleep(TERM + 1)
  await insist(day.figures.met, () => connection.tasks.renew_claims({ task_ids: [task.id] }))
  const { figures } = day
  const ship = { task_id: task.id, status: 'shipped', claim_id } as const
  await unlessLate(figures, () => connection.tasks.update_task(ship))
  if (await finish(day, connection, claimed, { agent, claim_id })) return
  const text = `${agent} was away; what it had is on its branch.`
  await insist(figures.met, () => connection.tasks.add_comment({ task_id: task.id, text }))
  const [next] = await take(day, connection, agent)
  if (!next || isFatal(next)) return
  await day.sleep(1)
  // It may hold the same task anew, and still remember the old claim.
  await finish(day, connection, claimed, { agent, claim_id })
  await finish(day, connection, next, { agent, claim_id: next.claim_id })
})

/** Claims twice at once without a label, works on one of the two, and forgets the other. */
const claimsTwice: Kind = (day, name) => {
  const connection = day.connect(name)
  return [
    async () => {
      while (!day.isOver()) {
        const both = await Promise.all([take(day, connection), take(day, connection)])
        const claimed = both.flat().findLast((one) => !isFatal(one))
        await day.sleep(1)
        if (claimed) await finish(day, connection, claimed)
      }
    },
  ]
}

/** Agents on one connection without labels. One forgets its claims, and completes by the connection alone. */
const sharesConnection: Kind = (day, name) => {
  const connection = day.connect(name)
  return Array.from({ length: 3 }, (_, n) => async () => {
    while (!day.isOver()) {
      const claimed = (await take(day, connection)).find((one) => !isFatal(one))
      await day.sleep(1 + day.random(TERM + 2))
      if (claimed) await finish(day, connection, claimed, n === 0 ? {} : undefined)
    }
  })
}

/** The kinds, and how many there are of each. */
const KINDS: readonly (readonly [string, Kind, number])[] = [
  ['never renews', neverRenews, 3],
  ['never completes', neverCompletes, 2],
  ['repeats', repeats, 2],
  ['comes back', comesBack, 2],
  ['claims twice', claimsTwice, 2],
  ['shares a connection', sharesConnection, 2],
]

/** The lives of all agents, several of each kind. */
export const forgetfulAgents = (day: Day): readonly Life[] =>
  KINDS.flatMap(([name, kind, count]) =>
    Array.from({ length: count }, (_, n) => kind(day, `${name} ${n + 1}`)).flat(),
  )
