// A fleet of service accounts that get tokens, replace their secrets and are stopped, all at once, on two gateways: nobody who
// may work is ever refused, and nobody who may not ever gets through. FLEET=full makes it 200.
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { inParallel } from '../../shared/process/parallel.ts'
import { type Account, signUp } from '../support/accounts.ts'
import { getServiceToken, type ServiceClient, serviceAccountOf, serviceClientOn } from '../support/fleet.ts'
import { tryToken } from '../support/oauth-client.ts'
import { type System, startSystem } from '../support/system.ts'

const FLEET = process.env.FLEET === 'full' ? 200 : 48
/** As many as a workspace may have, or fewer: there is to be more than one workspace. */
const OF_ONE_OWNER = FLEET / 4
/** Fewer than meet the limit of requests from one address: all of them come from this machine. */
const AT_ONCE = 16
/** How often it is looked whether an ended token is refused (ms): the load is to be that of the fleet. */
const INTERVAL_MS = 1_000
/** Longer than any cache, on a machine that is busy. */
const SOON = 30_000
const PATH = '/workspace/service-accounts'

let system: System
let owners: Account[]
beforeAll(async () => {
  system = await startSystem({ instances: 2, env: { SIGN_UP: 'open' } })
  owners = []
  for (let n = 0; n < FLEET / OF_ONE_OWNER; n += 1)
    owners.push(await signUp(system, { name: `Owner ${n}`, workspace: `Fleet ${n}` }))
})
afterAll(() => system?.stop())

/** What an account got that it should not have, or did not get that it should have. */
type Wrong = string

/** The life of one account. @returns every wrong answer. */
const live = async (owner: Account, n: number): Promise<Wrong[]> => {
  const wrong: Wrong[] = []
  const gatewayOf = (turn: number) => system.gateways[(n + turn) % system.gateways.length] ?? system.url
  const note = (what: string, got: unknown, right: unknown) => {
    if (got !== right) wrong.push(`${n} ${what}: ${got} instead of ${right}`)
  }
  const tokenOf = async (client: ServiceClient, turn: number, what: string) => {
    const { status, body } = await getServiceToken(gatewayOf(turn), client, { resource: `${system.url}/mcp` })
    note(what, status, 200)
    return body.access_token
  }
  const first = await serviceAccountOf(owner, { name: `Agent ${n}` })
  const path = `${PATH}/${first.client_id}`
  const one = await tokenOf(first, 0, 'first token')
  note('use of it', await tryToken(gatewayOf(1), one), 200)
  const second = serviceClientOn(await owner.browser.submit(`${path}/secret`, { before: 'overlaps' }))
  const [two, three] = await Promise.all([
    tokenOf(first, 1, 'token by the secret before'),
    tokenOf(second, 0, 'token by the new secret'),
  ])
  for (const token of [one, two, three]) note('use in the overlap', await tryToken(gatewayOf(0), token), 200)
  const third = serviceClientOn(await owner.browser.submit(`${path}/secret`, { before: 'ends' }))
  for (const ended of [first, second])
    note('token by an ended secret', (await getServiceToken(gatewayOf(1), ended)).status, 401)
  const four = await tokenOf(third, 1, 'token by the last secret')
  note('use of the last one', await tryToken(gatewayOf(0), four), 200)
  const refused = async (tokens: readonly string[]) => {
    for (const gateway of system.gateways)
      for (const token of tokens)
        await vi.waitFor(async () => expect(await tryToken(gateway, token)).toBe(401), {
          timeout: SOON,
          interval: INTERVAL_MS,
        })
  }
  await refused([one, three])
  note('use beside ended ones', await tryToken(gatewayOf(1), four), 200)
  await owner.browser.submit(`${path}/${n % 2 === 0 ? 'disable' : 'delete'}`, {})
  note('token of a stopped account', (await getServiceToken(gatewayOf(0), third)).status, 401)
  await refused([four])
  return wrong
}

test('no_answer_is_wrong', { timeout: 240_000 }, async () => {
  const fleet = Array.from({ length: FLEET }, (_, n) => n)
  const wrong = await inParallel(fleet, AT_ONCE, (n) => live(owners[n % owners.length] as Account, n))
  expect(wrong.flat()).toEqual([])
})
