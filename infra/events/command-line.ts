// The command line of `npm run events`. Pure.
import { parseArgs } from 'node:util'
import { StartFault } from '../report.ts'

export const USAGE = `npm run events -- tail [--type EVENT] [--workspace ID] [--since WHEN] [--once]
    shows events as they come, one line of JSON each, until Ctrl-C; with --once, those so far
npm run events -- snapshot [--workspace ID] [--source SERVICE] [--type EVENT]
    writes the current state, one line of JSON per record, and the position in the stream to read on from
npm run events -- dead [ID] [--consumer NAME] [--all] [--limit N]
    lists the dead letters: events that a service could not handle, newest first; with an ID, that one in full
    --all       includes those that have been redriven
npm run events -- redrive ID... | --all [--consumer NAME]
    makes the service try them again; other services and subscribers do not notice
npm run events -- replay --consumer NAME --since WHEN [--dry-run]
    delivers the events since WHEN to a durable consumer again; WHEN is 30m, 2h, 3d or 2026-01-31T12:00Z
npm run events -- replay --lost
    makes every service publish those of its events of the last 72 hours again that the stream has lost

These commands use the servers that npm start runs with this DATA_DIR, or those of MONGODB_URL and NATS_URL.
`

/** A command, with its options checked. */
export type Command =
  | Readonly<{ command: 'dead'; id?: string; consumer?: string; all: boolean; limit: number }>
  | Readonly<{ command: 'redrive'; ids: readonly string[]; consumer?: string }>
  | Readonly<{ command: 'replay'; consumer: string; since: Date; dry: boolean }>
  | Readonly<{ command: 'tail'; type?: string; workspace?: string; since?: Date; once: boolean }>
  | Readonly<{ command: 'snapshot'; workspace?: string; source?: string; type?: string }>
  | Readonly<{ command: 'lost' }>
  | Readonly<{ command: 'help' }>

const OPTIONS = {
  consumer: { type: 'string' },
  all: { type: 'boolean', default: false },
  limit: { type: 'string', default: '50' },
  since: { type: 'string' },
  type: { type: 'string' },
  workspace: { type: 'string' },
  source: { type: 'string' },
  once: { type: 'boolean', default: false },
  lost: { type: 'boolean', default: false },
  'dry-run': { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** @throws StartFault if it is not a time, or is in the future */
const momentOf = (when: string, now: Date): Date => {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(when) ?? []
  const at = count ? new Date(now.getTime() - Number(count) * (UNITS_MS[unit] ?? 0)) : new Date(when)
  if (Number.isNaN(at.getTime()))
    throw new StartFault(`--since ${when} is not a time: write 30m, 2h, 3d or 2026-01-31T12:00Z.`)
  if (at > now) throw new StartFault(`--since ${when} is in the future.`)
  return at
}

const limitOf = (limit: string): number => {
  if (!/^[1-9]\d{0,3}$/.test(limit)) throw new StartFault('--limit is a number from 1 to 9999.')
  return Number(limit)
}

const parse = (words: readonly string[]) => {
  try {
    return parseArgs({ args: [...words], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new StartFault(error instanceof Error ? error.message : String(error), USAGE.trimEnd().split('\n'))
  }
}

/**
 * Reads the words of a command line.
 * @throws StartFault with a sentence that says what is wrong
 */
export const readCommand = (words: readonly string[], now: Date): Command => {
  const { values, positionals } = parse(words)
  const [command, ...ids] = positionals
  const { consumer, all, since, lost } = values
  const of = consumer === undefined ? {} : { consumer }
  if (values.help || command === undefined) return { command: 'help' }
  const { type, workspace, source, once } = values
  const narrowed = {
    ...(type === undefined ? {} : { type }),
    ...(workspace === undefined ? {} : { workspace }),
  }
  if (command === 'tail' && ids.length === 0)
    return { command, once, ...narrowed, ...(since === undefined ? {} : { since: momentOf(since, now) }) }
  if (command === 'snapshot' && ids.length === 0)
    return { command, ...narrowed, ...(source === undefined ? {} : { source }) }
  if (command === 'dead') {
    const [id, ...more] = ids
    if (more.length > 0) throw new StartFault('dead shows one event in full: give one ID, or none.')
    return { command, ...(id === undefined ? {} : { id }), ...of, all, limit: limitOf(values.limit) }
  }
  if (command === 'redrive') {
    if (ids.length > 0 === all)
      throw new StartFault(
        'redrive needs the IDs of dead letters, or --all: npm run events -- dead lists them.',
      )
    return { command, ids, ...of }
  }
  if (command === 'replay' && ids.length === 0) {
    if (lost && consumer === undefined && since === undefined) return { command: 'lost' }
    if (lost || consumer === undefined || since === undefined)
      throw new StartFault('replay needs --consumer NAME and --since WHEN, or only --lost.')
    return { command, consumer, since: momentOf(since, now), dry: values['dry-run'] }
  }
  throw new StartFault(`There is no such command: ${positionals.join(' ')}.`, USAGE.trimEnd().split('\n'))
}
