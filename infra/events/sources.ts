// Reads the records of a snapshot from the databases of the services.
// No service needs to run for that.
import { records as members } from '../../services/gateway/accounts/record-store.ts'
import { records as loops } from '../../services/loops-queue/record-store.ts'
import { records as filed } from '../../services/tasks/record-store.ts'
import type { Bus } from '../../shared/bus/connect.ts'
import type { Visibility } from '../../shared/contracts/define/common.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { isPublished, type RecordSource } from '../../shared/events/record-store.ts'
import type { SnapshotSources } from '../../shared/events/snapshot.ts'
import { readStream } from '../../shared/events/streams.ts'
import { lookInto } from '../../shared/storage/collection.ts'
import type { Mongo } from '../../shared/storage/mongo.ts'
import { readEpoch } from '../../shared/storage/restore-store.ts'

const SOURCES: Readonly<Record<string, readonly RecordSource[]>> = {
  [gateway.name]: members,
  [loopsQueue.name]: loops,
  [tasks.name]: filed,
}

/** The part of a loop that is read. */
type Seen = { _id: string; visibility: Visibility }

/** The services' databases and the stream, as the sources of a snapshot. @throws AppError as `readEpoch`. */
export const openSources = async (mongo: Mongo, bus: Bus): Promise<SnapshotSources> => ({
  epoch: await readEpoch(mongo.database(gateway.name)),
  isPublished: (service, before) => isPublished(mongo.database(service), SOURCES[service] ?? [], before),
  list: async ({ service, type }, workspace_id, after) => {
    const source = SOURCES[service]?.find((one) => one.type === type)
    if (!source) throw new Error(`there are no records ${type} of ${service}`)
    return await source.page(mongo.database(service), workspace_id, after)
  },
  visibilityOf: async (places) => {
    const loops = lookInto<Seen>(mongo.database(loopsQueue.name), 'loops')
    const found = await loops.collection
      .find({ _id: { $in: places.map(({ id }) => id) } })
      .project<Seen>({ schema: 1, visibility: 1 })
      .toArray()
    return new Map(found.map((one) => [one._id, loops.read(one).visibility]))
  },
  stream: () => readStream(bus),
})
