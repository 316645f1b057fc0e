// What the notifier does about other services' events: it writes down who is owed a mail, and no more. That is quick and
// may be repeated, so an event is acknowledged long before the last of ten thousand mails has left.
import { ownCall } from '../../shared/bus/headers.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import type { Call, Client } from '../../shared/contracts/define/contract.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { webhooks } from '../../shared/contracts/webhooks/contract.ts'
import { on, type Reaction } from '../../shared/events/reactions.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Deliveries } from './delivery-store.ts'
import {
  accountNotice,
  audienceOf,
  invitationNotice,
  type LinkNotice,
  linkDelivery,
  loopShippedNotice,
  memberDeliveries,
  ownerDeliveries,
  passwordResetNotice,
  type Recipient,
  webhookDisabledNotice,
} from './notice-rules.ts'
import { type Subscriptions, subscriptionId } from './preference-store.ts'

export type ReactionDeps = Readonly<{
  deliveries: Deliveries
  subscriptions: Subscriptions
  gateway: Pick<Client<typeof gateway>, 'get_workspace_context' | 'list_members'>
  /** The database's: what is due is compared with that. */
  clock: Clock
  /** Wakes the sender. */
  nudge: () => void
}>

/** Pages of members that one event may take; more people than any workspace has. */
const MAX_PAGES = 5_000

/** The people of a workspace who get a mail, page by page; `only` names them, null means every member. */
async function* audience(
  deps: ReactionDeps,
  workspace_id: string,
  only: readonly string[] | null,
  call: () => Call,
): AsyncGenerator<readonly Recipient[]> {
  if (only) {
    for (let start = 0; start < only.length; start += LIMITS.page) {
      const user_ids = only.slice(start, start + LIMITS.page)
      yield (await deps.gateway.list_members({ workspace_id, user_ids, limit: LIMITS.page }, call())).members
    }
    return
  }
  let cursor: string | null = null
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const input = { workspace_id, limit: LIMITS.page, ...(cursor === null ? {} : { cursor }) }
    const answer: Awaited<ReturnType<typeof deps.gateway.list_members>> = await deps.gateway.list_members(
      input,
      call(),
    )
    yield answer.members
    cursor = answer.next_cursor
    if (cursor === null) return
  }
}

const oweLink = async ({ deliveries, clock, nudge }: ReactionDeps, notice: LinkNotice): Promise<void> => {
  if (await deliveries.begin(notice)) return
  await deliveries.add([linkDelivery(notice, clock.now())])
  await deliveries.finish(notice)
  nudge()
}

/** The reactions of the notifier. */
export const reactions = (deps: ReactionDeps): readonly Reaction[] => [
  on(loopsQueue, 'loop.shipped', async (event) => {
    // A fresh budget for each page: together they may take longer than one call.
    const call = () => ownCall(deps.clock, event.id, undefined, event.traceparent)
    const { workspaceid } = event
    const { workspace } = await deps.gateway.get_workspace_context({ workspace_id: workspaceid }, call())
    const notice = loopShippedNotice(event, workspace.name)
    if (await deps.deliveries.begin(notice)) return
    for await (const members of audience(deps, workspaceid, audienceOf(event.data), call)) {
      const wishes = await deps.subscriptions.note(workspaceid, workspace.name, members)
      const wishOf = (user_id: string) => wishes.get(subscriptionId(workspaceid, user_id))
      await deps.deliveries.add(memberDeliveries(notice, members, wishOf, deps.clock.now()))
      deps.nudge()
    }
    await deps.deliveries.finish(notice)
  }),
  on(webhooks, 'webhook.disabled', async (event) => {
    const call = () => ownCall(deps.clock, event.id, undefined, event.traceparent)
    const { workspaceid } = event
    const { workspace } = await deps.gateway.get_workspace_context({ workspace_id: workspaceid }, call())
    const notice = webhookDisabledNotice(event, workspace.name)
    if (await deps.deliveries.begin(notice)) return
    for await (const members of audience(deps, workspaceid, null, call))
      await deps.deliveries.add(ownerDeliveries(notice, members, deps.clock.now()))
    await deps.deliveries.finish(notice)
    deps.nudge()
  }),
  on(gateway, 'person.invited', (event) => oweLink(deps, invitationNotice(event))),
  on(gateway, 'person.password_reset_requested', (event) => oweLink(deps, passwordResetNotice(event))),
  on(gateway, 'person.confirmation_requested', (event) =>
    oweLink(deps, accountNotice('confirmation', event)),
  ),
  on(gateway, 'person.sign_ins_failed', (event) => oweLink(deps, accountNotice('failed-sign-ins', event))),
]
