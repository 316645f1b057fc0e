// Who may see which deliveries, how one is shown, and which may be tried again. Pure.
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { DeliveryRow, DeliveryStatus } from '../../shared/contracts/notifier/shapes.ts'
import { MAILS } from './mails.ts'
import type { Delivery, ShownTo } from './notice-rules.ts'

/**
 * The person that a call is made for.
 * @throws AppError `forbidden` for a call of a service itself.
 */
export const requireCaller = (caller: Caller | null): Caller => {
  if (!caller) throw new AppError('forbidden', 'Only a member of the workspace can ask for this.')
  return caller
}

/**
 * Which deliveries of the workspace a member sees besides their own; null: none. Mails about a private loop are for its
 * members and the owner alone, mails about a forgotten password for their recipient alone.
 */
export const listsOf = ({ role }: Pick<Caller, 'role'>): readonly ShownTo[] | null => {
  if (role === 'owner') return ['managers', 'owner']
  return role === 'admin' ? ['managers'] : null
}

/** Whether a member may see a delivery of their workspace. */
export const maySee = (caller: Pick<Caller, 'role' | 'user_id'>, { user_id, shown_to }: Delivery): boolean =>
  user_id === caller.user_id || listsOf(caller)?.includes(shown_to) === true

const iso = (at: Date | null | undefined): string | null => at?.toISOString() ?? null

/** A delivery as people see it. */
export const rowOf = (delivery: Delivery): DeliveryRow => {
  const {
    _id,
    user_id,
    to,
    template,
    about,
    status,
    attempts,
    created_at,
    owed_since,
    due_at,
    sent_at,
    last_error,
  } = delivery
  return {
    id: _id,
    user_id,
    to: to?.address ?? null,
    template,
    about: MAILS[template].title(about),
    status,
    attempts,
    at: (sent_at ?? owed_since ?? created_at).toISOString(),
    created_at: created_at.toISOString(),
    next_try_at: status === 'pending' ? iso(due_at) : null,
    sent_at: iso(sent_at),
    last_error,
  }
}

const ENDED: readonly DeliveryStatus[] = ['failed', 'suppressed']

/**
 * Refuses to send a mail again that is under way or has arrived.
 * @throws AppError `invalid_transition`.
 */
export const checkRetry = ({ status }: Delivery): void => {
  if (!ENDED.includes(status))
    throw new AppError(
      'invalid_transition',
      `This mail is ${status}. Only a mail that failed or was held back can be sent again.`,
      { details: { status, allowed: ENDED } },
    )
}
