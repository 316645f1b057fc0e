// Every metric: its name, kind, meaning and labels. Documentation, dashboard and alerts are checked against it. Pure.
//
// No label holds an id, an address or a text of somebody. A value of each label comes from a list that the code closes.

/** The labels, and where their values come from. */
export const LABELS = {
  service: 'the service, such as `tasks`; several may run in one process',
  mcp_method_name: 'the method of MCP; `other` for one that the gateway does not know',
  gen_ai_tool_name: 'the tool; empty for other methods',
  error_type: 'empty for success, else the error code of the tool, or the HTTP status',
  operation: 'the operation of the service’s contract',
  outcome: 'how it ended, as the help of the metric says',
  asked: 'the service that was asked',
  reason: 'why, as the help of the metric says',
  collection: 'the collection of the database',
  kind: 'what kind, as the help of the metric says',
  quantile: '`0.5`, `0.99` or `1` (the longest)',
  metric: 'the name of a metric',
} as const
export type Label = keyof typeof LABELS

export type MetricType = 'counter' | 'gauge' | 'histogram'
export type Declared = Readonly<{
  type: MetricType
  help: string
  labels: readonly Label[]
  /** The upper bounds of a histogram (s). */
  buckets?: readonly number[]
  /** Whether it is read from the database, so that one replica of the service reports it. */
  sampled?: true
}>

/** The bounds that the semantic conventions give for MCP (https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/). */
const MCP_SECONDS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300] as const
const SHORT_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10] as const
const LONG_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180] as const

/** From this many on, what waits in a collection is not counted further. */
export const MOST_COUNTED = 100_000
/** The same for dead letters, which may be large and are counted one by one. */
export const MOST_DEAD_LETTERS = 1_000
const UP_TO = `Counts at most ${MOST_COUNTED.toLocaleString('en')}.`

const OF_CALLS = {
  mcp_server_operation_duration_seconds: {
    type: 'histogram',
    help: 'Time that the gateway takes for a request of MCP, until its answer, or until a stream begins.',
    labels: ['mcp_method_name', 'gen_ai_tool_name', 'error_type'],
    buckets: MCP_SECONDS,
  },
  loops_open_streams: {
    type: 'gauge',
    help: 'Streams and waiting calls that are open in this gateway. `kind`: `resources`, `events`, `held_calls` or `pages`.',
    labels: ['kind'],
  },
  loops_bus_request_duration_seconds: {
    type: 'histogram',
    help: 'Time that a service takes to answer a request. `outcome`: `ok` or an error code.',
    labels: ['service', 'operation', 'outcome'],
    buckets: SHORT_SECONDS,
  },
  loops_bus_refused_total: {
    type: 'counter',
    help: 'Requests that a service did not take. `reason`: `busy`, or why the gate refused it, such as `forged`.',
    labels: ['service', 'reason'],
  },
  loops_bus_call_duration_seconds: {
    type: 'histogram',
    help: 'Time that a request takes for whoever sends it, repeats included. `outcome`: `ok` or an error code.',
    labels: ['service', 'asked', 'outcome'],
    buckets: SHORT_SECONDS,
  },
  loops_mongodb_command_duration_seconds: {
    type: 'histogram',
    help: 'Time that MongoDB takes for a command, with the way there and back.',
    labels: ['service'],
    buckets: SHORT_SECONDS,
  },
} as const satisfies Record<string, Declared>

const OF_EVENTS = {
  loops_outbox_documents: {
    type: 'gauge',
    help: `Documents with events that are not published yet. ${UP_TO}`,
    labels: ['service', 'collection'],
    sampled: true,
  },
  loops_outbox_oldest_age_seconds: {
    type: 'gauge',
    help: 'How long the oldest event that is not published yet has waited; 0 when none waits.',
    labels: ['service', 'collection'],
    sampled: true,
  },
  loops_outbox_published_total: {
    type: 'counter',
    help: 'Tries to publish an event. `outcome`: `ok` or `failed`; what failed is tried again.',
    labels: ['service', 'outcome'],
  },
  loops_events_stalled: {
    type: 'gauge',
    help: '1 while the stream takes no event of this process, else 0.',
    labels: ['service'],
  },
  loops_consumer_lag: {
    type: 'gauge',
    help: 'Events that the service has yet to react to: not delivered, or delivered and not acknowledged.',
    labels: ['service'],
    sampled: true,
  },
  loops_consumer_events_total: {
    type: 'counter',
    help: 'Events that were delivered. `outcome`: `done`, `again` (tried again after a pause), `held` (until what it needs is back) or `give_up` (a dead letter).',
    labels: ['service', 'outcome'],
  },
  loops_consumer_reaction_duration_seconds: {
    type: 'histogram',
    help: 'Time that the reactions to an event take.',
    labels: ['service'],
    buckets: SHORT_SECONDS,
  },
  loops_dead_letters: {
    type: 'gauge',
    help: 'Events that were given up and not redriven since. Counts at most 1,000.',
    labels: ['service'],
    sampled: true,
  },
} as const satisfies Record<string, Declared>

const OF_WORK = {
  loops_ready_tasks: {
    type: 'gauge',
    help: `Tasks that are approved and wait for nothing, in all workspaces. ${UP_TO}`,
    labels: [],
    sampled: true,
  },
  loops_ready_tasks_oldest_age_seconds: {
    type: 'gauge',
    help: 'How long ago the first filed of these tasks was filed; 0 when there is none.',
    labels: [],
    sampled: true,
  },
  loops_claims: {
    type: 'gauge',
    help: `Tasks that agents hold now, in all workspaces. ${UP_TO}`,
    labels: [],
    sampled: true,
  },
  loops_claims_begun_total: {
    type: 'counter',
    help: 'Claims of tasks that began.',
    labels: [],
  },
  loops_claims_ended_total: {
    type: 'counter',
    help: 'Claims of tasks that ended. `reason`: `completed`, `released`, `withdrawn`, `taken_over` or `expired`. Those that end because their loop ships are not counted.',
    labels: ['reason'],
  },
  loops_claims_lost_total: {
    type: 'counter',
    help: 'Claims that somebody wanted to renew or to give back, and had lost. Calls that are refused with `claim_lost` are in the outcome of requests.',
    labels: [],
  },
  loops_mail_pending: {
    type: 'gauge',
    help: `Mails that are not sent yet. ${UP_TO}`,
    labels: [],
    sampled: true,
  },
  loops_mail_oldest_age_seconds: {
    type: 'gauge',
    help: 'How long the oldest mail that is not sent yet has been pending; 0 when none is.',
    labels: [],
    sampled: true,
  },
  loops_mail_tries_total: {
    type: 'counter',
    help: 'Tries to send a mail. `outcome`: `sent`, `failed` (for good), `suppressed` (nobody is to get it) or `pending` (tried again).',
    labels: ['outcome'],
  },
  loops_mail_send_duration_seconds: {
    type: 'histogram',
    help: 'Time that the mail server takes for a mail.',
    labels: [],
    buckets: LONG_SECONDS,
  },
  loops_webhook_pending: {
    type: 'gauge',
    help: `Calls to addresses of others that are not made yet. \`kind\`: \`webhook\` or \`subscription\` (of an agent). ${UP_TO}`,
    labels: ['kind'],
    sampled: true,
  },
  loops_webhook_oldest_age_seconds: {
    type: 'gauge',
    help: 'How long the oldest call that is not made yet has been pending; 0 when none is.',
    labels: ['kind'],
    sampled: true,
  },
  loops_webhook_tries_total: {
    type: 'counter',
    help: 'Tries to call an address. `outcome`: `delivered`, `failed` (for good), `gone`, `skipped` or `pending` (tried again).',
    labels: ['kind', 'outcome'],
  },
  loops_webhook_call_duration_seconds: {
    type: 'histogram',
    help: 'Time that the address takes to answer.',
    labels: ['kind'],
    buckets: LONG_SECONDS,
  },
} as const satisfies Record<string, Declared>

const OF_PROCESS = {
  loops_ready: {
    type: 'gauge',
    help: '1 while the service is ready as `/readyz` says, 0 while it waits for something.',
    labels: ['service'],
  },
  loops_event_loop_delay_seconds: {
    type: 'gauge',
    help: 'How late this process gets to its work, since the scrape before.',
    labels: ['quantile'],
  },
  loops_samples_total: {
    type: 'counter',
    help: 'Readings of what is in the database. `outcome`: `ok`, `failed`, or `left` (another replica does it).',
    labels: ['service', 'outcome'],
  },
  loops_metrics_dropped_total: {
    type: 'counter',
    help: 'Measurements that were dropped because their metric has too many series: a fault of the program.',
    labels: ['metric'],
  },
  process_cpu_seconds_total: {
    type: 'counter',
    help: 'Time of a processor that this process has used.',
    labels: [],
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Memory of this process.',
    labels: [],
  },
  nodejs_heap_size_used_bytes: {
    type: 'gauge',
    help: 'Memory that objects of the program take.',
    labels: [],
  },
} as const satisfies Record<string, Declared>

/** Every metric by its name. */
export const METRICS = { ...OF_CALLS, ...OF_EVENTS, ...OF_WORK, ...OF_PROCESS } as const

type Table = typeof METRICS
export type MetricName = keyof Table
type OfType<T extends MetricType> = {
  [N in MetricName]: Table[N]['type'] extends T ? N : never
}[MetricName]
export type CounterName = OfType<'counter'>
export type GaugeName = OfType<'gauge'>
export type HistogramName = OfType<'histogram'>
/** The labels of a metric with their values. */
export type LabelsOf<N extends MetricName> = Readonly<Record<Table[N]['labels'][number], string>>

/** A value of a gauge. */
export type Sample = {
  [N in GaugeName]: Readonly<{ name: N; labels: LabelsOf<N>; value: number }>
}[GaugeName]

/** The age of something (s); 0 for what does not exist, and for what a clock that is behind made later than `now`. */
export const ageSeconds = (since: Date | null | undefined, now: Date): number =>
  since ? Math.max(0, (now.getTime() - since.getTime()) / 1_000) : 0
