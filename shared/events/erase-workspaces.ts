// How a service takes part in the deletion of workspaces: its reaction to the event, and the work in the background.
import { gateway } from '../contracts/gateway/contract.ts'
import type { Clock } from '../process/clock.ts'
import type { FaultPoint } from '../process/fault-points.ts'
import type { Ids } from '../process/ids.ts'
import type { Log } from '../process/log.ts'
import { type Erasures, openErasure } from '../storage/erasure.ts'
import type { Upkeep } from '../storage/upkeep.ts'
import { on, type Reaction } from './reactions.ts'

/** How often deleted workspaces are looked for (ms), and how often while there are none. */
const ERASE_EVERY_MS = 1_000
const IDLE_MS = 5_000

/** What a service does about deleted workspaces. @see openErasing */
export type Erasing = Readonly<{
  /** Notes that a workspace was deleted; it is then erased in the background. Repeats do no harm. */
  note: (ws: string, deleted_at: Date) => Promise<void>
  /**
   * The same reactions, where one that fails because its workspace was deleted counts as done: nobody could be told, and
   * nothing is left to be changed.
   */
  forgiving: (reactions: readonly Reaction[]) => readonly Reaction[]
}>

/** What a service has that the work in the background needs. */
type ErasingHost = Readonly<{
  clock: Clock
  at: FaultPoint
  log: Log
  ids: Ids
  stack: AsyncDisposableStack
  upkeep: Pick<Upkeep, 'repeat'>
}>

/** The reaction of every service that keeps something of workspaces. */
export const onDeletion = (erasing: Pick<Erasing, 'note'>): Reaction =>
  on(gateway, 'workspace.deleted', ({ time, data }) => erasing.note(data.workspace_id, new Date(time)))

/**
 * Erases deleted workspaces until the host stops. Step: `erase.marked`, when the deletion is noted and its event is not
 * acknowledged yet.
 */
export const openErasing = async (
  { clock, at, log, ids, stack, upkeep }: ErasingHost,
  db: Parameters<typeof openErasure>[0],
  erasures: Erasures,
): Promise<Erasing> => {
  const options = { log: log.child('erase'), random: ids.random }
  const erasure = await openErasure(db, erasures, { clock, at, log: options.log })
  const repeated = { ...options, interval_ms: ERASE_EVERY_MS, idle_ms: IDLE_MS }
  const sweeping = stack.use(upkeep.repeat(() => erasure.sweep(), repeated))
  return {
    note: async (ws, deleted_at) => {
      await erasure.mark(ws, deleted_at)
      at('erase.marked')
      sweeping.nudge()
    },
    forgiving: (reactions) =>
      reactions.map((reaction) => ({
        ...reaction,
        react: async (event) => {
          try {
            await reaction.react(event)
          } catch (error) {
            if (!(await erasure.isDeleted(event.workspaceid))) throw error
          }
        },
      })),
  }
}
