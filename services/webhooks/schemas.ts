// The collections of this service that are past their first shape. A file of its own, so that a restore can ask every
// service in one way whether it reads a backup.
import { WEBHOOK_UPGRADES } from './webhook-store.ts'

/** The number of the present shape of each. */
export const SCHEMAS: Readonly<Record<string, number>> = { webhooks: WEBHOOK_UPGRADES.length + 1 }
