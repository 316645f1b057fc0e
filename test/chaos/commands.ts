// The commands of agents: each is decided once and given as often as it takes, and its answer says what is done.
import type * as z from 'zod'
import type { tasks } from '../../shared/contracts/tasks/contract.ts'
import { systemIds } from '../../shared/process/ids.ts'
import type { McpClient } from '../support/mcp-client.ts'
import type { Acked, Ledger } from './ledger.ts'

const ids = systemIds()
const MOST_LOOPS = 40

/** What all agents of a run share: the things that they work on, and what was acknowledged. */
export type Common = Readonly<{
  url: string
  ledger: Ledger
  tasks: string[]
  loops: string[]
  random: (n: number) => number
}>

/** Calls of a client that is connected. */
export type Agent = Readonly<{ call: McpClient['call'] }>

/** Gives the same command once more; what its answer says is done. */
export type Command = (agent: Agent) => Promise<readonly Acked[]>
/** Decides on a command with this idempotency key; undefined when there is nothing to do it to. */
type Deciding = (common: Common, idempotency_key: string) => Command | undefined

const PRIORITIES = ['urgent', 'high', 'medium', 'low', 'none'] as const
const STATUSES = ['approved', 'in_progress', 'shipped', 'on_hold', 'open'] as const

const pick = <T>({ random }: Common, all: readonly T[]): T => all[random(all.length)] as T
const some = (common: Common, all: readonly string[], most: number): string[] => [
  ...new Set(Array.from({ length: 1 + common.random(most) }, () => pick(common, all))),
]

type Row = Readonly<{ id: string; version: number }>
const ofTask = (tool: string, { id, version }: Row, has_event: boolean, name?: string): Acked => ({
  ...{ tool, kind: 'task', id, version, has_event },
  ...(name === undefined ? {} : { name }),
})
const ofLoop = (tool: string, { id, version }: Row, has_event: boolean): Acked => ({
  ...{ tool, kind: 'loop', id, version, has_event },
})
const ofQueue = (
  tool: string,
  { version, changed }: Readonly<{ version: number; changed: boolean }>,
): Acked => ({
  ...{ tool, kind: 'queue', id: 'queue', version, has_event: changed },
})

type UpdateTask = z.input<(typeof tasks.operations)['update_task']['input']>

/** Changes one task; of a new title the answer says that it is the task's. */
const update =
  (asked: UpdateTask, name?: string): Command =>
  async (agent) => {
    const { task, changed } = await agent.call('update_task', asked)
    return [ofTask('update_task', task, changed, name)]
  }

const ofTasks: Record<string, Deciding> = {
  create_task: (common, idempotency_key) => {
    const loop_id = common.random(2) === 0 && common.loops.length > 0 ? pick(common, common.loops) : undefined
    const title = `Task ${idempotency_key}`
    return async (agent) => {
      const { task } = await agent.call('create_task', {
        title,
        idempotency_key,
        ...(loop_id && { loop_id }),
      })
      common.tasks.push(task.id)
      return [ofTask('create_task', task, true, title)]
    }
  },
  retitle: (common, idempotency_key) => {
    const title = `Title ${idempotency_key}`
    return update({ task_id: pick(common, common.tasks), title, idempotency_key }, title)
  },
  advance: (common, idempotency_key) =>
    update({ task_id: pick(common, common.tasks), status: pick(common, STATUSES), idempotency_key }),
  move: (common, idempotency_key) => {
    const loop_id = common.random(3) === 0 ? null : (pick(common, common.loops) ?? null)
    return update({ task_id: pick(common, common.tasks), loop_id, idempotency_key })
  },
  bulk: (common, idempotency_key) => {
    const asked = {
      task_ids: some(common, common.tasks, 4),
      priority: pick(common, PRIORITIES),
      idempotency_key,
    }
    return async (agent) => {
      const { results } = await agent.call('bulk_update_tasks', asked)
      return results.flatMap(({ task_id: id, ok, changed, version }) =>
        ok && version !== undefined ? [ofTask('bulk_update_tasks', { id, version }, changed)] : [],
      )
    }
  },
  comment: (common, idempotency_key) => {
    const asked = { task_id: pick(common, common.tasks), text: `Comment ${idempotency_key}`, idempotency_key }
    return async (agent) => {
      const { comment } = await agent.call('add_comment', asked)
      return [{ tool: 'add_comment', kind: 'comment', id: comment.id, version: 1, has_event: true }]
    }
  },
  remove: (common) => {
    const task_id = pick(common, common.tasks)
    common.ledger.maybeDeleted.add(task_id)
    return async (agent) => {
      await agent.call('delete_task', { task_id })
      common.ledger.deleted.add(task_id)
      return []
    }
  },
}

/** Commands on the order and the status of loops. */
const ofLoops: Record<string, Deciding> = {
  create_loop: (common, idempotency_key) => {
    if (common.loops.length >= MOST_LOOPS) return undefined
    return async (agent) => {
      const { loop } = await agent.call('create_loop', { name: `Loop ${idempotency_key}`, idempotency_key })
      common.loops.push(loop.id)
      return [ofLoop('create_loop', loop, true)]
    }
  },
  gather: (common, idempotency_key) => {
    if (common.loops.length >= MOST_LOOPS) return undefined
    const task_ids = some(common, common.tasks, 3)
    const asked = { loop_name: `Loop ${idempotency_key}`, task_ids, idempotency_key }
    return async (agent) => {
      const { loop } = await agent.call('create_loop_from_tasks', asked)
      common.loops.push(loop.id)
      return [ofLoop('create_loop_from_tasks', loop, true)]
    }
  },
  prioritize: (common, idempotency_key) => {
    const asked = { loop_id: pick(common, common.loops), priority: common.random(20), idempotency_key }
    return async (agent) => [ofQueue('set_loop_priority', await agent.call('set_loop_priority', asked))]
  },
  reorder: (common, idempotency_key) => {
    const asked = { loop_ids: some(common, common.loops, 3), idempotency_key }
    return async (agent) => [ofQueue('reorder_loops', await agent.call('reorder_loops', asked))]
  },
  close: (common) => {
    const loop_id = pick(common, common.loops)
    return async (agent) => {
      const { loop, changed } = await agent.call('close_loop', { loop_id })
      return [ofLoop('close_loop', loop, changed)]
    }
  },
  reopen: (common) => {
    const loop_id = pick(common, common.loops)
    return async (agent) => {
      const { loop, changed } = await agent.call('reopen_loop', { loop_id })
      return [ofLoop('reopen_loop', loop, changed)]
    }
  },
  ship: (common) => {
    const loop_id = pick(common, common.loops)
    return async (agent) => {
      const { loop, already_shipped } = await agent.call('ship_loop', { loop_id })
      if (common.loops.includes(loop_id)) common.loops.splice(common.loops.indexOf(loop_id), 1)
      return [ofLoop('ship_loop', loop, !already_shipped)]
    }
  },
}

const DECIDING = { ...ofTasks, ...ofLoops }

/** How often each command is given. */
const DECK: readonly string[] = Object.entries({
  ...{ create_task: 8, retitle: 8, advance: 6, move: 3, bulk: 2, comment: 3, remove: 1 },
  ...{ create_loop: 5, gather: 2, prioritize: 6, reorder: 3, close: 2, reopen: 3, ship: 3 },
}).flatMap(([name, times]) => Array<string>(times).fill(name))

/** The next command, with its name; undefined when chance chose one that there is nothing for yet. */
export const nextCommand = (common: Common): Readonly<{ name: string; give: Command }> | undefined => {
  const { tasks, loops } = common
  const name = tasks.length === 0 ? 'create_task' : loops.length === 0 ? 'create_loop' : pick(common, DECK)
  const give = DECIDING[name]?.(common, ids.next())
  return give && { name, give }
}
