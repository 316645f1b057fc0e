// The loops of an import: found by their names, or made.
//
// A loop that stands under the name is used, so importing again makes no second one. One that shipped is not: what comes in
// is to be done.

import { createHash } from 'node:crypto'
import { LIMITS } from '../contracts/define/common.ts'
import type { Client, MemberCall } from '../contracts/define/contract.ts'
import { AppError } from '../contracts/define/errors.ts'
import type { loopsQueue } from '../contracts/loops-queue/contract.ts'
import type { LoopRef } from '../contracts/tasks/shapes.ts'
import type { ParsedLoop } from './shape-rules.ts'

type Loops = Client<typeof loopsQueue>

/** A loop that tasks can be put into. */
export type OpenLoop = Pick<LoopRef, 'id' | 'name' | 'visibility'>

/** Loops of a workspace that are looked through for their names. */
const MAX_PAGES = 100

/** The loops that the person sees and that have not shipped, by their names; in queue order where several have one. */
export const openLoopsByName = async (
  loops: Loops,
  callOf: () => MemberCall,
): Promise<Map<string, OpenLoop[]>> => {
  const found: OpenLoop[] = []
  for (const status of ['active', 'on_hold'] as const) {
    let cursor: string | undefined
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const answer = await loops.list_loops(
        { status, limit: LIMITS.page, ...(cursor ? { cursor } : {}) },
        callOf(),
      )
      found.push(...answer.loops.map(({ id, name, visibility }) => ({ id, name, visibility })))
      if (answer.next_cursor === null) break
      cursor = answer.next_cursor
    }
  }
  return Map.groupBy(found, ({ name }) => name)
}

/**
 * The loop that everything is to go into.
 * @throws AppError `not_found` for one that the person does not see; `invalid_transition` for one that has shipped.
 */
export const requireLoop = async (loops: Loops, loop_id: string, call: MemberCall): Promise<OpenLoop> => {
  const { loop } = await loops.get_loop({ loop_id, tasks_limit: 1 }, call)
  if (loop.status === 'shipped')
    throw new AppError(
      'invalid_transition',
      `The loop “${loop.name}” has shipped; no task can be added to it.`,
      {
        hint: 'Name a loop that is active or on hold.',
      },
    )
  const { id, name, visibility } = loop
  return { id, name, visibility }
}

/** Loops of one name that imports made and that shipped since, within the memory of idempotency keys. */
const MAX_SHIPPED = 20

/**
 * Makes a loop, once for its key in the import while it has not shipped.
 * @param scope tells imports apart: the same again is a repeat.
 * @throws AppError `limit_exceeded` when too many of them have shipped.
 */
export const makeLoop = async (
  loops: Loops,
  { key, name, description = '', ai_context = '', visibility = 'public', on_hold }: ParsedLoop,
  scope: string,
  callOf: () => MemberCall,
): Promise<OpenLoop> => {
  const named = createHash('sha256')
    .update(JSON.stringify([scope, key]))
    .digest('base64url')
  for (let n = 1; n <= MAX_SHIPPED; n += 1) {
    const wanted = { name, description, ai_context, visibility, idempotency_key: `import ${named} ${n}` }
    const { loop, replayed } = await loops.create_loop(wanted, callOf())
    const { workspace_id } = callOf().caller
    const [state] = replayed
      ? (await loops.get_loop_states({ workspace_id, loop_ids: [loop.id] }, callOf())).loops
      : []
    if (state?.status === 'shipped') continue
    if (on_hold) await loops.close_loop({ loop_id: loop.id }, callOf())
    return { id: loop.id, name, visibility }
  }
  throw new AppError('limit_exceeded', `Loops named “${name}” were imported and shipped too often today.`, {
    hint: 'Name a loop to import into.',
  })
}
