// Services that hang, under load, in a cluster that judges them by the chart's probes: it restarts them and sends nothing to
// those that are not ready. Ten times as fast as the chart's numbers, so that it takes no minutes.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resolveMongod, resolveNatsServer } from '../../infra/servers/resolve.ts'
import { serverSearch } from '../support/images.ts'
import { runChaos } from './chaos-run.ts'
import { chartProbes } from './chart-probes.ts'
import type { ScheduledFault, Way } from './schedule.ts'

/** Six failures in ten seconds each, and the grace of 45 s: ten times as fast, this is over in 14 s. */
const FASTER = 10
const HANG_MS = 25_000
const DURATION_MS = 55_000
const QUIET_MS = 120_000

const fault = (at_ms: number, way: Way, target: string, length_ms = HANG_MS): ScheduledFault => ({
  ...{ at_ms, way, target, length_ms },
  strength: 1,
})
const SCHEDULE: readonly ScheduledFault[] = [
  fault(1_000, 'freeze', 'gateway-1'),
  fault(2_000, 'hang', 'tasks-2'),
  fault(4_000, 'freeze', 'notifier-1'),
  fault(6_000, 'hang', 'loops-queue-1'),
  // Nobody is ready then, and nobody is to be restarted for it.
  fault(45_000, 'refuse', 'nats-1', 8_000),
]

test('hung_services_are_restarted_by_their_probes_and_nothing_is_lost', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'loops-chaos-'))
  const found = serverSearch()
  const { lines, text, tending } = await runChaos({
    setting: {
      nats_server: (await resolveNatsServer(found)).path,
      mongod: (await resolveMongod(found)).path,
      folder,
      size: 1,
      probes: chartProbes(FASTER),
    },
    seed: 1,
    duration_ms: DURATION_MS,
    gap_ms: DURATION_MS,
    quiet_ms: QUIET_MS,
    schedule: SCHEDULE,
    report: { step: console.log, progress: () => undefined },
  })
  console.log(text)
  expect(lines.filter(({ broken }) => broken.length > 0)).toEqual([])
  expect(lines.find(({ promise }) => promise === 'acknowledged changes are there')?.of).toBeGreaterThan(0)
  const restarted = tending.filter(({ what }) => what === 'restarted').map(({ name }) => name)
  expect(restarted.toSorted()).toEqual(['gateway-1', 'loops-queue-1', 'notifier-1', 'tasks-2'])
  const ofGateways = (wanted: string) => tending.filter(({ name }) => name === wanted).map(({ what }) => what)
  // It gets no connection long before it is killed.
  expect(ofGateways('gateway-1').slice(0, 4)).toEqual(['ready', 'unready', 'restarted', 'ready'])
  expect(ofGateways('gateway-2')).toEqual(['ready', 'unready', 'ready'])
  await rm(folder, { recursive: true, force: true })
})
