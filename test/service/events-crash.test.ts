// A service is killed between publishing an event and removing it from its document. Another process finishes, and the
// stream, the journal and the activity have the event once.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { JOURNAL } from '../../shared/events/journal-store.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { openEnvironment, person, type TestEnvironment } from '../support/service-environment.ts'

let env: TestEnvironment
let stack: AsyncDisposableStack

beforeAll(async () => {
  env = await openEnvironment()
  stack = new AsyncDisposableStack()
})
afterAll(async () => {
  await stack?.disposeAsync()
  await env?.[Symbol.asyncDispose]()
})

test.each(['relay.published', 'relay.recorded', 'relay.journaled'])(
  'published_once_when_killed_at_%s',
  async (step) => {
    const ws = step.replace('.', '-')
    const mongo = stack.use(await connectMongo(env.mongodbUrl, createLog({ filter: 'error', topic: 'test' })))
    const db = mongo.database(tasks.name)
    const waiting = () => db.collection('tasks').countDocuments({ ws, 'outbox.0': { $exists: true } })
    const { died } = await env.startFaulty(tasks.name, step)
    const asked = env.as(tasks, person(ws), 3_000).create_task({ title: 'published and not confirmed' })
    expect(await died).toBe('SIGKILL')
    await asked.catch(() => undefined)
    expect(await waiting()).toBe(1)
    await using _ = await env.start(tasks.name)
    await expect.poll(waiting).toBe(0)
    const [published, ...more] = await env.events(tasks.name, ws, (events) => events.length > 0)
    const { state } = await env.bus.jsm.streams.info(EVENTS_STREAM, {
      subjects_filter: `evt.tasks.*.*.${ws}`,
    })
    expect([more.length, Object.values(state.subjects ?? {})]).toEqual([0, [1]])
    expect(await db.collection<{ _id: string }>(JOURNAL).countDocuments({ _id: published?.id ?? '' })).toBe(1)
    const acts = await db.collection<{ _id: string }>('activity').find({ ws }).toArray()
    expect(acts.map(({ _id }) => _id)).toEqual([published?.id])
  },
)
