export const replicateWith = ({ collection, name, replicateRxCollection, api, idOf, live = true, stream$, run = 1 }) => {
  let first = true // a one-shot run may pass over a document that it is just pushing: each run begins one delta back
  return replicateRxCollection({ collection, replicationIdentifier: `revsync-${name}-${run}`, deletedField: '_deleted',
    live, retryTime: live ? 5000 : 50,
    pull: { batchSize: 200, stream$, handler: async (cp, limit) => {
      const cursor = first ? cp?.before : cp?.cursor
      const r = await api('pull/', { cursor, limit, collections: [name], format: 'documents' })
      const before = first ? cp?.cursor : cp?.before
      first = false
      return { documents: r.documents, checkpoint: { cursor: r.cursor, before: typeof before === 'number' ? before : null } } } },
    push: { batchSize: 50, handler: async (rows) => (await api('push/', { rows: { [name]: rows },
      on_conflict: 'reject', push_id: idOf(run, rows) })).conflicts.map((c) => c.record) } })
}
