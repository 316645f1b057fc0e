// Who may see which deliveries, how one is shown, and which may be tried again. Pure.
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { AppError } from '../../shared/contracts/define/errors.ts'
import type { DeliveryRow, DeliveryStatus } from '../../shared/contracts/notifier/shapes.ts'
import type { Delivery, ShownTo } from './notice-rules.ts'

/** The caller, where the call is made for a person. */
export const requireCaller = (caller: Caller | null): Caller => {
  if (!caller) throw new AppError('forbidden', 'Only a member of the workspace can ask for this.')
  return caller
}

/**
 * Which of a workspace's deliveries a member may look at besides their own, as deliveries name it; null: none. A private
 * loop is the owner's to see and its members' alone, and a forgotten password is nobody's business.
 */
export const listsOf = ({ role }: Pick<Caller, 'role'>): readonly ShownTo[] | null => {
  if (role === 'owner') return ['managers', 'owner']
  return role === 'admin' ? ['managers'] : null
}

/** Whether a member may look at a delivery of their workspace. */
export const maySee = (caller: Pick<Caller, 'role' | 'user_id'>, { user_id, shown_to }: Delivery): boolean =>
  user_id === caller.user_id || listsOf(caller)?.includes(shown_to) === true

const SUBJECTS: Readonly<Record<Exclude<Delivery['template'], 'loop-shipped'>, string>> = {
  invitation: 'Invitation',
  'password-reset': 'New password',
  'webhook-disabled': 'Webhook disabled',
  confirmation: 'Confirmation of an address',
  'failed-sign-ins': 'Failed sign-ins',
}

const subjectOf = ({ template, about }: Delivery): string =>
  template === 'loop-shipped' ? `Shipped: ${about?.loop_name ?? ''}` : SUBJECTS[template]

const iso = (at: Date | null | undefined): string | null => at?.toISOString() ?? null

/** A delivery as people see it. */
export const rowOf = (delivery: Delivery): DeliveryRow => {
  const {
    _id,
    user_id,
    to,
    template,
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
    about: subjectOf(delivery),
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
 * Whether a mail can be sent again.
 * @throws AppError `invalid_transition` for one that waits or is sent.
 */
export const checkRetry = ({ status }: Delivery): void => {
  if (!ENDED.includes(status))
    throw new AppError(
      'invalid_transition',
      `This mail is ${status}; only one that failed or was held back is sent again.`,
      { details: { status, allowed: ENDED } },
    )
}
