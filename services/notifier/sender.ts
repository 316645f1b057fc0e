// Sends what is owed: claims deliveries by lease, a batch at a time, and records what became of each. Any number of senders
// may run; what one that died had claimed is sent by another when its lease ends.
import type { Clock } from '../../shared/clock.ts'
import type { FaultPoint } from '../../shared/faults.ts'
import { pause, type Repeating, repeat } from '../../shared/lifecycle.ts'
import type { Log } from '../../shared/log.ts'
import { openBlockade } from './blockade.ts'
import type { Composed } from './compose.ts'
import { type Deliveries, LEASE_MS, type Settled } from './deliveries.ts'
import { gather } from './gather.ts'
import { CONNECTIONS, type Mail, type Mailer } from './mailer.ts'
import type { Delivery } from './notices.ts'
import { unwantedBecause } from './preferences.ts'
import { later, type Settlement, settlementOf } from './retries.ts'
import { type Subscriptions, subscriptionId } from './store-subscriptions.ts'
import { type Suppressions, suppressionKey } from './store-suppressions.ts'

export type SenderDeps = Readonly<{
  deliveries: Pick<Deliveries, 'claim' | 'renew' | 'settle' | 'release'>
  subscriptions: Pick<Subscriptions, 'of'>
  suppressions: Pick<Suppressions, 'among' | 'add'>
  compose: (delivery: Delivery) => Promise<Composed>
  mailer: Pick<Mailer, 'send'>
  clock: Clock
  random: () => number
  log: Log
  /** Steps: `deliver.claimed`, `deliver.accepted` (the server has it, the ledger does not know yet). */
  at: FaultPoint
  lease_ms?: number
}>

/** How often due deliveries are looked for when nothing has told of them (ms). */
const POLL_MS = 1_000
/** Deliveries that one sender holds at most: enough that no connection waits for the next claim. */
const HELD = 20 * CONNECTIONS
/** Mails at most that a sender has handed over, or is about to, before the ledger knows: a second copy of these is possible. */
export const IN_DOUBT = 4 * CONNECTIONS
/** Pause between tries to record what was sent (ms), and how many: a database that changes its primary is back by then. */
const RECORD_PAUSE_MS = 500
const RECORD_TRIES = 120

/** A delivery in this sender's hands. */
type Held = {
  readonly delivery: Delivery
  /** Why it is not to be sent, as far as that is known by now. */
  readonly unwanted: string | undefined
  /** Until when nobody else has it; a process that stood still may find that past. */
  until: Date
}

/** What was wished, and which addresses went out of use, since the event: a mail may wait for hours. */
const lookUp = async (
  { subscriptions, suppressions }: SenderDeps,
  claimed: readonly Delivery[],
): Promise<Held[]> => {
  const [wishes, dead] = await Promise.all([
    subscriptions.of(claimed),
    suppressions.among(claimed.flatMap(({ to }) => to?.address ?? [])),
  ])
  return claimed.map((delivery) => {
    const { ws, user_id, to, due_at = new Date(0) } = delivery
    const wish = user_id === null ? undefined : wishes.get(subscriptionId(ws, user_id))
    const unwished = unwantedBecause(wish, delivery.about)
    return {
      delivery,
      unwanted: unwished ?? (to ? dead.get(suppressionKey(to.address))?.reason : undefined),
      until: due_at,
    }
  })
}

const isMail = (made: Mail | Settlement): made is Mail => 'message_id' in made

/** The mail, or why there is none. */
const make = async (deps: SenderDeps, { delivery, unwanted }: Held): Promise<Mail | Settlement> => {
  if (unwanted !== undefined) return { status: 'suppressed', reason: unwanted }
  const composed = await deps.compose(delivery)
  if ('suppressed' in composed) return { status: 'suppressed', reason: composed.suppressed }
  if ('failed' in composed) return { status: 'failed', reason: composed.failed }
  const { mail } = composed
  if (delivery.to !== null) return mail
  const dead = (await deps.suppressions.among([mail.to.address])).get(suppressionKey(mail.to.address))
  return dead ? { status: 'suppressed', reason: dead.reason, to: mail.to } : mail
}

/** Records what became of mails, and goes on trying to: what is sent and not recorded would be sent again. */
const openRecorder = ({ deliveries, log }: SenderDeps, stop: AbortSignal) => {
  let stuck = false
  const write = async (batch: readonly Settled[]): Promise<void> => {
    for (let tries = 1; ; tries += 1)
      try {
        const lost = await deliveries.settle(batch)
        stuck = false
        if (lost > 0) log.warn('lost the lease of mails; they may be sent twice', { mails: lost })
        return
      } catch (error) {
        stuck = true
        if (tries === RECORD_TRIES || stop.aborted) throw error
        await pause(RECORD_PAUSE_MS, stop)
      }
  }
  return {
    record: gather<Settled>(HELD, write),
    /** Whether it waits for the database: what may be claimed then is perhaps what it has to record. */
    isStuck: (): boolean => stuck,
  }
}

/**
 * Starts sending. `nudge` tells of new deliveries.
 * @returns disposing claims no more, gives back what was not begun, and waits for the mails under way.
 */
export const startSender = (deps: SenderDeps): Repeating => {
  const { deliveries, clock, random, log, lease_ms = LEASE_MS } = deps
  const held = new Map<string, Held>()
  const queue: Held[] = []
  const underWay = new Set<Promise<void>>()
  let busy = 0
  let more = false
  const stop = new AbortController()
  const recorder = openRecorder(deps, stop.signal)

  const giveBack = async (due_at: Date): Promise<void> => {
    const untried = queue.splice(0).map(({ delivery }) => delivery)
    for (const { _id } of untried) held.delete(_id)
    await deliveries.release(untried, due_at)
  }
  const server = openBlockade({
    ...deps,
    onBlocked: (until) =>
      // What cannot be given back is claimed again when its lease ends.
      void giveBack(until).catch((error: unknown) => log.warn('mails were not given back', { error })),
  })

  const attempt = async (item: Held): Promise<Settlement> => {
    const made = await make(deps, item)
    if (!isMail(made)) return made
    const said = await deps.mailer.send(made)
    const probe_at = server.note(said)
    if (said.outcome === 'refused' && said.unknown_mailbox) {
      await deps.suppressions.add(made.to.address, said.reason)
      return { status: 'failed', reason: said.reason, to: made.to }
    }
    return settlementOf(said, item.delivery, clock.now(), probe_at, random())
  }
  const send = async (item: Held): Promise<Settlement> => {
    deps.at('deliver.claimed')
    try {
      return await attempt(item)
    } catch (error) {
      log.warn('mail could not be made', { delivery: item.delivery._id, error })
      return later(item.delivery, 'could not be made', clock.now(), random())
    }
  }
  const deliver = async (item: Held): Promise<void> => {
    const { delivery } = item
    busy += 1
    const settlement = await send(item)
    busy -= 1
    begin()
    if (settlement.status === 'sent') deps.at('deliver.accepted')
    try {
      await recorder.record({ delivery, settlement })
      log.debug('mail settled', { delivery: delivery._id, attempts: delivery.attempts, ...settlement })
    } catch (error) {
      log.warn('a mail’s end was not recorded; its lease will end', { delivery: delivery._id, error })
    }
  }
  const begin = (): void => {
    while (busy < CONNECTIONS && underWay.size < IN_DOUBT) {
      const item = queue.shift()
      if (!item) return
      const { _id } = item.delivery
      // Stood still for longer than a lease: by now it is another sender's.
      if (item.until <= clock.now()) {
        held.delete(_id)
        continue
      }
      const work = deliver(item).finally(() => {
        underWay.delete(work)
        held.delete(_id)
        begin()
        // Half empty is soon enough: claiming many at once costs less than one by one.
        if (more && held.size <= HELD / 2) polling.nudge()
      })
      underWay.add(work)
    }
  }

  const look = async (signal: AbortSignal): Promise<void> => {
    const room = server.room(HELD) - held.size
    if (signal.aborted || recorder.isStuck()) return
    if (room <= 0) {
      // Told of new ones with both hands full: they are due when some are done.
      more = true
      return
    }
    const due = await deliveries.claim(room)
    more = due.more
    for (const item of await lookUp(deps, due.claimed)) {
      held.set(item.delivery._id, item)
      queue.push(item)
    }
    begin()
    // All of them went to other senders: there may be further ones, and nothing in hand here that would look again.
    if (more && held.size === 0) polling.nudge()
  }
  const renew = async (): Promise<void> => {
    const now = clock.now()
    const live = [...held.values()].filter(({ until }) => until > now)
    const until = await deliveries.renew(live.map(({ delivery }) => delivery))
    for (const item of live) item.until = until
  }
  const polling = repeat(look, { interval_ms: POLL_MS, log, random })
  const renewing = repeat(renew, { interval_ms: lease_ms / 3, log, random })
  return {
    nudge: polling.nudge,
    [Symbol.asyncDispose]: async () => {
      await polling[Symbol.asyncDispose]()
      stop.abort()
      await giveBack(clock.now()).catch((error: unknown) => log.warn('mails were not given back', { error }))
      await Promise.allSettled([...underWay])
      await renewing[Symbol.asyncDispose]()
    },
  }
}
