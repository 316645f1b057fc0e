// The connection to NATS. Only this folder knows the NATS client; everything else holds a Bus.
import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { serversOf } from '../address.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'

/** A live connection; disposing drains it: what has arrived is still answered. */
export type Bus = AsyncDisposable &
  Readonly<{
    nc: NatsConnection
    js: JetStreamClient
    jsm: JetStreamManager
    /** Whether the connection is up at this moment. */
    connected: () => boolean
    log: Log
  }>

const watch = async (nc: NatsConnection, log: Log, state: { up: boolean }): Promise<void> => {
  for await (const status of nc.status()) {
    if (status.type === 'disconnect') {
      state.up = false
      log.warn('lost NATS; reconnecting')
    } else if (status.type === 'reconnect') {
      state.up = true
      log.info('reconnected to NATS')
    } else if (status.type === 'error') log.warn('NATS reports an error', { error: status.error })
  }
}

/**
 * Connects, and stays connected: it reconnects for ever, with jitter.
 * @param name shown in the server's connection list.
 * @throws AppError `unavailable` when NATS or its JetStream does not answer at first.
 */
export const connectBus = async (url: string, name: string, log: Log): Promise<Bus> => {
  let nc: NatsConnection
  try {
    const servers = serversOf(url) ?? []
    const { username, password } = servers[0] ?? new URL(url)
    nc = await connect({
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
    })
  } catch (error) {
    throw new AppError('unavailable', 'NATS does not answer; check NATS_URL.', { cause: error })
  }
  const state = { up: true }
  void watch(nc, log, state)
  try {
    const jsm = await jetstreamManager(nc, { timeout: 5_000 })
    const js = jetstream(nc, { timeout: 5_000 })
    return {
      nc,
      js,
      jsm,
      connected: () => state.up && !nc.isClosed() && !nc.isDraining(),
      log,
      [Symbol.asyncDispose]: async () => {
        if (!nc.isClosed()) await nc.drain().catch(() => nc.close())
      },
    }
  } catch (error) {
    await nc.close()
    throw new AppError('unavailable', 'NATS answers but has no JetStream; start nats-server with -js.', {
      cause: error,
    })
  }
}
