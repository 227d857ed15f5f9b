export const syncWith = ({ database, synchronize, Q, api, uuid }) => {
  const keep = (push) => database.localStorage.set('revsync_push', push)
  const send = async (push) => { // kept until it is answered; what was edited since it was made stays marked
    const { experimentalRejectedIds: no } = await api('push/', push).catch((e) => { if (e.status < 429) keep(null); throw e })
    await database.write(async () => { for (const [table, { created, updated }] of Object.entries(push.changes)) {
      const sent = new Map([...created, ...updated].filter((r) => !no[table]?.includes(r.id)).map((r) => [r.id, r]))
      await database.batch((await database.get(table).query(Q.where('id', Q.oneOf([...sent.keys()]))).fetch()).map((row) =>
        row.prepareUpdate(() => { const dirty = Object.keys(row.collection.schema.columns).filter((c) => row._raw[c] !== sent.get(row.id)[c])
          row._raw = { ...row._raw, _status: dirty.length ? 'updated' : 'synced', _changed: dirty.join() } }))) } })
    return keep(null).then(() => ({ experimentalRejectedIds: no })) }
  return async () => { const unanswered = await database.localStorage.get('revsync_push'); if (unanswered) await send(unanswered)
    await synchronize({ database, sendCreatedAsUpdated: true, migrationsEnabledAtVersion: 1,
      pullChanges: (a) => api('pull/', a).catch((e) => { if (e.status !== 410) throw e
        return api('pull/', { ...a, lastPulledAt: null }).then((r) => ({ ...r, experimentalStrategy: 'replacement' })) }),
      pushChanges: async (a) => { const push = { ...a, push_id: uuid() }; await keep(push); return send(push) } }) } }
