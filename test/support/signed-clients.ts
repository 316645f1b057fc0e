// Service accounts that prove who they are by assertions, and the assertions, right or wrong in one place.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import type { Account } from './accounts.ts'
import { type Answer, postForm } from './oauth-client.ts'
import { ids } from './service-environment.ts'

/** A pair of keys, the private one to sign with. */
export type Pair = Readonly<{ kid: string; alg: string; jwk: JWK; privateJwk: JWK; key: CryptoKey }>

/** A new pair of keys. */
export const newPair = async (alg = 'ES256', kid = ids.next()): Promise<Pair> => {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const [jwk, privateJwk] = [await exportJWK(publicKey), await exportJWK(privateKey)]
  return { kid, alg, jwk: { ...jwk, kid, alg }, privateJwk: { ...privateJwk, kid, alg }, key: privateKey }
}

/** What may be other than right about an assertion. */
export type Otherwise = Readonly<{
  claims?: JWTPayload
  header?: Readonly<Record<string, unknown>>
  /** How long it lasts (s). */
  seconds?: number
  now?: Date
}>

/** An assertion of a client for a site. */
export const assertionOf = (
  pair: Pair,
  site: string,
  client_id: string,
  { claims = {}, header = {}, seconds = 60, now = new Date() }: Otherwise = {},
): Promise<string> => {
  const iat = Math.floor(now.getTime() / 1_000)
  const said = { iss: client_id, sub: client_id, aud: site, jti: ids.next(), iat, exp: iat + seconds }
  return new SignJWT({ ...said, ...claims })
    .setProtectedHeader({ alg: pair.alg, kid: pair.kid, ...header })
    .sign(pair.key)
}

/** Asks the token endpoint of a gateway with an assertion. */
export const askWithAssertion = (
  gateway: string,
  site: string,
  client_assertion: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Answer> =>
  postForm(new URL('/token', gateway), {
    grant_type: 'client_credentials',
    resource: `${site}/mcp`,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion,
    ...more,
  })

/** Makes a service account with keys of its own, and gives its id. */
export const keyAccountOf = async (
  { browser }: Account,
  name: string,
  keys: Readonly<{ jwks?: unknown; jwks_uri?: string }>,
): Promise<string> => {
  const { jwks, jwks_uri } = keys
  const made = await browser.submit('/workspace/service-accounts', {
    service_account_name: name,
    scope: ['loops:read', 'loops:write'],
    ...(jwks === undefined ? {} : { jwks: JSON.stringify(jwks) }),
    ...(jwks_uri === undefined ? {} : { jwks_uri }),
  })
  const id = /\/service-accounts\/([0-9A-Z]{26})$/.exec(made.url.pathname)?.[1]
  if (id === undefined) throw new Error(`no account: ${made.status} ${made.text.slice(0, 2_000)}`)
  return id
}

/** A site on this machine that publishes keys. */
export type KeySite = AsyncDisposable &
  Readonly<{ url: string; asked: () => number; publish: (body: unknown) => void }>

/** Opens a site with a key set. */
export const openKeySite = async (body: unknown): Promise<KeySite> => {
  let [shown, asked] = [body, 0]
  const server = createServer((_, response) => {
    asked += 1
    response.writeHead(200, { 'Content-Type': 'application/jwk-set+json' }).end(JSON.stringify(shown))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`,
    asked: () => asked,
    publish: (next) => {
      shown = next
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
