// An identity provider for tests: `oidc-provider`, listening on this machine. Whoever comes is signed in at once as the
// person that the test chose.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type Configuration } from 'oidc-provider'
import { freePort } from './free-port.ts'

/** The client that Loops is at the providers of tests. */
export const CLIENT = { client_id: 'loops', client_secret: 'a secret of the tests, long enough' } as const

/** What a provider says of a person; `sub` is their id there. */
export type AtProvider = Readonly<{ sub: string } & Record<string, unknown>>

export type TestProvider = AsyncDisposable &
  Readonly<{
    issuer: string
    /** The variables of a gateway that uses it; its redirect URI comes from the gateway. */
    env: Readonly<Record<string, string>>
    /** Who signs in there from now on. */
    become: (person: AtProvider) => void
    /** Lets a gateway of this origin use it. */
    allow: (origin: string) => void
    /** Takes it off the network, and brings it back. */
    stop: () => Promise<void>
    start: () => Promise<void>
  }>

const signingKey = async () => {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'first' }
}

const CLAIMS = {
  openid: ['sub', 'sid'],
  email: ['email', 'email_verified'],
  profile: ['name', 'groups'],
}

/** Listens on a port of this machine until it is closed. */
export const listenAt = async (
  server: Server,
  port: number,
): Promise<Readonly<{ close: () => Promise<void> }>> => {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Answers the provider's questions: the chosen person signs in and agrees to all. */
const answerQuestions = async (
  provider: Provider,
  accountId: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const { prompt, params, grantId } = await provider.interactionDetails(request, response)
  if (prompt.name === 'login')
    return provider.interactionFinished(request, response, { login: { accountId } })
  const grant =
    (grantId === undefined ? undefined : await provider.Grant.find(grantId)) ??
    new provider.Grant({ accountId, clientId: String(params.client_id) })
  grant.addOIDCScope(String(params.scope))
  return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
}

/** Starts a provider. */
export const startOidcProvider = async (name = 'Acme ID'): Promise<TestProvider> => {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const people = new Map<string, AtProvider>()
  let chosen = ''
  const keys = [await signingKey()]
  /** The redirect URI must match exactly, so the provider is made when the gateway's port is known. */
  let provider: Provider | undefined
  const providerFor = (origin: string): Provider => {
    const redirect_uris = [`${origin}/oidc/callback`]
    const configuration: Configuration = {
      jwks: { keys },
      claims: CLAIMS,
      clients: [{ ...CLIENT, redirect_uris, token_endpoint_auth_method: 'client_secret_basic' }],
      conformIdTokenClaims: false,
      features: { devInteractions: { enabled: false } },
      findAccount: (_, sub) => {
        const person = people.get(sub)
        return person ? { accountId: sub, claims: () => ({ ...person }) } : undefined
      },
      cookies: { keys: ['a key of the tests'] },
      interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    }
    return new Provider(issuer, configuration)
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!provider) throw new Error('no gateway may use the provider yet: call allow')
    if (request.url?.startsWith('/interaction/')) await answerQuestions(provider, chosen, request, response)
    else await provider.callback()(request, response)
  }
  const open = () =>
    createServer((request, response) => {
      answer(request, response).catch((error: unknown) => {
        response.statusCode = 500
        response.end(String(error))
      })
    })
  let listening = await listenAt(open(), port)
  return {
    issuer,
    env: {
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: CLIENT.client_id,
      OIDC_CLIENT_SECRET: CLIENT.client_secret,
      OIDC_NAME: name,
    },
    become: (person) => {
      people.set(person.sub, person)
      chosen = person.sub
    },
    allow: (origin) => {
      provider = providerFor(origin)
    },
    stop: () => listening.close(),
    start: async () => {
      listening = await listenAt(open(), port)
    },
    [Symbol.asyncDispose]: () => listening.close(),
  }
}
