// Tasks, loops and the queue as MCP resources: each is read by the tool that answers the same question, and so counts as a
// call and shows what its caller may see.
import {
  ProtocolError,
  ProtocolErrorCode,
  type ReadResourceResult,
  ResourceNotFoundError,
} from '@modelcontextprotocol/server'
import { Id } from '../../../shared/contracts/define/common.ts'
import { AppError, type ErrorBody } from '../../../shared/contracts/define/errors.ts'
import { type CallDeps, type Connection, callTool, type ToolRequest } from './call-tool.ts'

const MIME_TYPE = 'application/json'

/** The queue, as resources/list shows it. */
export const QUEUE = {
  uri: 'loops://queue',
  name: 'queue',
  title: 'The loop queue',
  description: 'The first page of the active loops, in order of priority, as get_loop_queue answers it.',
  mimeType: MIME_TYPE,
} as const

/** What has an id, as resources/templates/list shows it. */
export const TEMPLATES = [
  {
    uriTemplate: 'loops://task/{id}',
    name: 'task',
    title: 'A task',
    description: 'One task with its body and its comments, as get_task answers it.',
    mimeType: MIME_TYPE,
  },
  {
    uriTemplate: 'loops://loop/{id}',
    name: 'loop',
    title: 'A loop',
    description: 'One loop with its AI context, its tasks and its comments, as get_loop answers it.',
    mimeType: MIME_TYPE,
  },
] as const

/** What a URI names: the queue, or a task or loop by its id. */
export type Named = Readonly<{ kind: 'queue' } | { kind: 'task' | 'loop'; id: string }>

const WITH_ID = /^loops:\/\/(task|loop)\/([^/]+)$/

/** What a URI names, whether or not it exists; undefined: it is none of these. */
export const namedBy = (uri: string): Named | undefined => {
  if (uri === QUEUE.uri) return { kind: 'queue' }
  const [, kind, text] = WITH_ID.exec(uri) ?? []
  const id = Id.safeParse(text)
  return id.success && (kind === 'task' || kind === 'loop') ? { kind, id: id.data } : undefined
}

const toolFor = (named: Named): Pick<ToolRequest, 'name' | 'arguments'> => {
  if (named.kind === 'queue') return { name: 'get_loop_queue', arguments: {} }
  return named.kind === 'task'
    ? { name: 'get_task', arguments: { task_id: named.id } }
    : { name: 'get_loop', arguments: { loop_id: named.id } }
}

/** How a read was asked for. */
export type Asked = Pick<ToolRequest, 'signal'>

/**
 * Calls a tool for a request that has no tool result to put an error in.
 * @returns what the tool answers.
 * @throws AppError `not_found`; ProtocolError with the error as its data for any other.
 */
export const answerOf = async (
  deps: CallDeps,
  request: ToolRequest,
  connection: Connection,
): Promise<Readonly<Record<string, unknown>>> => {
  const { isError, structuredContent } = await callTool(deps, request, connection)
  if (!isError) return structuredContent as Record<string, unknown>
  const { error } = structuredContent as { error: ErrorBody }
  if (error.code === 'not_found') throw new AppError('not_found', error.message)
  throw new ProtocolError(ProtocolErrorCode.InternalError, `${error.message} ${error.hint ?? ''}`, error)
}

/**
 * Reads a resource. What does not exist and what the caller may not see are answered alike.
 * @throws ResourceNotFoundError.
 */
export const readResource = async (
  deps: CallDeps,
  uri: string,
  asked: Asked,
  connection: Connection,
): Promise<ReadResourceResult> => {
  const named = namedBy(uri)
  if (!named) throw new ResourceNotFoundError(uri)
  try {
    const text = JSON.stringify(await answerOf(deps, { ...toolFor(named), ...asked }, connection))
    return { contents: [{ uri, mimeType: MIME_TYPE, text }], ttlMs: 0, cacheScope: 'private' }
  } catch (error) {
    throw error instanceof AppError ? new ResourceNotFoundError(uri) : error
  }
}
