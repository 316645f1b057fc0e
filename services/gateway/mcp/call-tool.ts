// The one path of a tool call: find it, check the scope, check the input, one request over the bus, and the answer as an
// MCP result. Knows no HTTP; nothing of a fault's inside leaves here.
import { type CallToolResult, ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server'
import { callByName } from '../../../shared/bus/client.ts'
import type { Bus } from '../../../shared/bus/connect.ts'
import { startBudget } from '../../../shared/bus/headers.ts'
import { checkInput } from '../../../shared/contracts/define/check.ts'
import type { Scope } from '../../../shared/contracts/define/common.ts'
import type { Caller } from '../../../shared/contracts/define/contract.ts'
import { AppError, asAppError, type ErrorCode, toErrorBody } from '../../../shared/contracts/define/errors.ts'
import { includesScope, scopesOfRole } from '../../../shared/contracts/define/scopes.ts'
import type { Clock } from '../../../shared/process/clock.ts'
import type { Log } from '../../../shared/process/log.ts'
import type { Catalog, CatalogTool } from './catalog.ts'
import type { Load } from './load.ts'

/** Patience with one tool call; longer than the bus client's with a service, so that its answer still gets out (ms). */
const TOOL_BUDGET_MS = 10_000

/** For whom a call is made, and by which of their connections. */
export type Connection = Readonly<{
  caller: Caller
  grant_id: string
  request_id: string
  /** Hears of a call that was refused, with nothing changed, for want of a scope that the caller's role can have. */
  onMissingScope?: (scope: Scope) => void
}>

/** A call as it came: `signal` aborts when the client has gone. */
export type ToolRequest = Readonly<{
  name: string
  arguments: unknown
  traceparent?: string | undefined
  signal: AbortSignal
}>

export type CallDeps = Readonly<{
  bus: Bus
  clock: Clock
  log: Log
  catalog: Catalog
  load: Load
  /** Counts one call of a connection: 0, or how long it has to wait (ms). */
  countCall: (grantId: string) => number
  /** The page on which people see what their apps may do, and allow more. */
  appsUrl: string
}>

/** What to do next, where the error itself does not say. */
const HINTS: Readonly<Record<ErrorCode, string>> = {
  invalid_argument: 'Correct the arguments and call again; nothing was changed.',
  not_found: 'Check the id: list_tasks, list_loops and get_workspace show what there is.',
  forbidden: 'Ask a person of the workspace who may do this, or connect again with more scopes.',
  invalid_transition: 'Read it again and choose a status that can follow the one it has.',
  version_conflict: 'Read it again and repeat the call with its current version.',
  idempotency_conflict: 'Use a new idempotency_key for a new request.',
  already_exists: 'Use the one that is there, or choose another name.',
  limit_exceeded: 'Make it smaller or split it; nothing was changed.',
  rate_limited: 'Wait, then call again.',
  unavailable: 'Wait a moment, then call again.',
  timeout: 'Read the thing again before you repeat a change, or repeat it with the same idempotency_key.',
  internal: 'Try once more; if it stays, give the correlation id to whoever runs this server.',
}

const withHint = (error: AppError): AppError =>
  error.extras.hint === undefined
    ? new AppError(error.code, error.message, { ...error.extras, hint: HINTS[error.code] })
    : error

/** An error as a result that a model can act on: a text with what to do next, and the error's members by name. */
export const errorResult = (error: AppError): CallToolResult => {
  const body = toErrorBody(withHint(error))
  return {
    isError: true,
    content: [{ type: 'text', text: `${body.code}: ${body.message} ${body.hint}` }],
    structuredContent: { error: body },
  }
}

/** https://www.w3.org/TR/trace-context/#traceparent-header: what is not one is dropped, as that page wants. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** The trace that the client is in, from `_meta` or a header; undefined when there is none that can be read. */
export const readTraceparent = (value: unknown): string | undefined =>
  typeof value === 'string' && TRACEPARENT.test(value) ? value : undefined

const authorize = ({ tool }: CatalogTool, { caller }: Connection): void => {
  if (includesScope(caller.scopes, tool.scope)) return
  throw new AppError('forbidden', `This needs the scope ${tool.scope}, which you do not have here.`, {
    details: { scope: tool.scope },
  })
}

/** The scope for want of which a call was refused, if it was. */
const missingScope = ({ tool }: CatalogTool, error: AppError): Scope | undefined => {
  const named = error.code === 'forbidden' ? error.extras.details?.scope : undefined
  return [tool.scope, ...(tool.further_scopes ?? [])].find((scope) => scope === named)
}

/** A refusal for want of a scope, with what to do about it for clients that cannot ask for it by themselves. */
const refusedForScope = (
  error: AppError,
  scope: Scope,
  { caller }: Connection,
  appsUrl: string,
): AppError => {
  const hint = scopesOfRole(caller.role).includes(scope)
    ? `Ask the person you work for to allow it at ${appsUrl}, then call again.`
    : `Your role in this workspace is ${caller.role}; ask its owner for another.`
  return new AppError(error.code, error.message, { ...error.extras, hint })
}

const refuseTooMany = ({ countCall }: CallDeps, { grant_id }: Connection): void => {
  const retry_after_ms = countCall(grant_id)
  if (retry_after_ms === 0) return
  const wait_s = Math.ceil(retry_after_ms / 1_000)
  throw new AppError('rate_limited', `This connection has made too many calls; nothing was done.`, {
    hint: `Wait ${wait_s} s, then call again, and less often.`,
    retry_after_ms,
  })
}

const request = async (
  deps: CallDeps,
  found: CatalogTool,
  asked: ToolRequest,
  visit: Connection,
): Promise<CallToolResult> => {
  refuseTooMany(deps, visit)
  authorize(found, visit)
  const input = checkInput(found.tool.input, found.readArguments(asked.arguments))
  const release = deps.load.enter()
  try {
    const output = await callByName(deps.bus, found.contract, found.name, input, {
      caller: visit.caller,
      request_id: visit.request_id,
      ...(asked.traceparent === undefined ? {} : { traceparent: asked.traceparent }),
      ...startBudget(deps.clock, TOOL_BUDGET_MS, asked.signal),
    })
    return {
      content: [{ type: 'text', text: JSON.stringify(output) }],
      structuredContent: output as Record<string, unknown>,
    }
  } finally {
    release()
  }
}

/**
 * Calls a tool for a person.
 * @returns its result, or an error of the closed table as a result with `isError`.
 * @throws ProtocolError -32602 for a tool that does not exist: no result of a tool can say that.
 */
export const callTool = async (
  deps: CallDeps,
  asked: ToolRequest,
  visit: Connection,
): Promise<CallToolResult> => {
  const found = deps.catalog.find(asked.name)
  if (!found)
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `There is no tool ${JSON.stringify(asked.name.slice(0, 128))}; tools/list names them all.`,
    )
  try {
    return await request(deps, found, asked, visit)
  } catch (fault) {
    const { request_id, caller } = visit
    const error = asAppError(fault, request_id)
    if (error !== fault) deps.log.error('tool call failed', { tool: found.name, request_id, error: fault })
    else deps.log.debug('refused', { tool: found.name, request_id, code: error.code })
    const scope = missingScope(found, error)
    if (scope === undefined) return errorResult(error)
    if (scopesOfRole(caller.role).includes(scope)) visit.onMissingScope?.(scope)
    return errorResult(refusedForScope(error, scope, visit, deps.appsUrl))
  }
}
