// The notifier's answers on the bus: wishes about mail, what became of the mails owed, and the development mailbox.
import { untilSaved } from '../../shared/aggregate.ts'
import type { Handlers } from '../../shared/contract.ts'
import type { notifier } from '../../shared/contracts/notifier.ts'
import { AppError, notFound } from '../../shared/errors.ts'
import type { Deliveries } from './deliveries.ts'
import type { Delivery } from './notices.ts'
import type { DevMails } from './store-dev-mails.ts'
import type { Subscription, Subscriptions } from './store-subscriptions.ts'
import { readUnsubscribeToken } from './unsubscribe.ts'

export type HandlerDeps = Readonly<{
  deliveries: Deliveries
  subscriptions: Subscriptions
  /** Null where mails are sent instead of kept. */
  devMails: DevMails | null
  unsubscribeKey: Uint8Array
  random: () => number
}>

const view = (delivery: Delivery) => ({
  id: delivery._id,
  user_id: delivery.user_id,
  template: delivery.template,
  status: delivery.status,
  attempts: delivery.attempts,
  sent_at: delivery.sent_at?.toISOString() ?? null,
  last_error: delivery.last_error,
})

/** The subscription of an unsubscribe link. A forged link and one never sent are answered alike. */
const load = async ({ subscriptions, unsubscribeKey }: HandlerDeps, token: string): Promise<Subscription> => {
  const subject = readUnsubscribeToken(unsubscribeKey, token)
  const found = subject && (await subscriptions.find(subject.workspace_id, subject.user_id))
  if (!found) throw new AppError('not_found', 'This link is not one that was sent.')
  return found
}

const mailbox = ({ devMails }: HandlerDeps): DevMails => {
  if (!devMails) throw new AppError('not_found', 'There is no mailbox here: mails are sent.')
  return devMails
}

/** The handlers of the notifier's contract. */
export const handlers = (deps: HandlerDeps): Handlers<typeof notifier> => ({
  get_subscription: async ({ token }) => {
    const { workspace_name, email, subscribed } = await load(deps, token)
    return { workspace_name, email, subscribed }
  },
  set_subscription: ({ token, subscribed }) =>
    untilSaved(async () => {
      const before = await load(deps, token)
      if (before.subscribed === subscribed) return { subscribed }
      return (await deps.subscriptions.save(before, subscribed)) ? { subscribed } : undefined
    }, deps.random),
  list_deliveries: async ({ workspace_id, event_id, limit, cursor }) => {
    const found = await deps.deliveries.list(workspace_id, event_id, limit + 1, cursor)
    const page = found.slice(0, limit)
    return {
      deliveries: page.map(view),
      next_cursor: found.length > limit ? (page.at(-1)?._id ?? null) : null,
    }
  },
  list_dev_mails: async ({ limit, cursor }) => {
    const { mails, next_cursor } = await mailbox(deps).list(limit, cursor)
    return { mails: [...mails], next_cursor }
  },
  get_dev_mail: async ({ id }) => {
    const mail = await mailbox(deps).find(id)
    if (!mail) throw notFound('mail', id)
    return { mail }
  },
})
