// What an app needs to sync WatermelonDB with RevSync. A push is kept until it is answered and then sent again
// before the next pull: its records are marked as synced by what was sent, so later edits stay marked.
export const syncWith = ({ database, synchronize, Q, api, uuid, KEY = 'revsync_push' }) => {
  const keep = (push) => database.localStorage.set(KEY, push)
  const settle = (push, no) => database.write(async () => {
    for (const [table, { created, updated, deleted }] of Object.entries(push.changes)) {
      const sent = new Map([...created, ...updated].filter((r) => !no[table]?.includes(r.id)).map((r) => [r.id, r]))
      const rows = await database.get(table).query(Q.where('id', Q.oneOf([...sent.keys()]))).fetch()
      await database.batch(rows.map((row) => row.prepareUpdate(() => {
        const dirty = Object.keys(row.collection.schema.columns).filter((c) => row._raw[c] !== sent.get(row.id)[c])
        row._raw = { ...row._raw, _status: dirty.length ? 'updated' : 'synced', _changed: dirty.join(',') }
      })))
      await database.adapter.destroyDeletedRecords(table, deleted.filter((id) => !no[table]?.includes(id)))
    }
  })
  const send = async (push) => {
    const answer = await api('push/', push).catch((e) => { if (e.status < 429) keep(null); throw e })
    await settle(push, answer.experimentalRejectedIds)
    await keep(null)
    return answer
  }
  return async () => {
    const unanswered = await database.localStorage.get(KEY)
    if (unanswered) await send(unanswered)
    await synchronize({ database, sendCreatedAsUpdated: true, migrationsEnabledAtVersion: 1,
      pullChanges: (a) => api('pull/', a).catch((e) => { if (e.status !== 410) throw e
        return api('pull/', { ...a, lastPulledAt: null }).then((r) => ({ ...r, experimentalStrategy: 'replacement' })) }),
      pushChanges: async (a) => { const push = { ...a, push_id: uuid() }; await keep(push); return send(push) } })
  }
}
