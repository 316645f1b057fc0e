// What a person just did and how to undo it, kept in a cookie of theirs for the page that comes next.
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import * as z from 'zod'
import * as common from '../../../shared/contracts/define/common.ts'
import type { Deps } from '../deps.ts'
import { nameOfSiteCookie, siteCookie } from '../http/cookies.ts'
import type { Ctx } from './layout.ts'

const Ids = z.array(common.Id).max(common.LIMITS.blockers)
/** Takes tasks back to what they were, at the versions that they had after the change. */
const UndoTasks = z.object({
  kind: z.literal('tasks'),
  tasks: z
    .array(z.tuple([common.Id, common.Version]))
    .min(1)
    .max(common.LIMITS.bulk_tasks),
  back: z.object({
    status: common.TaskStatus.optional(),
    priority: common.Priority.optional(),
    loop_id: common.Id.nullable().optional(),
    due_date: common.CalendarDate.nullable().optional(),
    labels: z.array(common.TaskLabel).max(common.LIMITS.task_labels).optional(),
    blocked_by: z.union([z.strictObject({ add: Ids }), z.strictObject({ remove: Ids })]).optional(),
  }),
})
/** Moves a loop back to its position, at the version of the queue after the change. */
const UndoPosition = z.object({
  kind: z.literal('position'),
  loop_id: common.Id,
  position: z.int().min(0),
  version: z.int().min(0),
})
/** Takes a loop back from on hold, or back there, at its version after the change. */
const UndoHold = z.object({
  kind: z.literal('loop_status'),
  loop_id: common.Id,
  status: z.enum(['active', 'on_hold']),
  version: common.Version,
})
/** Takes somebody out of a private loop, or back in. */
const UndoMember = z.object({
  kind: z.literal('member'),
  loop_id: common.Id,
  user_id: common.Id,
  member: z.boolean(),
})
const Undo = z.discriminatedUnion('kind', [UndoTasks, UndoPosition, UndoHold, UndoMember])
export type Undo = z.infer<typeof Undo>

/** What was done: a sentence for the person, the page that it is about, and what takes it back, if anything does. */
export type Done = Readonly<{
  message: string
  path?: string | undefined
  undo?: readonly Undo[] | undefined
}>

/** Who did it, and in which workspace: nobody else who uses the browser later may see it, or take it back. */
export type Whose = Readonly<{ workspace_id: string; user_id: string }>

/** What was done, as a page shows it, and when: each is said once. */
export type Shown = Done & Readonly<{ at: number }>

const Kept = z.object({
  workspace_id: common.Id,
  user_id: common.Id,
  at: z.int(),
  message: z.string(),
  path: z
    .string()
    .regex(/^\/[a-z]+\/[\w-]+$/)
    .optional(),
  undo: z.array(Undo).max(10).optional(),
})

const COOKIE = 'loops_done'
/** How long after it the note is shown (ms). */
const SHOWN_MS = 10_000
/** How long it can be undone (s): a page without a script may stay open for a while. */
const UNDO_S = 600
/** Browsers keep no larger cookie. */
const MAX_CHARS = 3_800
/** Most characters of the note. */
const MESSAGE_CHARS = 300

const pack = (kept: z.infer<typeof Kept>): string =>
  deflateRawSync(JSON.stringify(kept)).toString('base64url')

const unpack = (text: string): z.infer<typeof Kept> | undefined => {
  try {
    const bytes = inflateRawSync(Buffer.from(text, 'base64url'), { maxOutputLength: 64 * 1024 })
    return Kept.safeParse(JSON.parse(bytes.toString())).data
  } catch {
    return undefined
  }
}

const nameOf = ({ public_url }: Deps): string => nameOfSiteCookie(public_url, COOKIE)

/** Keeps what was done for the next page. What is too much for a cookie cannot be undone. */
export const keepDone = (c: Ctx, deps: Deps, whose: Whose, { message, path, undo }: Done): void => {
  const kept = {
    workspace_id: whose.workspace_id,
    user_id: whose.user_id,
    at: deps.clock.now().getTime(),
    message: [...message].slice(0, MESSAGE_CHARS).join(''),
    ...(path === undefined ? {} : { path }),
  }
  const whole = pack({ ...kept, ...(undo ? { undo: [...undo] } : {}) })
  const value = whole.length <= MAX_CHARS ? whole : pack(kept)
  setCookie(c, nameOf(deps), value, { ...siteCookie(deps.public_url), maxAge: UNDO_S })
}

const read = (c: Ctx, deps: Deps, { workspace_id, user_id }: Whose): z.infer<typeof Kept> | undefined => {
  const kept = unpack(getCookie(c, nameOf(deps)) ?? '')
  return kept?.workspace_id === workspace_id && kept.user_id === user_id ? kept : undefined
}

/** What somebody did a moment ago in this workspace. */
export const recentlyDone = (c: Ctx, deps: Deps, whose: Whose): Shown | undefined => {
  const kept = read(c, deps, whose)
  if (!kept) return undefined
  const age_ms = deps.clock.now().getTime() - kept.at
  return age_ms >= 0 && age_ms < SHOWN_MS ? kept : undefined
}

/** Takes what can be undone out of the cookie: it can be done once. */
export const takeUndo = (c: Ctx, deps: Deps, whose: Whose): readonly Undo[] => {
  const kept = read(c, deps, whose)
  deleteCookie(c, nameOf(deps), siteCookie(deps.public_url))
  return kept?.undo ?? []
}
