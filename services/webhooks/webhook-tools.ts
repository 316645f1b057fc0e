// The operations of the webhooks service. They are for the owner and the admins; what belongs to another workspace is not
// found.
import type { Call, Handlers } from '../../shared/contracts/define/contract.ts'
import { actorOf } from '../../shared/contracts/define/contract.ts'
import { pageById } from '../../shared/contracts/define/cursor.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import type { ForgettingOperation } from '../../shared/contracts/forgetting.ts'
import type { webhooks } from '../../shared/contracts/webhooks/contract.ts'
import { CALL_MEDIA_TYPE, MAX_WEBHOOKS } from '../../shared/contracts/webhooks/shapes.ts'
import type { Clock } from '../../shared/process/clock.ts'
import type { Ids } from '../../shared/process/ids.ts'
import { seal } from '../../shared/process/sealing.ts'
import type { Keys } from '../../shared/process/service-keys.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import { deliveryOf, deliveryView, testEvent } from './delivery-rules.ts'
import type { Deliveries } from './delivery-store.ts'
import { secretOf } from './secrets.ts'
import { managerOf, readTarget, rotated, switched, type Webhook, webhookView } from './webhook-rules.ts'
import type { WebhookStore } from './webhook-store.ts'

export type HandlerDeps = Readonly<{
  webhooks: WebhookStore
  deliveries: Deliveries
  keys: Keys
  loopback: boolean
  clock: Clock
  ids: Ids
  /** Wakes the sender. */
  nudge: () => void
}>

const load = async ({ webhooks }: HandlerDeps, id: string, { caller }: Call): Promise<Webhook> => {
  const { workspace_id } = managerOf(caller)
  const found = await webhooks.find(workspace_id, id)
  if (!found) throw notFound('webhook', id)
  return found
}

/** Changes a webhook, deciding again when it has changed meanwhile. `decide` gives undefined to change nothing. */
const change = (
  deps: HandlerDeps,
  id: string,
  call: Call,
  decide: (before: Webhook) => Webhook | undefined,
): Promise<Webhook> =>
  untilSaved(async () => {
    const before = await load(deps, id, call)
    const next = decide(before)
    return next ? ((await deps.webhooks.save(before, next)) ?? undefined) : before
  }, deps.ids.random)

/** A new secret: as it is shown once, and as it is stored. */
const newSecret = ({ ids, keys }: HandlerDeps, webhookId: string) => {
  const secret = secretOf(ids.token())
  return { secret, sealed: seal(keys, webhookId, secret, ids.token()) }
}

/** The lowest free slot. @throws AppError `already_exists` for a known address, `limit_exceeded` when no slot is free. */
const freeSlot = (taken: readonly Webhook[], url: string): number => {
  if (taken.some((webhook) => webhook.url === url))
    throw new AppError('already_exists', 'There is a webhook with this address already.', {
      details: { field: 'url' },
    })
  const slots = new Set(taken.map(({ slot }) => slot))
  const free = Array.from({ length: MAX_WEBHOOKS }, (_, slot) => slot).find((slot) => !slots.has(slot))
  if (free === undefined)
    throw new AppError('limit_exceeded', `A workspace can have ${MAX_WEBHOOKS} webhooks. Remove one first.`)
  return free
}

type Of<K extends keyof (typeof webhooks)['operations']> = Handlers<typeof webhooks>[K]

const addWebhook =
  (deps: HandlerDeps): Of<'add_webhook'> =>
  async ({ url: text, description, events }, { caller }) => {
    const manager = managerOf(caller)
    const ws = manager.workspace_id
    const url = readTarget(text, deps.loopback)
    const _id = deps.ids.next()
    const { secret, sealed } = newSecret(deps, _id)
    const fresh: Omit<Webhook, 'slot'> = {
      _id,
      ws,
      v: 1,
      url,
      media_type: CALL_MEDIA_TYPE,
      description,
      events,
      status: 'active',
      reason: null,
      secrets: [{ sealed, until: null }],
      created_at: deps.clock.now(),
      created_by: actorOf(manager),
      delivered_at: null,
      failing_since: null,
    }
    return untilSaved(async () => {
      const slot = freeSlot(await deps.webhooks.list(ws, MAX_WEBHOOKS), url)
      return (await deps.webhooks.insert({ ...fresh, slot })) ? { id: _id, secret } : undefined
    }, deps.ids.random)
  }

/** Removes a webhook and its deliveries. If it is cut short between them, the deliveries expire by themselves. */
const removeWebhook =
  (deps: HandlerDeps): Of<'remove_webhook'> =>
  async ({ webhook_id }, call) => {
    const { ws } = await untilSaved(async () => {
      const before = await load(deps, webhook_id, call)
      return (await deps.webhooks.remove(before)) ? before : undefined
    }, deps.ids.random)
    await deps.deliveries.removeAll(ws, webhook_id)
    return {}
  }

const replayDelivery =
  (deps: HandlerDeps): Of<'replay_delivery'> =>
  async ({ delivery_id }, { caller }) => {
    const { workspace_id } = managerOf(caller)
    await untilSaved(async () => {
      const found = await deps.deliveries.find(workspace_id, delivery_id)
      if (!found) throw notFound('delivery', delivery_id)
      return (await deps.deliveries.replay(found)) || undefined
    }, deps.ids.random)
    deps.nudge()
    return {}
  }

/** The handlers of the operations of webhooks. */
export const handlers = (
  deps: HandlerDeps,
): Omit<Handlers<typeof webhooks>, 'subscribe_events' | 'unsubscribe_events' | ForgettingOperation> => ({
  add_webhook: addWebhook(deps),
  remove_webhook: removeWebhook(deps),
  replay_delivery: replayDelivery(deps),
  list_webhooks: async ({ limit, cursor }, { caller }) => {
    const found = await deps.webhooks.list(managerOf(caller).workspace_id, limit + 1, cursor)
    const { page: webhooks, next_cursor } = pageById(found, limit, webhookView)
    return { webhooks, next_cursor }
  },
  rotate_secret: async ({ webhook_id }, call) => {
    const { secret, sealed } = newSecret(deps, webhook_id)
    await change(deps, webhook_id, call, (before) => rotated(before, sealed, deps.clock.now()))
    return { secret }
  },
  enable_webhook: async ({ webhook_id }, call) => {
    await change(deps, webhook_id, call, (before) => switched(before, 'active', null))
    return {}
  },
  disable_webhook: async ({ webhook_id }, call) => {
    const reason = `Disabled by ${managerOf(call.caller).user_name}.`
    await change(deps, webhook_id, call, (before) => switched(before, 'disabled', reason))
    return {}
  },
  send_test: async ({ webhook_id }, call) => {
    const webhook = await load(deps, webhook_id, call)
    const now = deps.clock.now()
    const delivery = deliveryOf(testEvent(webhook, deps.ids.next(), now), webhook, now)
    await deps.deliveries.add([delivery])
    deps.nudge()
    return { delivery_id: delivery._id }
  },
  list_webhook_deliveries: async ({ webhook_id, limit, cursor }, call) => {
    const { ws, url } = await load(deps, webhook_id, call)
    const found = await deps.deliveries.list(ws, webhook_id, limit + 1, cursor)
    const { page: deliveries, next_cursor } = pageById(found, limit, deliveryView)
    return { url, deliveries, next_cursor }
  },
  replay_failed: async ({ webhook_id, since }, call) => {
    const { ws } = await load(deps, webhook_id, call)
    const replayed = await deps.deliveries.replayFailed(ws, webhook_id, new Date(since ?? 0))
    deps.nudge()
    return { replayed }
  },
})
