// Wires the webhooks service: its stores, the sender, its reactions and its operations.

import { client } from '../../shared/bus/client.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { webhooks as contract } from '../../shared/contracts/webhooks/contract.ts'
import { openErasing } from '../../shared/events/erase-workspaces.ts'
import { readPending } from '../../shared/measured.ts'
import { type Config, loopbackTargets } from '../../shared/process/config.ts'
import type { Sample } from '../../shared/process/metrics-table.ts'
import type { Keys } from '../../shared/process/service-keys.ts'
import type { Telemetry } from '../../shared/process/telemetry.ts'
import { type Host, startOnHost } from '../../shared/service.ts'
import { type DatabaseClock, openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { forgettingHandlers } from '../../shared/storage/erase-names.ts'
import { TERM_MS } from '../../shared/storage/lease.ts'
import type { Started } from '../start.ts'
import { openDeliveries } from './delivery-store.ts'
import { ERASURES } from './erasures.ts'
import { openEventDeliveries } from './event-delivery-store.ts'
import { startEventSender } from './event-sender.ts'
import { reactions } from './reactions.ts'
import { resealSecrets } from './reseal.ts'
import { SEALING } from './secrets.ts'
import { startSender } from './sender.ts'
import { openStanding } from './standing.ts'
import { openSubscriptions } from './subscription-store.ts'
import { subscriptionHandlers } from './subscription-tools.ts'
import { openVerification } from './verification.ts'
import { openWebhooks } from './webhook-store.ts'
import { handlers } from './webhook-tools.ts'

/** The gauges of calls that are pending. */
const pendingCalls =
  (kind: 'webhook' | 'subscription') =>
  (count: number, oldest_s: number): readonly Sample[] => [
    { name: 'loops_webhook_pending', labels: { kind }, value: count },
    { name: 'loops_webhook_oldest_age_seconds', labels: { kind }, value: oldest_s },
  ]

/** How often secrets under an old key are looked for, while there is an old key (ms). */
const RESEAL_MS = 10_000

/** Opens what subscriptions to types of event need, and starts their sender. */
const wireSubscriptions = async (
  { bus, ids, log, at, mongo, stack, metrics, upkeep }: Host,
  shared: Readonly<{ keys: Keys; loopback: boolean; clock: DatabaseClock; term_ms: number }>,
) => {
  const db = mongo.database(contract.name)
  const subscriptions = await openSubscriptions(db)
  const standing = openStanding('subscription_id')
  const { clock, loopback, term_ms } = shared
  const deliveries = await openEventDeliveries(db, { clock, ids, shares: standing.shares, term_ms })
  const witnesses = { tasks: client(bus, tasks), loops: client(bus, loopsQueue) }
  const asked = { gateway: client(bus, gateway), witnesses }
  const { nudge } = stack.use(
    startEventSender({
      ...shared,
      ...asked,
      subscriptions,
      deliveries,
      standing,
      ids,
      log: log.child('events'),
      shared: upkeep.shared,
      at,
      metrics,
    }),
  )
  const verify = openVerification({ loopback, clock, ids })
  const handlers = subscriptionHandlers({ ...shared, subscriptions, verify, ids, nudge })
  return { subscriptions, deliveries, nudge, handlers }
}

const wire = async (host: Host): Promise<void> => {
  const { config, ids, log, at, relay, stack, metrics } = host
  const db = host.mongo.database(contract.name)
  const clock = await openDatabaseClock(db, host.clock)
  const webhooks = await openWebhooks(db, { service: contract.name, clock, ids, onCommit: relay.onCommit })
  relay.watch(webhooks.outbox)
  const standing = openStanding('webhook_id')
  const term_ms = config.LEASE_MS ?? TERM_MS
  const deliveries = await openDeliveries(db, { clock, ids, shares: standing.shares, term_ms })
  const keys = host.bus.keys.of(SEALING)
  const shared = { webhooks, deliveries, keys, loopback: loopbackTargets(config), clock }
  const sending = {
    ...shared,
    standing,
    term_ms,
    shared: host.upkeep.shared,
    random: ids.random,
    log: log.child('sender'),
    at,
    metrics,
    tracing: host.bus.tracing,
  }
  const sender = stack.use(startSender(sending))
  const { nudge } = sender
  const events = await wireSubscriptions(host, { ...shared, term_ms })
  host.sample(() => readPending(deliveries, clock, pendingCalls('webhook')))
  host.sample(() => readPending(events.deliveries, clock, pendingCalls('subscription')))
  const erasing = await openErasing(host, db, ERASURES)
  const reacting = reactions({
    webhooks,
    deliveries,
    subscriptions: events.subscriptions,
    event_deliveries: events.deliveries,
    clock,
    nudge,
    nudge_events: events.nudge,
    erasing,
  })
  await host.consume(erasing.forgiving(reacting))
  if (keys.length > 1)
    stack.use(
      host.upkeep.repeat(
        async () => {
          await resealSecrets({ store: webhooks, keys, token: ids.token })
          await resealSecrets({ store: events.subscriptions, keys, token: ids.token })
        },
        { interval_ms: RESEAL_MS, log, random: ids.random },
      ),
    )
  await host.serve(contract, {
    ...handlers({ ...shared, ids, nudge }),
    ...events.handlers,
    ...forgettingHandlers(db),
  })
}

/** Starts the webhooks service. @throws AppError `unavailable` when MongoDB or NATS does not answer. */
export const start = (config: Config, telemetry?: Telemetry): Promise<Started> =>
  startOnHost(contract.name, config, wire, telemetry)
