// Programs without a consent page, by the providers of the official SDK: service accounts by a secret or a key, and people for
// whom an identity provider vouches. The official suite has such scenarios only against clients, with a server of its own.
import {
  Client,
  ClientCredentialsProvider,
  CrossAppAccessProvider,
  PrivateKeyJwtProvider,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLog } from '../../shared/process/log.ts'
import { connectMongo } from '../../shared/storage/mongo.ts'
import { type Account, signUp } from '../support/accounts.ts'
import { serviceAccountOf, tokenOf } from '../support/fleet.ts'
import { type IdentityProvider, openIdentityProvider } from '../support/identity-provider.ts'
import { registerApp } from '../support/oauth-client.ts'
import { keyAccountOf, newPair } from '../support/signed-clients.ts'
import { type System, startSystem } from '../support/system.ts'

let provider: IdentityProvider
let system: System
let owner: Account

beforeAll(async () => {
  provider = await openIdentityProvider()
  system = await startSystem({ instances: 2, env: { ENTERPRISE_ISSUERS: provider.issuer } })
  owner = await signUp(system, { name: 'Olga' })
})
afterAll(async () => {
  await system?.stop()
  await provider?.[Symbol.asyncDispose]()
})

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

test('the_official_client_works_for_a_person_for_whom_an_identity_provider_vouches', async () => {
  await using mongo = await connectMongo(
    system.stack.mongodbUrl,
    createLog({ filter: 'error', topic: 'test' }),
  )
  // As a sign-in by the provider connects them.
  await mongo
    .database('gateway')
    .collection('people')
    .updateOne({ email: owner.email }, { $set: { identities: [{ iss: provider.issuer, sub: 'olga' }] } })
  const { client_id, client_secret = '' } = await registerApp(system.url, {
    token_endpoint_auth_method: 'client_secret_basic',
    client_name: 'Managed',
  })
  const authProvider = new CrossAppAccessProvider({
    clientId: client_id,
    clientSecret: client_secret,
    expectedIssuer: system.url,
    assertion: ({ authorizationServerUrl, resourceUrl }) =>
      provider.vouch(system.url, client_id, 'olga', {
        claims: { aud: authorizationServerUrl, resource: resourceUrl },
      }),
  })
  expect(await madeBy({ authProvider }, 'For Olga')).toMatchObject({
    task: { title: 'For Olga', author: { name: 'Olga', client: 'Managed' } },
  })
})
