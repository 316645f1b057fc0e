// Uploaded imports in their store: one run works on each, a run that was left is taken over, and every query is bounded.
import type { Db } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isLeft } from '../../services/gateway/web/import/import-runs.ts'
import { openUploads, type Upload, type UploadStore } from '../../services/gateway/web/import/import-store.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { expectBounded, profiled } from '../support/profile.ts'
import { ids } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

const MANY = 300
const NOW = clock.now()
const at = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1_000)
const FILES = [{ path: 'issues.jsonl', text: '{"id": "a"}' }]

let mongo: Mongo
let db: Db
let uploads: UploadStore
beforeAll(async () => {
  mongo = await connectMongo(freshStack().mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
  db = mongo.database('gateway')
  uploads = await openUploads(db)
})
afterAll(async () => {
  await mongo?.[Symbol.asyncDispose]()
})

const upload = (more: Partial<Upload> = {}): Upload => ({
  _id: ids.next(),
  ws: ids.next(),
  user_id: ids.next(),
  source: 'beads',
  project: '',
  into: null,
  approve: false,
  preview: { created: 1, updated: 0, unchanged: 0, comments: 0, loops: [], groups: [] },
  state: 'waiting',
  done: 0,
  total: 1,
  report: null,
  fault: null,
  run: null,
  lease_until: null,
  created_at: NOW,
  expires_at: at(24 * 60 * 60),
  ...more,
})
const kept = async (more: Partial<Upload> = {}): Promise<Upload> => {
  const one = upload(more)
  await uploads.insert(one, FILES)
  return one
}
const find = ({ ws, user_id, _id }: Upload) => uploads.find(ws, user_id, _id)

describe('of several who begin an upload', () => {
  test('one does, and the others find it running', async () => {
    const one = await kept()
    const claims = await Promise.all(['a', 'b', 'c'].map((run) => uploads.claim(one, run, NOW, at(60))))
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1)
    expect((await find(one))?.state).toBe('running')
  })

  test('who comes once it was left takes it over, and the first finds that out', async () => {
    const one = await kept()
    expect(await uploads.claim(one, 'first', NOW, at(60))).toMatchObject({ run: 'first' })
    expect(await uploads.note(one, 'first', { done: 1, lease_until: at(90) })).toBe(true)
    const running = await find(one)
    expect(running && [isLeft(running, at(89)), isLeft(running, at(90))]).toEqual([false, true])
    expect(await uploads.claim(one, 'second', at(89), at(149))).toBeNull()
    expect(await uploads.claim(one, 'second', at(90), at(150))).toMatchObject({ run: 'second', done: 1 })
    expect(await uploads.note(one, 'first', { state: 'failed', fault: 'late' })).toBe(false)
    expect(await uploads.note(one, 'second', { state: 'done' })).toBe(true)
    expect(await find(one)).toMatchObject({ state: 'done', fault: null })
    // What is done is not begun again.
    expect(await uploads.claim(one, 'third', at(900), at(960))).toBeNull()
  })

  test('one that failed is begun again, by its person alone', async () => {
    const one = await kept()
    await uploads.claim(one, 'first', NOW, at(60))
    await uploads.note(one, 'first', { state: 'failed', fault: 'why' })
    expect(await uploads.claim({ ...one, user_id: ids.next() }, 'other', at(1), at(61))).toBeNull()
    expect(await uploads.claim({ ...one, ws: ids.next() }, 'other', at(1), at(61))).toBeNull()
    expect(await uploads.claim(one, 'second', at(1), at(61))).toMatchObject({ run: 'second', fault: null })
  })
})

test('a new upload takes the place of the one that waits, and of no other', async () => {
  const waiting = await kept()
  const own = { ws: waiting.ws, user_id: waiting.user_id }
  const running = upload({ ...own, state: 'running' })
  const others = await kept({ ws: waiting.ws })
  await uploads.insert(running, FILES)
  expect(await find(waiting)).toBeNull()
  await kept(own)
  expect(await find(running)).not.toBeNull()
  expect(await find(others)).not.toBeNull()
  expect(await uploads.files(running.ws, running._id)).toEqual(FILES)
})

test('every query uses an index, however many uploads there are', async () => {
  for (let n = 0; n < MANY; n += 1) await kept()
  const one = await kept()
  const commands = await profiled(db, ['uploads'], async () => {
    await find(one)
    await uploads.files(one.ws, one._id)
    await uploads.claim(one, 'run', NOW, at(60))
    await uploads.note(one, 'run', { done: 1 })
    await kept({ ws: one.ws, user_id: one.user_id })
  })
  expect(commands.map(({ op }) => op).toSorted()).toEqual(['command', 'query', 'query', 'remove', 'update'])
  expectBounded(commands, 1)
})

test('what was left goes after a day', async () => {
  const expiring = (await db.collection('uploads').indexes()).filter(
    ({ expireAfterSeconds }) => expireAfterSeconds === 0,
  )
  expect(expiring).toMatchObject([{ key: { expires_at: 1 } }])
})
