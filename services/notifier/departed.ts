// Finds the mails whose readers have left or were deactivated since: asked just before sending, once for all mails of a claim.
import { ownCall } from '../../shared/bus/headers.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Client, Role } from '../../shared/contracts/define/contract.ts'
import type { gateway } from '../../shared/contracts/gateway/contract.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { tasks } from '../../shared/contracts/tasks/contract.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { Log } from '../../shared/process/log.ts'
import { inParallel, partsOf } from '../../shared/process/parallel.ts'
import { MAILS } from './mails.ts'
import type { Delivery } from './notice-rules.ts'

export type DepartedDeps = Readonly<{
  gateway: Pick<Client<typeof gateway>, 'list_members'>
  loopsQueue: Pick<Client<typeof loopsQueue>, 'list_loop_readers'>
  tasks: Pick<Client<typeof tasks>, 'list_locations'>
  clock: Clock
  ids: Pick<Ids, 'next'>
  log: Log
}>

/** Workspaces asked about at the same time. */
const AT_ONCE = 4

type ReaderMail = Delivery & Readonly<{ user_id: string }>
const isReaderMail = (delivery: Delivery): delivery is ReaderMail =>
  ['readers', 'approver', 'mentioned'].includes(MAILS[delivery.template].audience) &&
  delivery.user_id !== null

const pagesOf = (ids: Iterable<string>): string[][] => partsOf([...new Set(ids)], LIMITS.page)

/** Where the tasks of mails are now: the private loop, or null where everybody sees them. Those that are gone are left out. */
const locate = async (
  { tasks, clock, ids }: DepartedDeps,
  workspace_id: string,
  mails: readonly ReaderMail[],
): Promise<ReadonlyMap<string, string | null>> => {
  const found = new Map<string, string | null>()
  for (const task_ids of pagesOf(mails.flatMap(({ task_id }) => task_id ?? [])))
    for (const task of (await tasks.list_locations({ workspace_id, task_ids }, ownCall(clock, ids.next())))
      .tasks)
      found.set(task.id, task.private ? task.loop_id : null)
  return found
}

/**
 * The mails of a workspace whose readers have left it, or left the private loop that the mail is about or that its task is
 * in; and those about a task that is gone.
 */
const departedOf = async (
  deps: DepartedDeps,
  workspace_id: string,
  mails: readonly ReaderMail[],
): Promise<ReaderMail[]> => {
  const { gateway, loopsQueue, clock, ids } = deps
  const call = () => ownCall(clock, ids.next())
  const members = new Map<string, Role>()
  for (const user_ids of pagesOf(mails.map(({ user_id }) => user_id))) {
    const asked = { workspace_id, user_ids, limit: LIMITS.page }
    for (const { user_id, role, deactivated } of (await gateway.list_members(asked, call())).members)
      if (!deactivated) members.set(user_id, role)
  }
  const located = await locate(deps, workspace_id, mails)
  /** The private loop that decides, null where none does; undefined: what the mail is about is gone. */
  const privateLoopOf = ({ shown_to, about, task_id }: ReaderMail): string | null | undefined => {
    if (task_id !== undefined) return located.get(task_id)
    // `shown_to` is `owner` for private loops alone; every member reads the public ones.
    return shown_to === 'owner' && about ? about.loop_id : null
  }
  const readers = new Map<string, readonly string[] | null>()
  for (const loop_ids of pagesOf(mails.flatMap((mail) => privateLoopOf(mail) ?? [])))
    for (const { id, reader_ids } of (await loopsQueue.list_loop_readers({ workspace_id, loop_ids }, call()))
      .loops)
      readers.set(id, reader_ids)
  return mails.filter((mail) => {
    const loop_id = privateLoopOf(mail)
    if (!members.has(mail.user_id) || loop_id === undefined) return true
    if (loop_id === null) return false
    const allowed = readers.get(loop_id)
    if (allowed === undefined) return true
    // The owner sees private loops without being a member. Only what mentions them is mailed to them.
    if (mail.about?.mention && members.get(mail.user_id) === 'owner') return false
    return allowed !== null && !allowed.includes(mail.user_id)
  })
}

/** Ids of deliveries: to people who have left, and to people of whom it is not known now. */
export type Departed = Readonly<{ left: ReadonlySet<string>; unknown: ReadonlySet<string> }>

const idsOf = (mails: readonly Delivery[]) => new Set(mails.map(({ _id }) => _id))

/** Makes the function that finds the deliveries to people who have left. */
export const departedFrom =
  (deps: DepartedDeps) =>
  async (claimed: readonly Delivery[]): Promise<Departed> => {
    const groups = [...Map.groupBy(claimed.filter(isReaderMail), ({ ws }) => ws)]
    const found = await inParallel(groups, AT_ONCE, async ([ws, mails]) => {
      try {
        return { left: await departedOf(deps, ws, mails), unknown: [] }
      } catch (error) {
        // Mails of other workspaces go out even when this one cannot be asked about.
        deps.log.warn('could not ask who is still a member', { workspace: ws, error })
        return { left: [], unknown: mails }
      }
    })
    return {
      left: idsOf(found.flatMap(({ left }) => left)),
      unknown: idsOf(found.flatMap(({ unknown }) => unknown)),
    }
  }
