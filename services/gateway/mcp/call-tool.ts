// The path of every tool call: finds the tool, checks scope and input, asks the service, and makes the MCP result. Knows no
// HTTP. The inner cause of an error never leaves here.

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
import type { CountCall } from '../limits/calls.ts'
import type { Catalog, CatalogTool } from './catalog.ts'
import { compact } from './compact.ts'
import type { HeldCalls } from './held-calls.ts'
import type { Load } from './load.ts'

/** Time for a tool call (ms). Longer than the bus client gives a service, so that its answer still gets out. */
const TOOL_BUDGET_MS = 10_000

/** The method of MCP that calls tools. */
const METHOD = 'tools/call'

/** Who makes a call, and by which of their connected apps. */
export type Connection = Readonly<{
  caller: Caller
  grant_id: string
  request_id: string
  /** Who the caller is now; undefined when the token is no longer good. For calls that last. */
  recheck: () => Promise<Caller | undefined>
  /** When the token is too old to be good (seconds since the epoch), however good the connection is. */
  expires_at?: number
  /** Called when a call was refused, with nothing changed, for lack of a scope that the caller's role could have. */
  onMissingScope?: (scope: Scope) => void
}>

/** A call as it came. `signal` aborts when the client has gone. */
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
  held: HeldCalls
  countCall: CountCall
  /** The page on which people see and change what their apps may do. */
  appsUrl: string
}>

/** What to do next, for errors that do not say it themselves. */
const HINTS: Readonly<Record<ErrorCode, string>> = {
  invalid_argument: 'Nothing was changed. Correct the arguments and call again.',
  not_found: 'Check the id: list_tasks, list_loops and get_workspace show what exists.',
  forbidden: 'Ask someone in the workspace who may do this, or connect again with more scopes.',
  invalid_transition: 'Read it again and choose a status that can follow its present one.',
  version_conflict: 'Read it again, then repeat the call with its current version.',
  idempotency_conflict: 'Use a new idempotency_key for a new request.',
  claimed: 'Take other work with claim_next_work.',
  claim_lost: 'Stop working on it. Write what you have as a comment.',
  already_exists: 'Use the existing one, or choose another name.',
  limit_exceeded: 'Nothing was changed. Make it smaller or split it.',
  rate_limited: 'Wait, then call again.',
  unavailable: 'Wait a moment, then call again.',
  timeout: 'The change may have been made. Read it again, or repeat the call with the same idempotency_key.',
  internal: 'Try once more. If it fails again, give the correlation id to whoever runs this server.',
}

const withHint = (error: AppError): AppError =>
  error.extras.hint === undefined
    ? new AppError(error.code, error.message, { ...error.extras, hint: HINTS[error.code] })
    : error

/** An error as a result that a model can act on: as text with what to do next, and as an object. */
export const errorResult = (error: AppError): CallToolResult => {
  const body = toErrorBody(withHint(error))
  return {
    isError: true,
    content: [{ type: 'text', text: `${body.code}: ${body.message} ${body.hint}` }],
    structuredContent: { error: body },
  }
}

/** https://www.w3.org/TR/trace-context/#traceparent-header, which wants anything else to be dropped. */
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/

/** The client's trace, from `_meta` or a header; undefined when it is not a valid one. */
export const readTraceparent = (value: unknown): string | undefined =>
  typeof value === 'string' && TRACEPARENT.test(value) ? value : undefined

const authorize = ({ tool }: CatalogTool, { caller }: Connection): void => {
  if (includesScope(caller.scopes, tool.scope)) return
  throw new AppError('forbidden', `This needs the scope ${tool.scope}, which you do not have here.`, {
    details: { scope: tool.scope },
  })
}

/** The scope that a refused call lacked, if that was the reason. */
const missingScope = ({ tool }: CatalogTool, error: AppError): Scope | undefined => {
  const named = error.code === 'forbidden' ? error.extras.details?.scope : undefined
  return [tool.scope, ...(tool.further_scopes ?? [])].find((scope) => scope === named)
}

/** A refusal for lack of a scope, with what to do next for clients that cannot ask for one by themselves. */
const refusedForScope = (
  error: AppError,
  scope: Scope,
  { caller }: Connection,
  appsUrl: string,
): AppError => {
  const hint = scopesOfRole(caller.role).includes(scope)
    ? `Ask the person you work for to allow it at ${appsUrl}, then call again. With an access token, you need another one with this right.`
    : `Your role in this workspace is ${caller.role}. Ask its owner for another role.`
  return new AppError(error.code, error.message, { ...error.extras, hint })
}

/** Counts a call. @throws AppError `rate_limited`. */
export const refuseTooMany = (
  { countCall }: Pick<CallDeps, 'countCall'>,
  { grant_id, caller }: Pick<Connection, 'grant_id' | 'caller'>,
): void => {
  const refused = countCall({ grant_id, workspace_id: caller.workspace_id })
  if (!refused) return
  const wait_s = Math.ceil(refused.retry_after_ms / 1_000)
  const who =
    refused.of === 'connection' ? 'This connection makes' : 'The connections of this workspace together make'
  throw new AppError('rate_limited', `${who} too many calls; nothing was done.`, {
    hint: `Wait ${wait_s} s, then call again. Make fewer calls.`,
    retry_after_ms: refused.retry_after_ms,
  })
}

/** Asks the service once. */
const ask = async (
  deps: CallDeps,
  found: CatalogTool,
  { input, traceparent, signal }: Readonly<{ input: unknown } & Pick<ToolRequest, 'traceparent' | 'signal'>>,
  { caller, request_id }: Pick<Connection, 'caller' | 'request_id'>,
): Promise<Record<string, unknown>> => {
  const release = deps.load.enter()
  try {
    const output = await callByName(deps.bus, found.contract, found.name, input, {
      caller,
      request_id,
      ...(traceparent === undefined ? {} : { traceparent }),
      ...startBudget(deps.clock, TOOL_BUDGET_MS, signal),
    })
    return output as Record<string, unknown>
  } finally {
    release()
  }
}

const request = async (
  deps: CallDeps,
  found: CatalogTool,
  asked: ToolRequest,
  connection: Connection,
): Promise<CallToolResult> => {
  const { tool } = found
  refuseTooMany(deps, connection)
  authorize(found, connection)
  const input = checkInput(tool.input, found.readArguments(asked.arguments))
  const { waits } = tool
  let { caller } = connection
  const attempt = () => ask(deps, found, { ...asked, input }, { ...connection, caller })
  const output = await (waits === undefined
    ? attempt()
    : deps.held.hold({
        grant_id: connection.grant_id,
        workspace_id: caller.workspace_id,
        wait_ms: Number(input.wait_seconds) * 1_000,
        waits,
        signal: asked.signal,
        attempt,
        isEmpty: (answer) => (answer[waits.list] as readonly unknown[]).length === 0,
        isAllowed: async () => {
          const now = await connection.recheck()
          caller = now ?? caller
          return now !== undefined && includesScope(now.scopes, tool.scope)
        },
      }))
  const structuredContent = compact(output)
  return { content: [{ type: 'text', text: JSON.stringify(structuredContent) }], structuredContent }
}

/** Calls a tool that exists, and measures how long that takes. */
const answer = async (
  deps: CallDeps,
  found: CatalogTool,
  asked: ToolRequest,
  connection: Connection,
): Promise<CallToolResult> => {
  const start_ms = deps.clock.monotonicMs()
  const measure = (error_type: '' | ErrorCode): void => {
    const labels = { mcp_method_name: METHOD, gen_ai_tool_name: found.name, error_type }
    const took_ms = deps.clock.monotonicMs() - start_ms
    deps.bus.metrics.observe('mcp_server_operation_duration_seconds', labels, took_ms / 1_000)
  }
  try {
    const result = await request(deps, found, asked, connection)
    measure('')
    return result
  } catch (fault) {
    const { request_id, caller } = connection
    const error = asAppError(fault, request_id)
    measure(error.code)
    if (error !== fault) deps.log.error('tool call failed', { tool: found.name, request_id, error: fault })
    else deps.log.debug('refused', { tool: found.name, request_id, code: error.code })
    const scope = missingScope(found, error)
    if (scope === undefined) return errorResult(error)
    if (scopesOfRole(caller.role).includes(scope)) connection.onMissingScope?.(scope)
    return errorResult(refusedForScope(error, scope, connection, deps.appsUrl))
  }
}

/**
 * Calls a tool for a person, in a span named by the conventions for MCP
 * (https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/).
 * @returns its result, or an AppError as a result with `isError`.
 * @throws ProtocolError -32602 for a tool that does not exist, as the protocol wants it.
 */
export const callTool = async (
  deps: CallDeps,
  asked: ToolRequest,
  connection: Connection,
): Promise<CallToolResult> => {
  const found = deps.catalog.find(asked.name)
  if (!found)
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `There is no tool ${JSON.stringify(asked.name.slice(0, 128))}; tools/list names them all.`,
    )
  const { tracing } = deps.bus
  if (!tracing.on) return await answer(deps, found, asked, connection)
  const attributes = {
    'mcp.method.name': METHOD,
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': found.name,
  }
  const span = {
    name: `${METHOD} ${found.name}`,
    kind: 'server',
    parent: asked.traceparent,
    attributes,
  } as const
  return await tracing.span(span, async ({ traceparent, fail }) => {
    const result = await answer(deps, found, { ...asked, traceparent }, connection)
    if (result.isError) fail('tool_error')
    return result
  })
}
