// Queries of documents by id that name their workspaces too, so that a sharded MongoDB asks only the shards that have them.
// Pure.
//
// Documents are sharded by workspace. A query by ids alone goes to every shard; one with their workspaces goes to as many as
// these are on. Without sharding it finds the same.

/** A document of a workspace, by name. */
export type Ref = Readonly<{ _id: string; ws: string }>

/** The index that such queries name: by id. Without it, the server might read through one of the workspace. */
export const BY_ID = { _id: 1 } as const

/** Matches these documents. Ask with the hint BY_ID. */
export const these = (refs: readonly Ref[]): Readonly<{ _id: { $in: string[] }; ws: { $in: string[] } }> => ({
  _id: { $in: [...new Set(refs.map(({ _id }) => _id))] },
  ws: { $in: [...new Set(refs.map(({ ws }) => ws))] },
})

/** Matches documents by id, and by their workspaces where each names one. Ask with the hint BY_ID. */
export const byIds = (
  documents: readonly Readonly<{ _id: string; ws?: string | undefined }>[],
): Readonly<{ _id: { $in: string[] }; ws?: { $in: string[] } }> => {
  const known = documents.flatMap(({ ws }) => (ws === undefined ? [] : [ws]))
  const areAll = known.length === documents.length && known.length > 0
  return {
    _id: { $in: documents.map(({ _id }) => _id) },
    ...(areAll ? { ws: { $in: [...new Set(known)] } } : {}),
  }
}
