// The race for work in every test run, small. CLAIMS_RACE=full makes it fifty agents, a thousand tasks and twelve kills. One
// replica of each service runs under Deno; with SERVICES_RUNTIME=deno all do.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resolveMongod, resolveNatsServer } from '../../infra/servers/resolve.ts'
import { runClaimsRace } from '../chaos/claims-race.ts'
import { serverSearch } from '../support/images.ts'

const SMALL = { agents: 12, tasks: 120, replicas: 2, faults: 6 } as const
const FULL = { agents: 50, tasks: 1_000, replicas: 3, faults: 12 } as const
const IS_FULL = process.env.CLAIMS_RACE === 'full'

test(
  'no_task_is_done_twice_or_lost_whoever_dies_and_each_is_done_by_the_holder_of_its_last_claim',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'loops-claims-race-'))
    const search = serverSearch()
    const setting = {
      nats_server: (await resolveNatsServer(search)).path,
      mongod: (await resolveMongod(search)).path,
      folder,
    }
    const { figures, expiries, ...broken } = await runClaimsRace({
      setting,
      seed: 11,
      ...(IS_FULL ? FULL : SMALL),
    })
    const { claims, deaths, faults, met, elapsed_ms } = figures
    const codes = [...met].map(([code, count]) => `${code} ${count}`).join(', ') || 'none'
    console.log(
      `${claims} claims in ${(elapsed_ms / 1_000).toFixed(1)} s (${((claims / elapsed_ms) * 1_000).toFixed(0)}/s), ${deaths} deaths, ${faults} kills, ${expiries} expiries; met: ${codes}`,
    )
    expect(broken).toEqual({ lost: [], doubled: [], shared: [], stolen: [], denied: [], outcomes: [] })
    expect(faults).toBeGreaterThan(0)
    expect(expiries).toBeGreaterThan(0)
    await rm(folder, { recursive: true, force: true })
  },
  IS_FULL ? 1_800_000 : 300_000,
)
