// Sends pending mails. What is known about all mails of a claim is looked up at once; then each is made and handed over.
import type { Clock } from '../../shared/process/clock.ts'
import type { FaultPoint } from '../../shared/process/fault-points.ts'
import type { Log } from '../../shared/process/log.ts'
import { type Metrics, noMetrics } from '../../shared/process/metrics.ts'
import { noTracing, type Tracing } from '../../shared/process/tracing.ts'
import type { Ending, PendingWork } from '../../shared/storage/pending-work.ts'
import { startWorker, type WorkContext, type Worker } from '../../shared/storage/worker.ts'
import { openBlockade } from './blockade.ts'
import type { Composed } from './compose.ts'
import { SHARES } from './delivery-store.ts'
import type { Departed } from './departed.ts'
import { CONNECTIONS, type Mail, type Mailer } from './mailer.ts'
import type { Delivery } from './notice-rules.ts'
import { unsentBecause } from './preference-rules.ts'
import { type Subscriptions, subscriptionId } from './preference-store.ts'
import { later, type NextState, nextStateOf } from './retries.ts'
import type { Outcome } from './smtp-faults.ts'
import { type Suppressions, suppressionKey } from './suppression-store.ts'

export type SenderDeps = Readonly<{
  deliveries: Pick<PendingWork<Delivery>, 'claim' | 'renew' | 'record' | 'release'>
  subscriptions: Pick<Subscriptions, 'of'>
  suppressions: Pick<Suppressions, 'among' | 'add' | 'lift'>
  /** Finds the deliveries to people who have left the workspace, or the loop that the mail is about. */
  departed: (claimed: readonly Delivery[]) => Promise<Departed>
  compose: (delivery: Delivery) => Promise<Composed>
  mailer: Pick<Mailer, 'send'>
  /** The database's. */
  clock: Clock
  random: () => number
  log: Log
  /** Steps: `deliver.claimed`, and `deliver.accepted`: the server has it, and it is not recorded yet. */
  at: FaultPoint
  term_ms?: number
  /** How long to wait between two looks for what several replicas look for (ms). */
  shared?: (interval_ms: number) => number
  metrics?: Pick<Metrics, 'count' | 'observe'>
  tracing?: Tracing
}>

/** The most deliveries that a sender holds, and how many more that somebody is waiting for. */
const HELD = 20 * CONNECTIONS
const URGENT = 2 * CONNECTIONS
/** The most mails handed over, or about to be, that are not recorded yet: these may be sent twice. */
export const IN_DOUBT = 2 * CONNECTIONS

/** What is known about a mail before it is made: nothing, why it is not sent, or that this cannot be asked now. */
type Known = Readonly<{ unwanted?: string | undefined; unsure?: true }>

/** Which preferences changed, who left and which addresses went out of use since the event: a mail may wait for hours. */
const lookUp = async (
  { subscriptions, suppressions, departed }: SenderDeps,
  claimed: readonly Delivery[],
): Promise<Known[]> => {
  const [preferences, { left, unknown }, dead] = await Promise.all([
    subscriptions.of(claimed),
    departed(claimed),
    suppressions.among(claimed.flatMap(({ to }) => to?.address ?? [])),
  ])
  return claimed.map(({ _id, ws, user_id, to, about }) => {
    if (unknown.has(_id)) return { unsure: true }
    if (left.has(_id)) return { unwanted: 'no longer a member' }
    const preference = user_id === null ? undefined : preferences.get(subscriptionId(ws, user_id))
    const unwanted = unsentBecause(preference, about)
    return { unwanted: unwanted ?? (to ? dead.get(suppressionKey(to.address))?.reason : undefined) }
  })
}

const isMail = (made: Mail | NextState): made is Mail => 'message_id' in made

/** The mail, or why there is none. */
const make = async (
  deps: SenderDeps,
  delivery: Delivery,
  { unwanted, unsure }: Known,
): Promise<Mail | NextState> => {
  if (unsure) return later(delivery, 'could not ask who is still a member', deps.clock.now(), deps.random())
  if (unwanted !== undefined) return { status: 'suppressed', reason: unwanted }
  const composed = await deps.compose(delivery)
  if ('suppressed' in composed) return { status: 'suppressed', reason: composed.suppressed }
  if ('failed' in composed) return { status: 'failed', reason: composed.failed }
  return composed.mail
}

/** Whether this was a try of this very mail. */
const isTry = (next: NextState): boolean =>
  next.status === 'pending' ? next.counted : next.status !== 'suppressed'

const endingOf = (work: Delivery, next: NextState): Ending<Delivery> => {
  const { status } = next
  return {
    work,
    set: {
      status,
      sent_at: status === 'sent' ? next.at : null,
      last_error: status === 'sent' ? null : next.reason,
      ...('to' in next && next.to ? { to: next.to } : {}),
    },
    ...(status === 'pending' ? { due_at: next.due_at } : {}),
    counted: isTry(next),
  }
}

/** Hands a mail over in a span of the trace that caused it, if one did. */
const traced = (
  tracing: Tracing,
  { template, traceparent: parent }: Delivery,
  send: () => Promise<Outcome>,
): Promise<Outcome> => {
  if (!tracing.on || parent === undefined) return send()
  const attributes = { 'loops.mail.template': template }
  return tracing.span({ name: `send mail ${template}`, kind: 'client', parent, attributes }, async (span) => {
    const said = await send()
    span.set({ 'loops.mail.outcome': said.outcome })
    if (said.outcome !== 'accepted') span.fail(said.outcome)
    return said
  })
}

/** Starts sending. `nudge` says that there are new deliveries. */
export const startSender = (deps: SenderDeps): Worker => {
  const { clock, random, log, metrics = noMetrics, tracing = noTracing } = deps
  const server = openBlockade({
    ...deps,
    onBlocked: (until) =>
      // What cannot be given back is claimed again when its lease ends.
      void worker.giveBack(until).catch((error: unknown) => log.warn('mails were not given back', { error })),
  })
  /** The mailbox exists after all. An address that is out of use is tried only with mails that people ask for. */
  const useAgain = (address: string): Promise<unknown> =>
    deps.suppressions
      .lift(address)
      .catch((error: unknown) => log.warn('an address was not taken into use again', { error }))
  const attempt = async (known: Known, delivery: Delivery, context: WorkContext): Promise<NextState> => {
    const made = await make(deps, delivery, known)
    if (!isMail(made)) return made
    if (!context.isHeld())
      return { status: 'pending', reason: 'its claim ended', due_at: clock.now(), counted: false }
    const start_ms = clock.monotonicMs()
    const said = await traced(tracing, delivery, () => deps.mailer.send(made, context.signal))
    metrics.observe('loops_mail_send_duration_seconds', {}, (clock.monotonicMs() - start_ms) / 1_000)
    const probe_at = server.note(said)
    if (said.outcome === 'refused' && said.unknown_mailbox) {
      await deps.suppressions.add(made.to.address, said.reason)
      return { status: 'failed', reason: said.reason, to: made.to }
    }
    if (said.outcome === 'accepted' && delivery.to === null) await useAgain(made.to.address)
    return nextStateOf(said, delivery, clock.now(), probe_at, random())
  }
  const worker = startWorker<Delivery, Known>({
    ...deps,
    pending: deps.deliveries,
    prepare: (claimed) => lookUp(deps, claimed),
    perform: async (known, delivery, context) => {
      deps.at('deliver.claimed')
      const next = await attempt(known, delivery, context).catch((error: unknown) => {
        log.warn('mail could not be made', { delivery: delivery._id, error })
        return later(delivery, 'could not be made', clock.now(), random())
      })
      metrics.count('loops_mail_tries_total', { outcome: next.status })
      if (next.status === 'sent') deps.at('deliver.accepted')
      return endingOf(delivery, next)
    },
    limits: { hold: HELD, reserve: URGENT, parallel: CONNECTIONS, unrecorded: IN_DOUBT },
    room: server.room,
    shares: SHARES,
  })
  return worker
}
