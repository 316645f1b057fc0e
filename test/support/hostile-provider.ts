// An identity provider for tests that says what a correct one never says: unsigned, expired and foreign ID tokens, answers
// in another's name, keys that change.
import { createHash, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { freePort } from './free-port.ts'
import { CLIENT, listenAt } from './oidc-provider.ts'

/** What it says wrongly; with nothing of it, it is a correct provider. */
export type Lies = Readonly<{
  /** Claims that replace those of the ID token; undefined leaves one out. */
  claims?: Readonly<Record<string, unknown>>
  /** How the token is signed: not at all, by a key that is not published, or with a character changed afterwards. */
  signature?: 'none' | 'foreign' | 'changed'
  /** The `iss` of the answer (RFC 9207); null leaves it out. */
  answer_iss?: string | null
  /** The body of the answer to the code. */
  token_body?: string
}>

export type HostileProvider = AsyncDisposable &
  Readonly<{
    issuer: string
    env: Readonly<Record<string, string>>
    /** Who signs in there from now on, and what it says wrongly about it. */
    say: (person: Readonly<Record<string, unknown>>, lies?: Lies) => void
    /** Answers nobody any more, or again. */
    away: (is: boolean) => void
    /** What its metadata names as the issuer; undefined: itself. */
    callItself: (issuer: string | undefined) => void
    /** Replaces the signing key. */
    rotate: () => Promise<void>
    /** A logout token with these claims in place of correct ones. */
    logoutToken: (claims: Readonly<Record<string, unknown>>, signature?: Lies['signature']) => Promise<string>
    /** How many codes it was asked to exchange. */
    exchanges: () => number
  }>

type Key = Readonly<{ private: CryptoKey; public: JWK }>

const newKey = async (): Promise<Key> => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), alg: 'RS256', use: 'sig', kid: randomUUID() }
  return { private: privateKey, public: jwk }
}

const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

const sign = async (
  claims: Readonly<Record<string, unknown>>,
  key: Key,
  { signature, typ = 'JWT' }: Readonly<{ signature: Lies['signature']; typ?: string }>,
): Promise<string> => {
  if (signature === 'none') return `${base64({ alg: 'none' })}.${base64(claims)}.`
  const by = signature === 'foreign' ? (await newKey()).private : key.private
  const header = { alg: 'RS256', kid: key.public.kid ?? '', typ }
  const token = await new SignJWT({ ...claims }).setProtectedHeader(header).sign(by)
  if (signature !== 'changed') return token
  const [head, , end] = token.split('.')
  return `${head}.${base64({ ...claims, sub: 'somebody else' })}.${end}`
}

type Code = Readonly<{ nonce: string; challenge: string }>
type Said = Readonly<{ person: Readonly<Record<string, unknown>>; lies: Lies }>
/** What it knows at the moment. */
type State = {
  key: Key
  said: Said
  exchanged: number
  codes: Map<string, Code>
  away: boolean
  named: string | undefined
}

const now = (): number => Math.floor(Date.now() / 1_000)

/** Where it sends the browser back to. */
const authorize = (issuer: string, { searchParams: asked }: URL, state: State): string => {
  const code = randomUUID()
  state.codes.set(code, { nonce: asked.get('nonce') ?? '', challenge: asked.get('code_challenge') ?? '' })
  const back = new URL(asked.get('redirect_uri') ?? '')
  back.searchParams.set('code', code)
  back.searchParams.set('state', asked.get('state') ?? '')
  const { answer_iss = issuer } = state.said.lies
  if (answer_iss !== null) back.searchParams.set('iss', answer_iss)
  return back.href
}

/** What it answers to a code. */
const exchange = async (issuer: string, form: URLSearchParams, state: State): Promise<[number, string]> => {
  state.exchanged += 1
  const code = state.codes.get(form.get('code') ?? '')
  state.codes.delete(form.get('code') ?? '')
  const challenge = createHash('sha256')
    .update(form.get('code_verifier') ?? '')
    .digest('base64url')
  if (!code || challenge !== code.challenge) return [400, JSON.stringify({ error: 'invalid_grant' })]
  const { person, lies } = state.said
  if (lies.token_body !== undefined) return [200, lies.token_body]
  const times = { iat: now(), exp: now() + 300 }
  const own = { iss: issuer, aud: CLIENT.client_id, nonce: code.nonce, ...times }
  const id_token = await sign({ ...own, ...person, ...lies.claims }, state.key, { signature: lies.signature })
  const token = { access_token: randomUUID(), token_type: 'Bearer', expires_in: 60, id_token }
  return [200, JSON.stringify(token)]
}

const metadataOf = (issuer: string) => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ['code'],
  subject_types_supported: ['public'],
  // It offers what must never be accepted.
  id_token_signing_alg_values_supported: ['RS256', 'none'],
  authorization_response_iss_parameter_supported: true,
})

const serverOf = (issuer: string, state: State) =>
  createServer(async (request, response) => {
    if (state.away) return request.socket.destroy()
    const url = new URL(request.url ?? '/', issuer)
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString()
    const json = (status: number, text: string): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(text)
    }
    if (url.pathname === '/.well-known/openid-configuration')
      return json(200, JSON.stringify({ ...metadataOf(issuer), issuer: state.named ?? issuer }))
    if (url.pathname === '/jwks') return json(200, JSON.stringify({ keys: [state.key.public] }))
    if (url.pathname === '/token') return json(...(await exchange(issuer, new URLSearchParams(body), state)))
    response.writeHead(303, { location: authorize(issuer, url, state) }).end()
  })

/** Starts it. */
export const startHostileProvider = async (name = 'Acme ID'): Promise<HostileProvider> => {
  const port = await freePort()
  const issuer = `http://127.0.0.1:${port}`
  const state: State = {
    key: await newKey(),
    said: { person: {}, lies: {} },
    exchanged: 0,
    codes: new Map(),
    away: false,
    named: undefined,
  }
  const listening = await listenAt(serverOf(issuer, state), port)
  return {
    issuer,
    env: {
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: CLIENT.client_id,
      OIDC_CLIENT_SECRET: CLIENT.client_secret,
      OIDC_NAME: name,
    },
    say: (person, lies = {}) => {
      state.said = { person, lies }
    },
    away: (is) => {
      state.away = is
    },
    callItself: (named) => {
      state.named = named
    },
    rotate: async () => {
      state.key = await newKey()
    },
    logoutToken: (claims, signature) => {
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} }
      const times = { iat: now(), exp: now() + 120 }
      const own = { iss: issuer, aud: CLIENT.client_id, jti: randomUUID(), events, ...times }
      return sign({ ...own, ...claims }, state.key, { signature, typ: 'logout+jwt' })
    },
    exchanges: () => state.exchanged,
    [Symbol.asyncDispose]: () => listening.close(),
  }
}
