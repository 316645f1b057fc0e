// Who has left since a mail about a loop became pending: asked again just before it is sent, once for all mails of a claim.
import { ownCall } from '../../shared/bus/headers.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Client } from '../../shared/contracts/define/contract.ts'
import type { gateway } from '../../shared/contracts/gateway/contract.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import type { Log } from '../../shared/process/log.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import type { Delivery } from './notice-rules.ts'

export type DepartedDeps = Readonly<{
  gateway: Pick<Client<typeof gateway>, 'list_members'>
  loopsQueue: Pick<Client<typeof loopsQueue>, 'list_loop_readers'>
  clock: Clock
  ids: Pick<Ids, 'next'>
  log: Log
}>

/** Workspaces that are asked for at once. */
const AT_ONCE = 4

type MemberMail = Delivery & Readonly<{ user_id: string }>
const isMemberMail = (delivery: Delivery): delivery is MemberMail =>
  delivery.template === 'loop-shipped' && delivery.user_id !== null

const pagesOf = (all: Iterable<string>): string[][] => {
  const ids = [...new Set(all)]
  return Array.from({ length: Math.ceil(ids.length / LIMITS.page) }, (_, page) =>
    ids.slice(page * LIMITS.page, (page + 1) * LIMITS.page),
  )
}

/** Those of a workspace's mails whose people belong neither to it nor, where it is private, to the loop any more. */
const departedOf = async (
  { gateway, loopsQueue, clock, ids }: DepartedDeps,
  workspace_id: string,
  mails: readonly MemberMail[],
): Promise<MemberMail[]> => {
  const call = () => ownCall(clock, ids.next())
  const here = new Set<string>()
  for (const user_ids of pagesOf(mails.map(({ user_id }) => user_id))) {
    const asked = { workspace_id, user_ids, limit: LIMITS.page }
    for (const { user_id } of (await gateway.list_members(asked, call())).members) here.add(user_id)
  }
  // The mails of public loops say so; to their readers belongs every member.
  const private_ids = mails.flatMap(({ shown_to, about }) =>
    shown_to === 'owner' && about ? about.loop_id : [],
  )
  const readers = new Map<string, readonly string[] | null>()
  for (const loop_ids of pagesOf(private_ids))
    for (const { id, reader_ids } of (await loopsQueue.list_loop_readers({ workspace_id, loop_ids }, call()))
      .loops)
      readers.set(id, reader_ids)
  return mails.filter(({ user_id, shown_to, about }) => {
    if (!here.has(user_id)) return true
    if (shown_to !== 'owner' || !about) return false
    const allowed = readers.get(about.loop_id)
    return allowed === undefined || (allowed !== null && !allowed.includes(user_id))
  })
}

/** Ids of deliveries: to people who have left, and to those of whom nobody can say it now. */
export type Departed = Readonly<{ left: ReadonlySet<string>; unknown: ReadonlySet<string> }>

const idsOf = (mails: readonly Delivery[]) => new Set(mails.map(({ _id }) => _id))

/** Makes the function that finds, among some deliveries, those to people who have left. */
export const departedFrom =
  (deps: DepartedDeps) =>
  async (claimed: readonly Delivery[]): Promise<Departed> => {
    const groups = [...Map.groupBy(claimed.filter(isMemberMail), ({ ws }) => ws)]
    const found = await inParallel(groups, AT_ONCE, async ([ws, mails]) => {
      try {
        return { left: await departedOf(deps, ws, mails), unknown: [] }
      } catch (error) {
        // One workspace's question holds up nobody else's mails.
        deps.log.warn('who is still a member could not be asked', { workspace: ws, error })
        return { left: [], unknown: mails }
      }
    })
    return {
      left: idsOf(found.flatMap(({ left }) => left)),
      unknown: idsOf(found.flatMap(({ unknown }) => unknown)),
    }
  }
