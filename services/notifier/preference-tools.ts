// What people ask of the notifier about their own mails: to see their wish and to change it, by the link of a mail or
// signed in.
import type { KeyObject } from 'node:crypto'
import type { Handlers } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { notifier } from '../../shared/contracts/notifier/contract.ts'
import { untilSaved } from '../../shared/storage/aggregate.ts'
import type { Deliveries } from './delivery-store.ts'
import { requireCaller } from './delivery-view.ts'
import { type About, changedPreference } from './preference-rules.ts'
import type { Subscription, Subscriptions } from './preference-store.ts'
import { type Suppressions, suppressionKey } from './suppression-store.ts'
import { readUnsubscribeToken } from './unsubscribe.ts'

export type PreferenceDeps = Readonly<{
  deliveries: Pick<Deliveries, 'findTold'>
  subscriptions: Pick<Subscriptions, 'find' | 'findOrMake' | 'save'>
  suppressions: Pick<Suppressions, 'among' | 'lift'>
  unsubscribeKeys: readonly KeyObject[]
  random: () => number
}>

type Wishes = Pick<
  Handlers<typeof notifier>,
  'get_subscription' | 'set_subscription' | 'get_my_subscription' | 'set_my_subscription' | 'use_my_address'
>
type Change = Parameters<Wishes['set_my_subscription']>[0]

const view = ({ workspace_name, email, wants, muted }: Subscription) => ({
  workspace_name,
  email,
  wants,
  muted: [...muted],
})

/** The subscription of a link. A forged link and one never sent are answered alike. */
const load = async (
  { subscriptions, unsubscribeKeys }: PreferenceDeps,
  token: string,
): Promise<Subscription> => {
  const subject = readUnsubscribeToken(unsubscribeKeys, token)
  const found = subject && (await subscriptions.find(subject.workspace_id, subject.user_id))
  if (!found) throw new AppError('not_found', 'This link is not one that was sent.')
  return found
}

/** What the mail to this person about an event was about; what they got no mail about has no name here. */
const toldOf = async (
  { deliveries }: PreferenceDeps,
  { ws, user_id }: Subscription,
  event_id: string,
): Promise<About | null> => (await deliveries.findTold(ws, event_id, user_id))?.about ?? null

const change = (
  deps: PreferenceDeps,
  { wants, mute_event, mute_loop, unmute_loop }: Change,
  find: () => Promise<Subscription>,
) =>
  untilSaved(async () => {
    const before = await find()
    const about = mute_event === undefined ? undefined : await toldOf(deps, before, mute_event)
    if (about === null) throw new AppError('not_found', 'The mail about this loop is too old to go by.')
    const mute = about ? { loop_id: about.loop_id, name: about.loop_name } : mute_loop
    const wish = changedPreference(before, { wants, mute, unmute: unmute_loop })
    if (wish === before) return { wants: before.wants }
    return (await deps.subscriptions.save(before, wish)) ? { wants: wish.wants } : undefined
  }, deps.random)

/** The handlers of the notifier's contract about wishes. */
export const preferenceTools = (deps: PreferenceDeps): Wishes => {
  const own = ({ caller }: Parameters<Wishes['get_my_subscription']>[1]): Promise<Subscription> => {
    const { workspace_id, user_id } = requireCaller(caller)
    return deps.subscriptions.findOrMake(workspace_id, user_id)
  }
  return {
    get_subscription: async ({ token, event_id }) => {
      const found = await load(deps, token)
      const about = event_id === undefined ? null : await toldOf(deps, found, event_id)
      return { ...view(found), loop: about && { id: about.loop_id, name: about.loop_name } }
    },
    set_subscription: ({ token, ...asked }) => change(deps, asked, () => load(deps, token)),
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
