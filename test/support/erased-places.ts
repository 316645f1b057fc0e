// Where the ids of a workspace are in the databases of all services.
import type { Db, Document } from 'mongodb'
import { ERASURES as gateway } from '../../services/gateway/erasures.ts'
import { ERASURES as loopsQueue } from '../../services/loops-queue/erasures.ts'
import { ERASURES as notifier } from '../../services/notifier/erasures.ts'
import { ERASURES as tasks } from '../../services/tasks/erasures.ts'
import { ERASURES as webhooks } from '../../services/webhooks/erasures.ts'
import type { Mongo } from '../../shared/storage/mongo.ts'

/** What each service erases and keeps. */
export const ERASURES = { gateway, 'loops-queue': loopsQueue, notifier, tasks, webhooks } as const

/** The collections that exist, as `<service>.<name>`, each with its database. */
export const collectionsOf = async (mongo: Mongo): Promise<ReadonlyMap<string, Db>> => {
  const found = new Map<string, Db>()
  for (const service of Object.keys(ERASURES)) {
    const db = mongo.database(service)
    for (const { name } of await db.listCollections({}, { nameOnly: true }).toArray())
      found.set(`${service}.${name}`, db)
  }
  return found
}

const nameIn = (place: string): string => place.slice(place.indexOf('.') + 1)

/** The documents that name a workspace anywhere, by their collection. */
export const placesOf = async (mongo: Mongo, ws: string): Promise<Record<string, Document[]>> => {
  const places: Record<string, Document[]> = {}
  for (const [place, db] of await collectionsOf(mongo)) {
    const all = await db.collection(nameIn(place)).find().toArray()
    const naming = all.filter((document) => JSON.stringify(document).includes(ws))
    if (naming.length > 0) places[place] = naming
  }
  return places
}

/** The names of collections that may name a deleted workspace. */
export const KEPT_PLACES: ReadonlySet<string> = new Set(
  Object.entries(ERASURES).flatMap(([service, { kept }]) =>
    Object.keys(kept).map((name) => `${service}.${name}`),
  ),
)
