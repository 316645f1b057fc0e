// The authorization server under load. Measures codes and refresh tokens per second, and what a storm of sign-ins does
// to calls.
import { agentOf, signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { exchangeCode, obtainCode, refreshTokens, registerApp, tokensAmong } from '../support/oauth-client.ts'
import { startProcess } from './gateway.ts'
import { toolCall } from './mcp-load.ts'
import { type Sample, sample } from './measure.ts'
import type { Servers } from './servers.ts'

const CODES = 40
const REFRESHES = 400
const CALLS = 1_000
/** Concurrent sign-ins of unknown people from ever new addresses: each still costs a whole argon2. */
const STORM = 16

export type SignIn = Readonly<{
  exchange: Sample
  refresh: Sample
  callsAlone: Sample
  callsInStorm: Sample
  stormPerSecond: number
}>

const storm = (url: string): Readonly<{ end: () => Promise<number> }> => {
  let going = true
  let tried = 0
  const began = performance.now()
  const one = async (index: number): Promise<void> => {
    while (going) {
      const number = tried++
      const body = new URLSearchParams({
        email: `nobody-${index}-${number}@example.com`,
        password: 'not the one',
      })
      const headers = { 'x-forwarded-for': `10.${index}.${(number >> 8) & 255}.${number & 255}` }
      await (await fetch(new URL('/sign-in', url), { method: 'POST', body, headers })).text()
    }
  }
  const all = Promise.all(Array.from({ length: STORM }, (_, index) => one(index)))
  return {
    end: async () => {
      going = false
      await all
      return (tried / (performance.now() - began)) * 1_000
    },
  }
}

/** Measures one gateway with a tasks service that answers at once. */
export const benchSignIn = async (servers: Servers): Promise<SignIn> => {
  const port = await freePort()
  const url = `http://localhost:${port}`
  const gateway = await startProcess('./gateway-server.ts', {
    ...servers.env('bench_sign_in'),
    PORT: String(port),
    PUBLIC_URL: url,
    TRUSTED_PROXIES: '1',
  })
  try {
    const account = await signUp({ url }, { name: 'Bench' })
    const app = await registerApp(url)
    const codes: Awaited<ReturnType<typeof obtainCode>>[] = []
    for (let index = 0; index < CODES; index += 1) codes.push(await obtainCode(url, app, account))
    const refreshable: string[] = []
    const exchange = await sample(async (index) => {
      const code = codes[index]
      if (code) refreshable.push(tokensAmong([await exchangeCode(url, app, code)]).refresh_token)
    }, CODES)
    const refresh = await sample(async (index) => {
      const slot = index % refreshable.length
      const answer = await refreshTokens(url, app, refreshable[slot] as string)
      refreshable[slot] = tokensAmong([answer]).refresh_token
    }, REFRESHES)
    await using agent = await agentOf({ url }, account)
    const call = toolCall(`${url}/mcp`, agent.accessToken(), 'list_tasks', {})
    await sample(call, CALLS, 4)
    const callsAlone = await sample(call, CALLS, 4)
    const running = storm(url)
    const callsInStorm = await sample(call, CALLS, 4)
    return { exchange, refresh, callsAlone, callsInStorm, stormPerSecond: await running.end() }
  } finally {
    gateway.child.kill()
  }
}
