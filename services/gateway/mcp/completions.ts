// Completes the ids of tasks and loops, in resource templates and in prompt arguments, by the beginning of an id or title.
import {
  type CompleteRequestParams,
  type CompleteResult,
  ProtocolError,
  ProtocolErrorCode,
} from '@modelcontextprotocol/server'
import { LIMITS } from '../../../shared/contracts/define/common.ts'
import { WORKFLOWS } from '../../../shared/contracts/gateway/shapes.ts'
import type { CallDeps, Connection } from './call-tool.ts'
import { LOOP_ARGUMENT } from './catalog.ts'
import { type Asked, answerOf, TEMPLATES } from './resources.ts'

/** Most values that the protocol allows in an answer. */
const MAX_VALUES = 100
/** Most pages of a list that are looked through for one answer; each counts as a call. */
const MAX_PAGES = 3

type Completed = 'task' | 'loop'
type Row = Readonly<{ id: string; title?: string; name?: string }>

const LISTS = {
  task: { tool: 'list_tasks', list: 'tasks', arguments: { scope: 'all' } },
  loop: { tool: 'list_loops', list: 'loops', arguments: {} },
} as const

/** What an argument takes the id of; undefined: nothing that can be completed. */
const completedBy = ({ ref, argument }: CompleteRequestParams): Completed | undefined => {
  if (ref.type === 'ref/prompt') {
    if (!WORKFLOWS.some((name) => name === ref.name))
      throw new ProtocolError(
        ProtocolErrorCode.InvalidParams,
        'There is no such prompt; prompts/list names them all.',
      )
    return argument.name === LOOP_ARGUMENT.name ? 'loop' : undefined
  }
  const template = TEMPLATES.find(({ uriTemplate }) => uriTemplate === ref.uri)
  if (!template)
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      'There is no such template; resources/templates/list names them all.',
    )
  return argument.name === 'id' ? template.name : undefined
}

const begins = (text: string | undefined, value: string): boolean =>
  text?.toLowerCase().startsWith(value.toLowerCase()) ?? false

/**
 * Completes an argument with what its caller may see. The total is told only where the whole list was looked through.
 * @throws ProtocolError -32602 for a prompt or template that does not exist.
 */
export const complete = async (
  deps: CallDeps,
  params: CompleteRequestParams,
  asked: Asked,
  connection: Connection,
): Promise<CompleteResult> => {
  const completed = completedBy(params)
  if (!completed) return { completion: { values: [], total: 0, hasMore: false } }
  const { tool, list, arguments: fixed } = LISTS[completed]
  const { value } = params.argument
  const found: string[] = []
  let cursor: unknown
  for (let page = 0; page < MAX_PAGES && found.length <= MAX_VALUES; page += 1) {
    const args = { ...fixed, limit: LIMITS.page, ...(cursor === undefined ? {} : { cursor }) }
    const answer = await answerOf(deps, { name: tool, arguments: args, ...asked }, connection)
    const rows = answer[list] as readonly Row[]
    found.push(
      ...rows
        .filter(({ id, title, name }) => begins(id, value) || begins(title ?? name, value))
        .map(({ id }) => id),
    )
    cursor = answer.next_cursor ?? undefined
    if (cursor === undefined) break
  }
  const hasMore = cursor !== undefined || found.length > MAX_VALUES
  return {
    completion: {
      values: found.slice(0, MAX_VALUES),
      ...(cursor === undefined ? { total: found.length } : {}),
      hasMore,
    },
  }
}
