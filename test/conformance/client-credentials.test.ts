// A service account by the providers of the official SDK: from the address, an id and a secret or key alone. The official suite
// has scenarios for client_credentials only against clients, with a server of its own.
import {
  Client,
  ClientCredentialsProvider,
  PrivateKeyJwtProvider,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import { serviceAccountOf, tokenOf } from '../support/fleet.ts'
import { keyAccountOf, newPair } from '../support/signed-clients.ts'
import { type System, startSystem } from '../support/system.ts'

let system: System
let owner: Account

beforeAll(async () => {
  system = await startSystem({ instances: 2 })
  owner = await signUp(system, { name: 'Olga' })
})
afterAll(() => system?.stop())

const who = { name: 'nightly', version: '1' }
type Options = ConstructorParameters<typeof StreamableHTTPClientTransport>[1]

const madeBy = async (options: Options, title: string): Promise<unknown> => {
  const client = new Client(who)
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', system.url), options))
  try {
    return (await client.callTool({ name: 'create_task', arguments: { title } })).structuredContent
  } finally {
    await client.close()
  }
}

test.each([
  ['that names no scope', undefined],
  ['that asks for less', 'loops:write'],
])('the_official_client_works_as_a_service_account %s', async (name, scope) => {
  const { client_id, client_secret } = await serviceAccountOf(owner, { name })
  const authProvider = new ClientCredentialsProvider({
    clientId: client_id,
    clientSecret: client_secret,
    ...(scope === undefined ? {} : { scope }),
  })
  expect(await madeBy({ authProvider }, 'By a service account')).toMatchObject({
    task: { title: 'By a service account', author: { user_id: client_id, client: name } },
  })
})
test.each(['ES256', 'RS256'])('the_official_client_works_with_a_key_of_its_own: %s', async (algorithm) => {
  const { jwk, privateJwk } = await newPair(algorithm)
  const clientId = await keyAccountOf(owner, `By ${algorithm}`, { jwks: { keys: [jwk] } })
  const options = { clientId, privateKey: privateJwk, algorithm, expectedIssuer: system.url }
  const authProvider = new PrivateKeyJwtProvider(options)
  expect(await madeBy({ authProvider }, 'By a key')).toMatchObject({
    task: { title: 'By a key', author: { user_id: clientId, client: `By ${algorithm}` } },
  })
})
test('the_official_client_works_with_a_token_in_a_header', async () => {
  const headers = { Authorization: `Bearer ${await tokenOf(owner, { name: 'CI' })}` }
  expect(await madeBy({ requestInit: { headers } }, 'By a token')).toMatchObject({
    task: { author: { name: 'Olga', client: 'CI' } },
  })
})
