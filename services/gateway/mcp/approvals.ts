// Asks a person, through their client, to open the page on which they can approve what a call may not (MCP 2026-07-28,
// Elicitation, URL mode). The page knows them by their session and asks what they may do. That they agreed to open it
// proves nothing: the repeated call is judged like any other.
import {
  type CallToolResult,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
} from '@modelcontextprotocol/server'
import type { Scope } from '../../../shared/contracts/define/common.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import { type CallDeps, type Connection, callTool, errorResult, type ToolRequest } from './call-tool.ts'
import { approvalPath, approvalQuestion } from './confirmation-rules.ts'

const SCOPE: Scope = 'loops:approve'
const KEY = 'approval'

const notApproved = (url: string, opened: boolean): AppError =>
  new AppError(
    'forbidden',
    opened
      ? 'The person has opened the page, and not approved yet. Nothing was changed.'
      : 'The person did not want to approve this. Nothing was changed.',
    {
      hint: opened
        ? `They can approve at ${url}. Call again once they have; meanwhile take other work.`
        : 'Leave it as it is, unless they ask for it again.',
      details: { scope: SCOPE },
    },
  )

/** The title of the task that is to be approved; undefined for several, or where it cannot be read. */
const titleOf = async (
  deps: CallDeps,
  request: ToolRequest,
  { onMissingScope: _, ...connection }: Connection,
  task_id: unknown,
): Promise<string | undefined> => {
  if (task_id === undefined) return undefined
  const { isError, structuredContent } = await callTool(
    deps,
    { ...request, name: 'get_task', arguments: { task_id } },
    connection,
  )
  return isError ? undefined : (structuredContent as { task: { title: string } }).task.title
}

/**
 * Calls a tool. Where it lacks only the right to approve, the client is asked to open the page instead of being told to
 * get more rights.
 * @param input the input of the call as the contract reads it; undefined: the tool refuses it.
 * @param responses what the client answered to this question.
 */
export const callForApproval = async (
  deps: CallDeps,
  request: ToolRequest,
  connection: Connection,
  {
    input,
    responses,
  }: Readonly<{
    input: Readonly<Record<string, unknown>> | undefined
    responses: Readonly<Record<string, unknown>> | undefined
  }>,
): Promise<CallToolResult | InputRequiredResult> => {
  const missing: Scope[] = []
  const result = await callTool(deps, request, {
    ...connection,
    onMissingScope: (scope) => missing.push(scope),
  })
  const tool = deps.catalog.find(request.name)?.name
  const path = tool && input && missing.includes(SCOPE) ? approvalPath(tool, input) : undefined
  if (path === undefined) {
    for (const scope of missing) connection.onMissingScope?.(scope)
    return result
  }
  const { href: url } = new URL(`${path}?workspace=${connection.caller.workspace_id}`, deps.appsUrl)
  const response = inputResponse(responses, KEY)
  if (response.kind === 'elicit') return errorResult(notApproved(url, response.action === 'accept'))
  const message = approvalQuestion(await titleOf(deps, request, connection, input?.task_id))
  return inputRequired({ inputRequests: { [KEY]: inputRequired.elicitUrl({ message, url }) } })
}
