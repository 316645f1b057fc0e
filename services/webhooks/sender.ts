// Makes pending calls, and disables webhooks whose calls fail for too long.
import type { Clock } from '../../shared/process/clock.ts'
import type { FaultPoint } from '../../shared/process/fault-points.ts'
import type { Log } from '../../shared/process/log.ts'
import { type Metrics, noMetrics } from '../../shared/process/metrics.ts'
import { nextTry } from '../../shared/process/retries.ts'
import { unsealSome } from '../../shared/process/sealing.ts'
import type { Keys } from '../../shared/process/service-keys.ts'
import { noTracing, type Tracing } from '../../shared/process/tracing.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import type { Ending } from '../../shared/storage/pending-work.ts'
import { startWorker, type WorkContext, type Worker } from '../../shared/storage/worker.ts'
import { callSigned } from './calls.ts'
import { type Delivery, judge, type NextState, type Outcome, SCHEDULE } from './delivery-rules.ts'
import type { Deliveries } from './delivery-store.ts'
import { PARALLEL, type Standing } from './standing.ts'
import { tracedCall } from './traced-call.ts'
import {
  disabledEvent,
  doubted,
  mediaTypeOf,
  proven,
  signingSecrets,
  switched,
  type Webhook,
} from './webhook-rules.ts'
import type { WebhookStore } from './webhook-store.ts'

export type SenderDeps = Readonly<{
  webhooks: Pick<WebhookStore, 'find' | 'findAll' | 'save'>
  deliveries: Pick<Deliveries, 'claim' | 'renew' | 'record' | 'release'>
  standing: Standing
  /** Opens the secrets of webhooks. */
  keys: Keys
  /** Whether addresses may be on this machine, without TLS. */
  loopback: boolean
  /** The database's. */
  clock: Clock
  random: () => number
  log: Log
  /** Steps: `call.claimed`, and `call.answered`: the receiver has it, and it is not recorded yet. */
  at: FaultPoint
  term_ms?: number
  /** How long to wait between two looks for what several replicas look for (ms). */
  shared?: (interval_ms: number) => number
  metrics?: Pick<Metrics, 'count' | 'observe'>
  tracing?: Tracing
}>

/** What the calls to webhooks are among the calls that are measured. */
const KIND = 'webhook'

/** Time for a call (ms): standardwebhooks.com recommends 15 s or more. Of the answer, only its status matters. */
const TIMEOUT_MS = 15_000

const call = async (deps: SenderDeps, webhook: Webhook, { event_id, body }: Delivery): Promise<Outcome> => {
  const now = deps.clock.now()
  // Beside a new secret, one that was sealed under a LOOPS_SECRET that is gone signs no more.
  const sealed = signingSecrets(webhook, now).map((one) => one.sealed)
  const secrets = unsealSome(deps.keys, webhook._id, sealed)
  const { url } = webhook
  const asked = { url, id: event_id, body, media_type: mediaTypeOf(webhook), secrets, timeout_ms: TIMEOUT_MS }
  const answered = await callSigned(asked, deps.loopback, now)
  return answered.ok
    ? { status: answered.status, retry_after: answered.headers['retry-after'] }
    : { fault: answered.fault }
}

/** What the outcome of a call means for the webhook itself. */
const judgeWebhook = (deps: SenderDeps, { _id, ws }: Webhook, { status }: NextState): Promise<boolean> =>
  untilSaved(async () => {
    const before = await deps.webhooks.find(ws, _id)
    if (!before) return false
    const now = deps.clock.now()
    const next =
      status === 'delivered'
        ? proven(before, now)
        : status === 'gone'
          ? switched(before, 'disabled', 'Its address answered 410 Gone: it wants no more calls.')
          : doubted(before, now)
    if (!next) return true
    const isEnd = next.status === 'disabled' && before.status === 'active'
    const events = isEnd ? [disabledEvent(before, status === 'gone' ? 'gone' : 'failing')] : []
    return (await deps.webhooks.save(before, next, events)) !== null || undefined
  }, deps.random)

const endingOf = (deps: SenderDeps, work: Delivery, next: NextState): Ending<Delivery> => {
  const { status, answer } = next
  return {
    work,
    set: { status, answer, ...(status === 'delivered' ? { delivered_at: deps.clock.now() } : {}) },
    ...(next.status === 'pending' ? { due_at: next.due_at } : {}),
    counted: true,
  }
}

/** Why a webhook gets no calls now; undefined when it does. */
const uncalled = (webhook: Webhook | undefined): string | undefined => {
  if (!webhook) return 'the webhook was removed'
  return webhook.status === 'disabled' ? 'the webhook is disabled' : undefined
}

/** Starts sending. `nudge` says that there are new deliveries. */
export const startSender = (deps: SenderDeps): Worker => {
  const { webhooks, standing, log, clock, random, metrics = noMetrics, tracing = noTracing } = deps
  const attempt = async (webhook: Webhook | undefined, delivery: Delivery, context: WorkContext) => {
    const answer = uncalled(webhook)
    if (!webhook || answer !== undefined)
      return endingOf(deps, delivery, { status: 'failed', answer: answer ?? '' })
    if (!context.isHeld())
      return { work: delivery, set: { status: 'pending' as const }, due_at: clock.now(), counted: false }
    const start_ms = clock.monotonicMs()
    const outcome = await tracedCall(tracing, delivery, () => call(deps, webhook, delivery))
    const took_ms = clock.monotonicMs() - start_ms
    metrics.observe('loops_webhook_call_duration_seconds', { kind: KIND }, took_ms / 1_000)
    deps.at('call.answered')
    const next = judge(outcome, delivery, clock.now(), random())
    metrics.count('loops_webhook_tries_total', { kind: KIND, outcome: next.status })
    standing.prove(webhook._id, next.status === 'delivered')
    return {
      ...endingOf(deps, delivery, next),
      afterwards: () => judgeWebhook(deps, webhook, next),
    }
  }
  return startWorker<Delivery, Webhook | undefined>({
    ...deps,
    pending: deps.deliveries,
    prepare: async (claimed) => {
      const found = await webhooks.findAll(claimed.map(({ ws, webhook_id }) => ({ _id: webhook_id, ws })))
      standing.note(found.values())
      return claimed.map(({ webhook_id }) => found.get(webhook_id))
    },
    perform: async (webhook, delivery, context) => {
      deps.at('call.claimed')
      return await attempt(webhook, delivery, context).catch((error: unknown) => {
        log.warn('call could not be made', { delivery: delivery._id, error })
        const answer = 'could not be made here'
        const due_at = nextTry(SCHEDULE, delivery, clock.now(), random())
        return endingOf(
          deps,
          delivery,
          due_at ? { status: 'pending', answer, due_at } : { status: 'failed', answer },
        )
      })
    },
    limits: { hold: PARALLEL, reserve: 0, parallel: PARALLEL, unrecorded: PARALLEL },
    shares: standing.shares,
  })
}
