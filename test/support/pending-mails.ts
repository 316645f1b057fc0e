// Publishes events for the notifier and reads the status of its mails: the shared parts of its tests.
import { vi } from 'vitest'
import { type Delivery, deliveryId } from '../../services/notifier/notice-rules.ts'
import { stampEvents } from '../../shared/contracts/define/cloud-event.ts'
import type { Contract, EventOf } from '../../shared/contracts/define/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { notifier } from '../../shared/contracts/notifier/contract.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { openPeople, type People, type Someone } from './people.ts'
import { ids, openEnvironment, person, type TestEnvironment } from './service-environment.ts'
import { type ShippedLoop, shippedLoop } from './shipped-loop.ts'
import { type SmtpSink, startSmtpSink } from './smtp-sink.ts'

/** Longer than anything here takes on a busy machine, and shorter than a test's limit. */
const WAIT = { timeout: 40_000, interval: 200 } as const

/** Services whose mails go to a sink, and people to write to. */
export type MailEnvironment = AsyncDisposable &
  Readonly<{ env: TestEnvironment; people: People; sink: SmtpSink }>

/**
 * Starts a gateway and, beside it, the services named.
 * @param given further environment variables
 */
export const openMailEnvironment = async (
  services: readonly string[],
  given: Readonly<Record<string, string>> = {},
): Promise<MailEnvironment> => {
  const stack = new AsyncDisposableStack()
  const sink = stack.use(await startSmtpSink())
  const env = stack.use(await openEnvironment({ SMTP_URL: sink.url, ...given }))
  for (const service of ['gateway', ...services]) await env.start(service)
  const people = stack.use(await openPeople(env.mongodbUrl))
  return { env, people, sink, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

/** A new delivery as it is stored. */
export const pendingDelivery = (given: Partial<Delivery> = {}): Delivery & Readonly<{ due_at: Date }> => {
  const now = clock.now()
  const { event_id = ids.next(), user_id = null } = given
  return {
    _id: deliveryId(event_id, user_id ?? ids.next()),
    ws: 'W',
    v: 1,
    event_id,
    template: 'loop-shipped',
    user_id,
    to: { name: 'Ana', address: 'ana@example.com' },
    locale: 'en',
    time_zone: 'UTC',
    about: null,
    shown_to: 'managers',
    status: 'pending',
    attempts: 0,
    owed_since: now,
    // In the past, since the database's clock, which decides, may be a little behind.
    due_at: new Date(now.getTime() - 60_000),
    created_at: now,
    sent_at: null,
    last_error: null,
    ...given,
  }
}

/** A delivery as the notifier lists it. */
export type Row = Awaited<ReturnType<typeof listed>>[number]

/**
 * Publishes an event of a service, as the relay of that service does.
 * @param times how often; no repeat falls into the stream's duplicate window
 * @returns the event's id
 */
export const publishEvent = async <C extends Contract>(
  { bus }: TestEnvironment,
  workspace_id: string,
  contract: C,
  event: EventOf<C>,
  times = 1,
): Promise<string> => {
  const data: Readonly<Record<string, unknown>> = event.data
  const [stamped] = stampEvents([{ name: event.name, data }], {
    service: contract.name,
    workspace_id,
    entity_id: String(data[contract.events[event.name]?.subject ?? '']),
    version: Number(data.version ?? 1),
    now: clock.now(),
    nextId: ids.next,
  })
  if (!stamped) throw new Error('There is no event.')
  for (let time = 0; time < times; time += 1)
    await bus.js.publish(stamped.subject, JSON.stringify(stamped.event), { msgID: `${stamped.id} ${time}` })
  return stamped.id
}

/** Publishes that a loop was shipped. @see publishEvent */
export const ship = (
  env: TestEnvironment,
  workspace_id: string,
  by: Someone,
  changes: Partial<ShippedLoop> = {},
  times = 1,
): Promise<string> => {
  const data = shippedLoop({
    loop_id: ids.next(),
    by: { user_id: by.id, name: by.name, client: 'Claude Code' },
    ...changes,
  })
  return publishEvent(env, workspace_id, loopsQueue, { name: 'loop.shipped', data }, times)
}

/** Makes a private loop of one person and others; the environment needs a loops-queue. */
export const privateLoop = async (
  env: TestEnvironment,
  { caller }: Someone,
  member_ids: readonly string[],
): Promise<string> => {
  const asked = { name: 'Secret', visibility: 'private' as const, member_ids: [...member_ids] }
  return (await env.as(loopsQueue, caller).create_loop(asked)).loop.id
}

/** The deliveries of one event, all pages. */
export const listed = async (env: TestEnvironment, workspace_id: string, event_id: string) => {
  const { list_deliveries } = env.as(notifier, person(workspace_id, { role: 'owner' }))
  const first = await list_deliveries({ event_id, limit: 200 })
  const all = [...first.deliveries]
  for (let cursor = first.next_cursor; cursor !== null; ) {
    const page = await list_deliveries({ event_id, limit: 200, cursor })
    all.push(...page.deliveries)
    cursor = page.next_cursor
  }
  return all
}

/** Waits until an event has `count` deliveries and none is pending or being sent. */
export const caughtUp = (
  env: TestEnvironment,
  workspace_id: string,
  event_id: string,
  count: number,
  timeout: number = WAIT.timeout,
): Promise<readonly Row[]> =>
  vi.waitFor(
    async () => {
      const rows = await listed(env, workspace_id, event_id)
      const open = rows.filter(({ status }) => status === 'pending' || status === 'sending')
      if (rows.length !== count || open.length > 0)
        throw new Error(
          `${rows.length} of ${count} deliveries, ${open.length} open: ${JSON.stringify(open[0])}`,
        )
      return rows
    },
    { ...WAIT, timeout },
  )

/** Waits until the notifier has acknowledged every event. */
export const allReactedTo = (env: TestEnvironment): Promise<void> =>
  vi.waitFor(async () => {
    const { num_pending, num_ack_pending } = await env.bus.jsm.consumers.info(EVENTS_STREAM, notifier.name)
    if (num_pending + num_ack_pending > 0) throw new Error(`${num_pending} + ${num_ack_pending} events wait`)
  }, WAIT)
