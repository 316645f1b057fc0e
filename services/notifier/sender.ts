// Sends what is owed: claims deliveries by lease, a few at a time, and records what became of each. Any number of
// senders may run; what one that died had claimed is sent again by another when its lease ends.
import type { Clock } from '../../shared/clock.ts'
import type { FaultPoint } from '../../shared/faults.ts'
import { type Repeating, repeat } from '../../shared/lifecycle.ts'
import type { Log } from '../../shared/log.ts'
import type { Composed } from './compose.ts'
import type { Deliveries, Settlement } from './deliveries.ts'
import { CONNECTIONS, type Mailer } from './mailer.ts'
import type { Delivery } from './notices.ts'
import { nextTry } from './retries.ts'
import type { Subscriptions } from './store-subscriptions.ts'

export type SenderDeps = Readonly<{
  deliveries: Deliveries
  subscriptions: Pick<Subscriptions, 'find'>
  compose: (delivery: Delivery) => Promise<Composed>
  mailer: Mailer
  clock: Clock
  random: () => number
  log: Log
  /** Steps: `deliver.claimed`, `deliver.accepted` (the server has it, the ledger does not know yet). */
  at: FaultPoint
}>

/** How often due deliveries are looked for when nothing has told of them (ms). */
const POLL_MS = 1_000

/** Tried again later, or given up when it has been owed for too long. */
const later = (deps: SenderDeps, { attempts, created_at }: Delivery, reason: string): Settlement => {
  const due_at = nextTry(attempts, created_at, deps.clock.now(), deps.random())
  return due_at ? { status: 'pending', reason, due_at } : { status: 'failed', reason }
}

/** Makes and sends the mail. What was wished since the event counts: a mail may wait for hours. */
const attempt = async (deps: SenderDeps, delivery: Delivery): Promise<Settlement> => {
  const { ws, user_id } = delivery
  const wish = user_id === null ? null : await deps.subscriptions.find(ws, user_id)
  if (wish?.subscribed === false) return { status: 'suppressed', reason: 'unsubscribed' }
  const composed = await deps.compose(delivery)
  if ('suppressed' in composed) return { status: 'suppressed', reason: composed.suppressed }
  if ('failed' in composed) return { status: 'failed', reason: composed.failed }
  const said = await deps.mailer.send(composed.mail)
  if (said.outcome === 'accepted') return { status: 'sent', at: deps.clock.now() }
  return said.outcome === 'refused'
    ? { status: 'failed', reason: said.reason }
    : later(deps, delivery, said.reason)
}

const deliver = async (deps: SenderDeps, delivery: Delivery): Promise<void> => {
  deps.at('deliver.claimed')
  const settlement = await attempt(deps, delivery).catch((error: unknown): Settlement => {
    deps.log.warn('mail could not be made', { delivery: delivery._id, error })
    return later(deps, delivery, 'could not be made')
  })
  if (settlement.status === 'sent') deps.at('deliver.accepted')
  const recorded = await deps.deliveries.settle(delivery, settlement)
  const { _id, attempts } = delivery
  if (!recorded) deps.log.warn('lost the lease of a mail; it may be sent twice', { delivery: _id })
  else deps.log.debug('mail settled', { delivery: _id, attempts, ...settlement })
}

/**
 * Starts sending. `nudge` tells of new deliveries.
 * @returns disposing claims no more and waits for the mails under way.
 */
export const startSender = (deps: SenderDeps): Repeating => {
  const underWay = new Set<Promise<void>>()
  let more = false
  const start = (delivery: Delivery): void => {
    const work = deliver(deps, delivery)
      .catch((error: unknown) =>
        deps.log.warn('a mail’s end was not recorded; its lease will end', { delivery: delivery._id, error }),
      )
      .finally(() => {
        underWay.delete(work)
        // Half empty is soon enough: claiming a few at once costs less than one by one.
        if (more && underWay.size <= CONNECTIONS / 2) polling.nudge()
      })
    underWay.add(work)
  }
  const look = async (signal: AbortSignal): Promise<void> => {
    const room = CONNECTIONS - underWay.size
    if (signal.aborted) return
    if (room === 0) {
      // Told of new ones with both hands full: they are due when one is done.
      more = true
      return
    }
    const due = await deps.deliveries.claim(room)
    more = due.more
    for (const delivery of due.claimed) start(delivery)
    // All of them went to other senders: there may be further ones, and nothing under way here that would look again.
    if (more && underWay.size === 0) polling.nudge()
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
