// The connection to NATS, as a Bus.
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { AppError } from '../contracts/define/errors.ts'
import { serversOf } from '../net/address.ts'
import { systemClock } from '../process/clock.ts'
import { systemIds } from '../process/ids.ts'
import type { Log } from '../process/log.ts'
import { type Metrics, noMetrics } from '../process/metrics.ts'
import { noKeys, type ServiceKeys } from '../process/service-keys.ts'
import { noTracing, type Tracing } from '../process/tracing.ts'
import { untilAnswered } from './answered.ts'
import { type Link, type LinkState, openLink } from './link.ts'
import { type Sign, signer } from './signature.ts'
import { type EventsHealth, watchEvents } from './stalled.ts'

/** How long to wait for one answer of JetStream (ms). */
const JETSTREAM_TIMEOUT_MS = 5_000

/** A live connection. Disposing drains it: requests that have arrived are still answered. */
export type Bus = AsyncDisposable &
  Readonly<{
    /** The service that this process runs, or whatever else it is. */
    name: string
    nc: NatsConnection
    js: JetStreamClient
    jsm: JetStreamManager
    link: Link
    /** Asks JetStream until it answers, for use at a start. @see untilAnswered */
    answered: <T>(ask: () => Promise<T>) => Promise<T>
    /** Whether events can be published. */
    events: EventsHealth
    /** The keys of the service that this process runs. */
    keys: ServiceKeys
    /** Signs this process's requests. */
    sign: Sign
    /** Whether the connection is up and not being closed. */
    connected: () => boolean
    log: Log
    metrics: Metrics
    tracing: Tracing
  }>

/** Reports the state of the connection to its link. The client reports each failed try to reconnect; only the first is logged. */
const watch = async (nc: NatsConnection, log: Log, link: LinkState): Promise<void> => {
  for await (const status of nc.status()) {
    if (status.type === 'disconnect' || status.type === 'close') {
      if (status.type === 'disconnect' && link.up() && !nc.isDraining()) log.warn('lost NATS; reconnecting')
      link.lost()
    } else if (status.type === 'reconnect') {
      if (!link.up()) log.info('reconnected to NATS')
      link.connected()
    } else if (status.type === 'error') log.warn('NATS reports an error', { error: status.error })
  }
}

/**
 * The connection for JetStream. A request waits until the link is up, because the client forgets what is sent before, and
 * fails with the link, so that publishing and managing continue as soon as NATS is back.
 */
const bindToLink = (nc: NatsConnection, link: Link, timeout_ms: number): NatsConnection => {
  const request: NatsConnection['request'] = async (subject, payload, options) => {
    await link.untilUp(options?.timeout ?? timeout_ms)
    return await link.during(() => nc.request(subject, payload, options))
  }
  return Object.create(nc, { request: { value: request } })
}

/** Connects to any of the servers of a URL. @throws AppError `unavailable` when none answers. */
const connectNats = async (url: string, name: string): Promise<NatsConnection> => {
  try {
    const servers = serversOf(url) ?? []
    const { username, password } = servers[0] ?? new URL(url)
    return await connect({
      servers: servers.map(({ protocol, host }) => `${protocol}//${host}`),
      name,
      ...(username ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) } : {}),
      inboxPrefix: `_INBOX.${name}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 250,
      reconnectJitter: 250,
      timeout: 5_000,
      pingInterval: 10_000,
      maxPingOut: 2,
      // Where a request was made is in no log, and each stack would cost as much as signing the request.
      noAsyncTraces: true,
    })
  } catch (error) {
    throw new AppError('unavailable', 'NATS does not answer; check NATS_URL.', { cause: error })
  }
}

/**
 * Connects, and reconnects for ever, with jitter.
 * @param name shown in the server's connection list.
 * @param keys of the service that this process runs. Without keys it can neither send requests nor take any.
 * @throws AppError `unavailable` when NATS or its JetStream does not answer at first.
 */
export const connectBus = async (
  url: string,
  name: string,
  log: Log,
  keys: ServiceKeys = noKeys(name),
  { metrics = noMetrics, tracing = noTracing }: Partial<Pick<Bus, 'metrics' | 'tracing'>> = {},
): Promise<Bus> => {
  const nc = await connectNats(url, name)
  const link = openLink(systemClock)
  void watch(nc, log, link)
  try {
    const bound = bindToLink(nc, link, JETSTREAM_TIMEOUT_MS)
    const answered = <T>(ask: () => Promise<T>): Promise<T> =>
      untilAnswered(ask, { log, monotonicMs: systemClock.monotonicMs })
    const jsm = await answered(() => jetstreamManager(bound, { timeout: JETSTREAM_TIMEOUT_MS }))
    const js = jetstream(bound, { timeout: JETSTREAM_TIMEOUT_MS })
    return {
      name,
      nc,
      js,
      jsm,
      link,
      answered,
      events: watchEvents(name, systemClock, log),
      keys,
      sign: signer(keys, systemClock, systemIds().next()),
      connected: () => link.up() && !nc.isClosed() && !nc.isDraining(),
      log,
      metrics,
      tracing,
      [Symbol.asyncDispose]: async () => {
        if (!nc.isClosed()) await nc.drain().catch(() => nc.close())
      },
    }
  } catch (error) {
    await nc.close()
    if (error instanceof AppError) throw error
    throw new AppError('unavailable', 'NATS answers but has no JetStream; start nats-server with -js.', {
      cause: error,
    })
  }
}
