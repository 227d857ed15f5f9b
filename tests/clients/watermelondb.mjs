// Several phones with WatermelonDB: random edits without a signal, cut lines, retries; then they must agree.
import { createRequire } from 'node:module'

import { syncWith } from './glue/watermelondb.mjs'
import { api, ask, network, pick, roll, say, settings, uuid } from './tool.mjs'

const require = createRequire(import.meta.url)
const { Database, Model, Q, appSchema, tableSchema } = require('@nozbe/watermelondb')
const { default: LokiJSAdapter } = require('@nozbe/watermelondb/adapters/lokijs')
const { LokiMemoryAdapter } = require('lokijs')
const { synchronize } = require('@nozbe/watermelondb/sync')
const { schemaMigrations } = require('@nozbe/watermelondb/Schema/migrations')
const { setGenerator } = require('@nozbe/watermelondb/utils/common/randomId')
setGenerator(uuid)

const FIELDS = ['nickname', 'vin', 'colour'] // each phone edits one of them: whatever it wrote last must survive
const schema = appSchema({ version: 1, tables: [
  tableSchema({ name: 'test_bikes', columns: [...FIELDS.map((name) => ({ name, type: 'string' })),
    { name: 'odometer_km', type: 'number' }, { name: 'rev', type: 'number' }] }),
  tableSchema({ name: 'test_parts', columns: [{ name: 'bike_id', type: 'string' }, { name: 'title', type: 'string' }] }),
  tableSchema({ name: 'app_settings', columns: [{ name: 'theme', type: 'string' }] }),
] })
class Bike extends Model { static table = 'test_bikes' }
class Part extends Model { static table = 'test_parts' }
class Setting extends Model { static table = 'app_settings' }

const phone = (number) => {
  const adapter = new LokiJSAdapter({ schema, migrations: schemaMigrations({ migrations: [] }), useWebWorker: false,
    useIncrementalIndexedDB: true, dbName: `phone${number}`, extraLokiOptions: { autosave: false },
    _testLokiAdapter: new LokiMemoryAdapter() })
  const database = new Database({ adapter, modelClasses: [Bike, Part, Setting] })
  const sync = syncWith({ database, synchronize, Q, api: api(settings.tokens[number]), uuid })
  return { number, database, field: FIELDS[number], sync, bikes: database.get('test_bikes'), parts: database.get('test_parts') }
}

const wrote = {} // id -> field -> the last value
const deleted = new Set()
const parts = new Map()
let count = 0

const edit = ({ database, bikes, parts: table, field, number }) => database.write(async () => {
  const all = await bikes.query().fetch()
  const rows = roll() < 0.5 ? all : all.filter(({ _raw }) => _raw._status !== 'synced') // often what is still unsynced
  const chance = roll()
  const value = `${field[0]}${number}-${(count += 1)}`
  if (!all.length || chance < 0.25) {
    const row = await bikes.create((bike) => { bike._setRaw(field, value); bike._setRaw('nickname', field === 'nickname' ? value : 'new')
      bike._setRaw('odometer_km', count) })
    wrote[row.id] = { [field]: value }
  } else if (!rows.length) {
    return
  } else if (chance < 0.8) {
    const row = pick(rows)
    await row.update((bike) => bike._setRaw(field, value))
    wrote[row.id] = { ...wrote[row.id], [field]: value }
  } else if (chance < 0.88) {
    const row = pick(rows)
    const used = await table.query(Q.where('bike_id', row.id)).fetchCount()
    if (used || [...parts.values()].includes(row.id)) return
    await row.markAsDeleted()
    deleted.add(row.id)
  } else {
    const row = pick(rows)
    if (deleted.has(row.id)) return
    const part = await table.create((each) => { each._setRaw('bike_id', row.id); each._setRaw('title', value) })
    parts.set(part.id, row.id)
  }
})

const attempt = async ({ sync }) => {
  try { await sync() } catch (problem) {
    if (!(problem instanceof TypeError)) throw problem // only the cut line is expected
  }
}

const phones = settings.tokens.map((_, number) => phone(number))
const live = async (turns) => {
  for (let turn = 0; turn < turns; turn += 1) {
    const one = pick(phones)
    for (let n = Math.floor(roll() * 4); n >= 0; n -= 1) await edit(one)
    if (roll() < 0.6) await attempt(one)
  }
}
const settle = async () => {
  network.cuts = 0
  for (let round = 0; round < 3; round += 1) for (const one of phones) await one.sync()
}

await live(settings.turns)
await ask({ phase: 'restored' }) // the test restores the database: every cursor is refused now
await live(Math.ceil(settings.turns / 3))
await settle()
const raws = async (table) => Object.fromEntries((await table.query().fetch()).map((row) => [row.id, row._raw]))
say({ phase: 'done', wrote, deleted: [...deleted], parts: Object.fromEntries(parts), network,
  phones: await Promise.all(phones.map(async ({ bikes, parts: table }) => ({ bikes: await raws(bikes), parts: await raws(table) }))) })
process.exit(0)
