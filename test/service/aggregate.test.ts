// The one way to write, over the real database: what a save leaves alone, and how long a key is remembered.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ownCall } from '../../shared/bus/headers.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { createLog } from '../../shared/process/log.ts'
import { type Aggregate, type Aggregates, aggregates } from '../../shared/storage/aggregate.ts'
import { openCollection } from '../../shared/storage/collection.ts'
import { changeByRequest } from '../../shared/storage/command.ts'
import type { Repeatable } from '../../shared/storage/idempotency.ts'
import { LEDGER_ENTRIES, RESULT_BYTES } from '../../shared/storage/ledger.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { openRequests } from '../../shared/storage/request-store.ts'
import { ids, refused } from '../support/service-environment.ts'
import { freshStack } from '../support/stack.ts'

type Note = Aggregate & { text: string; tags: readonly string[]; beaten_at?: Date; color?: string }

let mongo: Mongo
beforeAll(async () => {
  mongo = await connectMongo(freshStack().mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
})
afterAll(() => mongo?.[Symbol.asyncDispose]())

const openNotes = async () => {
  const db = mongo.database('tests')
  const deps = {
    service: 'tests',
    clock,
    ids,
    onCommit: () => undefined,
    requests: await openRequests(db, clock),
  }
  const opened = await openCollection<Note>(db, 'notes', { indexes: [] })
  const { collection } = opened
  const notes = aggregates(opened, deps)
  const make = async (text: string): Promise<Note> =>
    (await notes.insert({ _id: ids.next(), ws: 'w', text, tags: ['a'] }, [])) as Note
  const load = async (id: string): Promise<Note> => (await collection.findOne({ _id: id })) as Note
  return { collection, notes, make, load }
}

const ask = (key: string, hash = 'h'): Repeatable => ({ key, hash })
const call = () => ownCall(clock, ids.next())

/** Sets the text as a command does. */
const setText = (
  notes: Aggregates<Note>,
  load: () => Promise<Note>,
  text: string,
  request?: Repeatable,
  expected_version?: number,
) =>
  changeByRequest(
    notes,
    { call: call(), request, expected_version },
    async () => {
      const document = await load()
      return {
        document,
        decide: async () =>
          document.text === text
            ? { result: { changed: false } }
            : {
                result: { changed: true },
                save: (because) => notes.save(document, { ...document, text }, [], because),
              },
      }
    },
    ids.random,
  )

describe('save', () => {
  test('leaves_alone_fields_that_others_wrote_meanwhile', async () => {
    const { collection, notes, make, load } = await openNotes()
    const before = await make('Old')
    const beaten_at = new Date()
    await collection.updateOne({ _id: before._id }, { $set: { beaten_at, tags: ['b'] } })
    await notes.save(before, { ...before, text: 'New' }, [])
    expect(await load(before._id)).toMatchObject({ text: 'New', tags: ['b'], beaten_at, v: 2 })
  })

  test('removes_fields_that_no_longer_exist', async () => {
    const { notes, make, load } = await openNotes()
    const made = await make('Old')
    const colored = (await notes.save(made, { ...made, color: 'red' }, [])) as Note
    const { color: _, ...plain } = colored
    await notes.save(colored, plain, [])
    expect(await load(made._id)).not.toHaveProperty('color')
  })
})

describe('a key', () => {
  test('answers_however_many_others_came_between', async () => {
    const { notes, make, load } = await openNotes()
    const { _id } = await make('Start')
    const at = () => load(_id)
    const first = await setText(notes, at, 'First', ask('first'))
    for (let n = 0; n < 60; n += 1) await setText(notes, at, `Text ${n % 7}`, ask(`key ${n}`))
    const { v } = await at()
    expect(await setText(notes, at, 'First', ask('first'))).toEqual({ result: first.result, saved: null })
    expect(await at()).toMatchObject({ v, text: 'Text 3' })
    expect((await at()).ledger.length).toBeLessThanOrEqual(LEDGER_ENTRIES)
    const refusal = await refused(setText(notes, at, 'First', ask('first', 'another')))
    expect(refusal.code).toBe('idempotency_conflict')
  })

  test('answers_after_many_at_once_changed_nothing', async () => {
    const { notes, make, load } = await openNotes()
    const { _id } = await make('Same')
    const at = () => load(_id)
    const keys = Array.from({ length: 64 }, (_, n) => `same ${n}`)
    await Promise.all(keys.map((key) => setText(notes, at, 'Same', ask(key))))
    await setText(notes, at, 'Changed')
    for (const key of keys)
      expect((await setText(notes, at, 'Same', ask(key))).result).toEqual({ changed: false })
    expect(await at()).toMatchObject({ text: 'Changed', v: 2 })
  })

  test('takes_effect_once_however_many_ask_at_once', async () => {
    const { notes, make, load } = await openNotes()
    const { _id } = await make('Old')
    const asked = Array.from({ length: 20 }, () => setText(notes, () => load(_id), 'New', ask('once')))
    const answers = await Promise.all(asked)
    expect(answers.filter(({ saved }) => saved)).toHaveLength(1)
    expect(new Set(answers.map(({ result }) => result.changed))).toEqual(new Set([true]))
    expect(await load(_id)).toMatchObject({ v: 2 })
  })

  test('is_found_in_a_ledger_of_an_earlier_release_and_stays_so_when_that_is_moved', async () => {
    const { collection, notes, make, load } = await openNotes()
    const { _id } = await make('Old')
    const ledger = Array.from({ length: 50 }, (_, n) => ({
      ...ask(`old ${n}`),
      at: new Date(),
      result: { changed: true, n },
    }))
    await collection.updateOne({ _id }, { $set: { ledger } })
    const at = () => load(_id)
    expect((await setText(notes, at, 'x', ask('old 7'))).result).toEqual({ changed: true, n: 7 })
    await setText(notes, at, 'New', ask('new'))
    expect((await at()).ledger.map(({ key }) => key)).toEqual(['new'])
    expect((await setText(notes, at, 'x', ask('old 7'))).result).toEqual({ changed: true, n: 7 })
  })

  test('is_refused_with_an_answer_too_large_to_remember', async () => {
    const { notes, make, load } = await openNotes()
    const before = await make('Old')
    const because = { request: ask('large'), result: 'x'.repeat(RESULT_BYTES) }
    await expect(notes.save(before, { ...before, text: 'New' }, [], because)).rejects.toThrow('too large')
    expect(await load(before._id)).toMatchObject({ v: 1, text: 'Old', ledger: [] })
  })
})

describe('expected_version', () => {
  test('conflicts_only_when_something_would_change', async () => {
    const { notes, make, load } = await openNotes()
    const { _id } = await make('Now')
    const at = () => load(_id)
    expect(await setText(notes, at, 'Now', undefined, 7)).toMatchObject({ result: { changed: false } })
    const refusal = await refused(setText(notes, at, 'Later', undefined, 7))
    expect(refusal).toMatchObject({
      code: 'version_conflict',
      extras: { details: { expected: 7, current: 1 } },
    })
  })
})
