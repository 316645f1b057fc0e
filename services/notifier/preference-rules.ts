// Which mails of a workspace a person wants, and how that preference changes. Pure.
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { MailChoice } from '../../shared/contracts/notifier/shapes.ts'

/** A loop that a person wants no mail about, with the name that it had. */
export type MutedLoop = Readonly<{ loop_id: string; name: string }>

/** Which mails a person wants. */
export type Preference = Readonly<{
  wants: MailChoice
  muted: readonly MutedLoop[]
  /** Whether they want to know of mentions; absent: they have not said. */
  mentions?: boolean | undefined
}>

/** The preference of somebody who has not stated one. */
export const EVERYTHING: Preference = { wants: 'all', muted: [] }

/** The loop that a mail is about, whether it is one of the reader's own, and whether somebody mentions the reader. */
export type About = Readonly<{ loop_id: string; loop_name: string; mine: boolean; mention?: true }>

/** The most loops that one person may mute in one workspace. */
export const MUTED_LOOPS = 500

/** Who took part in a loop, as its event says: `by` did what happened, `people_ids` made the loop or filed its tasks. */
export type Participants = Readonly<{
  by: Readonly<{ user_id: string }>
  member_ids: readonly string[] | null
  people_ids: readonly string[]
}>

/**
 * Whether a loop is one of the person's own: they shipped it, made it or filed a task in it, or it is private and they are
 * a member.
 */
export const isMine = ({ by, member_ids, people_ids }: Participants, user_id: string): boolean =>
  by.user_id === user_id || people_ids.includes(user_id) || member_ids?.includes(user_id) === true

/** Whether a person wants to know of mentions. Whoever wanted no mails before there were any did not ask for these. */
export const wantsMentions = ({ wants, mentions }: Preference): boolean => mentions ?? wants !== 'none'

/**
 * Why a person does not want a mail; undefined when they do.
 * @param about null for a mail that is about no loop, such as one for a new password: it is always wanted.
 */
export const unsentBecause = (
  preference: Preference = EVERYTHING,
  about: About | null,
): string | undefined => {
  if (!about) return undefined
  const { wants, muted } = preference
  if (about.mention && !wantsMentions(preference)) return 'wants no mails about mentions'
  if (!about.mention && wants === 'none') return 'wants no mails'
  if (muted.some(({ loop_id }) => loop_id === about.loop_id)) return 'has muted the loop'
  return wants === 'mine' && !about.mine ? 'wants mails about their own loops only' : undefined
}

/** A change of a preference. What is absent stays as it is. */
export type PreferenceChange = Readonly<{
  wants?: MailChoice | undefined
  mentions?: boolean | undefined
  mute?: MutedLoop | undefined
  /** The id of a loop. */
  unmute?: string | undefined
}>

/**
 * The preference after a change; the same object when nothing changes.
 * @throws AppError `limit_exceeded` when MUTED_LOOPS loops are muted.
 */
export const changedPreference = (
  before: Preference,
  { wants = before.wants, mentions = before.mentions, mute, unmute }: PreferenceChange,
): Preference => {
  const muted = new Map(before.muted.map((loop) => [loop.loop_id, loop]))
  if (unmute !== undefined) muted.delete(unmute)
  if (mute !== undefined && !muted.has(mute.loop_id)) muted.set(mute.loop_id, mute)
  if (muted.size > MUTED_LOOPS)
    throw new AppError('limit_exceeded', `You can mute at most ${MUTED_LOOPS} loops. Unmute some first.`, {
      details: { limit: MUTED_LOOPS, size: muted.size },
    })
  const same =
    wants === before.wants &&
    mentions === before.mentions &&
    muted.size === before.muted.length &&
    before.muted.every(({ loop_id }) => muted.has(loop_id))
  return same ? before : { wants, muted: [...muted.values()], mentions }
}
