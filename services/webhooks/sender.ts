// Makes the calls that are owed: claims deliveries by lease, a few of each webhook at a time, and records what became of
// each. Any number of senders may run; what one that died had claimed is sent again by another when its lease ends.
import { untilSaved } from '../../shared/aggregate.ts'
import type { Clock } from '../../shared/clock.ts'
import type { FaultPoint } from '../../shared/faults.ts'
import { type Repeating, repeat } from '../../shared/lifecycle.ts'
import type { Log } from '../../shared/log.ts'
import { reach } from '../../shared/outbound.ts'
import { allowedFor } from '../../shared/public-address.ts'
import type { Deliveries } from './deliveries.ts'
import { type Delivery, judge, nextTry, type Outcome, type Settlement } from './delivery.ts'
import { signedHeaders, unseal } from './secrets.ts'
import type { WebhookStore } from './store.ts'
import { doubted, mediaTypeOf, proven, signingSecrets, switched, type Webhook } from './webhook.ts'

export type SenderDeps = Readonly<{
  webhooks: WebhookStore
  deliveries: Deliveries
  /** Opens the secrets of webhooks. */
  key: Uint8Array
  /** Whether addresses may be on this machine, without TLS. */
  loopback: boolean
  clock: Clock
  random: () => number
  log: Log
  /** Steps: `call.claimed`, `call.answered` (the receiver has it, the ledger does not know yet). */
  at: FaultPoint
}>

/** Bounds of one call: standardwebhooks.com recommends 15 s or more. What is answered is of no interest. */
const TIMEOUT_MS = 15_000
const MAX_BYTES = 4 * 1024
/** Calls under way in this process, in all and to one webhook: a slow one must not hold up the others. */
const PARALLEL = 32
const PER_WEBHOOK = 4
/** How often due deliveries are looked for when nothing has told of them (ms). */
const POLL_MS = 1_000

const call = async (deps: SenderDeps, webhook: Webhook, { event_id, body }: Delivery): Promise<Outcome> => {
  const now = deps.clock.now()
  const secrets = signingSecrets(webhook, now).map(({ sealed }) => unseal(deps.key, webhook._id, sealed))
  const url = new URL(webhook.url)
  const answered = await reach(
    url,
    {
      method: 'POST',
      headers: {
        'Content-Type': mediaTypeOf(webhook),
        'User-Agent': 'Loops',
        'Content-Length': String(Buffer.byteLength(body)),
        ...signedHeaders(event_id, body, secrets, now),
      },
      body,
      timeout_ms: TIMEOUT_MS,
      max_bytes: MAX_BYTES,
    },
    { allows: allowedFor(url, deps.loopback) },
  )
  return answered.ok
    ? { status: answered.status, retry_after: answered.headers['retry-after'] }
    : { fault: answered.fault }
}

/** What the outcome of a call means for the webhook itself. */
const afterwards = (deps: SenderDeps, id: string, { status }: Settlement): Promise<boolean> =>
  untilSaved(async () => {
    const before = await deps.webhooks.find(id)
    if (!before) return false
    const now = deps.clock.now()
    const next =
      status === 'delivered'
        ? proven(before, now)
        : status === 'gone'
          ? switched(before, 'disabled', 'Its address answered 410 Gone: it wants no more calls.')
          : doubted(before, now)
    return !next || (await deps.webhooks.save(before, next)) !== null || undefined
  }, deps.random)

type Attempt = Readonly<{ settlement: Settlement; called: boolean }>

const uncalled = (answer: string): Attempt => ({ settlement: { status: 'failed', answer }, called: false })

const attempt = async (deps: SenderDeps, delivery: Delivery): Promise<Attempt> => {
  const webhook = await deps.webhooks.find(delivery.webhook_id)
  if (!webhook) return uncalled('the webhook was removed')
  if (webhook.status === 'disabled') return uncalled('the webhook is disabled')
  const outcome = await call(deps, webhook, delivery)
  deps.at('call.answered')
  return { settlement: judge(outcome, delivery, deps.clock.now(), deps.random()), called: true }
}

const deliver = async (deps: SenderDeps, delivery: Delivery): Promise<void> => {
  deps.at('call.claimed')
  const { settlement, called } = await attempt(deps, delivery).catch((error: unknown): Attempt => {
    deps.log.warn('call could not be made', { delivery: delivery._id, error })
    const answer = 'could not be made here'
    const due_at = nextTry(delivery, 0, deps.clock.now(), deps.random())
    if (!due_at) return uncalled(answer)
    return { settlement: { status: 'pending', answer, due_at }, called: false }
  })
  const recorded = await deps.deliveries.settle(delivery, settlement)
  const { _id, attempts } = delivery
  if (!recorded) deps.log.warn('lost the lease of a call; it may be made twice', { delivery: _id })
  else deps.log.debug('call settled', { delivery: _id, attempts, ...settlement })
  if (called) await afterwards(deps, delivery.webhook_id, settlement)
}

/**
 * Starts sending. `nudge` tells of new deliveries.
 * @returns disposing claims no more and waits for the calls under way.
 */
export const startSender = (deps: SenderDeps): Repeating => {
  const underWay = new Set<Promise<void>>()
  const perWebhook = new Map<string, number>()
  const busy = (id: string): number => perWebhook.get(id) ?? 0
  const count = (id: string, change: 1 | -1): void => {
    if (busy(id) + change === 0) perWebhook.delete(id)
    else perWebhook.set(id, busy(id) + change)
  }
  const start = (delivery: Delivery): void => {
    count(delivery.webhook_id, 1)
    const work = deliver(deps, delivery)
      .catch((error: unknown) =>
        deps.log.warn('a call’s end was not recorded; its lease will end', { delivery: delivery._id, error }),
      )
      .finally(() => {
        underWay.delete(work)
        count(delivery.webhook_id, -1)
        polling.nudge()
      })
    underWay.add(work)
  }
  const look = async (signal: AbortSignal): Promise<void> => {
    const room = PARALLEL - underWay.size
    if (signal.aborted || room === 0) return
    const full = [...perWebhook.keys()].filter((id) => busy(id) >= PER_WEBHOOK)
    const due = await deps.deliveries.claim(room, full, (id) => PER_WEBHOOK - busy(id))
    for (const delivery of due.claimed) start(delivery)
    // What was passed over because its webhook is full now may hide those of others.
    if (due.more && due.claimed.length > 0) polling.nudge()
  }
  const polling = repeat(look, { interval_ms: POLL_MS, log: deps.log, random: deps.random })
  return {
    nudge: polling.nudge,
    [Symbol.asyncDispose]: async () => {
      await polling[Symbol.asyncDispose]()
      await Promise.allSettled([...underWay])
    },
  }
}
