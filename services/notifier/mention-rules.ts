// Whom a comment notifies, and how many mails about mentions somebody gets. Pure.
//
// An agent may mention somebody in a thousand comments. So in each span of ten minutes a person gets one mail about a task or
// loop, since it leads to the place where they read the other comments too; and ten mails in all. What is more is held back,
// not sent later: it is on the person's page of mails with the reason, and can be sent from there.
import { findMentions } from '../../shared/search/mention-rules.ts'
import type { MentionedOn, Recipient } from './notice-rules.ts'

/** The most people whom one comment notifies. */
export const MOST_PEOPLE = 20
/** The span (ms). */
const SPAN_MS = 10 * 60_000
/** The most mails about mentions in one span to one person in one workspace. */
export const MOST_MAILS = 10
/** How long a quota is kept (ms): longer than the stream keeps the events of its span. */
const KEPT_MS = 7 * 24 * 60 * 60_000

/** The mails about mentions that a person gets in one span. */
export type Quota = Readonly<{
  /** `<workspace id>:<user id>:<number of the span>`. */
  _id: string
  ws: string
  v: number
  /** The events that they are about, each with the task or loop. */
  mails: readonly Readonly<{ event_id: string; on: string }>[]
  expires_at: Date
}>

/** An untouched quota: that of the span in which a comment was written. */
export const newQuota = (ws: string, user_id: string, at: Date): Quota => ({
  _id: `${ws}:${user_id}:${Math.floor(at.getTime() / SPAN_MS)}`,
  ws,
  v: 1,
  mails: [],
  expires_at: new Date(at.getTime() + KEPT_MS),
})

/** What becomes of a mail: reserved now (`mails` to be saved), reserved by an earlier delivery of its event, or held back. */
export type Reservation = Readonly<{ mails: Quota['mails'] } | { reserved: true } | { held_back: string }>

/** Reserves a mail in a quota. */
export const reserve = ({ mails }: Quota, mail: Quota['mails'][number]): Reservation => {
  if (mails.some(({ event_id }) => event_id === mail.event_id)) return { reserved: true }
  if (mails.some(({ on }) => on === mail.on))
    return { held_back: 'was mailed about a mention there within ten minutes' }
  if (mails.length >= MOST_MAILS) return { held_back: 'was mailed about many mentions within ten minutes' }
  return { mails: [...mails, mail] }
}

/**
 * The members whom a comment mentions, in their order, at most MOST_PEOPLE: not its writer, and none who does not see it.
 * @param readers ids of those who see a private loop; null where everybody does. The owner sees every loop.
 */
export const mentionedMembers = (
  text: string,
  members: readonly Recipient[],
  { writer_id, readers }: Readonly<{ writer_id: string; readers: readonly string[] | null }>,
): Recipient[] => {
  const mentioned = new Set(findMentions(text, members).map(({ user_id }) => user_id))
  const byId = new Map(members.map((member) => [member.user_id, member]))
  return [...mentioned]
    .flatMap((user_id) => byId.get(user_id) ?? [])
    .filter(({ user_id, role }) => {
      const sees = readers === null || role === 'owner' || readers.includes(user_id)
      return sees && user_id !== writer_id
    })
    .slice(0, MOST_PEOPLE)
}

/** The id of what a comment is on. */
export const idOf = ({ task_id, loop_id }: MentionedOn): string => task_id ?? loop_id ?? ''
