// A working day of two people and four agents, one of which stops in the middle of a task. It takes sixty raw tasks to two
// shipped loops, drives a running system from outside and returns what happened. The caller judges that.
import type * as z from 'zod'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { type Item, LOOPS, readBacklog } from './backlog.ts'

const operations = { ...tasks.operations, ...loopsQueue.operations, ...gateway.operations }
type Operations = typeof operations

/** An MCP client that has signed in: calls a tool and gives its structured content; a tool error is thrown with `code`. */
export type Agent = Readonly<{
  name: string
  call: <K extends keyof Operations & string>(
    tool: K,
    input: z.input<Operations[K]['input']>,
  ) => Promise<z.output<Operations[K]['output']>>
}>

/** The agents of the day: a builder works for a member, the others for the owner. One of them does not come back. */
export type Team = Readonly<{
  planner: Agent
  builderOfOwner: Agent
  builderOfMember: Agent
  quitter: Agent
}>

/** A task, and the agent that claimed or did it. */
type Work = Readonly<{ task_id: string; by: string }>

type Filed = Item & Readonly<{ id: string }>

/** The outcome of the day. Ids by the backlog's own keys. */
export type Day = Readonly<{
  filed: readonly Filed[]
  loops: Readonly<Record<string, string>>
  order: readonly string[]
  /** What the builders were given that asked at the same moment. */
  raced: readonly Work[]
  /** What the agent that stopped in the middle left. */
  abandoned: Work
  implemented: readonly Work[]
  shippedFirst: Readonly<{ loop_id: string; unfinished: readonly string[] }>
  shippedPrivate: Readonly<{ loop_id: string; unfinished: readonly string[] }>
}>

export type Say = (line: string) => void

const ROUNDS = 200

const inBatches = async <T, R>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> => {
  const results: R[] = []
  for (let at = 0; at < items.length; at += size)
    results.push(...(await Promise.all(items.slice(at, at + size).map(work))))
  return results
}

const file = async ({ planner }: Team, say: Say): Promise<Filed[]> => {
  const backlog = readBacklog()
  const filed = await inBatches(backlog, 6, async (item) => {
    const { task } = await planner.call('create_task', {
      title: item.title,
      body: item.body,
      priority: item.priority,
      due_date: item.due_date,
      idempotency_key: `file ${item.title}`,
    })
    return { ...item, id: task.id }
  })
  say(`${planner.name} filed ${filed.length} tasks`)
  return filed
}

const triage = async ({ planner }: Team, filed: readonly Filed[], say: Say): Promise<void> => {
  const of = (verdict: Item['triage']): string[] =>
    filed.filter((item) => item.triage === verdict).map(({ id }) => id)
  const approved = await planner.call('bulk_update_tasks', { task_ids: of('approve'), status: 'approved' })
  const held = await planner.call('bulk_update_tasks', { task_ids: of('hold'), status: 'on_hold' })
  for (const task_id of of('reject')) {
    await planner.call('add_comment', { task_id, text: 'Not this year. Thank you for the idea!' })
    await planner.call('update_task', { task_id, status: 'rejected' })
  }
  say(`${planner.name} approved ${approved.updated}, held ${held.updated}, rejected ${of('reject').length}`)
}

const organize = async (team: Team, filed: readonly Filed[], say: Say): Promise<Record<string, string>> => {
  const loops: Record<string, string> = {}
  for (const { key, name, visibility, ai_context } of LOOPS) {
    const { loop, tasks: moved } = await team.planner.call('create_loop_from_tasks', {
      loop_name: name,
      task_ids: filed.filter((item) => item.loop === key).map(({ id }) => id),
      loop_description: `Filed on Monday, ${visibility === 'private' ? 'for the security group' : 'for everyone'}.`,
      visibility,
      ai_context,
    })
    loops[key] = loop.id
    say(`${team.planner.name} made the ${visibility} loop “${name}” of ${moved.length} tasks`)
  }
  return loops
}

const prioritize = async ({ planner }: Team, loops: Record<string, string>, say: Say): Promise<string[]> => {
  const id = (key: string): string => loops[key] as string
  await planner.call('reorder_loops', { loop_ids: [id('checkout'), id('fraud'), id('timetable')] })
  const { version } = await planner.call('get_loop_queue', {})
  await planner.call('set_loop_priority', { loop_id: id('access'), priority: 1, expected_version: version })
  const { loops: queue } = await planner.call('get_loop_queue', {})
  say(`the queue is now: ${queue.map(({ name }) => name).join(' → ')}`)
  return queue.map((loop) => loop.id)
}

type Bench = { implemented: Work[] }
type Claim = z.output<Operations['claim_next_work']['output']>['claims'][number]

/** Completes what a builder has claimed. */
const complete = async (builder: Agent, { task, claim_id }: Claim, bench: Bench): Promise<void> => {
  const lines = task.body.split('\n').length
  await builder.call('complete_task', {
    task_id: task.id,
    claim_id,
    outcome: `Read ${lines} lines, wrote the change and its test.\n\n\`\`\`\nok 1 - ${task.title.replaceAll('`', "'")}\n\`\`\``,
  })
  bench.implemented.push({ task_id: task.id, by: builder.name })
}

/** Claims the next task and completes it; false when nothing is ready. */
const implementOne = async (builder: Agent, bench: Bench): Promise<boolean> => {
  const { claims } = await builder.call('claim_next_work', {})
  const [claim] = claims
  if (!claim) return false
  await complete(builder, claim, bench)
  return true
}

const implement = async (builders: readonly Agent[], bench: Bench, enough: () => boolean): Promise<void> => {
  await Promise.all(
    builders.map(async (builder) => {
      for (let round = 0; round < ROUNDS; round += 1)
        if (enough() || !(await implementOne(builder, bench))) return
      throw new Error(`${builder.name} found work in ${ROUNDS} rounds; that is more than was filed`)
    }),
  )
}

/** What one agent left. */
type Abandoned = Work & Readonly<{ title: string; progress: string }>

/** All builders ask for work at the same moment. The quitter begins, says how far it is, and is not heard of again. */
const race = async (
  { builderOfOwner, builderOfMember, quitter }: Team,
  bench: Bench,
  say: Say,
): Promise<Readonly<{ raced: Work[]; abandoned: Abandoned }>> => {
  const given = await Promise.all(
    [builderOfOwner, builderOfMember, quitter].map(async (builder) => {
      const { claims } = await builder.call('claim_next_work', {})
      const [claim] = claims
      if (!claim) throw new Error(`${builder.name} found no work at the beginning of the day`)
      return { builder, claim }
    }),
  )
  say('three agents ask for work at the same moment, and each is given a task of its own:')
  for (const { builder, claim } of given) say(`  ${builder.name}: “${claim.task.title}”`)
  const [left] = given.filter(({ builder }) => builder === quitter)
  if (!left) throw new Error('the quitter was given work')
  const { task } = left.claim
  const progress = 'The test fails as the task says. The change is on the branch.'
  await quitter.call('renew_claims', { task_ids: [task.id], progress })
  say(`${quitter.name} stops in the middle of its task without a word; nobody else is given it`)
  for (const { builder, claim } of given) if (builder !== quitter) await complete(builder, claim, bench)
  return {
    raced: given.map(({ builder, claim }) => ({ task_id: claim.task.id, by: builder.name })),
    abandoned: { task_id: task.id, by: quitter.name, title: task.title, progress },
  }
}

/** The planner, which works for the same person, takes the task over before its claim expires, and gives it back. */
const rescue = async ({ planner }: Team, { task_id, title, by }: Abandoned, say: Say): Promise<void> => {
  const { claim } = await planner.call('claim_task', { task_id, take_over: true })
  const note = `${by} does not answer. It had said: ${claim.last_progress}`
  await planner.call('release_claims', { task_ids: [task_id], note })
  say(`${planner.name} takes “${title}” over from ${by}, and gives it back to the queue`)
}

const ship = async (agent: Agent, loop_id: string, say: Say): Promise<Day['shippedFirst']> => {
  const report = await agent.call('ship_loop', { loop_id })
  say(
    `${agent.name} shipped “${report.loop.name}”: ${report.task_counts.shipped} tasks, ${report.unfinished_total} unfinished`,
  )
  return { loop_id, unfinished: report.unfinished.map(({ id }) => id) }
}

/** Runs the whole day. `say` gets each step as it happens. */
export const dayOfWork = async (team: Team, say: Say): Promise<Day> => {
  const filed = await file(team, say)
  await triage(team, filed, say)
  const loops = await organize(team, filed, say)
  const order = await prioritize(team, loops, say)

  const bench: Bench = { implemented: [] }
  const { raced, abandoned } = await race(team, bench, say)
  const builders = [team.builderOfOwner, team.builderOfMember]
  await implement(builders, bench, () => bench.implemented.length >= 8)
  await rescue(team, abandoned, say)
  await team.planner.call('close_loop', { loop_id: loops.timetable as string })
  say('the timetable is held: the harbour wants to talk first')
  await implement(builders, bench, () => bench.implemented.length >= 16)
  await team.planner.call('reopen_loop', { loop_id: loops.timetable as string })
  say('the timetable is back in the queue')
  await implement(builders, bench, () => false)
  const finisher = bench.implemented.find(({ task_id }) => task_id === abandoned.task_id)
  say(`“${abandoned.title}” was done by ${finisher?.by}, who was told how far ${abandoned.by} had come`)
  say(`nothing is approved any more in any loop: ${bench.implemented.length} tasks done, each by one agent`)

  const shippedFirst = await ship(team.planner, loops.checkout as string, say)
  const shippedPrivate = await ship(team.planner, loops.fraud as string, say)
  return { filed, loops, order, raced, abandoned, ...bench, shippedFirst, shippedPrivate }
}
