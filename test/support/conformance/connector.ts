// An agent connector like the Scalekit service. It learns everything from a 401, registers once for all of its users,
// has no session, and makes every call on a new connection to whichever replica is next.
import { createHash } from 'node:crypto'
import type { Account } from '../accounts.ts'
import { type Answer, openWire } from '../raw-http.ts'
import { ids } from '../service-environment.ts'

/** The redirect address of its users, one for each connection. */
export const CONNECTOR_CALLBACK = 'https://agents.example.scalekit.cloud/sso/v1/oauth/conn_7421/callback'

/** How it authenticates at the token endpoint; its documentation does not say which of the two it uses. */
export type Proof = 'basic' | 'post'

export type ConnectorTokens = Readonly<{
  access_token: string
  expires_in: number
  refresh_token: string
  scope: string
}>

/** What one environment of the service stores about a server. */
export type Connector = Readonly<{
  registration: Readonly<Record<string, unknown>>
  /** Has a user consent and takes the tokens. */
  connect: (account: Account, proof: Proof) => Promise<ConnectorTokens>
  refresh: (refreshToken: string, proof: Proof) => Promise<Answer>
  /** One JSON-RPC message, in the older form, without a session. */
  call: (accessToken: string, method: string, params?: unknown) => Promise<Answer>
}>

type Init = Readonly<{ method?: string; body?: string; headers?: Readonly<Record<string, string>> }>
type Given = Readonly<{ headers: Record<string, string>; fields: Record<string, string> }>

const json = (said: Answer): Record<string, unknown> => JSON.parse(said.text)

/** Sends a request for the address to the replica, on a connection of its own. */
const sendTo = async (replica: string, url: string, init: Init): Promise<Answer> => {
  const { pathname, search } = new URL(url)
  using wire = openWire(new URL(pathname + search, replica), {})
  return await wire.send(init.body ?? '', init.headers, init.method ?? 'GET')
}

const challenged = (said: Answer): string =>
  /resource_metadata="([^"]+)"/.exec(said.headers['www-authenticate'] ?? '')?.[1] ?? ''

type Server = Readonly<{
  authorization_endpoint: string
  token_endpoint: string
  registration_endpoint: string
}>

/** From the bare address to the endpoints: a call without a token, the resource's document, the server's document. */
const discover = async (send: (url: string, init?: Init) => Promise<Answer>, mcpUrl: string) => {
  const refused = await send(mcpUrl, { method: 'POST', body: '{}' })
  const resource = json(await send(challenged(refused)))
  const [issuer = ''] = resource.authorization_servers as string[]
  return json(await send(new URL('/.well-known/oauth-authorization-server', issuer).href)) as Server
}

const proofOf = (proof: Proof, id: string, secret: string): Given =>
  proof === 'post'
    ? { headers: {}, fields: { client_id: id, client_secret: secret } }
    : {
        headers: {
          authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
        },
        fields: {},
      }

/** Sets a connection up: discovery and the one registration. @param replicas addresses that all answer for the server. */
export const openConnector = async (mcpUrl: string, replicas: readonly string[]): Promise<Connector> => {
  let turn = 0
  const send = (url: string, init: Init = {}): Promise<Answer> =>
    sendTo(replicas[turn++ % replicas.length] ?? mcpUrl, url, init)
  const post = (url: string, body: string, headers: Record<string, string>) =>
    send(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })
  const server = await discover(send, mcpUrl)
  const registered = await post(
    server.registration_endpoint,
    JSON.stringify({
      redirect_uris: [CONNECTOR_CALLBACK],
      client_name: 'Scalekit',
      grant_types: ['authorization_code', 'refresh_token'],
    }),
    {},
  )
  if (registered.status !== 201) throw new Error(`not registered: ${registered.text}`)
  const registration = json(registered)
  const [id, secret] = [String(registration.client_id), String(registration.client_secret)]
  const ask = (fields: Record<string, string>, proof: Proof): Promise<Answer> => {
    const given = proofOf(proof, id, secret)
    return post(server.token_endpoint, new URLSearchParams({ ...fields, ...given.fields }).toString(), {
      'content-type': 'application/x-www-form-urlencoded',
      ...given.headers,
    })
  }
  return {
    registration,
    connect: async (account, proof) => {
      const verifier = ids.token()
      const url = new URL(server.authorization_endpoint)
      url.search = new URLSearchParams({
        response_type: 'code',
        client_id: id,
        redirect_uri: CONNECTOR_CALLBACK,
        state: 'conn_7421',
        code_challenge: createHash('sha256').update(verifier).digest('base64url'),
        code_challenge_method: 'S256',
      }).toString()
      const returned = await account.browse(url)
      const answer = await ask(
        {
          grant_type: 'authorization_code',
          code: returned.searchParams.get('code') ?? '',
          redirect_uri: CONNECTOR_CALLBACK,
          code_verifier: verifier,
        },
        proof,
      )
      if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${answer.text}`)
      return json(answer) as ConnectorTokens
    },
    refresh: (refresh_token, proof) => ask({ grant_type: 'refresh_token', refresh_token }, proof),
    call: (accessToken, method, params = {}) =>
      post(mcpUrl, JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), {
        authorization: `Bearer ${accessToken}`,
        accept: 'application/json, text/event-stream',
      }),
  }
}
