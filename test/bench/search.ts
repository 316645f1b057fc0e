// How fast search answers over few tasks and over many, how soon it finds what was just written, and what its index costs a
// write.
import { openTaskSearch } from '../../services/tasks/search-store.ts'
import { NOWHERE } from '../../services/tasks/visibility-rules.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { keysOf } from '../../shared/search/words.ts'
import { freePort } from '../support/free-port.ts'
import { BODY } from './grown.ts'
import { type Connected, connect, openWorkspace, type Workspace } from './growth.ts'
import { type Pair, pair, type Sample, sample } from './measure.ts'
import type { Servers } from './servers.ts'

export const FEW_TASKS = 1_000
/** SEARCH_TASKS makes it another number. */
export const MANY_TASKS = Number(process.env.SEARCH_TASKS ?? 100_000)
const LOOPS = 50
const ROUNDS = 5
const RUNS = 20
const WRITES = 40
/** Different words of one document that are indexed, as the store has it. */
const MAX_WORDS = 2_000
const BATCH = 2_000

const ids = systemIds()

export type SearchFigures = Readonly<{
  /** Each kind of query: `a` among many tasks, `b` among few. */
  queries: readonly (Pair & Readonly<{ query: string }>)[]
  /** From the answer of a write to the first search that finds it. */
  found: Sample
  create: Sample
  /** What the reaction to a write does. */
  index: Sample
}>

type Indexed = { _id: string }

/** Fills the index as the backfill would, and waits for nothing. */
const fillIndex = async ({ mongo }: Connected, { caller, task_ids }: Workspace): Promise<void> => {
  const entries = mongo.database(tasks.name).collection<Indexed>('search')
  const body = keysOf([BODY], MAX_WORDS)
  for (let from = 0; from < task_ids.length; from += BATCH) {
    const some = task_ids.slice(from, from + BATCH).map((_id, n) => {
      const title = keysOf([`Task ${from + n}`], MAX_WORDS)
      const words = [...new Set([...title, ...body])]
      const ws = caller.workspace_id
      return { _id, ws, v: 2, list: `task:${NOWHERE.acl}`, title, words }
    })
    await entries.insertMany(some, { ordered: false, writeConcern: { w: 1 } })
  }
}

/** Queries, each with another word every time. */
const QUERIES: Readonly<Record<string, (index: number) => string>> = {
  'a word of one task': (index) => String(500 + index),
  'the beginning of a word of some': (index) => `${50 + (index % 49)}`,
  'two words, one of them in every task': (index) => `done ${500 + index}`,
  'a word of every task': () => 'done',
}

/** How long it takes until a search finds what was just written. */
const timeToFind = async ({ tasks, loops }: Connected, { call }: Workspace): Promise<void> => {
  const word = ids.next().toLowerCase()
  await tasks.create_task({ title: word, body: BODY }, call())
  for (;;) {
    const { found } = await loops.search({ query: word }, call())
    if (found.length > 0) return
  }
}

/** Fills two workspaces and measures in both. */
export const benchSearch = async (servers: Servers): Promise<SearchFigures> => {
  const port = await freePort()
  const connected = await connect(servers.env('bench_search'), port)
  await using _stack = connected.stack
  const open = async (name: string, count: number): Promise<Workspace> => {
    const workspace = await openWorkspace(connected, port, name, { loops: LOOPS, tasks: count })
    await fillIndex(connected, workspace)
    return workspace
  }
  const [many, few] = [await open('Many', MANY_TASKS), await open('Few', FEW_TASKS)]
  const ask = ({ call }: Workspace, query: (index: number) => string) =>
    sample(async (index) => {
      const { found } = await connected.loops.search({ query: query(index) }, call())
      if (found.length === 0) throw new Error('the search found nothing')
    }, RUNS)
  const queries: (Pair & Readonly<{ query: string }>)[] = []
  for (const [query, words] of Object.entries(QUERIES))
    queries.push({
      query,
      ...(await pair(
        () => ask(many, words),
        () => ask(few, words),
        ROUNDS,
      )),
    })
  const found = await sample(() => timeToFind(connected, many), WRITES)
  const create = await sample(
    () => connected.tasks.create_task({ title: 'One more', body: BODY }, many.call()),
    WRITES,
  )
  const db = connected.mongo.database(tasks.name)
  const { indexTasks } = await openTaskSearch(db, { clock, ids, loops: connected.loops })
  const ws = many.call().caller?.workspace_id ?? ''
  const index = await sample((n) => indexTasks([{ _id: many.task_ids[n] as string, ws }]), WRITES)
  return { queries, found, create, index }
}
