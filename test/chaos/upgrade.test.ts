// The rolling upgrade in every test run, with some thousand requests; the long one is `npm run chaos -- upgrade`.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentReport } from '../../infra/report.ts'
import { resolveMongod, resolveNatsServer } from '../../infra/servers/resolve.ts'
import { serverSearch } from '../support/images.ts'
import { hasRelease, PREVIOUS_RELEASE } from './release.ts'
import { runUpgrade } from './upgrade.ts'

const REQUESTS = 3_000

// A copy of the project without its history has no earlier release.
test.skipIf(!hasRelease(PREVIOUS_RELEASE))(
  'no_request_fails_while_the_previous_release_is_replaced_process_by_process',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'loops-upgrade-'))
    const found = serverSearch()
    const nats_server = (await resolveNatsServer(found)).path
    const mongod = (await resolveMongod(found)).path
    const setting = { nats_server, mongod, folder }
    const ended = await runUpgrade({
      setting,
      from: PREVIOUS_RELEASE,
      requests: REQUESTS,
      report: silentReport,
    })
    console.log(`${ended.answered} requests answered, ${ended.created} tasks`)
    expect(ended).toMatchObject({ failed: [], missing: 0, unclean: [], falls: [] })
    expect(ended.answered).toBeGreaterThanOrEqual(REQUESTS)
    await rm(folder, { recursive: true, force: true })
  },
)
