// Writes log lines to stderr: JSON for machines, readable text on a terminal. Redacts secrets by their names.
import { systemClock } from './clock.ts'
import { runningSpan } from './trace-context.ts'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type Level = (typeof LEVELS)[number]
export type Fields = Readonly<Record<string, unknown>>

/** The log of one topic, such as `tasks:store`. `child` makes the log of a narrower topic. */
export type Log = {
  readonly [L in Level]: (message: string, fields?: Fields) => void
} & { readonly child: (topic: string) => Log }

export type LogOptions = Readonly<{
  /** A level; or topics, separated by commas, that are logged from `debug` on, all others from `info` on. */
  filter: string
  topic: string
  write?: (line: string) => void
  pretty?: boolean
  now?: () => Date
}>

const SECRET = /token|secret|password|authorization|cookie|_url$|^url$|verifier|challenge/i

/** How many levels of nesting a line shows; a bound for circular objects. */
const MAX_DEPTH = 5

const plain = (key: string, value: unknown, depth = 0): unknown => {
  if (SECRET.test(key)) return '[redacted]'
  if (typeof value === 'bigint') return String(value)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  if (value instanceof Error) {
    const cause = value.cause instanceof Error ? ` <- ${value.cause.message}` : ''
    return {
      name: value.name,
      message: `${value.message}${cause}`,
      stack: value.stack?.split('\n').slice(1, 6).join('\n'),
    }
  }
  if (depth === MAX_DEPTH) return '[deeper]'
  if (Array.isArray(value)) return value.map((member) => plain('', member, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, plain(name, member, depth + 1)]),
  )
}

const readable = (level: Level, topic: string, message: string, fields: Fields, at: Date): string => {
  const rest = Object.entries(fields).map(([key, value]) => {
    const shown = plain(key, value)
    return ` ${key}=${typeof shown === 'string' ? shown : JSON.stringify(shown)}`
  })
  return `${at.toISOString().slice(11, 23)} ${level.toUpperCase().padEnd(5)} ${topic}: ${message}${rest.join('')}`
}

/** The trace that the code of a line runs in. */
const traceOf = (): Fields => {
  const span = runningSpan()
  return span ? { trace_id: span.trace_id, span_id: span.span_id } : {}
}

/** Makes the log of a topic. */
export const createLog = (options: LogOptions): Log => {
  const write = options.write ?? ((line: string) => void process.stderr.write(`${line}\n`))
  const pretty = options.pretty ?? process.stderr.isTTY === true
  const now = options.now ?? systemClock.now
  const level = (LEVELS as readonly string[]).indexOf(options.filter)
  const topics =
    level >= 0
      ? []
      : options.filter
          .split(',')
          .map((topic) => topic.trim())
          .filter(Boolean)
  const chosen = topics.some((topic) => options.topic === topic || options.topic.startsWith(`${topic}:`))
  const threshold = level >= 0 ? level : chosen ? 0 : 1
  const at =
    (name: Level) =>
    (message: string, fields: Fields = {}): void => {
      if (LEVELS.indexOf(name) < threshold) return
      const time = now()
      if (pretty) write(readable(name, options.topic, message, fields, time))
      else {
        const safe = Object.fromEntries(
          Object.entries(fields).map(([key, value]) => [key, plain(key, value)]),
        )
        write(
          JSON.stringify({
            ...safe,
            ...traceOf(),
            at: time.toISOString(),
            level: name,
            topic: options.topic,
            message,
          }),
        )
      }
    }
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (topic) => createLog({ ...options, topic: `${options.topic}:${topic}` }),
  }
}
