// Erases what is kept for one reader of mails whose account is deleted: their choice of mails, and what became of each.
import type { Deliveries } from './delivery-store.ts'
import type { Subscriptions } from './preference-store.ts'
import type { Suppressions } from './suppression-store.ts'

export type ForgetDeps = Readonly<{
  deliveries: Pick<Deliveries, 'removeOf'>
  subscriptions: Pick<Subscriptions, 'remove'>
  suppressions: Pick<Suppressions, 'lift'>
}>

/**
 * Makes the function that erases a reader from one workspace. Mails that are about to be sent to them are not sent; the one
 * that says that the account was deleted is to an address, not to a member, and goes out. May be repeated.
 */
export const forgetReader =
  ({ deliveries, subscriptions, suppressions }: ForgetDeps) =>
  async ({
    workspace_id,
    user_id,
    email,
  }: Readonly<{ workspace_id: string; user_id: string; email?: string | undefined }>): Promise<void> => {
    await subscriptions.remove(workspace_id, user_id)
    await deliveries.removeOf(workspace_id, user_id)
    if (email !== undefined) await suppressions.lift(email)
  }
