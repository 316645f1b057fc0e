// Stored loops in the shapes that the contract declares, cut where they are too large. Pure.
import type { TaskCounts } from '../../shared/contracts/define/common.ts'
import { cutText, jsonBytes } from '../../shared/contracts/define/page-bytes.ts'
import {
  AI_CONTEXT_EXCERPT_CHARS,
  type Loop,
  type LoopRow,
} from '../../shared/contracts/loops-queue/shapes.ts'
import type { LoopRef } from '../../shared/contracts/tasks/shapes.ts'
import { membersOf, type StandingLoop, type Versioned } from './loop-rules.ts'

/** What it takes to say that a text was cut (bytes). */
const CUT_BYTES = 40

const common = (loop: Versioned, priority: number | null) => ({
  id: loop._id,
  name: loop.name,
  description: loop.description,
  visibility: loop.visibility,
  status: loop.status,
  priority,
  created_by: loop.created_by,
  created_at: loop.created_at.toISOString(),
  updated_at: loop.updated_at.toISOString(),
  shipped_at: loop.shipped_at?.toISOString() ?? null,
  shipped_by: loop.shipped_by,
  version: loop.v,
})

/** A loop in full. `priority` is its position in the order that the caller sees, null when it has none. */
export const viewLoop = (loop: Versioned, priority: number | null): Loop => ({
  ...common(loop, priority),
  ai_context: loop.ai_context,
  member_ids: membersOf(loop),
})

/** Members that are named, and bytes of the description that are shown, however long the rest is. */
const LEAST_MEMBERS = 100
const LEAST_DESCRIPTION = 1_000

/** A loop with fewer members and a shorter description, as far as its size needs it; its ai_context in full. */
export const shortened = (loop: Loop, bytes: number): Loop => {
  const over = (shown: Loop): number => jsonBytes(shown) - bytes
  if (over(loop) <= 0) return loop
  const { member_ids } = loop
  const fewer =
    member_ids && member_ids.length > LEAST_MEMBERS
      ? { ...loop, member_ids: member_ids.slice(0, LEAST_MEMBERS), members_total: member_ids.length }
      : loop
  const left = jsonBytes(fewer.description) - over(fewer) - CUT_BYTES
  const description =
    over(fewer) > 0 ? cutText(fewer.description, Math.max(left, LEAST_DESCRIPTION)) : fewer.description
  return description === fewer.description ? fewer : { ...fewer, description, description_truncated: true }
}

/** The same with a shorter ai_context as well, if even that is needed. */
export const cut = (loop: Loop, bytes: number): Loop => {
  const shown = shortened(loop, bytes)
  const over = jsonBytes(shown) - bytes
  if (over <= 0) return shown
  const ai_context = cutText(shown.ai_context, jsonBytes(shown.ai_context) - over - CUT_BYTES)
  return { ...shown, ai_context, ai_context_truncated: true }
}

/** A loop as lists show it; of `ai_context` only the excerpt and one character more are needed. */
export const viewRow = (loop: Versioned, priority: number | null, task_counts: TaskCounts): LoopRow => {
  const characters = [...loop.ai_context]
  return {
    ...common(loop, priority),
    ai_context: characters.slice(0, AI_CONTEXT_EXCERPT_CHARS).join(''),
    ai_context_truncated: characters.length > AI_CONTEXT_EXCERPT_CHARS,
    task_counts,
  }
}

/** A loop as a task names it. */
export const loopRef = (loop: StandingLoop): LoopRef => ({
  id: loop._id,
  name: loop.name,
  status: loop.status,
  visibility: loop.visibility,
})
