// Several browsers with RxDB: random edits without a signal, cut lines, retries; then they must agree.
import { createRxDatabase, deepEqual } from 'rxdb/plugins/core'
import { replicateRxCollection } from 'rxdb/plugins/replication'
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory'

import { replicateWith } from './glue/rxdb.mjs'
import { api, idOf, network, pick, roll, say, settings, uuid } from './tool.mjs'

const FIELDS = ['nickname', 'vin', 'colour'] // each browser edits one of them: whatever it wrote last must survive
const text = { type: 'string' }
const schema = { version: 0, primaryKey: 'id', type: 'object', required: ['id'],
  properties: { id: { type: 'string', maxLength: 36 }, nickname: text, vin: text, colour: text, odometer_km: { type: 'number' },
    rev: { type: 'number' }, tags: { type: 'array' }, serviced_at: { type: ['string', 'null'] }, created_at: text, updated_at: text } }

// RxDB's own handler drops the local edit; this one keeps the fields that were changed here.
const conflictHandler = {
  isEqual: (a, b) => deepEqual(a, b),
  resolve: ({ newDocumentState: mine, assumedMasterState: base, realMasterState: theirs }) => theirs._deleted ? theirs
    : { ...theirs, ...Object.fromEntries(Object.keys(mine).filter((k) => FIELDS.includes(k) && !deepEqual(mine[k], base?.[k]))
      .map((k) => [k, mine[k]])), _deleted: mine._deleted },
}

const browser = async (number) => {
  const database = await createRxDatabase({ name: `browser${number}`, storage: getRxStorageMemory(), multiInstance: false })
  const { bikes } = await database.addCollections({ bikes: { schema, conflictHandler } })
  return { number, bikes, field: FIELDS[number], call: api(settings.tokens[number]) }
}

const wrote = {}
const deleted = new Set()
let count = 0
const edit = async ({ bikes, field, number }) => {
  const rows = await bikes.find().exec()
  const chance = roll()
  const value = `${field[0]}${number}-${(count += 1)}`
  if (!rows.length || chance < 0.3) {
    const id = uuid()
    await bikes.insert({ id, nickname: 'new', vin: '', colour: '', odometer_km: count, [field]: value })
    wrote[id] = { [field]: value }
  } else if (chance < 0.92) {
    const row = pick(rows)
    await row.incrementalPatch({ [field]: value })
    wrote[row.id] = { ...wrote[row.id], [field]: value }
  } else {
    const row = pick(rows)
    await row.remove()
    deleted.add(row.id)
  }
}

const once = async ({ bikes, call }) => {
  const run = replicateWith({ collection: bikes, name: 'test_bikes', replicateRxCollection, api: call, idOf, live: false })
  await run.awaitInitialReplication()
  await run.cancel()
}

const browsers = await Promise.all(settings.tokens.map((_, number) => browser(number)))
for (let turn = 0; turn < settings.turns; turn += 1) {
  const one = pick(browsers)
  for (let n = Math.floor(roll() * 4); n >= 0; n -= 1) await edit(one)
  if (roll() < 0.6) await once(one)
}
network.cuts = 0
for (let round = 0; round < 4; round += 1) for (const one of browsers) await once(one)
const states = async ({ bikes }) => Object.fromEntries((await bikes.find().exec()).map((row) => [row.id, row.toJSON()]))
say({ phase: 'done', wrote, deleted: [...deleted], network, phones: await Promise.all(browsers.map(states)) })
process.exit(0)
