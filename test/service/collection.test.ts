// Opening collections over data of other releases. Older shapes are read, newer ones are refused, and indexes follow the
// code.
import type { Document, IndexDescription } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { type Aggregate, aggregates } from '../../shared/storage/aggregate.ts'
import { lookInto, openCollection, type Upgrade } from '../../shared/storage/collection.ts'
import { connectMongo, ensureIndexes, type Mongo } from '../../shared/storage/mongo.ts'
import { ids, refused } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

let mongo: Mongo
beforeAll(async () => {
  mongo = await connectMongo(freshStack().mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
})
afterAll(() => mongo?.[Symbol.asyncDispose]())

const fresh = () => mongo.database(`tests-${ids.next()}`)
const deps = { service: 'tests', clock, ids, onCommit: () => undefined }

type Named = Aggregate & { name: string; labels: readonly string[] }
const UPGRADES: readonly Upgrade[] = [
  ({ title, ...rest }) => ({ ...rest, name: title }),
  (old) => ({ labels: [], ...old }),
]

describe('documents of an older shape', () => {
  const setting = async () => {
    const db = fresh()
    const opened = await openCollection<Named>(db, 'things', { indexes: [], upgrades: UPGRADES })
    const { collection, read } = opened
    const things = aggregates(opened, deps)
    /** Writes as a replica of the first release does, at any time. */
    const insertOld = async (title: string): Promise<string> => {
      const _id = ids.next()
      await db.collection<Document & { _id: string }>('things').insertOne({
        _id,
        ws: 'w',
        v: 1,
        title,
        outbox: [],
        ledger: [],
      })
      return _id
    }
    const load = async (_id: string) => read((await collection.findOne({ _id })) as Named)
    return { db, collection, things, read, insertOld, load }
  }

  test('are_read_in_the_current_shape_whenever_they_were_inserted', async () => {
    const { collection, things, read, insertOld } = await setting()
    await insertOld('First')
    await things.insert({ _id: ids.next(), ws: 'w', name: 'New', labels: ['a'] }, [])
    await insertOld('Late')
    const found = (await collection.find().sort({ _id: 1 }).toArray()).map(read)
    expect(found.map(({ name, labels }) => ({ name, labels }))).toEqual([
      { name: 'First', labels: [] },
      { name: 'New', labels: ['a'] },
      { name: 'Late', labels: [] },
    ])
  })

  test('are_written_whole_in_the_current_shape_by_their_next_save', async () => {
    const { things, insertOld, load, collection } = await setting()
    const id = await insertOld('Old')
    const before = await load(id)
    await things.save(before, { ...before, labels: ['b'] }, [])
    expect(await collection.findOne({ _id: id })).toMatchObject({
      schema: 3,
      name: 'Old',
      labels: ['b'],
      v: 2,
    })
    expect(await load(id)).toMatchObject({ name: 'Old', labels: ['b'] })
  })

  test('get_the_lists_that_writes_need_by_their_next_save', async () => {
    const db = fresh()
    const upgrades: readonly Upgrade[] = [(old) => ({ outbox: [], ledger: [], ...old })]
    const opened = await openCollection<Named>(db, 'things', { indexes: [], upgrades })
    const _id = ids.next()
    const plain: Document = { _id, ws: 'w', v: 1, name: 'Old', labels: [] }
    await opened.collection.insertOne(plain as Named)
    const before = opened.read((await opened.collection.findOne({ _id })) as Named)
    await aggregates(opened, deps).save(before, { ...before, name: 'New' }, [])
    expect(await opened.collection.findOne({ _id })).toMatchObject({ schema: 2, outbox: [], ledger: [] })
  })

  test('are_upgraded_for_read_only_callers_too_and_newer_ones_are_refused', async () => {
    const { db, insertOld, collection } = await setting()
    const _id = await insertOld('Old')
    const look = lookInto<Named>(db, 'things', { upgrades: UPGRADES })
    const find = async () => look.read((await look.collection.findOne({ _id })) as Named)
    expect(await find()).toMatchObject({ name: 'Old', labels: [] })
    await collection.updateOne({ _id }, { $set: { schema: 4 } })
    await expect(find()).rejects.toThrow('newer release')
  })

  test('of_a_newer_release_are_refused_one_by_one_and_at_startup', async () => {
    const { db, things, collection } = await setting()
    await things.insert({ _id: ids.next(), ws: 'w', name: 'New', labels: [] }, [])
    const older = await refused(
      openCollection<Named>(db, 'things', { indexes: [], upgrades: UPGRADES.slice(1) }),
    )
    expect(older).toMatchObject({
      code: 'unavailable',
      extras: { hint: expect.stringContaining('newer release') },
    })
    await collection.updateMany({}, { $set: { schema: 4 } })
    const { read } = await openCollection<Named>(db, 'things', { indexes: [], upgrades: UPGRADES })
    const found = await collection.findOne({})
    expect(() => read(found as Named)).toThrow('newer release')
  })
})

describe('indexes', () => {
  const names = async (collection: { indexes: () => Promise<Document[]> }) =>
    (await collection.indexes()).map(({ name, key, unique }) => ({
      name,
      key,
      ...(unique ? { unique } : {}),
    }))

  test('are_rebuilt_where_one_of_the_same_name_or_key_differs', async () => {
    const collection = fresh().collection('things')
    await ensureIndexes(collection, [
      { key: { a: 1 }, name: 'first' },
      { key: { b: 1 }, name: 'second' },
      { key: { c: 1 }, name: 'third', unique: true },
      { key: { d: 1 }, name: 'fourth', sparse: true },
    ])
    await ensureIndexes(collection, [
      { key: { a: 1, z: 1 }, name: 'first' },
      { key: { b: 1 }, name: 'renamed' },
      { key: { c: 1, z: 1 }, name: 'third', unique: true },
      { key: { d: 1 }, name: 'fourth' },
    ])
    expect((await names(collection)).slice(1)).toEqual([
      { name: 'third', key: { c: 1, z: 1 }, unique: true },
      { name: 'first', key: { a: 1, z: 1 } },
      { name: 'renamed', key: { b: 1 } },
      { name: 'fourth', key: { d: 1 } },
    ])
    expect((await collection.indexes()).some(({ sparse }) => sparse)).toBe(false)
  })

  test('no_longer_used_are_dropped_by_name_once_the_others_exist', async () => {
    const db = fresh()
    const before = { indexes: [{ key: { a: 1 }, name: 'old' }] }
    const { collection } = await openCollection(db, 'things', before)
    const after = { indexes: [{ key: { b: 1 }, name: 'new' }], retired: ['old', 'older'] }
    for (let starts = 0; starts < 2; starts += 1) {
      await openCollection(db, 'things', after)
      expect((await names(collection)).map(({ name }) => name)).toEqual(['_id_', 'new'])
    }
  })

  test('are_rebuilt_by_replicas_that_start_at_the_same_moment', async () => {
    const collection = fresh().collection('things')
    const stated = (order: 1 | -1): IndexDescription[] => [
      { key: { a: order, b: 1 }, name: 'first' },
      { key: { c: order, b: 1 }, name: 'second', unique: true },
    ]
    await collection.insertMany(Array.from({ length: 2_000 }, (_, n) => ({ a: n, b: n, c: n })))
    await ensureIndexes(collection, stated(1))
    await Promise.all(Array.from({ length: 4 }, () => ensureIndexes(collection, stated(-1))))
    expect((await names(collection)).slice(1)).toEqual(
      expect.arrayContaining([
        { name: 'first', key: { a: -1, b: 1 } },
        { name: 'second', key: { c: -1, b: 1 }, unique: true },
      ]),
    )
  })

  test('are_built_in_the_background_unless_they_are_unique', async () => {
    const collection = fresh().collection('things')
    await collection.insertMany(Array.from({ length: 20_000 }, (_, n) => ({ n, text: 'x'.repeat(200) })))
    const unique = { key: { n: 1 }, name: 'unique', unique: true }
    await ensureIndexes(collection, [unique, { key: { text: 1, n: -1 }, name: 'slow' }], {
      patience_ms: 0,
    })
    expect((await names(collection)).map(({ name }) => name)).toContain('unique')
    await expect.poll(async () => (await names(collection)).map(({ name }) => name)).toContain('slow')
  })
})
