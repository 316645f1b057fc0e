// Wires the webhooks service: its stores, the sender, its reactions and its operations.
import { webhooks as contract } from '../../shared/contracts/webhooks/contract.ts'
import { type Config, loopbackTargets } from '../../shared/process/config.ts'
import { repeat } from '../../shared/process/lifecycle.ts'
import { type Host, startOnHost } from '../../shared/service.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { TERM_MS } from '../../shared/storage/lease.ts'
import type { Started } from '../start.ts'
import { openDeliveries } from './delivery-store.ts'
import { reactions } from './reactions.ts'
import { resealSecrets } from './reseal.ts'
import { SEALING } from './secrets.ts'
import { startSender } from './sender.ts'
import { openStanding } from './standing.ts'
import { openWebhooks } from './webhook-store.ts'
import { handlers } from './webhook-tools.ts'

/** How often secrets under an old key are looked for, while there is an old key (ms). */
const RESEAL_MS = 10_000

const wire = async (host: Host): Promise<void> => {
  const { config, ids, log, at, relay, stack } = host
  const db = host.mongo.database(contract.name)
  const clock = await openDatabaseClock(db, host.clock)
  const webhooks = await openWebhooks(db, { service: contract.name, clock, ids, onCommit: relay.onCommit })
  relay.watch(webhooks.outbox)
  const standing = openStanding()
  const term_ms = config.LEASE_MS ?? TERM_MS
  const deliveries = await openDeliveries(db, { clock, ids, shares: standing.shares, term_ms })
  const keys = host.bus.keys.of(SEALING)
  const shared = { webhooks, deliveries, keys, loopback: loopbackTargets(config), clock }
  const sending = { ...shared, standing, term_ms, random: ids.random, log: log.child('sender'), at }
  const sender = stack.use(startSender(sending))
  const { nudge } = sender
  await host.consume(reactions({ webhooks, deliveries, clock, nudge }))
  if (keys.length > 1)
    stack.use(
      repeat(async () => void (await resealSecrets({ webhooks, keys, token: ids.token })), {
        interval_ms: RESEAL_MS,
        log,
        random: ids.random,
      }),
    )
  await host.serve(contract, handlers({ ...shared, ids, nudge }))
}

/** Starts the webhooks service. @throws AppError `unavailable` when MongoDB or NATS does not answer. */
export const start = (config: Config): Promise<Started> => startOnHost(contract.name, config, wire)
