// Data that a newer release has written: a service of this one does not start on it, says why and what to do, and leaves it.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { MIGRATOR, startServices } from '../../services/start.ts'
import { TEST_SECRET } from '../support/keys.ts'
import { freshStack } from '../support/stack.ts'

const RUN = join(import.meta.dirname, '..', '..', 'services', 'run.ts')
const LIMIT_MS = 90_000

test.each([
  ['tasks', 'tasks'],
  ['loops-queue', 'loops'],
])(
  '%s_does_not_start_where_%s_are_of_a_newer_release',
  async (service, collection) => {
    const stack = freshStack()
    const env = {
      NATS_URL: stack.natsUrl,
      MONGODB_URL: stack.mongodbUrl,
      LOOPS_SECRET: TEST_SECRET,
      LOG: 'error',
    }
    await using _ = await startServices(env, { names: [MIGRATOR] })
    await using client = new MongoClient(stack.mongodbUrl)
    const prefix = new URL(stack.mongodbUrl).pathname.slice(1)
    const db = client.db(`${prefix}_${service.replaceAll('-', '_')}`)
    const mark = { _id: collection as never, schema: 99 }
    await db.collection('schemas').insertOne(mark)
    const newer = { _id: 'of a newer release' as never, schema: 99, state: 'unknown' }
    await db.collection(collection).insertOne(newer)

    const { code, said } = await new Promise<Readonly<{ code: unknown; said: string }>>((resolve) => {
      const options = { env: { PATH: process.env.PATH, ...env }, timeout: LIMIT_MS }
      execFile(process.execPath, [RUN, service], options, (error, stdout, stderr) =>
        resolve({ code: error ? error.code : 0, said: stdout + stderr }),
      )
    })

    expect(code, said).toBe(1)
    expect(said).toContain(`The data in ${collection} was written by a newer release of Loops (shape 99;`)
    expect(said).toContain('Start the newer release again, or restore a backup from before the upgrade.')
    expect(await db.collection(collection).find().toArray()).toEqual([newer])
    expect(await db.collection('schemas').findOne({ _id: mark._id })).toEqual(mark)
  },
  120_000,
)
