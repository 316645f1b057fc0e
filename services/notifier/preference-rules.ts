// What a person wants to be mailed about in one workspace, and how a wish changes. Pure; knows no storage and no page.

import { AppError } from '../../shared/contracts/define/errors.ts'
import type { MailChoice } from '../../shared/contracts/notifier/shapes.ts'

/** A loop that no mail is wanted about, with the name that it had. */
export type MutedLoop = Readonly<{ loop_id: string; name: string }>

/** One person's wish; who never had one wants all. */
export type Preference = Readonly<{ wants: MailChoice; muted: readonly MutedLoop[] }>

export const EVERYTHING: Preference = { wants: 'all', muted: [] }

/** What a mail is about, as far as wishes go. */
export type About = Readonly<{ loop_id: string; loop_name: string; mine: boolean }>

/** Loops that one person may have muted in one workspace. */
export const MUTED_LOOPS = 500

/** What a loop's event tells of those who took part in it. */
export type TakenPart = Readonly<{
  by: Readonly<{ user_id: string }>
  member_ids: readonly string[] | null
  people_ids?: readonly string[] | undefined
}>

/**
 * Whether a loop is one of the person's own: they shipped it, made it, filed a task that is in it, or belong to it because
 * it is private.
 */
export const isMine = ({ by, member_ids, people_ids }: TakenPart, user_id: string): boolean =>
  by.user_id === user_id || people_ids?.includes(user_id) === true || member_ids?.includes(user_id) === true

/**
 * Why a person does not want a mail; undefined when they do.
 * @param about null: a mail that was asked for by hand, such as for a new password. No wish counts there.
 */
export const unsentBecause = (
  { wants, muted }: Preference = EVERYTHING,
  about: About | null,
): string | undefined => {
  if (!about) return undefined
  if (wants === 'none') return 'wants no mails'
  if (muted.some(({ loop_id }) => loop_id === about.loop_id)) return 'has muted the loop'
  return wants === 'mine' && !about.mine ? 'wants mails about loops of their own only' : undefined
}

/** A change of a wish. Absent: left as it is. */
export type PreferenceChange = Readonly<{
  wants?: MailChoice | undefined
  mute?: MutedLoop | undefined
  /** The id of a loop. */
  unmute?: string | undefined
}>

/**
 * The wish after a change; the same object when it says so already.
 * @throws AppError `limit_exceeded` when MUTED_LOOPS loops are muted.
 */
export const changedPreference = (
  before: Preference,
  { wants, mute, unmute }: PreferenceChange,
): Preference => {
  const muted = new Map(before.muted.map((loop) => [loop.loop_id, loop]))
  if (unmute !== undefined) muted.delete(unmute)
  if (mute !== undefined && !muted.has(mute.loop_id)) muted.set(mute.loop_id, mute)
  if (muted.size > MUTED_LOOPS)
    throw new AppError(
      'limit_exceeded',
      `At most ${MUTED_LOOPS} loops can be muted; take some off the list.`,
      {
        details: { limit: MUTED_LOOPS, size: muted.size },
      },
    )
  const same =
    (wants ?? before.wants) === before.wants &&
    muted.size === before.muted.length &&
    before.muted.every(({ loop_id }) => muted.has(loop_id))
  return same ? before : { wants: wants ?? before.wants, muted: [...muted.values()] }
}
