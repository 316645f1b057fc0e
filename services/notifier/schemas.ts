// The collections of this service that are past their first shape. A file of its own, so that a restore can ask every
// service in one way whether it reads a backup.
import { DELIVERY_UPGRADES } from './delivery-store.ts'
import { UPGRADES as PREFERENCE_UPGRADES } from './preference-store.ts'

/** The number of the present shape of each. */
export const SCHEMAS: Readonly<Record<string, number>> = {
  deliveries: DELIVERY_UPGRADES.length + 1,
  subscriptions: PREFERENCE_UPGRADES.length + 1,
}
