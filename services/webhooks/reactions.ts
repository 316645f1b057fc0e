// What the webhooks service does about events: it only records which webhooks get a call. The contracts say which events
// there are, and which of them are public.
import { MAX_WEBHOOKS } from '../../shared/contracts/webhooks/shapes.ts'
import { SOURCES } from '../../shared/contracts/webhooks/sources.ts'
import { on, type Reaction } from '../../shared/events/reactions.ts'
import type { Clock } from '../../shared/process/clock.ts'
import { deliveryOf } from './delivery-rules.ts'
import type { Deliveries } from './delivery-store.ts'
import { isPublic, listens } from './webhook-rules.ts'
import type { WebhookStore } from './webhook-store.ts'

export type ReactionDeps = Readonly<{
  webhooks: Pick<WebhookStore, 'list'>
  deliveries: Pick<Deliveries, 'add'>
  clock: Clock
  /** Wakes the sender. */
  nudge: () => void
}>

/** One reaction for each public event of every contract. */
export const reactions = ({ webhooks, deliveries, clock, nudge }: ReactionDeps): readonly Reaction[] =>
  SOURCES.flatMap((contract) =>
    Object.entries(contract.events)
      .filter(([, declared]) => declared.public !== undefined)
      .map(([name, declared]) =>
        on(contract, name, async (event) => {
          if (!isPublic(declared, event)) return
          const all = await webhooks.list(event.workspaceid, MAX_WEBHOOKS)
          const listening = all.filter((webhook) => listens(webhook, event))
          if (listening.length === 0) return
          await deliveries.add(listening.map((webhook) => deliveryOf(event, webhook, clock.now())))
          nudge()
        }),
      ),
  )
