// The notifier's operations: preferences, what became of mails, and the development mailbox.
import type { Handlers } from '../../shared/contracts/define/contract.ts'
import { pageById } from '../../shared/contracts/define/cursor.ts'
import { AppError, notFound } from '../../shared/contracts/define/errors.ts'
import type { ForgettingOperation } from '../../shared/contracts/forgetting.ts'
import type { notifier } from '../../shared/contracts/notifier/contract.ts'
import type { Deliveries } from './delivery-store.ts'
import { checkRetry, listsOf, maySee, requireCaller, rowOf } from './delivery-view.ts'
import type { DevMails } from './dev-mail-store.ts'
import { type PreferenceDeps, preferenceTools } from './preference-tools.ts'
import { type PreviewDeps, previewHandlers } from './preview.ts'

export type HandlerDeps = PreferenceDeps &
  PreviewDeps &
  Readonly<{
    deliveries: Pick<Deliveries, 'findFor' | 'find' | 'list' | 'retry'>
    /** Null where mails are sent instead of kept. */
    devMails: DevMails | null
    /** Wakes the sender. */
    nudge: () => void
  }>

const mailbox = ({ devMails }: HandlerDeps): DevMails => {
  if (!devMails)
    throw new AppError('not_found', 'There is no mailbox here: this installation sends its mails.')
  return devMails
}

/** The handlers of the notifier's contract. */
export const handlers = (deps: HandlerDeps): Omit<Handlers<typeof notifier>, ForgettingOperation> => ({
  ...preferenceTools(deps),
  ...previewHandlers(deps),

  list_deliveries: async ({ status, event_id, whose, limit, cursor }, call) => {
    const caller = requireCaller(call.caller)
    const shown_to = whose === 'mine' ? null : listsOf(caller)
    const found = await deps.deliveries.list({
      ws: caller.workspace_id,
      of: shown_to ? { shown_to } : { user_id: caller.user_id },
      status,
      event_id,
      limit: limit + 1,
      before: cursor,
    })
    const { page: deliveries, next_cursor } = pageById(found, limit, rowOf)
    return { deliveries, next_cursor }
  },

  retry_delivery: async ({ delivery_id }, call) => {
    const caller = requireCaller(call.caller)
    const found = await deps.deliveries.find(caller.workspace_id, delivery_id)
    if (!found || !maySee(caller, found)) throw notFound('delivery', delivery_id)
    checkRetry(found)
    // First, because a sender may look as soon as the mail is pending.
    if (found.to) await deps.suppressions.lift(found.to.address)
    if (!(await deps.deliveries.retry(found)))
      throw new AppError('version_conflict', 'This mail has just changed. Look at it again.')
    deps.nudge()
    return { status: 'pending' }
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
