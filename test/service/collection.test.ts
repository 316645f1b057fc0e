// Opening collections over data of other releases: older shapes are read, newer ones refused, indexes follow the code.
import type { Document } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Aggregate, aggregates } from '../../shared/aggregate.ts'
import { systemClock as clock } from '../../shared/clock.ts'
import { createLog } from '../../shared/log.ts'
import { connectMongo, ensureIndexes, type Mongo } from '../../shared/mongo.ts'
import { openCollection, type Upgrade } from '../../shared/store-collection.ts'
import { ids, refused } from '../support/service-bed.ts'
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
    const { collection, read, schema } = await openCollection<Named>(db, 'things', {
      indexes: [],
      upgrades: UPGRADES,
    })
    const things = aggregates(collection, { ...deps, schema })
    /** As a replica of the first release does, at any time. */
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

  test('are_read_in_the_present_one_whenever_they_were_inserted', async () => {
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

  test('are_written_whole_in_the_present_one_by_their_next_save', async () => {
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

  test('of_a_newer_release_are_refused_one_by_one_and_at_the_start', async () => {
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

  test('are_made_anew_where_one_of_the_same_name_or_key_differs', async () => {
    const collection = fresh().collection('things')
    await ensureIndexes(collection, [
      { key: { a: 1 }, name: 'first' },
      { key: { b: 1 }, name: 'second' },
      { key: { c: 1 }, name: 'third', unique: true },
    ])
    await ensureIndexes(collection, [
      { key: { a: 1, z: 1 }, name: 'first' },
      { key: { b: 1 }, name: 'renamed' },
      { key: { c: 1, z: 1 }, name: 'third', unique: true },
    ])
    expect((await names(collection)).slice(1)).toEqual([
      { name: 'third', key: { c: 1, z: 1 }, unique: true },
      { name: 'first', key: { a: 1, z: 1 } },
      { name: 'renamed', key: { b: 1 } },
    ])
  })

  test('are_built_on_behind_the_start_unless_they_are_unique', async () => {
    const collection = fresh().collection('things')
    await collection.insertMany(Array.from({ length: 20_000 }, (_, n) => ({ n, text: 'x'.repeat(200) })))
    const unique = { key: { n: 1 }, name: 'unique', unique: true }
    await ensureIndexes(collection, [unique, { key: { text: 1, n: -1 }, name: 'slow' }], undefined, 0)
    expect((await names(collection)).map(({ name }) => name)).toContain('unique')
    await expect.poll(async () => (await names(collection)).map(({ name }) => name)).toContain('slow')
  })
})
