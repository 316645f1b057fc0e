// Finds the mails whose readers have left since: asked just before sending, once for all mails of a claim.
import { ownCall } from '../../shared/bus/headers.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Client } from '../../shared/contracts/define/contract.ts'
import type { gateway } from '../../shared/contracts/gateway/contract.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { Log } from '../../shared/process/log.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { MAILS } from './mails.ts'
import type { Delivery } from './notice-rules.ts'

export type DepartedDeps = Readonly<{
  gateway: Pick<Client<typeof gateway>, 'list_members'>
  loopsQueue: Pick<Client<typeof loopsQueue>, 'list_loop_readers'>
  clock: Clock
  ids: Pick<Ids, 'next'>
  log: Log
}>

/** Workspaces asked about at the same time. */
const AT_ONCE = 4

type ReaderMail = Delivery & Readonly<{ user_id: string }>
const isReaderMail = (delivery: Delivery): delivery is ReaderMail =>
  MAILS[delivery.template].audience === 'readers' && delivery.user_id !== null

const pagesOf = (all: Iterable<string>): string[][] => {
  const ids = [...new Set(all)]
  return Array.from({ length: Math.ceil(ids.length / LIMITS.page) }, (_, page) =>
    ids.slice(page * LIMITS.page, (page + 1) * LIMITS.page),
  )
}

/** The mails of a workspace whose readers have left it, or left the private loop that the mail is about. */
const departedOf = async (
  { gateway, loopsQueue, clock, ids }: DepartedDeps,
  workspace_id: string,
  mails: readonly ReaderMail[],
): Promise<ReaderMail[]> => {
  const call = () => ownCall(clock, ids.next())
  const members = new Set<string>()
  for (const user_ids of pagesOf(mails.map(({ user_id }) => user_id))) {
    const asked = { workspace_id, user_ids, limit: LIMITS.page }
    for (const { user_id } of (await gateway.list_members(asked, call())).members) members.add(user_id)
  }
  // `shown_to` is `owner` for private loops alone; every member reads the public ones.
  const private_ids = mails.flatMap(({ shown_to, about }) =>
    shown_to === 'owner' && about ? about.loop_id : [],
  )
  const readers = new Map<string, readonly string[] | null>()
  for (const loop_ids of pagesOf(private_ids))
    for (const { id, reader_ids } of (await loopsQueue.list_loop_readers({ workspace_id, loop_ids }, call()))
      .loops)
      readers.set(id, reader_ids)
  return mails.filter(({ user_id, shown_to, about }) => {
    if (!members.has(user_id)) return true
    if (shown_to !== 'owner' || !about) return false
    const allowed = readers.get(about.loop_id)
    return allowed === undefined || (allowed !== null && !allowed.includes(user_id))
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
