// The limit on active loops, for every way by which a loop becomes active.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { LoopDoc } from '../../services/loops-queue/loop-store.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo, type Mongo } from '../../shared/storage/mongo.ts'
import { ids, openEnvironment, person, type TestEnvironment } from '../support/service-environment.ts'

let env: TestEnvironment
let mongo: Mongo
beforeAll(async () => {
  env = await openEnvironment()
  await env.start('loops-queue')
  mongo = await connectMongo(env.mongodbUrl, createLog({ filter: 'error', topic: 'test' }))
})
afterAll(async () => {
  await mongo?.[Symbol.asyncDispose]()
  await env?.[Symbol.asyncDispose]()
})

test('refused_beyond_the_limit_until_a_loop_is_put_on_hold', async () => {
  const ann = person(ids.next())
  const service = env.as(loopsQueue, ann)
  const { loop } = await service.create_loop({ name: 'Held' })
  const held = loop.id
  await service.close_loop({ loop_id: held })
  const collection = mongo.database('loops-queue').collection<LoopDoc>('loops')
  const { outbox: _, ledger: __, ...one } = (await collection.findOne({ _id: held })) as LoopDoc
  const many = Array.from({ length: LIMITS.active_loops - 1 }, () => ({
    ...one,
    _id: ids.next(),
    status: 'active' as const,
    status_key: ids.next(),
    // As a creator that dies leaves it: the order does not have it yet.
    unqueued: ids.next(),
    outbox: [],
    ledger: [],
  }))
  await collection.insertMany(many)
  const last = await service.create_loop({ name: 'The last one' })
  expect(last.loop.priority).toBe(LIMITS.active_loops - 1)
  const over = { code: 'limit_exceeded', extras: { details: { limit: 5_000, size: 5_001 } } }
  await expect(service.create_loop({ name: 'Too many' })).rejects.toMatchObject(over)
  await expect(service.reopen_loop({ loop_id: held })).rejects.toMatchObject(over)
  const formed = service.create_loop_from_tasks({ loop_name: 'Too many', task_ids: [ids.next()] })
  await expect(formed).rejects.toMatchObject(over)
  expect(await service.reopen_loop({ loop_id: last.loop.id })).toMatchObject({ changed: false })
  await service.close_loop({ loop_id: last.loop.id })
  expect(await service.reopen_loop({ loop_id: held })).toMatchObject({
    changed: true,
    loop: { priority: 0 },
  })
  const all = [held, ...many.map(({ _id }) => _id)]
  expect(await service.reorder_loops({ loop_ids: all.toReversed() })).toMatchObject({
    changed: true,
    total: 5_000,
  })
})
