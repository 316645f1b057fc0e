// The queries that look into every workspace, each with the reason and what it costs on a sharded MongoDB.
//
// None of them is part of a call. Each reads a sparse or partial index that has entries only for what waits, so on a shard
// where nothing waits it costs one seek.

/** Queries that may leave out the workspace. */
export type Exception = Readonly<{
  places: readonly string[]
  command: 'find' | 'count' | 'updateMany'
  /** The fields that its filter may have. The first one is in it. */
  by: readonly [string, ...string[]]
  reason: string
  /** What one run costs on each shard. */
  cost: string
}>

const AGGREGATES = [
  'tasks.tasks',
  'tasks.comments',
  'loops-queue.loops',
  'loops-queue.queues',
  'webhooks.webhooks',
]
const COUNTED = ['tasks.tasks', 'tasks.comments']
const SEEK = 'one seek in a sparse index, and a page of what waits'

const find = (places: readonly string[], by: Exception['by'], reason: string, cost = SEEK): Exception => ({
  ...{ places, command: 'find', by, reason, cost },
})

const EVERY_SAMPLE = 'at most 100,000 keys of an index and two seconds, every 15 s where METRICS_PORT is set'
const count = (places: readonly string[], by: Exception['by'], reason: string): Exception => ({
  ...{ places, command: 'count', by, reason, cost: EVERY_SAMPLE },
})
const WORK = ['notifier.deliveries', 'webhooks.deliveries', 'webhooks.event_deliveries']

/** Every exception. */
export const EXCEPTIONS: readonly Exception[] = [
  find(
    AGGREGATES,
    ['outbox.at', '_id'],
    'the relay looks for events that whoever wrote them did not publish',
  ),
  find(COUNTED, ['uncounted.at'], 'increments that were left pending, and how far they may be forgotten'),
  find(['tasks.tasks'], ['move.at'], 'reservations that a call left behind'),
  find(['tasks.tasks'], ['claim.until', '$expr'], 'claims that have ended or end soon'),
  find(['tasks.tasks'], ['deleted_at', 'expires_at'], 'deleted tasks whose comments are still there'),
  find(['tasks.tasks'], ['pending_comments.at'], 'comments that a call left in their task'),
  find(['tasks.tasks'], ['pending_sync.at'], 'edges that a call did not carry over'),
  find(['loops-queue.loops'], ['unqueued'], 'loops that the order does not have yet'),
  find(['loops-queue.loops'], ['status'], 'loops that a call left forming'),
  find(['loops-queue.loops'], ['report_due'], 'shipped loops whose report is due'),
  find(
    WORK,
    ['due_at', 'ws', 'template', 'webhook_id', 'subscription_id'],
    'a worker looks for work of every workspace, in the order of the workspaces',
    'one scan of the index of what is due, past full workspaces, of at most 200 rows a page',
  ),
  find(['notifier.notices'], ['review_at'], 'old notices, once an hour'),
  {
    ...{
      places: ['notifier.notices', 'notifier.deliveries'],
      command: 'updateMany',
      by: ['expires_at', 'due_at', 'template'],
    },
    reason: 'documents of earlier releases, which the database would delete too early; once an hour',
    cost: 'one scan of the notices, and one of the mails that wait',
  },
  find(
    [...AGGREGATES, 'tasks.tallies', 'webhooks.subscriptions'],
    ['_id', 'deleted_at', 'status'],
    'passes over everything, page by page: the first index of the search, the check of counters, snapshots, new secrets',
    'one range of ids a page; the pages are merged',
  ),
  find(
    ['gateway', 'tasks', 'loops-queue', 'notifier', 'webhooks'].map((service) => `${service}.events`),
    ['stream', 'seq'],
    'published events that the stream may have lost',
    'two ranges of an index',
  ),
  find(
    ['gateway', 'tasks', 'loops-queue', 'notifier', 'webhooks'].map((service) => `${service}.events`),
    ['check_at'],
    'published events that are due for a look in the stream',
  ),
  count(AGGREGATES, ['outbox.at'], 'a sample for the metrics: events that wait'),
  count(WORK, ['due_at', 'template'], 'a sample for the metrics: mails and calls that wait'),
  count(
    ['tasks.tasks'],
    ['ws', 'status', 'move', 'loop_id', 'ready', 'deleted_at'],
    'a sample for the metrics: ready tasks',
  ),
  count(['tasks.tasks'], ['claim.until'], 'a sample for the metrics: claims'),
]
