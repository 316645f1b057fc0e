// A short chaos in every test run: one NATS and one MongoDB, two of each service, some fifteen faults within twenty seconds. The
// long one, with clusters, is `npm run chaos`.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resolveMongod, resolveNatsServer } from '../../infra/servers/resolve.ts'
import { serverSearch } from '../support/images.ts'
import { runChaos } from './chaos-run.ts'
import type { Way } from './schedule.ts'

const SEED = 720
const DURATION_MS = 20_000
const GAP_MS = 1_200
/** A mail on a dead connection waits for a minute, as it should; a long cut is longer than this. */
const TOO_LONG: readonly Way[] = ['half_open', 'cut_off']
const QUIET_MS = 120_000

test(`nothing_lost_when_everything_fails_with_seed_${SEED}`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'loops-chaos-'))
  const found = serverSearch()
  const { lines, text } = await runChaos({
    setting: {
      nats_server: (await resolveNatsServer(found)).path,
      mongod: (await resolveMongod(found)).path,
      folder,
      size: 1,
    },
    seed: SEED,
    duration_ms: DURATION_MS,
    gap_ms: GAP_MS,
    quiet_ms: QUIET_MS,
    without: TOO_LONG,
    report: { step: console.log, progress: () => undefined },
  })
  console.log(text)
  expect(lines.filter(({ broken }) => broken.length > 0)).toEqual([])
  for (const promise of ['acknowledged changes are there', 'mails came to every member'])
    expect(lines.find((line) => line.promise === promise)?.of).toBeGreaterThan(0)
  await rm(folder, { recursive: true, force: true })
})
