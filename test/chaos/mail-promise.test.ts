// The promise of the mails in every test run: each fault once, with shorter leases and cuts. The long one, as in production, is
// `npm run chaos -- mail-promise --runs 20`.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { resolveMongod, resolveNatsServer } from '../../infra/servers/resolve.ts'
import { serverSearch } from '../support/images.ts'
import { type Copies, isKept, runPromise } from './mail-promise.ts'

const SEED = 3

test('no_second_copy_but_where_a_sender_died_or_an_answer_was_lost', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'loops-promise-'))
  const found = serverSearch()
  const nats_server = (await resolveNatsServer(found)).path
  const mongod = (await resolveMongod(found)).path
  const run = {
    setting: { nats_server, mongod, folder },
    seed: SEED,
    cut_ms: [4_000, 6_000],
    cuts: ['refuse'],
    lease_ms: 15_000,
  } as const
  const all: Copies[] = await runPromise(run, (copies) => console.log(JSON.stringify(copies)))
  expect(all.filter((copies) => !isKept(copies))).toEqual([])
  await rm(folder, { recursive: true, force: true })
})
