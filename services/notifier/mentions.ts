// Finds whom a comment mentions, and reserves their mails.
import type { Call, Client } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import type { tasks } from '../../shared/contracts/tasks/contract.ts'
import { inParallel } from '../../shared/process/parallel.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import { idOf, mentionedMembers, newQuota, reserve } from './mention-rules.ts'
import type { MentionQuotas } from './mention-store.ts'
import type { MentionedOn, MentionTemplate, NoticeOf, Recipient } from './notice-rules.ts'

export type MentionDeps = Readonly<{
  tasks: Pick<Client<typeof tasks>, 'get_comment'>
  loopsQueue: Pick<Client<typeof loopsQueue>, 'list_loop_readers'>
  quotas: MentionQuotas
  random: () => number
}>

/** Quotas changed at the same time. */
const AT_ONCE = 5

/** Where a comment is, and who sees it there. */
type Place = Readonly<{ title: string; on: MentionedOn; readers: readonly string[] | null }>

/** A comment with what its mail needs; null once it is gone, or what it is on. */
export type LoadedComment = Readonly<{ text: string; place: Place }> | null

/** Loads the comment of an event. */
export const loadComment = async (
  { tasks, loopsQueue }: MentionDeps,
  workspace_id: string,
  comment_id: string,
  call: () => Call,
): Promise<LoadedComment> => {
  const found = await tasks.get_comment({ workspace_id, comment_id }, call()).catch((error: unknown) => {
    if (error instanceof AppError && error.code === 'not_found') return null
    throw error
  })
  if (!found) return null
  const { text, task } = found
  const loop_id = task ? task.loop_id : found.loop_id
  if (task && (!task.private || loop_id === null))
    return {
      text,
      place: { title: task.title, on: { task_id: task.id, loop_id, private: false }, readers: null },
    }
  const asked = { workspace_id, loop_ids: loop_id === null ? [] : [loop_id] }
  const [loop] = (await loopsQueue.list_loop_readers(asked, call())).loops
  if (!loop) return null
  const title = task?.title ?? loop.name
  if (title === undefined)
    throw new AppError('unavailable', 'A loops-queue of an earlier release does not say names.')
  const on = { task_id: task?.id ?? null, loop_id, private: loop.reader_ids !== null }
  return { text, place: { title, on, readers: loop.reader_ids } }
}

/** Those of the members whom the comment mentions, and who see it. */
export const mentionedIn = async (
  { text, place: { readers } }: NonNullable<LoadedComment>,
  writer_id: string,
  pages: AsyncIterable<readonly Recipient[]>,
): Promise<Recipient[]> => {
  const members: Recipient[] = []
  for await (const page of pages) members.push(...page)
  return mentionedMembers(text, members, { writer_id, readers })
}

/** Reserves a mail for each of these people. @returns why not, by the ids of those who get none. */
export const reserveMails = async (
  { quotas, random }: MentionDeps,
  { _id: event_id, ws, at, facts: { on } }: NoticeOf<MentionTemplate>,
  user_ids: readonly string[],
): Promise<ReadonlyMap<string, string>> => {
  const held = await inParallel(user_ids, AT_ONCE, (user_id) =>
    untilSaved(async () => {
      const before = await quotas.findOrMake(newQuota(ws, user_id, at))
      const reserved = reserve(before, { event_id, on: idOf(on) })
      if ('held_back' in reserved) return [[user_id, reserved.held_back] as const]
      if ('reserved' in reserved || (await quotas.save(before, reserved.mails))) return []
      return undefined
    }, random),
  )
  return new Map(held.flat())
}
