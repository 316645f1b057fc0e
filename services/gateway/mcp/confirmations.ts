// Asks a person, through their client, before a call that cannot be undone. Nothing is kept between question and answer:
// the state goes to the client and comes back sealed, so any gateway can take the second call.
import {
  type CallToolResult,
  type InputRequiredResult,
  inputRequired,
  inputResponse,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server'
import { checkInput } from '../../../shared/contracts/define/check.ts'
import { AppError, type ErrorBody, type ErrorCode } from '../../../shared/contracts/define/errors.ts'
import { includesScope } from '../../../shared/contracts/define/scopes.ts'
import type { Keys } from '../../../shared/process/service-keys.ts'
import { callForApproval } from './approvals.ts'
import { type CallDeps, type Connection, callTool, errorResult, type ToolRequest } from './call-tool.ts'
import { CONFIRMED, checkState, type Subject, stateOf } from './confirmation-rules.ts'

export type ConfirmDeps = CallDeps & Readonly<{ stateKeys: Keys }>

/** What the client can do and has answered. */
export type Dialogue = Readonly<{
  canAsk: boolean
  /** Whether it can open a page. */
  canOpen: boolean
  responses?: Readonly<Record<string, unknown>> | undefined
  state?: string | undefined
}>

/** What the tool itself answers as well, with nothing changed. After any other fault of the reading nothing is done. */
const SAID_BY_TOOL: ReadonlySet<ErrorCode> = new Set(['not_found', 'forbidden', 'invalid_argument'])
const KEY = 'confirm'

type Input = Readonly<Record<string, unknown>>

const codeOf = ({ isError, structuredContent }: CallToolResult): ErrorCode | undefined =>
  isError ? (structuredContent as { error: ErrorBody }).error.code : undefined

/** The input of a call as the contract reads it; undefined: the tool refuses it. */
const inputOf = (deps: CallDeps, { name, arguments: given }: ToolRequest): Input | undefined => {
  const found = deps.catalog.find(name)
  try {
    return found && checkInput(found.tool.input, found.readArguments(given))
  } catch {
    return undefined
  }
}

/** What is to be asked, or the error of the reading. Neither: the tool can be called as it is. */
const subjectOf = async (
  deps: CallDeps,
  request: ToolRequest,
  { onMissingScope: _, ...connection }: Connection,
): Promise<Readonly<{ subject?: Subject; failed?: CallToolResult }>> => {
  const found = deps.catalog.find(request.name)
  const confirmed = found && CONFIRMED[found.name]
  const input = confirmed && inputOf(deps, request)
  if (!input || !includesScope(connection.caller.scopes, found.tool.scope)) return {}
  const reading = { ...request, name: confirmed.read, arguments: confirmed.arguments(input) }
  const result = await callTool(deps, reading, connection)
  const code = codeOf(result)
  if (code !== undefined) return SAID_BY_TOOL.has(code) ? {} : { failed: result }
  const question = confirmed.question(result.structuredContent as Input)
  const isOutdated = input.expected_version !== undefined && input.expected_version !== question?.version
  if (!question || isOutdated) return {}
  const { caller, grant_id } = connection
  return { subject: { tool: found.name, input, user_id: caller.user_id, grant_id, question } }
}

const ask = ({ stateKeys, clock }: ConfirmDeps, subject: Subject): InputRequiredResult =>
  inputRequired({
    inputRequests: {
      [KEY]: inputRequired.elicit({
        message: subject.question.message,
        requestedSchema: {
          type: 'object',
          properties: { [KEY]: { type: 'boolean', title: 'Yes, do it' } },
          required: [KEY],
        },
      }),
    },
    requestState: stateOf(stateKeys, subject, clock.now()),
  })

const notConfirmed = (): AppError =>
  new AppError('forbidden', 'The person was asked and did not confirm this. Nothing was changed.', {
    hint: 'Leave it as it is, unless they ask for it again.',
  })

/** What a person answered to this question; undefined: nothing, or to another one. */
const answerOf = (
  { stateKeys, clock }: ConfirmDeps,
  subject: Subject,
  { responses, state }: Dialogue,
): 'yes' | 'no' | undefined => {
  const response = inputResponse(responses, KEY)
  if (response.kind !== 'elicit') return undefined
  if (response.action !== 'accept' || response.content?.[KEY] !== true) return 'no'
  if (state === undefined) return undefined
  const checked = checkState(stateKeys, state, subject, clock.now())
  if (checked === 'forged')
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      'This requestState is not from this server. Make the call again without it.',
    )
  return checked === 'same' ? 'yes' : undefined
}

/**
 * Calls a tool, and asks first where that is due and the client can ask. What was agreed to is what is done: where
 * something has changed since, the question is asked again.
 * @throws ProtocolError -32602 as callTool does, and for a state that was not made here.
 */
export const callConfirmed = async (
  deps: ConfirmDeps,
  request: ToolRequest,
  connection: Connection,
  dialogue: Dialogue,
): Promise<CallToolResult | InputRequiredResult> => {
  const { subject, failed } = dialogue.canAsk ? await subjectOf(deps, request, connection) : {}
  if (failed) return failed
  if (!subject) {
    if (!dialogue.canOpen) return await callTool(deps, request, connection)
    const { responses } = dialogue
    return await callForApproval(deps, request, connection, { input: inputOf(deps, request), responses })
  }
  const answer = answerOf(deps, subject, dialogue)
  if (answer === 'no') return errorResult(notConfirmed())
  if (answer === undefined) return ask(deps, subject)
  const input = subject.input as Input
  const pinned = { ...request, arguments: { ...input, expected_version: subject.question.version } }
  const result = await callTool(deps, pinned, connection)
  const hasChanged = codeOf(result) === 'version_conflict' && input.expected_version === undefined
  return hasChanged
    ? await callConfirmed(deps, request, connection, { canAsk: true, canOpen: false })
    : result
}
