// Dice that can be thrown again, a network that cuts, and a word with the test that started this process.
import { createHash } from 'node:crypto'
import { createInterface } from 'node:readline'

export const settings = JSON.parse(process.env.REVSYNC_CLIENTS)

let state = settings.seed >>> 0
export const roll = () => { // mulberry32
  state = (state + 0x6d2b79f5) >>> 0
  let t = Math.imul(state ^ (state >>> 15), 1 | state)
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
export const pick = (list) => list[Math.floor(roll() * list.length)]
export const hex = (text) => createHash('sha256').update(text).digest('hex')
const shaped = (h) => `${h.slice(0, 8)}-${h.slice(8, 12)}-7${h.slice(13, 16)}-8${h.slice(17, 20)}-${h.slice(20, 32)}`
export const uuid = () => shaped(hex(String(roll()) + String(roll())))
export const idOf = (run, rows) => shaped(hex(run + JSON.stringify(rows)))

export const network = { cuts: 0.25, cut: 0, calls: 0 }

// Before the request or after it: the client can't know which.
const cut = (when) => {
  network.cut += 1
  throw new TypeError(`the line was cut ${when}`)
}

export const api = (token) => async (path, body) => {
  network.calls += 1
  if (roll() < network.cuts / 2) cut('before')
  const answer = await fetch(`${settings.base}/api/v1/sync/${path}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  const text = await answer.text()
  if (roll() < network.cuts / 2) cut('after')
  if (!answer.ok) throw Object.assign(new Error(text), { status: answer.status })
  return JSON.parse(text)
}

export const say = (word) => process.stdout.write(`${JSON.stringify(word)}\n`)
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
export const ask = async (word) => {
  say(word)
  return (await lines.next()).value
}
