// The tools as tests want them: by name, with the service that answers, and one valid call of each with every parameter
// of the published list. Knows no service's code.
import type { Tool } from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'

export type NamedTool = Readonly<{ service: string; name: string; tool: Tool }>

/** Every tool of every contract. */
export const TOOLS: readonly NamedTool[] = CONTRACTS.flatMap((contract) =>
  Object.entries(contract.operations).flatMap(([name, operation]) =>
    operation.kind === 'tool' ? [{ service: contract.name, name, tool: operation }] : [],
  ),
)

/** A well-formed id that names nothing. */
export const SOME_ID = '01JZZZZZZZZZZZZZZZZZZZZZZZ'
export const OTHER_ID = '01JYYYYYYYYYYYYYYYYYYYYYYY'

/**
 * The published list of tools: required parameters, and an example that gives each parameter of the list. These names are
 * a promise to clients. More parameters may be added, always optional.
 */
export const PUBLISHED: Readonly<
  Record<
    string,
    Readonly<{
      required: readonly string[]
      example: Readonly<Record<string, unknown>>
    }>
  >
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
}

/** Tools beyond the published twenty, in the same form. */
export const ADDED: typeof PUBLISHED = {
  add_comment: {
    required: ['text'],
    example: { task_id: SOME_ID, text: 'A comment' },
  },
}
