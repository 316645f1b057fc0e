// Which collections a sharded MongoDB spreads over its shards, by which key, and which stay whole and why.
//
// The list is derived from what each service says that it erases with a workspace (services/*/erasures.ts), which a test
// compares with the database. So a new collection is here before it is forgotten.
import { ERASURES } from '../erased-places.ts'

/** A collection that is spread, as `<service>.<name>`. */
export type Sharded = Readonly<{ place: string; key: Readonly<Record<string, 1 | 'hashed'>> }>

/** The journal of events, which has a document for each: spread by its ids, because the sweeps read it whole anyhow. */
const JOURNAL = 'events'

/** Why collections of a workspace's data stay on one shard. */
const WHOLE: Readonly<Record<string, string>> = {
  dead_letters: 'a few documents, each found by its id',
}
const OF_GATEWAY =
  'accounts and credentials are found by an address, a secret or an id before any workspace is known; they grow with the people, not with the work'

const services = Object.entries(ERASURES)

/** What is spread, in the order of the services. */
export const SHARDED: readonly Sharded[] = services.flatMap(([service, { erased }]) => [
  ...(service === 'gateway' ? [] : erased)
    .filter(({ name }) => !(name in WHOLE))
    .map(({ name }): Sharded => ({ place: `${service}.${name}`, key: { ws: 1 } })),
  { place: `${service}.${JOURNAL}`, key: { _id: 'hashed' } },
])

/** What stays whole, each collection with the reason. */
export const WHOLE_PLACES: ReadonlyMap<string, string> = new Map(
  services.flatMap(([service, { erased, kept }]) => [
    ...erased.flatMap(({ name }): [string, string][] => {
      const why = service === 'gateway' ? OF_GATEWAY : WHOLE[name]
      return why === undefined ? [] : [[`${service}.${name}`, why]]
    }),
    ...Object.entries(kept).flatMap(([name, why]): [string, string][] =>
      name === JOURNAL ? [] : [[`${service}.${name}`, why]],
    ),
  ]),
)

/** The name of a service's database, after the prefix. */
export const databaseOf = (service: string): string => service.replaceAll('-', '_')

/** The service and collection of a command, as `<service>.<name>`; undefined for the database of no service. */
export const placeOf = (database: string, collection: string): string | undefined => {
  const found = services.find(([service]) => database.endsWith(`_${databaseOf(service)}`))
  return found && `${found[0]}.${collection}`
}
