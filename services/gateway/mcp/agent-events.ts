// The methods of the Events extension: events/list, events/poll and events/stream. Reads the stream of events by cursor, so
// that any gateway goes on where another stopped.
import { ProtocolError, type Server } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { client } from '../../../shared/bus/client.ts'
import { startBudget } from '../../../shared/bus/headers.ts'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { asAppError } from '../../../shared/contracts/define/errors.ts'
import { includesScope, scopesOfRole } from '../../../shared/contracts/define/scopes.ts'
import { loopsQueue } from '../../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../../shared/contracts/tasks/contract.ts'
import { openPosition, type Position, sealPosition } from '../../../shared/events/event-cursor.ts'
import { openEventPages, type PageAsked } from '../../../shared/events/event-pages.ts'
import type { Watch } from '../../../shared/events/watch.ts'
import type { Keys } from '../../../shared/process/service-keys.ts'
import { type CallDeps, type Connection, refuseTooMany } from './call-tool.ts'
import {
  type AskedEvents,
  eventError,
  forbidden,
  LISTED_EVENTS,
  notACursor,
  readAsked,
  readListed,
  SUBSCRIPTION_ID,
} from './event-protocol.ts'
import { createEventStreams, type EventStreams } from './event-streams.ts'
import type { Exchange } from './handler.ts'

/** When a client may poll again (ms). It is always the same: it must not tell how much happens that the client does not see. */
const NEXT_POLL_MS = 5_000
/** Time for one page (ms). */
const BUDGET_MS = 10_000

export type AgentEventDeps = Pick<CallDeps, 'bus' | 'clock' | 'log' | 'load' | 'countCall'> &
  Readonly<{
    watch: Watch
    ids: Readonly<{ random: () => number; token: () => string }>
    /** The keys that cursors are encrypted with. */
    keys: Keys
  }>

export type AgentEvents = Readonly<{
  streams: EventStreams
  /** Reads what a request asks for, once its connection may ask it. @throws ProtocolError */
  admit: (
    params: unknown,
    connection: Connection,
  ) => Readonly<{ asked: AskedEvents; from: Position | undefined }>
  poll: (params: unknown, connection: Connection, signal: AbortSignal) => Promise<Record<string, unknown>>
}>

/** An error as the answer to a request. */
const toProtocolError = (fault: unknown, { request_id }: Connection): ProtocolError => {
  if (fault instanceof ProtocolError) return fault
  const { code, message, data } = eventError(asAppError(fault, request_id))
  return new ProtocolError(code, message, data)
}

/** @throws ProtocolError for a connection that may not read. */
const authorize = ({ caller, onMissingScope }: Connection): void => {
  if (includesScope(caller.scopes, 'loops:read')) return
  if (scopesOfRole(caller.role).includes('loops:read')) onMissingScope?.('loops:read')
  const { code, message, data } = forbidden('This needs the scope loops:read')
  throw new ProtocolError(code, message, data)
}

/** Opens the events of a process. */
export const openAgentEvents = (deps: AgentEventDeps): AgentEvents => {
  const { bus, clock, ids, keys, load, log, watch } = deps
  const witnesses = { tasks: client(bus, tasks), loops: client(bus, loopsQueue) }
  const pages = openEventPages({ bus, clock, witnesses })
  const page = async (
    asked: Omit<PageAsked, 'call'>,
    { caller, request_id }: Readonly<{ caller: Caller; request_id: string }>,
    signal: AbortSignal,
  ) => {
    const release = load.enter()
    try {
      return await pages.page({
        ...asked,
        call: { caller, request_id, ...startBudget(clock, BUDGET_MS, signal) },
      })
    } finally {
      release()
    }
  }
  const seal = (workspace_id: string, position: Position): string =>
    sealPosition(keys, workspace_id, position, ids.token())
  const admit: AgentEvents['admit'] = (params, connection) => {
    authorize(connection)
    refuseTooMany(deps, connection)
    const asked = readAsked(params)
    const { cursor } = asked
    if (cursor === undefined) return { asked, from: undefined }
    const from = openPosition(keys, connection.caller.workspace_id, cursor)
    if (!from) throw notACursor()
    return { asked, from }
  }
  return {
    admit,
    streams: createEventStreams({
      watch,
      clock,
      random: ids.random,
      log: log.child('event-streams'),
      now: pages.now,
      page: ({ asked: { subscription }, ...more }, who, signal) =>
        page({ subscription, ...more }, who, signal),
      seal,
    }),
    poll: async (params, connection, signal) => {
      const { asked, from } = admit(params, connection)
      const { workspace_id } = connection.caller
      const answer = { truncated: false, hasMore: false, nextPollMs: NEXT_POLL_MS }
      if (!from) return { events: [], cursor: seal(workspace_id, await pages.now()), ...answer }
      const { subscription, max, max_age_ms } = asked
      const found = await page({ subscription, from, max, max_age_ms, compare: true }, connection, signal)
      return {
        events: found.occurrences.map(({ occurrence }) => occurrence),
        cursor: seal(workspace_id, found.position),
        ...answer,
        truncated: found.truncated,
        hasMore: found.more,
      }
    },
  }
}

/** The SDK reads nothing of these params: what does not fit is refused in plain words here. */
const PARAMS = { params: z.unknown() }

/** Serves the methods of the extension to one exchange. */
export const serveEvents = (
  server: Server,
  { admit, poll, streams }: AgentEvents,
  exchange: Exchange,
): void => {
  const { connection } = exchange
  const answer = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (fault) {
      throw toProtocolError(fault, connection)
    }
  }
  server.setRequestHandler('events/list', PARAMS, async (params) => {
    readListed(params)
    return { events: LISTED_EVENTS }
  })
  server.setRequestHandler('events/poll', PARAMS, (params, { mcpReq }) =>
    answer(() => poll(params, connection, mcpReq.signal)),
  )
  server.setRequestHandler('events/stream', PARAMS, (params, { mcpReq }) =>
    answer(async () => {
      const _meta = { [SUBSCRIPTION_ID]: mcpReq.id }
      await streams.serve({
        ...admit(params, connection),
        connection,
        signal: mcpReq.signal,
        isRead: () => exchange.isRead(),
        send: ({ kind, params: said }) =>
          mcpReq.notify({ method: `notifications/events/${kind}`, params: { ...said, _meta } }),
      })
      return { _meta }
    }),
  )
}
