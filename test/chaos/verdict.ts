// Compares what was promised with what is there: a line for each promise, with what is missing by name. Pure.
import type { CloudEvent } from '../../shared/contracts/define/cloud-event.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { SENT_EVENTS } from '../../shared/contracts/webhooks/sources.ts'
import { replayed } from '../support/queue-model.ts'
import type { Acked, Ledger, Timed } from './ledger.ts'
import type { Outcome } from './outcome.ts'
import { phrasesOf } from './pending.ts'

/** One promise: how many of how many are kept, and which are not. */
export type Line = Readonly<{ promise: string; kept: number; of: number; broken: readonly string[] }>

const line = <T>(
  promise: string,
  all: Iterable<T>,
  isKept: (one: T) => boolean,
  name: (one: T) => string,
): Line => {
  const every = [...all]
  const broken = every.filter((one) => !isKept(one)).map(name)
  return { promise, kept: every.length - broken.length, of: every.length, broken }
}
const none = (promise: string, broken: readonly string[]): Line => ({ promise, kept: 0, of: 0, broken })

const nameOf = ({ tool, kind, id, version }: Acked): string => `${tool} of ${kind} ${id}, version ${version}`
const eventName = ({ type, subject, sequence, id }: CloudEvent): string =>
  `${type} ${id} of ${subject}, version ${sequence}`

/** Acknowledged writes are there: the thing itself, no older than it was answered, and called as it was named. */
const acknowledged = ({ acked, deleted, maybeDeleted }: Ledger, outcome: Outcome): Line[] => {
  const { tasks, loops, comments, queue } = outcome
  const kept = acked.filter(({ kind, id }) => kind !== 'task' || !maybeDeleted.has(id))
  const version = ({ kind, id }: Acked): number =>
    kind === 'queue' ? queue.version : ((kind === 'task' ? tasks : loops).get(id)?.version ?? 0)
  const things = kept.filter(({ kind }) => kind !== 'comment')
  const named = things.filter(
    ({ id, version, name }) => name !== undefined && tasks.get(id)?.version === version,
  )
  const commented = acked.filter(({ kind }) => kind === 'comment')
  const gone = new Set([...maybeDeleted])
  const onLiving = commented.filter(({ id }) => !gone.has(commentedBy(outcome, id) ?? ''))
  return [
    line('acknowledged changes are there', things, (one) => version(one) >= one.version, nameOf),
    line(
      'the newest title is the one acknowledged',
      named,
      ({ id, name }) => tasks.get(id)?.name === name,
      nameOf,
    ),
    line('acknowledged comments are there', onLiving, ({ id }) => comments.has(id), nameOf),
    line(
      'tasks are counted as they are listed',
      [tasks.size],
      (n) => n === outcome.tasks_total,
      (n) => `${n} listed, ${outcome.tasks_total} counted`,
    ),
    line(
      'deleted tasks are gone',
      deleted,
      (id) => !tasks.has(id),
      (id) => `task ${id}`,
    ),
  ]
}

const commentedBy = ({ stream }: Outcome, comment_id: string): string | undefined => {
  const event = [...stream.values()].find(({ subject }) => subject === comment_id)
  return event && String(event.data.task_id)
}

/** Every acknowledged change is published, and every event that was ever published is in the stream. */
const published = ({ acked }: Ledger, { stream, journal }: Outcome): Line[] => {
  const versions = new Set(
    [...stream.values()].map(({ type, subject, sequence }) =>
      type === 'queue.changed' ? `queue ${sequence}` : `${subject} ${sequence}`,
    ),
  )
  const changes = acked.filter((one) => one.has_event)
  return [
    line(
      'acknowledged changes are published',
      changes,
      ({ id, version }) => versions.has(`${id} ${version}`),
      nameOf,
    ),
    line(
      'journaled events are in the stream',
      journal,
      (id) => stream.has(id),
      (id) => `event ${id}`,
    ),
  ]
}

/** Sources of the agents' events; those of before the webhook was added never reach its receiver. */
const WORK: readonly string[] = [tasks, loopsQueue].map(({ name }) => `/loops/${name}`)

/** Whoever listens has every event. */
const heard = (outcome: Outcome): Line[] => {
  const { stream, seen, called, notices, dead_letters } = outcome
  const work = [...stream.values()].filter(
    ({ source, type }) => WORK.includes(source) && SENT_EVENTS.includes(type),
  )
  const shipped = shippedAmong(outcome)
  return [
    line('the subscriber saw every event', stream.values(), ({ id }) => seen.has(id), eventName),
    line('the webhook was called with every public event', work, ({ id }) => called.has(id), eventName),
    line(
      'the notifier wrote the mails of every shipped loop',
      shipped,
      ({ id }) => notices.has(id),
      eventName,
    ),
    none('there are no dead letters', dead_letters > 0 ? [`${dead_letters} dead letters`] : []),
  ]
}

const shippedAmong = ({ stream }: Outcome): CloudEvent[] =>
  [...stream.values()].filter(({ type }) => type === 'loop.shipped')

/** One event for each shipped loop, and a mail of it for each member; copies only as the mail's own guarantee allows. */
const mailed = (outcome: Outcome, most_copies: number): Line[] => {
  const { loops, members, mails } = outcome
  const shipped = shippedAmong(outcome)
  const times = Map.groupBy(shipped, ({ subject }) => subject)
  const ended = [...loops].filter(([, { status }]) => status === 'shipped')
  const expected = shipped.flatMap(({ data }) => members.map((to) => ({ to, name: String(data.name) })))
  const keyOf = ({ to, name }: (typeof expected)[number]): string => `${name} to ${to}`
  const names = new Set(expected.map(({ name }) => name))
  const copies = Map.groupBy(
    mails.flatMap((mail) => {
      const name = /Loop [0-9A-Z]{26}/.exec(mail.subject)?.[0] ?? ''
      return names.has(name) ? mail.to.map((to) => ({ key: keyOf({ to, name }), id: mail.messageId })) : []
    }),
    ({ key }) => key,
  )
  const further = [...copies.values()].reduce((sum, all) => sum + all.length - 1, 0)
  return [
    line(
      'shipped loops are published once each',
      ended,
      ([id]) => times.get(id)?.length === 1,
      ([id]) => `loop ${id}: ${times.get(id)?.length ?? 0} events`,
    ),
    line('mails came to every member', expected, (one) => copies.has(keyOf(one)), keyOf),
    line(
      'copies of a mail have one Message-ID',
      [...copies].filter(([, all]) => all.length > 1),
      ([, all]) => new Set(all.map(({ id }) => id)).size === 1,
      ([key]) => key,
    ),
    none(
      `further copies: ${further} of at most ${most_copies}`,
      further > most_copies ? [`${further - most_copies} too many`] : [],
    ),
  ]
}

/** What was answered before something else was asked has an earlier version. */
const inTime = ({ acked }: Ledger): Line => {
  const changes = acked.filter(({ kind, has_event }) => kind === 'queue' && has_event)
  const byEnd = changes.toSorted((a, b) => a.ended - b.ended)
  const late = new Set<Timed>()
  let [newest, at] = [0, 0]
  for (const one of changes.toSorted((a, b) => a.began - b.began)) {
    for (; (byEnd[at]?.ended ?? Number.POSITIVE_INFINITY) < one.began; at += 1)
      newest = Math.max(newest, byEnd[at]?.version ?? 0)
    if (one.version <= newest) late.add(one)
  }
  return line('changes of the queue have their versions in time', changes, (one) => !late.has(one), nameOf)
}

/** The events of the queue, replayed version by version, give the order that clients read. */
const replayable = ({ stream, queue }: Outcome): Line[] => {
  const changes = [...stream.values()]
    .filter(({ type }) => type === 'queue.changed')
    .map(({ data }) => loopsQueue.events['queue.changed'].data.parse(data))
    .sort((a, b) => a.version - b.version)
  const versions = Array.from({ length: queue.version }, (_, n) => n + 1)
  const times = Map.groupBy(changes, ({ version }) => version)
  const broken: string[] = []
  let order: readonly string[] = []
  try {
    for (const change of changes) order = replayed(order, change)
    if (order.join() !== queue.order.join())
      broken.push(`replayed ${order.join()}, read ${queue.order.join()}`)
  } catch (error) {
    broken.push(String(error))
  }
  return [
    line(
      'versions of the queue are published once each',
      versions,
      (v) => times.get(v)?.length === 1,
      (v) => `version ${v}`,
    ),
    none('the queue replays to its order', broken),
  ]
}

/** Every promise. @param most_copies how many mails the faults of the run allow to come twice */
export const judge = (ledger: Ledger, outcome: Outcome, most_copies: number): readonly Line[] => {
  const waiting = outcome.pending ? phrasesOf(outcome.pending) : ['what is pending could not be read']
  return [
    ...acknowledged(ledger, outcome),
    ...published(ledger, outcome),
    ...heard(outcome),
    ...replayable(outcome),
    inTime(ledger),
    ...mailed(outcome, most_copies),
    none('nothing is pending', waiting),
    none('every command came to an end', ledger.unknown),
  ]
}

const MOST_NAMED = 10

/** The verdict for people: a table, then what is broken, by name. */
export const tableOf = (lines: readonly Line[]): string => {
  const widest = Math.max(...lines.map(({ promise }) => promise.length))
  const rows = lines.map(({ promise, kept, of, broken }) => {
    const counts = of > 0 ? `${kept} of ${of}` : ''
    return `${broken.length === 0 ? 'ok    ' : 'BROKEN'}  ${promise.padEnd(widest)}  ${counts}`.trimEnd()
  })
  const named = lines.flatMap(({ promise, broken }) => [
    ...broken.slice(0, MOST_NAMED).map((one) => `  ${promise}: not ${one}`),
    ...(broken.length > MOST_NAMED ? [`  … and ${broken.length - MOST_NAMED} more`] : []),
  ])
  return [...rows, ...named].join('\n')
}
