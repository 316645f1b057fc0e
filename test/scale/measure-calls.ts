// Measures what each call costs, in an order in which each finds what the ones before it have made.
import { callOnce } from '../bench/mcp-load.ts'
import { sample } from '../bench/measure.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { CALLS, type CallName, type UnitCost } from './costs-rules.ts'
import type { Meter } from './meter.ts'

/** Calls before those that count, so that their code is compiled. */
const WARM = 120
const COUNTED = 200
const LOOPS_WARM = 5
const LOOPS = 25
const PARALLEL = 8
/** How often a claim is tried again that others were faster with. */
const TRIES = 8
const BODY = 'What happens, what should happen, and how to see it.\n'.repeat(4)

type Input = Readonly<Record<string, unknown>>
type Claim = Readonly<{ claim_id: string; task: Readonly<{ id: string }> }>
/** The nth call of a kind, and what to do with its answer. */
type Plan = Readonly<{ input: (index: number) => Input; keep?: (content: never, input: Input) => void }>

const plansOf = (loop_id: string, loop_ids: readonly string[]): Readonly<Record<CallName, Plan>> => {
  const task_ids: string[] = []
  const claims: Input[] = []
  const task = (index: number) => task_ids[(index * 7_919) % task_ids.length] as string
  return {
    create_task: {
      input: (index) => ({ title: `Task ${index}`, body: BODY, loop_id }),
      keep: (content: Readonly<{ task: { id: string } }>) => void task_ids.push(content.task.id),
    },
    update_task: { input: (index) => ({ task_id: task_ids[index], status: 'approved' }) },
    get_task: { input: (index) => ({ task_id: task(index) }) },
    list_tasks: { input: () => ({}) },
    get_next_work: { input: () => ({}) },
    claim_next_work: {
      // A label of its own, so that no bound is reached.
      input: (index) => ({ agent: `agent ${index}` }),
      keep: (content: Readonly<{ claims: readonly Claim[] }>, { agent }) => {
        for (const { claim_id, task } of content.claims)
          claims.push({ task_id: task.id, claim_id, agent, outcome: 'Done and tested.' })
      },
    },
    complete_task: { input: (index) => claims[index] ?? {} },
    ship_loop: { input: (index) => ({ loop_id: loop_ids[index] }) },
  }
}

const ORDER: readonly CallName[] = [
  ...(['create_task', 'update_task', 'get_task', 'list_tasks', 'get_next_work'] as const),
  ...(['claim_next_work', 'complete_task', 'ship_loop'] as const),
]

/** Measures every kind of call. */
export const measureCalls = async (
  url: string,
  agent: McpClient,
  meter: Meter,
): Promise<Record<CallName, UnitCost>> => {
  const make = async (name: string): Promise<string> => (await agent.call('create_loop', { name })).loop.id
  const work = await make('Work')
  const loop_ids: string[] = []
  for (let index = 0; index < LOOPS_WARM + LOOPS; index += 1) loop_ids.push(await make(`Loop ${index}`))
  const plans = plansOf(work, loop_ids)
  const found: Partial<Record<CallName, UnitCost>> = {}
  for (const name of ORDER) {
    const { input, keep } = plans[name]
    let sent_bytes = 0
    const one = async (index: number): Promise<void> => {
      const given = input(index)
      for (let tries = 1; ; tries += 1)
        try {
          const { content, bytes } = await callOnce([`${url}/mcp`, agent.accessToken()], name, given)
          sent_bytes += bytes
          keep?.(content as never, given)
          return
        } catch (error) {
          if (name !== 'claim_next_work' || tries === TRIES) throw error
        }
    }
    const [warm, counted] = name === 'ship_loop' ? [LOOPS_WARM, LOOPS] : [WARM, COUNTED]
    await sample(one, warm, PARALLEL)
    sent_bytes = 0
    const cost = await meter.cost(counted, () => sample((index) => one(warm + index), counted, PARALLEL))
    found[name] = { ...cost, sent_bytes: sent_bytes / counted }
  }
  return Object.fromEntries(CALLS.map((name) => [name, found[name]])) as Record<CallName, UnitCost>
}
