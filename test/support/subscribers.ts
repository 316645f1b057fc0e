// Programs outside Loops that read events: added by the operator's own command, and connected as their team would.
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { JetStreamClient, PubAck } from '@nats-io/jetstream'
import { nkeyAuthenticator } from '@nats-io/nats-core'
import { connect, type NatsConnection } from '@nats-io/transport-node'
import { vi } from 'vitest'
import { eventSubject } from '../../shared/contracts/define/contract.ts'
import { SOME_ID } from './tools.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const run = promisify(execFile)

/** The settings that the command printed: the environment of the subscriber's program. */
export type Credentials = Readonly<{
  NATS_URL: string
  NATS_SEED: string
  SUBSCRIBER: string
  EVENTS: string
}>

/** Runs `npm run subscriber` with these arguments. Returns what it printed. */
export const subscriberCommand = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const { stdout } = await run(process.execPath, ['infra/subscriber.ts', ...args], {
    cwd: ROOT,
    env: { ...process.env, ...env },
  })
  return stdout
}

/** The settings among what the command printed. */
export const credentialsIn = (printed: string): Credentials =>
  Object.fromEntries(
    [...printed.matchAll(/^([A-Z_]+)=('?)([^ \n]*)\2$/gm)].map(([, name, , value]) => [name, value]),
  ) as Credentials

/** Adds a subscriber to a folder that servers of infra/nats.conf include. Returns also what they then include. */
export const addToFolder = async (
  folder: string,
  name: string,
  args: readonly string[] = [],
): Promise<{ credentials: Credentials; conf: string }> => {
  const printed = await subscriberCommand(['add', name, '--folder', folder, ...args])
  return {
    credentials: credentialsIn(printed),
    conf: await readFile(join(folder, 'subscribers.conf'), 'utf8'),
  }
}

/** Connects with a subscriber's key. */
export const connectSubscriber = (
  servers: string,
  { NATS_SEED, SUBSCRIBER }: Pick<Credentials, 'NATS_SEED' | 'SUBSCRIBER'>,
): Promise<NatsConnection> =>
  connect({
    servers,
    authenticator: nkeyAuthenticator(new TextEncoder().encode(NATS_SEED)),
    inboxPrefix: `_INBOX.${SUBSCRIBER}`,
    reconnect: false,
  })

/** An event about a thing that does not exist. @param sequence a number for a valid event */
export const event = (id: string, subject: string, sequence: unknown) => ({
  specversion: '1.0',
  id,
  source: '/loops/tasks',
  type: 'task.updated',
  subject,
  time: '2026-01-01T00:00:00.000Z',
  datacontenttype: 'application/json',
  workspaceid: SOME_ID,
  sequence,
  data: {},
})

/**
 * Publishes what Loops itself never would: a text unchanged, anything else as JSON. Tries again while a server that was killed
 * comes back; the stream takes a repetition once.
 */
export const publishBody = (js: JetStreamClient, body: unknown): Promise<PubAck> => {
  const msgID = randomUUID()
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const publish = () => js.publish(eventSubject('tasks', 'task.updated', SOME_ID), text, { msgID })
  return vi.waitFor(publish, { timeout: 60_000, interval: 200 })
}
