// The operations by which people see and change their mail preference, by the link of a mail or signed in.
import type { KeyObject } from 'node:crypto'
import type { Handlers } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { notifier } from '../../shared/contracts/notifier/contract.ts'
import { untilSaved } from '../../shared/storage/command.ts'
import type { Deliveries } from './delivery-store.ts'
import { requireCaller } from './delivery-view.ts'
import { type About, changedPreference, wantsMentions } from './preference-rules.ts'
import type { Subscription, Subscriptions } from './preference-store.ts'
import { type Suppressions, suppressionKey } from './suppression-store.ts'
import { readUnsubscribeToken } from './unsubscribe.ts'

export type PreferenceDeps = Readonly<{
  deliveries: Pick<Deliveries, 'findFor'>
  subscriptions: Pick<Subscriptions, 'find' | 'findOrMake' | 'save'>
  suppressions: Pick<Suppressions, 'among' | 'lift'>
  unsubscribeKeys: readonly KeyObject[]
  random: () => number
}>

type PreferenceTools = Pick<
  Handlers<typeof notifier>,
  'get_subscription' | 'set_subscription' | 'get_my_subscription' | 'set_my_subscription' | 'use_my_address'
>
type Change = Parameters<PreferenceTools['set_my_subscription']>[0]

const view = (found: Subscription) => ({
  workspace_name: found.workspace_name,
  email: found.email,
  wants: found.wants,
  muted: [...found.muted],
  mentions: wantsMentions(found),
})

/** The subscription that a link is for. A forged link and one never sent get the same answer. */
const subscriptionOfLink = async (
  { subscriptions, unsubscribeKeys }: PreferenceDeps,
  token: string,
): Promise<Subscription> => {
  const subject = readUnsubscribeToken(unsubscribeKeys, token)
  const found = subject && (await subscriptions.find(subject.workspace_id, subject.user_id))
  if (!found)
    throw new AppError(
      'not_found',
      'This link is not one that Loops has sent. Check that it was copied whole.',
    )
  return found
}

/** The loop that the person got a mail about; null for any other loop, so that its name stays hidden. */
const loopOfMail = async (
  { deliveries }: PreferenceDeps,
  { ws, user_id }: Subscription,
  event_id: string,
): Promise<About | null> => (await deliveries.findFor(ws, event_id, user_id))?.about ?? null

const change = (
  deps: PreferenceDeps,
  { wants, mentions, mute_event, mute_loop, unmute_loop }: Change,
  find: () => Promise<Subscription>,
) =>
  untilSaved(async () => {
    const before = await find()
    const about = mute_event === undefined ? undefined : await loopOfMail(deps, before, mute_event)
    if (about === null)
      throw new AppError(
        'not_found',
        'The mail about this loop is too old. Mute the loop on the page of your mail preferences.',
      )
    const mute = about ? { loop_id: about.loop_id, name: about.loop_name } : mute_loop
    const after = changedPreference(before, { wants, mentions, mute, unmute: unmute_loop })
    if (after === before) return { wants: before.wants }
    return (await deps.subscriptions.save(before, after)) ? { wants: after.wants } : undefined
  }, deps.random)

/** The operations about preferences. */
export const preferenceTools = (deps: PreferenceDeps): PreferenceTools => {
  const own = ({ caller }: Parameters<PreferenceTools['get_my_subscription']>[1]): Promise<Subscription> => {
    const { workspace_id, user_id } = requireCaller(caller)
    return deps.subscriptions.findOrMake(workspace_id, user_id)
  }
  return {
    get_subscription: async ({ token, event_id }) => {
      const found = await subscriptionOfLink(deps, token)
      const about = event_id === undefined ? null : await loopOfMail(deps, found, event_id)
      return { ...view(found), loop: about && { id: about.loop_id, name: about.loop_name } }
    },
    set_subscription: ({ token, ...asked }) => change(deps, asked, () => subscriptionOfLink(deps, token)),
    get_my_subscription: async (_, call) => {
      const found = await own(call)
      const dead = found.email === '' ? undefined : await deps.suppressions.among([found.email])
      return { ...view(found), out_of_use: dead?.get(suppressionKey(found.email))?.reason ?? null }
    },
    set_my_subscription: (asked, call) => change(deps, asked, () => own(call)),
    use_my_address: async (_, call) => {
      const { email } = await own(call)
      return { changed: email !== '' && (await deps.suppressions.lift(email)) }
    },
  }
}
