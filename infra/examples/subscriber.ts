// A complete subscriber: it acts on each event of Loops once, and loses none.
// That holds even if it is killed at any moment. Here the work is a row in a table. Copy the program, and put your own work
// in `work`. See infra/examples/README.md.
//
//   node infra/examples/subscriber.ts          Node.js 24, after npm install @nats-io/transport-node @nats-io/jetstream
//   deno run --allow-net --allow-env --allow-read --allow-write infra/examples/subscriber.ts
//
// With --once it reads the events so far and exits: with 0 if there were any, else with 1. With --snapshot it begins with
// the current state of everything, even what is older than the stream, and reads the stream from there.
import process from 'node:process'
import { DatabaseSync } from 'node:sqlite'
import {
  AckPolicy,
  type Consumer,
  DeliverPolicy,
  JetStreamApiCodes,
  JetStreamApiError,
  type JsMsg,
  jetstream,
  jetstreamManager,
} from '@nats-io/jetstream'
import { connect, type NatsConnection, nkeyAuthenticator } from '@nats-io/transport-node'

type Event = Readonly<{
  id: string
  source: string
  type: string
  subject: string
  sequence: number
  epoch?: string
  workspaceid: string
  data: Readonly<Record<string, unknown>>
}>

/** The delays before a failed event comes again (ms); the last one repeats. */
const PAUSES_MS = [1_000, 5_000, 30_000, 120_000, 600_000]
const MAX_DELIVER = 20
/** Events are kept for 30 days, so an id need not be remembered for longer. */
const FORGET_AFTER = '-31 days'

const setting = (name: string, fallback?: string): string => {
  const value = process.env[name] ?? fallback
  if (value === undefined) throw new Error(`${name} is not set: npm run subscriber -- add NAME prints it.`)
  return value
}

const STREAM = setting('STREAM', 'EVENTS')
const DOMAIN = setting('DOMAIN', 'loops')
const SUBSCRIBER = setting('SUBSCRIBER')
const db = new DatabaseSync(setting('STATE', `${SUBSCRIBER}.sqlite`))
db.exec(`
  CREATE TABLE IF NOT EXISTS seen (id TEXT PRIMARY KEY, at TEXT NOT NULL DEFAULT (datetime('now')));
  CREATE TABLE IF NOT EXISTS latest (
    source TEXT, workspace TEXT, subject TEXT, sequence INTEGER, PRIMARY KEY (source, workspace, subject)
  );
  CREATE TABLE IF NOT EXISTS epoch (one INTEGER PRIMARY KEY CHECK (one = 1), epoch TEXT);
  CREATE TABLE IF NOT EXISTS work (id TEXT, type TEXT, subject TEXT, sequence INTEGER);
  CREATE TABLE IF NOT EXISTS things (
    source TEXT, workspace TEXT, subject TEXT, type TEXT, data TEXT, PRIMARY KEY (source, workspace, subject)
  );
  CREATE TABLE IF NOT EXISTS begun (one INTEGER PRIMARY KEY CHECK (one = 1), next_cursor TEXT, read_from INTEGER);
  CREATE TABLE IF NOT EXISTS given_up (stream_sequence INTEGER PRIMARY KEY, reason TEXT, text TEXT);
`)

/** What the program is for. */
const work = (event: Event): void => {
  db.prepare('INSERT INTO work VALUES (?, ?, ?, ?)').run(event.id, event.type, event.subject, event.sequence)
}

/**
 * Works on an event, unless it was seen before or a newer one is known. The work and the record of it are one transaction:
 * a program that is killed has done both or neither. Work outside the database may be done twice; pass the id of the event
 * along, so that the other system can tell.
 */
const handle = (event: Event): 'done' | 'repeated' | 'older' => {
  db.exec('BEGIN IMMEDIATE')
  try {
    const outcome = decide(event)
    if (outcome === 'done') work(event)
    db.prepare('INSERT OR IGNORE INTO seen (id) VALUES (?)').run(event.id)
    db.exec('COMMIT')
    return outcome
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

/**
 * Forgets the sequences that are known where Loops was restored from a backup, since they are given again. A program that
 * keeps the state of things begins again with a snapshot here.
 */
const follow = (epoch: string): void => {
  const known = db.prepare('SELECT epoch FROM epoch').get()?.epoch
  if (known === epoch) return
  db.exec('DELETE FROM latest')
  db.prepare('INSERT OR REPLACE INTO epoch VALUES (1, ?)').run(epoch)
}

/** Follows "Twice, and out of order" in README.md. A program that counts or alerts leaves out the check for newer events. */
const decide = ({
  id,
  source,
  workspaceid,
  subject,
  sequence,
  epoch,
}: Event): 'done' | 'repeated' | 'older' => {
  if (epoch !== undefined) follow(epoch)
  if (db.prepare('SELECT 1 FROM seen WHERE id = ?').get(id)) return 'repeated'
  const newest = db
    .prepare('SELECT sequence FROM latest WHERE source = ? AND workspace = ? AND subject = ?')
    .get(source, workspaceid, subject)
  if (newest && sequence < Number(newest.sequence)) return 'older'
  db.prepare('INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?)').run(source, workspaceid, subject, sequence)
  return 'done'
}

/** Reads the event in a message. Ignores members that this program does not know. */
const parse = (message: JsMsg): Event => {
  const event = message.json<Partial<Event> & { specversion?: string }>()
  const texts = [event.id, event.source, event.type, event.subject, event.workspaceid]
  const isEvent =
    event.specversion === '1.0' && texts.every((text) => typeof text === 'string' && text !== '')
  if (!isEvent || !Number.isInteger(event.sequence) || typeof event.data !== 'object')
    throw new Error('not a CloudEvent of Loops')
  return event as Event
}

/** Stores a message that can never be handled where a person finds it. */
const giveUp = (message: JsMsg, reason: unknown): void => {
  const row = [message.info.streamSequence, String(reason), message.string()] as const
  db.prepare('INSERT OR REPLACE INTO given_up VALUES (?, ?, ?)').run(...row)
  message.term(String(reason))
  console.error(`gave up ${message.subject} (${message.info.streamSequence}): ${reason}`)
}

/** Works on an event, and acknowledges it only after that. */
const act = (message: JsMsg, event: Event): void => {
  try {
    const outcome = handle(event)
    message.ack()
    console.log(`${outcome} ${event.type} ${event.subject} ${event.sequence}`)
  } catch (error) {
    const tries = message.info.deliveryCount
    if (tries >= MAX_DELIVER) giveUp(message, error)
    else message.nak(PAUSES_MS[Math.min(tries, PAUSES_MS.length) - 1])
    console.error(`${event.type} ${event.subject} failed, attempt ${tries}: ${error}`)
  }
}

const receive = (message: JsMsg): void => {
  let event: Event
  try {
    event = parse(message)
  } catch (error) {
    giveUp(message, error)
    return
  }
  act(message, event)
}

type Page = Readonly<{
  error?: Readonly<{ message: string; retryable: boolean; retry_after_ms?: number }>
  snapshot: Readonly<{ sequence: number; epoch?: string }>
  records: readonly Omit<Event, 'id'>[]
  next_cursor: string | null
}>

/**
 * Stores a page of the snapshot and the next cursor in one transaction. A record has no id, since it says what is, not what
 * happened.
 */
const keepPage = ({ snapshot, records, next_cursor }: Page): void => {
  db.exec('BEGIN IMMEDIATE')
  try {
    if (snapshot.epoch !== undefined) follow(snapshot.epoch)
    for (const { source, workspaceid, subject, type, sequence, data } of records) {
      const key = [source, workspaceid, subject] as const
      db.prepare('INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?)').run(...key, sequence)
      db.prepare('INSERT OR REPLACE INTO things VALUES (?, ?, ?, ?, ?)').run(
        ...key,
        type,
        JSON.stringify(data),
      )
    }
    db.prepare('INSERT OR REPLACE INTO begun VALUES (1, ?, ?)').run(next_cursor, snapshot.sequence + 1)
    db.exec('COMMIT')
  } catch (error) {
    db.exec('ROLLBACK')
    throw error
  }
}

/** Reads the snapshot, once. A program that was killed continues with the first page that it has not stored. */
const begin = async (nc: NatsConnection): Promise<void> => {
  for (;;) {
    const kept = db.prepare('SELECT next_cursor FROM begun').get()
    if (kept && kept.next_cursor === null) return
    const asked = kept ? { cursor: kept.next_cursor } : {}
    const subject = `loops.snapshot.${SUBSCRIBER}.${setting('EVENTS')}`
    const page = (await nc.request(subject, JSON.stringify(asked), { timeout: 15_000 })).json<Page>()
    if (page.error && !page.error.retryable) throw new Error(page.error.message)
    if (page.error) await new Promise((resolve) => setTimeout(resolve, page.error?.retry_after_ms ?? 1_000))
    else keepPage(page)
    if (page.records) console.log(`begins with ${page.records.length} things`)
  }
}

/** Where a new consumer begins: after the snapshot, if it is the first consumer since then. */
const startOf = (): object => {
  const begun = db.prepare('SELECT read_from FROM begun WHERE read_from IS NOT NULL').get()
  if (!begun) return {}
  return { deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: Number(begun.read_from) }
}

/** Finds or creates the durable consumer, in which the server keeps the subscriber's position in the stream. */
const openConsumer = async (nc: NatsConnection): Promise<Consumer> => {
  const { consumers } = await jetstreamManager(nc, { domain: DOMAIN })
  const filter_subject = setting('EVENTS')
  const found = await consumers.info(STREAM, SUBSCRIBER).catch((error: unknown) => {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.ConsumerNotFound)
      return undefined
    throw error
  })
  if (!found) {
    await consumers.add(STREAM, {
      ...startOf(),
      name: SUBSCRIBER,
      durable_name: SUBSCRIBER,
      filter_subject,
      ack_policy: AckPolicy.Explicit,
      max_deliver: MAX_DELIVER,
      max_ack_pending: 100,
    })
    // If the consumer is ever gone, NATS has lost its data and numbers the events anew.
    db.exec('UPDATE begun SET read_from = NULL')
  } else if (found.config.filter_subject !== filter_subject)
    await consumers.update(STREAM, SUBSCRIBER, { filter_subject })
  return jetstream(nc, { domain: DOMAIN }).consumers.get(STREAM, SUBSCRIBER)
}

const readOnce = async (nc: NatsConnection): Promise<number> => {
  const consumer = await openConsumer(nc)
  for (let count = 0; ; ) {
    const before = count
    for await (const message of await consumer.fetch({ max_messages: 100, expires: 2_000 })) {
      receive(message)
      count += 1
    }
    if (count === before) return count > 0 ? 0 : 1
  }
}

/**
 * Reads until it is asked to stop. If the stream or the consumer is gone, tries again until they are back.
 * @returns the exit code: 1 if the key is no longer valid
 */
const readOn = async (nc: NatsConnection, stopping: AbortSignal): Promise<number> => {
  while (!stopping.aborted && !nc.isClosed()) {
    try {
      db.prepare(`DELETE FROM seen WHERE at < datetime('now', ?)`).run(FORGET_AFTER)
      const messages = await (await openConsumer(nc)).consume({ max_messages: 50 })
      stopping.addEventListener('abort', () => void messages.close(), { once: true })
      for await (const message of messages) {
        receive(message)
        if (stopping.aborted) break
      }
    } catch (error) {
      console.error(`will try again: ${error}`)
    }
    if (!stopping.aborted) await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
  return stopping.aborted ? 0 : 1
}

const stopping = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => stopping.abort())
const nc = await connect({
  servers: setting('NATS_URL').split(','),
  authenticator: nkeyAuthenticator(new TextEncoder().encode(setting('NATS_SEED'))),
  inboxPrefix: `_INBOX.${SUBSCRIBER}`,
  name: SUBSCRIBER,
  maxReconnectAttempts: -1,
})
console.log(`${SUBSCRIBER} listens to ${setting('EVENTS')}`)
if (process.argv.includes('--snapshot')) await begin(nc)
const code = process.argv.includes('--once') ? await readOnce(nc) : await readOn(nc, stopping.signal)
// Sends the last acknowledgements before the connection closes.
if (!nc.isClosed()) await nc.drain()
db.close()
process.exit(code)
