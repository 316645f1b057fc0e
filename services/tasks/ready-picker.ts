// Gives each claim in this process a ready task of its own, so that claims made at once do not run after the same one.
//
// It only saves work. Whether a claim succeeds is decided by its write, since other replicas know nothing of this.
import { LRUCache } from 'lru-cache'
import { gatherBy } from '../../shared/process/gather.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { TaskDoc, TaskStore } from './task-store.ts'

/** Claims in one loop that are given tasks by one query. */
const MAX_AT_ONCE = 16
/** The most ready tasks that one is chosen from. */
const MAX_WIDTH = 16

/** Loops of which it is remembered that they had ready tasks. */
const MAX_LOOPS = 10_000

/** A task that somebody wants: of this loop, one of the first `width` ready ones that nobody else here has. */
type Wanted = Readonly<{ ws: string; loop_id: string; width: number }>

export type ReadyPicker = Readonly<{
  /** Runs `work` on a ready task of a loop, which nobody else here is given meanwhile. @returns null when there is none. */
  withReady: <R>(wanted: Wanted, work: (task: TaskDoc) => Promise<R>) => Promise<R | null>
  /** Whether a loop had ready tasks when somebody here looked last. */
  hadReady: (loop_id: string) => boolean
}>

/** Makes the picker of one process. */
export const readyPicker = ({
  tasks,
  ids,
}: Readonly<{ tasks: Pick<TaskStore, 'listReady'>; ids: Pick<Ids, 'random'> }>): ReadyPicker => {
  /** The ids of the tasks that are being worked on here, by their loop. */
  const inHand = new Map<string, Set<string>>()
  const take = (loop_id: string, id: string): void => {
    inHand.set(loop_id, (inHand.get(loop_id) ?? new Set()).add(id))
  }
  const giveBack = (loop_id: string, id: string): void => {
    const own = inHand.get(loop_id)
    own?.delete(id)
    if (own?.size === 0) inHand.delete(loop_id)
  }
  const had = new LRUCache<string, true>({ max: MAX_LOOPS })
  const keyOf = ({ ws, loop_id }: Wanted): string => `${ws} ${loop_id}`
  const pick = gatherBy<Wanted, TaskDoc | null>(MAX_AT_ONCE, keyOf, async (wanted) => {
    const [{ ws, loop_id }] = wanted
    const widths = wanted.map(({ width }) => Math.min(width, MAX_WIDTH))
    const limit = Math.max(...widths) + widths.length - 1
    const found = await tasks.listReady(ws, loop_id, [...(inHand.get(loop_id) ?? [])], limit)
    if (found.length > 0) had.set(loop_id, true)
    else had.delete(loop_id)
    return widths.map((width) => {
      const [task] = found.splice(Math.floor(ids.random() * Math.min(width, found.length)), 1)
      if (task) take(loop_id, task._id)
      return task ?? null
    })
  })
  return {
    withReady: async (wanted, work) => {
      const task = await pick(wanted)
      if (!task) return null
      try {
        return await work(task)
      } finally {
        giveBack(wanted.loop_id, task._id)
      }
    },
    hadReady: (loop_id) => had.has(loop_id),
  }
}
