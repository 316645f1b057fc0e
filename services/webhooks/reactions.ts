// What the webhooks service does about events: it only records which webhooks and subscriptions get a call. The contracts say
// which events there are, and which of them are public.
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import type { EventDeclaration } from '../../shared/contracts/define/contract.ts'
import { EVENT_TYPES } from '../../shared/contracts/event-types.ts'
import { MAX_WEBHOOKS } from '../../shared/contracts/webhooks/shapes.ts'
import { SOURCES } from '../../shared/contracts/webhooks/sources.ts'
import { type Erasing, onDeletion } from '../../shared/events/erase-workspaces.ts'
import { aboutOf, sourcesOf } from '../../shared/events/occurrence-rules.ts'
import { on, type Reaction } from '../../shared/events/reactions.ts'
import type { Clock } from '../../shared/process/clock.ts'
import { coalesced } from '../../shared/process/coalesce.ts'
import { deliveryOf } from './delivery-rules.ts'
import type { Deliveries } from './delivery-store.ts'
import { eventDeliveryOf } from './event-delivery-rules.ts'
import type { EventDeliveries } from './event-delivery-store.ts'
import { isInTime } from './subscription-rules.ts'
import type { SubscriptionStore } from './subscription-store.ts'
import { isPublic, listens } from './webhook-rules.ts'
import type { WebhookStore } from './webhook-store.ts'

export type ReactionDeps = Readonly<{
  webhooks: Pick<WebhookStore, 'list'>
  deliveries: Pick<Deliveries, 'add'>
  subscriptions: Pick<SubscriptionStore, 'listLive'>
  event_deliveries: Pick<EventDeliveries, 'add'>
  clock: Clock
  /** Wakes the sender of calls to webhooks, and that of calls to subscriptions. */
  nudge: () => void
  nudge_events: () => void
  erasing: Pick<Erasing, 'note'>
}>

/** The types of event that follow from each event of the bus. */
const TYPES = Object.groupBy(
  (Object.keys(EVENT_TYPES) as (keyof typeof EVENT_TYPES)[]).flatMap((name) =>
    sourcesOf(name).map((source) => ({ name, source })),
  ),
  ({ source }) => source,
)

/** Reads who wants to be called. Events of a workspace that come at the same time share one read. */
const targets = ({ webhooks, subscriptions, clock }: ReactionDeps) => {
  const live = Object.entries(TYPES).map(([type, types = []]) => {
    const names = types.map(({ name }) => name)
    return [type, coalesced((ws) => subscriptions.listLive(ws, clock.now(), names))] as const
  })
  return {
    listWebhooks: coalesced((ws) => webhooks.list(ws, MAX_WEBHOOKS)),
    /** The subscriptions to what follows from a type of event; no function where nothing does. */
    listLive: new Map(live),
  }
}
type Targets = ReturnType<typeof targets>

/** Records the calls of an event to webhooks: only of what everybody in the workspace may know. */
const forWebhooks = async (
  { deliveries, clock, nudge }: ReactionDeps,
  { listWebhooks }: Targets,
  declared: EventDeclaration,
  event: CloudEvent,
): Promise<void> => {
  if (!isPublic(declared, event)) return
  const all = await listWebhooks(event.workspaceid)
  const listening = all.filter((webhook) => listens(webhook, event))
  if (listening.length === 0) return
  await deliveries.add(listening.map((webhook) => deliveryOf(event, webhook, clock.now())))
  nudge()
}

/** Records the calls of an event to subscriptions. What their readers may know is asked at each call. */
const forSubscriptions = async (
  { event_deliveries, clock, nudge_events }: ReactionDeps,
  { listLive }: Targets,
  event: CloudEvent,
): Promise<void> => {
  const live = await listLive.get(event.type)?.(event.workspaceid)
  if (!live) return
  const now = clock.now()
  const at = new Date(event.time)
  const listening = live.filter(
    (one) => isInTime(one, at, now) && aboutOf(event, one.listening) !== undefined,
  )
  if (listening.length === 0) return
  await event_deliveries.add(listening.map(({ _id }) => eventDeliveryOf(event, _id, now)))
  nudge_events()
}

/** One reaction for each public event of every contract, and that to the deletion of a workspace. */
export const reactions = (deps: ReactionDeps): readonly Reaction[] => {
  const found = targets(deps)
  const calling = SOURCES.flatMap((contract) =>
    Object.entries(contract.events)
      .filter(([, declared]) => declared.public !== undefined)
      .map(([name, declared]) =>
        on(contract, name, async (event) => {
          await forWebhooks(deps, found, declared, event)
          await forSubscriptions(deps, found, event)
        }),
      ),
  )
  return [...calling, onDeletion(deps.erasing)]
}
