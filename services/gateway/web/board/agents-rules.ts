// Whose connections somebody may end, when one was last heard of, and what it finished. Pure.
import type { Role } from '../../../../shared/contracts/define/contract.ts'
import type { ShownClaim } from '../../../../shared/contracts/tasks/board.ts'
import { manages } from '../../accounts/workspace-rules.ts'

/** Who asks. */
type Member = Readonly<{ user_id: string; workspace_id: string; role: Role }>

/** Whether somebody may end a connection: their own, and as owner or admin each of their workspace. */
export const mayEnd = (
  connection: Readonly<{ user_id: string; ws: string }>,
  { user_id, workspace_id, role }: Member,
): boolean => connection.ws === workspace_id && (connection.user_id === user_id || manages(role))

/** When something was used or heard of: a moment, or only its day (`YYYY-MM-DD`); null: never, or it is not known. */
export type Heard = Date | string | null

const dayOf = (heard: Date | string): string =>
  typeof heard === 'string' ? heard : heard.toISOString().slice(0, 10)

const later = (one: Heard, other: Heard): Heard => {
  if (one === null || other === null) return one ?? other
  if (dayOf(one) !== dayOf(other)) return dayOf(one) > dayOf(other) ? one : other
  // Of the same day, the one that says more.
  if (typeof one === 'string' || typeof other === 'string') return typeof one === 'string' ? other : one
  return one > other ? one : other
}

/** The latest of them. Who holds a claim was heard of when it was last renewed. */
export const latest = (used: readonly Heard[], claims: readonly ShownClaim[]): Heard =>
  [...used, ...claims.map(({ heard_at }) => new Date(heard_at))].reduce(later, null)

/** Somebody who finished tasks through an app. */
type Finished = Readonly<{ by: Readonly<{ user_id: string; client: string }>; tasks: number }>

/** How many tasks somebody finished, through one app or through all of theirs. */
export const countOf = (
  finished: readonly Finished[],
  { user_id, client }: Readonly<{ user_id: string; client?: string | undefined }>,
): number =>
  finished
    .filter(({ by }) => by.user_id === user_id && (client === undefined || by.client === client))
    .reduce((sum, { tasks }) => sum + tasks, 0)
