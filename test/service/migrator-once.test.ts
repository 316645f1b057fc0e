// The migrator that runs once, as before an upgrade: the streams and consumers are there, and it has ended. It runs as a
// process of its own, since what it says to whoever started it is its exit code.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MIGRATOR } from '../../services/start.ts'
import { connectBus } from '../../shared/bus/connect.ts'
import { consumedSubjects } from '../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { EVENTS_STREAM } from '../../shared/events/streams.ts'
import { createLog } from '../../shared/process/log.ts'
import { type GuardedNats, startGuardedNats } from '../support/guarded-nats.ts'

const RUN = join(import.meta.dirname, '..', '..', 'services', 'run.ts')
const LIMIT_MS = 90_000

let server: GuardedNats
beforeAll(async () => {
  server = await startGuardedNats()
})
afterAll(async () => {
  await server?.[Symbol.asyncDispose]()
})

type Ended = Readonly<{ code: number | string | null; said: string }>

const ended = (args: readonly string[], url = server.urlOf(MIGRATOR)): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { env: { ...process.env, NATS_URL: url, LOG: 'info' }, timeout: LIMIT_MS }
    execFile(process.execPath, [RUN, ...args], options, (error, _, said) =>
      resolve({ code: error ? (error.code ?? null) : 0, said }),
    )
  })

test('it_ends_when_all_streams_and_consumers_are_there_and_changes_nothing_the_second_time', async () => {
  expect(await ended([MIGRATOR, '--once'])).toMatchObject({ code: 0 })
  await using bus = await connectBus(
    server.urlOf(MIGRATOR),
    MIGRATOR,
    createLog({ filter: 'error', topic: 'test' }),
  )
  const consuming = CONTRACTS.filter((contract) => consumedSubjects(contract).length > 0)
  expect(consuming.length).toBeGreaterThan(1)
  const created = async () =>
    Promise.all(
      consuming.map(async ({ name }) => (await bus.jsm.consumers.info(EVENTS_STREAM, name)).created),
    )
  const before = await created()
  expect(await ended([MIGRATOR, '--once'])).toMatchObject({ code: 0 })
  expect(await created()).toEqual(before)
}, 240_000)

test('a_service_does_not_run_once', async () => {
  const { code, said } = await ended(['tasks', '--once'])
  expect(code).toBe(2)
  expect(said).toContain('Only the migrator can run once')
})

test('a_refused_password_is_a_failure_that_is_tried_again', async () => {
  const { code } = await ended([MIGRATOR, '--once'], `nats://${MIGRATOR}:wrong@${server.address}`)
  expect(code).not.toBe(0)
}, 120_000)
