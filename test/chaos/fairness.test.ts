// Fairness in every test run, for some seconds; the long one is `npm run chaos -- fairness --minutes 5`.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resolveMongod, resolveNatsServer } from '../../infra/servers/resolve.ts'
import { serverSearch } from '../support/images.ts'
import { quantile, runFairness } from './fairness.ts'

/** A call of the dead ones ends after this (ms): whoever waited for one would need as long. */
const CALL_MS = 15_000

test('a_healthy_address_does_not_wait_for_the_dead_ones_of_another_workspace', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'loops-fairness-'))
  const found = serverSearch()
  const nats_server = (await resolveNatsServer(found)).path
  const mongod = (await resolveMongod(found)).path
  const measured = await runFairness({ setting: { nats_server, mongod, folder }, duration_ms: 8_000 })
  console.log(
    `p50 ${quantile(measured, 0.5)} ms, p99 ${quantile(measured, 0.99)} ms of ${measured.delays_ms.length}`,
  )
  expect(measured.missing).toBe(0)
  expect(measured.still_pending).toBe(measured.pending)
  expect(quantile(measured, 0.99)).toBeLessThan(CALL_MS / 3)
  await rm(folder, { recursive: true, force: true })
})
