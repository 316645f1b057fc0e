// An identity provider that vouches for people to clients: its metadata, its keys, and the assertions that it signs.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type JWTPayload, SignJWT } from 'jose'
import { ids } from './service-environment.ts'
import { newPair, type Pair } from './signed-clients.ts'

/** What may be other than right about an assertion. */
export type AssertedOtherwise = Readonly<{
  claims?: JWTPayload & Readonly<Record<string, unknown>>
  header?: Readonly<Record<string, unknown>>
  seconds?: number
  now?: Date
  pair?: Pair
}>

export type IdentityProvider = AsyncDisposable &
  Readonly<{
    issuer: string
    pair: Pair
    /** The assertion (ID-JAG) that lets a client act for a person at a site. */
    vouch: (site: string, client_id: string, sub: string, otherwise?: AssertedOtherwise) => Promise<string>
    /** Signs with another key from now on, and publishes only that. */
    rotate: () => Promise<void>
    /** Answers nothing any more, or again. */
    away: (is: boolean) => void
    asked: () => number
  }>

/** Opens an identity provider on this machine. */
export const openIdentityProvider = async (): Promise<IdentityProvider> => {
  let [pair, isAway, asked, issuer] = [await newPair('RS256'), false, 0, '']
  const server = createServer((request, response) => {
    asked += 1
    const isMetadata = request.url === '/.well-known/openid-configuration'
    const body = isMetadata ? { issuer, jwks_uri: `${issuer}/jwks` } : { keys: [pair.jwk] }
    response
      .writeHead(isAway ? 503 : 200, { 'Content-Type': 'application/json' })
      .end(isAway ? '' : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    get issuer() {
      return issuer
    },
    get pair() {
      return pair
    },
    vouch: (site, client_id, sub, otherwise = {}) => {
      const { claims = {}, header = {}, seconds = 300, now = new Date() } = otherwise
      const own = otherwise.pair ?? pair
      const iat = Math.floor(now.getTime() / 1_000)
      const said = { iss: issuer, sub, aud: site, client_id, jti: ids.next(), iat, exp: iat + seconds }
      return new SignJWT({ ...said, resource: `${site}/mcp`, ...claims })
        .setProtectedHeader({ alg: own.alg, kid: own.kid, typ: 'oauth-id-jag+jwt', ...header })
        .sign(own.key)
    },
    rotate: async () => {
      pair = await newPair('RS256')
    },
    away: (is) => {
      isAway = is
    },
    asked: () => asked,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
