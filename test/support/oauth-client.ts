// An app's side of OAuth, request by request, for tests that look at each answer. It checks nothing itself. For a client that
// just works, see mcp-client.ts; for the person in the browser, accounts.ts.
import { createHash } from 'node:crypto'
import type { Account } from './accounts.ts'
import { ids } from './service-environment.ts'

/** The redirect URI of test apps. Nothing needs to listen there. */
export const REDIRECT = 'http://127.0.0.1:33418/callback'

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>

/** The members of the answers of all endpoints; each answer has some of them. */
export type Body = Tokens &
  Readonly<{
    error: string
    error_description: string
    client_id: string
    client_id_issued_at: number
    client_secret: string
    redirect_uris: readonly string[]
    resource: string
    keys: readonly Readonly<Record<string, unknown>>[]
  }>

/** An answer. `body` is {} when it was not JSON. */
export type Answer = Readonly<{ status: number; headers: Headers; body: Body }>

/** A registered app. */
export type App = Readonly<{ client_id: string; client_secret?: string; redirect_uri: string }>

/** Tokens from the token endpoint. */
export type Tokens = Readonly<{
  access_token: string
  token_type: string
  expires_in: number
  refresh_token: string
  scope: string
}>

const read = async (response: Response): Promise<Answer> => {
  const { status, headers } = response
  const text = await response.text()
  try {
    return { status, headers, body: JSON.parse(text) as Body }
  } catch {
    return { status, headers, body: {} as Body }
  }
}

const toParams = (fields: Fields): URLSearchParams => {
  const params = new URLSearchParams()
  for (const [name, value] of Object.entries(fields))
    for (const one of typeof value === 'string' ? [value] : (value ?? [])) params.append(name, one)
  return params
}

/** Posts a form as an app does. */
export const postForm = async (
  url: string | URL,
  fields: Fields,
  headers: HeadersInit = {},
): Promise<Answer> => read(await fetch(url, { method: 'POST', body: toParams(fields), headers }))

/** Gets a JSON document. */
export const getJson = async (url: string | URL): Promise<Answer> => read(await fetch(url))

/** Sends a registration. */
export const postRegistration = async (
  site: string,
  metadata: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  read(
    await fetch(new URL('/register', site), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: typeof metadata === 'string' ? metadata : JSON.stringify(metadata),
    }),
  )

/** Registers an app, without a secret unless `metadata` says otherwise. */
export const registerApp = async (
  site: string,
  metadata: Readonly<Record<string, unknown>> = {},
): Promise<App> => {
  const { status, body } = await postRegistration(site, {
    client_name: 'Test app',
    redirect_uris: [REDIRECT],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    ...metadata,
  })
  if (status !== 201) throw new Error(`not registered: ${status} ${JSON.stringify(body)}`)
  return {
    client_id: body.client_id,
    ...(body.client_secret ? { client_secret: body.client_secret } : {}),
    redirect_uri: body.redirect_uris[0] as string,
  }
}

/** A fresh PKCE pair (RFC 7636). */
export const newPkce = (): Readonly<{ verifier: string; challenge: string }> => {
  const verifier = ids.token()
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') }
}

/** The URL to which an app sends its person. `extra` adds parameters; undefined removes one. */
export const authorizationUrl = (
  site: string,
  app: Pick<App, 'client_id' | 'redirect_uri'>,
  challenge: string,
  extra: Fields = {},
): URL => {
  const url = new URL('/authorize', site)
  url.search = toParams({
    response_type: 'code',
    client_id: app.client_id,
    redirect_uri: app.redirect_uri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 'a state',
    ...extra,
  }).toString()
  return url
}

/** Has a person allow an app. Returns the code and its verifier. */
export const obtainCode = async (
  site: string,
  app: App,
  account: Pick<Account, 'browse'>,
  extra: Fields = {},
): Promise<Readonly<{ code: string; verifier: string; returned: URL }>> => {
  const { verifier, challenge } = newPkce()
  const returned = await account.browse(authorizationUrl(site, app, challenge, extra))
  const code = returned.searchParams.get('code')
  if (code === null) throw new Error(`no code came back: ${returned}`)
  return { code, verifier, returned }
}

const proofOf = ({ client_id, client_secret }: App): Fields => ({ client_id, client_secret })

/** Exchanges a code at the token endpoint of `site`, any gateway of the system. */
export const exchangeCode = (
  site: string,
  app: App,
  given: Readonly<{ code: string; verifier: string }>,
  extra: Fields = {},
): Promise<Answer> =>
  postForm(new URL('/token', site), {
    grant_type: 'authorization_code',
    code: given.code,
    code_verifier: given.verifier,
    redirect_uri: app.redirect_uri,
    ...proofOf(app),
    ...extra,
  })

/** Uses a refresh token. */
export const refreshTokens = (
  site: string,
  app: App,
  refresh_token: string,
  extra: Fields = {},
): Promise<Answer> =>
  postForm(new URL('/token', site), {
    grant_type: 'refresh_token',
    refresh_token,
    ...proofOf(app),
    ...extra,
  })

/** The tokens in the first of several answers that has any. */
export const tokensAmong = (answers: readonly Answer[]): Tokens => {
  const answered = answers.find(({ status }) => status === 200)
  if (!answered) throw new Error(`no tokens: ${answers.map(({ status, body }) => `${status} ${body.error}`)}`)
  return answered.body
}

/** Revokes a token. */
export const revokeToken = (site: string, app: App, token: string): Promise<Answer> =>
  postForm(new URL('/revoke', site), { token, ...proofOf(app) })

/** The whole flow: an app that a person has allowed, with its first tokens. */
export const connectApp = async (
  site: string,
  account: Pick<Account, 'browse'>,
  given: Readonly<{ metadata?: Readonly<Record<string, unknown>>; ask?: Fields }> = {},
): Promise<Readonly<{ app: App; tokens: Tokens }>> => {
  const app = await registerApp(site, given.metadata)
  const { status, body } = await exchangeCode(site, app, await obtainCode(site, app, account, given.ask))
  if (status !== 200) throw new Error(`no tokens: ${status} ${JSON.stringify(body)}`)
  return { app, tokens: body }
}

/** The HTTP status of an MCP call with a token. */
export const tryToken = async (site: string, accessToken: string): Promise<number> => {
  const response = await fetch(new URL('/mcp', site), {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${accessToken}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  })
  await response.text()
  return response.status
}
