// Who may make the first account: at a public address, only whoever has the setup link, which works once.
import { afterEach, describe, expect, test } from 'vitest'
import { setupUrl } from '../../services/gateway/accounts/setup.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'

const PUBLIC_URL = 'https://loops.example.com'
const ANN = { name: 'Ann', email: 'ann@example.com', password: 'three words in a row', workspace: 'Workshop' }

let opened = new AsyncDisposableStack()
afterEach(async () => {
  await opened.disposeAsync()
  opened = new AsyncDisposableStack()
})

const openTestGateway = async (
  env: Readonly<Record<string, string>> = {},
  beside?: GatewayEnvironment,
): Promise<GatewayEnvironment> =>
  opened.use(await openGatewayEnvironment({ SIGN_UP: 'invited', PUBLIC_URL, ...env }, beside))

/** Posts the form of the first account to a gateway, as the page at `path` does. */
const signUp = (environment: GatewayEnvironment, path: string, person = ANN): Promise<Response> =>
  fetch(new URL(path, environment.url), {
    method: 'POST',
    body: new URLSearchParams(person),
    headers: { origin: environment.deps.public_url },
    redirect: 'manual',
  })
const linkOf = async (environment: GatewayEnvironment): Promise<string> => {
  const url = new URL((await setupUrl(environment.deps)) ?? '')
  return `${url.pathname}${url.search}`
}

describe.each(['invited', 'open'])('a new installation at a public address (SIGN_UP %s)', (SIGN_UP) => {
  test('cannot_be_claimed_without_its_link', async () => {
    const environment = await openTestGateway({ SIGN_UP })
    for (const path of ['/sign-up', `/sign-up?setup=${'x'.repeat(43)}`]) {
      const page = await fetch(new URL(path, environment.url))
      expect(page.status).toBe(403)
      expect(await page.text()).toContain('gateway’s log')
      expect((await signUp(environment, path)).status).toBe(403)
    }
    expect(await environment.deps.store.people.isEmpty()).toBe(true)
  })
  test('is_set_up_by_its_link', async () => {
    const environment = await openTestGateway({ SIGN_UP })
    const path = await linkOf(environment)
    expect((await fetch(new URL(path, environment.url))).status).toBe(200)
    expect((await signUp(environment, path)).status).toBe(303)
  })
})

test('the_link_of_one_gateway_works_at_another_and_after_a_restart', async () => {
  const one = await openTestGateway()
  const another = await openTestGateway({}, one)
  const path = await linkOf(one)
  expect(await linkOf(another)).toBe(path)
  expect((await signUp(another, path)).status).toBe(303)
})

test('the_link_of_another_installation_with_the_same_secret_does_not_work', async () => {
  const environment = await openTestGateway()
  expect((await signUp(environment, await linkOf(await openTestGateway()))).status).toBe(403)
})

test('the_link_dies_with_the_first_account', async () => {
  const environment = await openTestGateway()
  const path = await linkOf(environment)
  const answers = await Promise.all(
    [1, 2, 3].map((n) => signUp(environment, path, { ...ANN, email: `a${n}@example.com` })),
  )
  expect(answers.map(({ status }) => status).toSorted()).toEqual([303, 403, 403])
  expect(await setupUrl(environment.deps)).toBeUndefined()
  expect((await fetch(new URL(path, environment.url))).status).toBe(403)
})

test('a_loopback_address_needs_no_link', async () => {
  const environment = await openTestGateway({ PUBLIC_URL: 'http://localhost:4000' })
  expect(await setupUrl(environment.deps)).toBeUndefined()
  expect((await signUp(environment, '/sign-up')).status).toBe(303)
})
