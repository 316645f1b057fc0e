// Whether a workspace waits for the dead addresses of another: one has twenty that never answer, with hundreds of pending
// calls. In the other, events are published one after the other, and the time until each call is measured.
import { createServer } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { SEALING, secretOf } from '../../services/webhooks/secrets.ts'
import { openWebhooks } from '../../services/webhooks/webhook-store.ts'
import { stampEvents } from '../../shared/contracts/define/cloud-event.ts'
import { MAX_WEBHOOKS } from '../../shared/contracts/webhooks/shapes.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { systemIds } from '../../shared/process/ids.ts'
import { createLog } from '../../shared/process/log.ts'
import { seal } from '../../shared/process/sealing.ts'
import { deriveKey } from '../../shared/process/service-keys.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { until } from '../support/chaos/until.ts'
import { openSmallWorld } from './small-world.ts'
import { SECRET, type Setting } from './world.ts'

const ids = systemIds()
/** Events of the workspace with dead addresses: each makes a call to all of them. */
const EVENTS = 30
/** How often an event of the measured workspace is published (ms). */
const EVERY_MS = 250
const LIMIT_MS = 120_000

export type FairnessRun = Readonly<{ setting: Omit<Setting, 'size'>; duration_ms: number }>

/** What was measured. */
export type Fairness = Readonly<{
  /** From the publication of an event to its call (ms), in their order. */
  delays_ms: readonly number[]
  /** Events whose call did not come. */
  missing: number
  /** Pending calls to the dead addresses, before and after. */
  pending: number
  still_pending: number
}>

/** The delay that so large a share of them does not pass (ms). */
export const quantile = ({ delays_ms }: Pick<Fairness, 'delays_ms'>, share: number): number =>
  delays_ms.toSorted((a, b) => a - b)[Math.ceil(delays_ms.length * share) - 1] ?? Number.POSITIVE_INFINITY

/** Takes connections and says nothing. */
const startDead = async (stack: AsyncDisposableStack): Promise<string> => {
  const sockets = new Set<Socket>()
  const server = createTcpServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    socket.resume()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stack.defer(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answers every call at once, and passes on the id of its event. */
const startHealthy = async (
  stack: AsyncDisposableStack,
  onCall: (event_id: string) => void,
): Promise<string> => {
  const server = createServer((request, response) => {
    onCall(String(request.headers['webhook-id']))
    request.resume()
    response.writeHead(200).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stack.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const openWorld = async ({ setting }: FairnessRun, stack: AsyncDisposableStack) => {
  const { mongo, bus, keep, serving } = await openSmallWorld(setting, stack)
  keep('migrator', 'migrator')
  keep('webhooks', 'webhooks', { LOOPBACK_TARGETS: 'allowed' })
  await serving('webhooks', LIMIT_MS)
  const log = createLog({ filter: 'error', topic: 'fairness' })
  const db = stack.use(await connectMongo(mongo.url, log)).database('webhooks')
  const store = await openWebhooks(db, { service: 'webhooks', clock, ids, onCommit: () => undefined })
  const add = async (ws: string, slot: number, url: string): Promise<void> => {
    const _id = ids.next()
    const sealed = seal([deriveKey(SECRET, SEALING)], _id, secretOf(ids.token()), ids.token())
    await store.insert({
      ...{ _id, ws, v: 1, slot, url, description: '', events: [], status: 'active', reason: null },
      secrets: [{ sealed, until: null }],
      created_at: clock.now(),
      created_by: { user_id: ids.next(), name: 'Ann', client: 'Test' },
      delivered_at: null,
      failing_since: null,
    })
  }
  const publish = async (ws: string): Promise<string> => {
    const id = ids.next()
    const data = {
      ...{ task_id: id, title: 'Published', status: 'open', priority: 'none', due_date: null, loop_id: null },
      ...{ private: false, version: 1, by: { user_id: ids.next(), name: 'Ann', client: 'Test' } },
    }
    const about = {
      service: 'tasks',
      workspace_id: ws,
      entity_id: id,
      version: 1,
      now: clock.now(),
      nextId: ids.next,
    }
    const [stamped] = stampEvents([{ name: 'task.created', data }], about)
    if (!stamped) throw new Error('One event was stamped.')
    await bus.js.publish(stamped.subject, JSON.stringify(stamped.event), { msgID: stamped.id })
    return stamped.id
  }
  const pending = (ws: string) =>
    db.collection('deliveries').countDocuments({ ws, status: { $in: ['pending', 'sending'] } })
  return { add, publish, pending }
}

/** Measures for as long as asked. */
export const runFairness = async (run: FairnessRun): Promise<Fairness> => {
  await using stack = new AsyncDisposableStack()
  const { add, publish, pending } = await openWorld(run, stack)
  const called = new Map<string, number>()
  const dead = await startDead(stack)
  const healthy = await startHealthy(stack, (id) => void called.set(id, clock.monotonicMs()))
  const [slow, quick] = [ids.next(), ids.next()]
  for (let slot = 0; slot < MAX_WEBHOOKS; slot += 1) await add(slow, slot, `${dead}/${slot}`)
  await add(quick, 0, healthy)
  for (let event = 0; event < EVENTS; event += 1) await publish(slow)
  await until(
    'the calls to the dead addresses are pending',
    LIMIT_MS,
    async () => (await pending(slow)) === EVENTS * MAX_WEBHOOKS,
  )
  const published = new Map<string, number>()
  const end_ms = clock.monotonicMs() + run.duration_ms
  while (clock.monotonicMs() < end_ms) {
    const began_ms = clock.monotonicMs()
    published.set(await publish(quick), began_ms)
    await sleep(EVERY_MS)
  }
  await until('the last calls have come', LIMIT_MS, async () =>
    [...published.keys()].every((id) => called.has(id)),
  ).catch(() => undefined)
  const delays_ms = [...published].flatMap(([id, began_ms]) => {
    const at_ms = called.get(id)
    return at_ms === undefined ? [] : [at_ms - began_ms]
  })
  return {
    delays_ms,
    missing: published.size - delays_ms.length,
    pending: EVENTS * MAX_WEBHOOKS,
    still_pending: await pending(slow),
  }
}
