// What other services ask about loops, in MongoDB: their status, visibility and readers, whoever asks.
// Apart from the other queries, because loop-store.ts is as long as a file may be.
import type { Collection } from 'mongodb'
import type { LoopDoc } from './loop-store.ts'

/** Queries of other services about loops. */
export const loopsForServices = (collection: Collection<LoopDoc>) => ({
  /** Status and visibility of these loops, forming ones too. */
  listStates: (
    ws: string,
    among: readonly string[],
  ): Promise<Pick<LoopDoc, '_id' | 'status' | 'visibility'>[]> =>
    collection
      .find({ _id: { $in: [...among] }, ws })
      .project<Pick<LoopDoc, '_id' | 'status' | 'visibility'>>({ status: 1, visibility: 1 })
      .toArray(),

  /** Who may see these loops. */
  listReaders: (
    ws: string,
    among: readonly string[],
  ): Promise<Pick<LoopDoc, '_id' | 'name' | 'visibility' | 'readers'>[]> =>
    collection
      .find({ _id: { $in: [...among] }, ws })
      .project<Pick<LoopDoc, '_id' | 'name' | 'visibility' | 'readers'>>({
        name: 1,
        visibility: 1,
        readers: 1,
      })
      .toArray(),
})
