// Wires the notifier: its stores, where mails go, the sender, its reactions and its operations.

import { client } from '../../shared/bus/client.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { notifier } from '../../shared/contracts/notifier/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { openErasing } from '../../shared/events/erase-workspaces.ts'
import { readPending } from '../../shared/measured.ts'
import { type Config, ConfigError, keepsMails } from '../../shared/process/config.ts'
import type { Sample } from '../../shared/process/metrics-table.ts'
import type { Telemetry } from '../../shared/process/telemetry.ts'
import { type Host, startOnHost } from '../../shared/service.ts'
import { openDatabaseClock } from '../../shared/storage/database-clock.ts'
import { forgettingHandlers } from '../../shared/storage/erase-names.ts'
import { TERM_MS } from '../../shared/storage/lease.ts'
import type { Started } from '../start.ts'
import { greetingName, parseSender } from './addresses.ts'
import { createComposer } from './compose.ts'
import { openDeliveries } from './delivery-store.ts'
import { departedFrom } from './departed.ts'
import { type DevMails, openDevMails } from './dev-mail-store.ts'
import { ERASURES } from './erasures.ts'
import { forgetReader } from './forget-reader.ts'
import { handlers } from './handlers.ts'
import { createMailer } from './mailer.ts'
import { openMentionQuotas } from './mention-store.ts'
import { openSubscriptions } from './preference-store.ts'
import { reactions } from './reactions.ts'
import { startSender } from './sender.ts'
import { openSuppressions } from './suppression-store.ts'
import { UNSUBSCRIBE, unsubscribeKeys } from './unsubscribe.ts'

/** The gauges of mails that are pending. */
const pendingMails = (count: number, oldest_s: number): readonly Sample[] => [
  { name: 'loops_mail_pending', labels: {}, value: count },
  { name: 'loops_mail_oldest_age_seconds', labels: {}, value: oldest_s },
]

/** How often old notices are deleted (ms). */
const DELETE_OLD_MS = 60 * 60_000

/** Where mails go: to the configured server, or to the development mailbox. */
const smtpUrl = async (host: Host, devMails: DevMails | null): Promise<string> => {
  const { clock, ids, log } = host
  if (!devMails) return host.config.SMTP_URL ?? ''
  // Loaded only here, because an installation that sends its mails does not need the packages of a mail server.
  const { startDevMailbox } = await import('./dev-mailbox.ts')
  return host.stack.use(await startDevMailbox({ keep: devMails.add, clock, ids, log: log.child('mailbox') }))
    .url
}

/** The collections that its parts share, and the clock of their database. */
const openStores = async ({ mongo, clock: own, ids }: Host, term_ms: number) => {
  const db = mongo.database(notifier.name)
  const clock = await openDatabaseClock(db, own)
  return {
    db,
    clock,
    deliveries: await openDeliveries(db, { clock, ids, term_ms }),
    subscriptions: await openSubscriptions(db, { clock }),
    suppressions: await openSuppressions(db, { clock }),
    quotas: await openMentionQuotas(db),
  }
}

/** Deletes old notices now and then, by one replica. */
const deleteOldNotices = (
  { stack, upkeep, log, ids }: Host,
  { deleteOld }: Awaited<ReturnType<typeof openDeliveries>>,
): void => {
  const options = { interval_ms: DELETE_OLD_MS, log: log.child('ledger'), random: ids.random }
  stack.use(upkeep.repeat(deleteOld, options))
}

const wire = async (host: Host): Promise<void> => {
  const { config, ids, bus, stack, at } = host
  const { random } = ids
  const term_ms = config.LEASE_MS ?? TERM_MS
  const { db, clock, deliveries, subscriptions, suppressions, quotas } = await openStores(host, term_ms)
  const devMails = keepsMails(config) ? await openDevMails(db) : null
  const keys = unsubscribeKeys(bus.keys.of(UNSUBSCRIBE))
  const others = {
    gateway: client(bus, gateway),
    loopsQueue: client(bus, loopsQueue),
    tasks: client(bus, tasks),
  }
  const site = {
    publicUrl: config.PUBLIC_URL,
    sender: parseSender(config.MAIL_FROM),
    unsubscribeKey: keys[0],
  }
  const compose = createComposer({ ...site, deliveries, gateway: others.gateway, clock, ids })
  const smtp_url = await smtpUrl(host, devMails)
  const mailer = stack.use(createMailer(smtp_url, greetingName(smtp_url, config.PUBLIC_URL)))
  const sender = stack.use(
    startSender({
      deliveries,
      subscriptions,
      suppressions,
      departed: departedFrom({ ...host, ...others, clock }),
      compose,
      mailer,
      clock,
      random,
      log: host.log.child('sender'),
      at,
      term_ms,
      shared: host.upkeep.shared,
      metrics: host.metrics,
      tracing: bus.tracing,
    }),
  )
  host.sample(() => readPending(deliveries, clock, pendingMails))
  deleteOldNotices(host, deliveries)
  const { nudge } = sender
  const erasing = await openErasing(host, db, ERASURES)
  const writing = { deliveries, subscriptions, quotas, clock, random, at, nudge, erasing }
  await host.consume(erasing.forgiving(reactions({ ...others, ...writing })))
  const answering = {
    deliveries,
    subscriptions,
    suppressions,
    devMails,
    unsubscribeKeys: keys,
    site,
    clock,
    ids,
    random,
    nudge,
  }
  const forgetting = forgettingHandlers(db, forgetReader({ deliveries, subscriptions, suppressions }))
  await host.serve(notifier, { ...handlers(answering), ...forgetting })
}

/**
 * Starts the notifier.
 * @throws ConfigError when mails have nowhere to go; AppError `unavailable` when MongoDB or NATS does not answer.
 */
export const start = async (config: Config, telemetry?: Telemetry): Promise<Started> => {
  if (config.SMTP_URL === undefined && !keepsMails(config))
    throw new ConfigError(['SMTP_URL is not set; in production mails have to go somewhere.'])
  return startOnHost(notifier.name, config, wire, telemetry)
}
