// The tools as tests need them: by name, with their service and valid arguments of each. A new tool needs no edit here:
// its example comes from its schema until its row is added to what was published.
import type { Tool } from '../../shared/contracts/define/contract.ts'
import { inputSchema } from '../../shared/contracts/define/json-schema.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { type Arguments, leastArgumentsFor } from './from-schema.ts'

export type NamedTool = Readonly<{ service: string; name: string; tool: Tool }>

/** Every tool of every contract. */
export const TOOLS: readonly NamedTool[] = CONTRACTS.flatMap((contract) =>
  Object.entries(contract.operations).flatMap(([name, operation]) =>
    operation.kind === 'tool' ? [{ service: contract.name, name, tool: operation }] : [],
  ),
)

/** @throws Error when no contract declares it */
export const toolNamed = (name: string): Tool => {
  const found = TOOLS.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`No contract declares the tool ${name}.`)
  return found.tool
}

/** A well-formed id that names nothing. */
export const SOME_ID = '01JZZZZZZZZZZZZZZZZZZZZZZZ'
export const OTHER_ID = '01JYYYYYYYYYYYYYYYYYYYYYYY'

/**
 * The tools that clients were promised: required parameters, and an example with each promised parameter.
 * Parameters may be added, always optional; so may tools, whose rows are added when they are released.
 */
export const PUBLISHED: Readonly<
  Record<string, Readonly<{ required: readonly string[]; example: Arguments }>>
> = {
  get_workspace: { required: [], example: {} },
  get_workflow: { required: ['workflow'], example: { workflow: 'triage' } },
  list_tasks: { required: [], example: { status: 'open', priority: 'none' } },
  get_task: { required: ['task_id'], example: { task_id: SOME_ID } },
  create_task: {
    required: ['title'],
    example: {
      title: 'A title',
      body: 'A body',
      loop_id: SOME_ID,
      priority: 'low',
    },
  },
  update_task: {
    required: ['task_id'],
    example: {
      task_id: SOME_ID,
      title: 'A title',
      body: 'A body',
      status: 'approved',
      priority: 'high',
      due_date: '2026-08-31',
      loop_id: OTHER_ID,
    },
  },
  bulk_update_tasks: {
    required: ['task_ids'],
    example: {
      task_ids: [SOME_ID, OTHER_ID],
      status: 'rejected',
      priority: 'urgent',
      loop_id: null,
    },
  },
  delete_task: { required: ['task_id'], example: { task_id: SOME_ID } },
  list_loops: { required: [], example: {} },
  get_loop: { required: ['loop_id'], example: { loop_id: SOME_ID } },
  create_loop: {
    required: ['name'],
    example: {
      name: 'A loop',
      description: 'What it is for',
      ai_context: 'How to go about it',
      visibility: 'private',
    },
  },
  create_loop_from_tasks: {
    required: ['loop_name', 'task_ids'],
    example: {
      loop_name: 'A loop',
      task_ids: [SOME_ID],
      loop_description: 'What it is for',
    },
  },
  close_loop: { required: ['loop_id'], example: { loop_id: SOME_ID } },
  reopen_loop: { required: ['loop_id'], example: { loop_id: SOME_ID } },
  ship_loop: { required: ['loop_id'], example: { loop_id: SOME_ID } },
  get_loop_queue: { required: [], example: {} },
  set_loop_priority: {
    required: ['loop_id', 'priority'],
    example: { loop_id: SOME_ID, priority: 0 },
  },
  reorder_loops: {
    required: ['loop_ids'],
    example: { loop_ids: [SOME_ID, OTHER_ID] },
  },
  get_next_work: { required: [], example: {} },
  get_queue_stats: { required: [], example: {} },
  add_comment: { required: ['text'], example: { task_id: SOME_ID, text: 'A comment' } },
}

/** Rules between parameters, which no schema of one parameter can state: those that exclude or need another. */
const EXCLUDES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  add_comment: { loop_id: 'task_id' },
}
const NEEDS: Readonly<Record<string, Arguments>> = { member_ids: { visibility: 'private' } }

/**
 * Valid arguments of a tool: those of its published example, else one for each required parameter.
 * @param given further arguments; the parameters they need are added, and those they exclude removed
 */
export const exampleOf = (name: string, given: Arguments = {}): Record<string, unknown> => {
  const example = PUBLISHED[name]?.example ?? leastArgumentsFor(inputSchema(toolNamed(name).input), SOME_ID)
  const args: Record<string, unknown> = { ...example }
  for (const parameter of Object.keys(given)) {
    delete args[EXCLUDES[name]?.[parameter] ?? '']
    Object.assign(args, NEEDS[parameter])
  }
  return { ...args, ...given }
}
