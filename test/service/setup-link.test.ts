// Who may make the first account: at an address that others reach, only whoever has the setup link; and what becomes of it.
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

const openBed = async (
  env: Readonly<Record<string, string>> = {},
  beside?: GatewayEnvironment,
): Promise<GatewayEnvironment> =>
  opened.use(await openGatewayEnvironment({ SIGN_UP: 'invited', PUBLIC_URL, ...env }, beside))

/** Sends the form of the first account to a gateway, as the page at `path` does. */
const signUp = (bed: GatewayEnvironment, path: string, person = ANN): Promise<Response> =>
  fetch(new URL(path, bed.url), {
    method: 'POST',
    body: new URLSearchParams(person),
    headers: { origin: bed.deps.public_url },
    redirect: 'manual',
  })
const linkOf = async (bed: GatewayEnvironment): Promise<string> => {
  const url = new URL((await setupUrl(bed.deps)) ?? '')
  return `${url.pathname}${url.search}`
}

describe.each(['invited', 'open'])('a new installation at a public address (SIGN_UP %s)', (SIGN_UP) => {
  test('cannot_be_taken_by_whoever_comes_first', async () => {
    const bed = await openBed({ SIGN_UP })
    for (const path of ['/sign-up', `/sign-up?setup=${'x'.repeat(43)}`]) {
      const page = await fetch(new URL(path, bed.url))
      expect(page.status).toBe(403)
      expect(await page.text()).toContain('log of the gateway')
      expect((await signUp(bed, path)).status).toBe(403)
    }
    expect(await bed.deps.store.people.isEmpty()).toBe(true)
  })
  test('is_set_up_by_its_link', async () => {
    const bed = await openBed({ SIGN_UP })
    const path = await linkOf(bed)
    expect((await fetch(new URL(path, bed.url))).status).toBe(200)
    expect((await signUp(bed, path)).status).toBe(303)
  })
})

test('the_link_of_one_gateway_works_at_another_and_after_a_restart', async () => {
  const one = await openBed()
  const another = await openBed({}, one)
  const path = await linkOf(one)
  expect(await linkOf(another)).toBe(path)
  expect((await signUp(another, path)).status).toBe(303)
})

test('the_link_of_another_installation_with_the_same_secret_does_not_work', async () => {
  const bed = await openBed()
  expect((await signUp(bed, await linkOf(await openBed()))).status).toBe(403)
})

test('the_link_dies_with_the_first_account', async () => {
  const bed = await openBed()
  const path = await linkOf(bed)
  const answers = await Promise.all(
    [1, 2, 3].map((n) => signUp(bed, path, { ...ANN, email: `a${n}@example.com` })),
  )
  expect(answers.map(({ status }) => status).toSorted()).toEqual([303, 403, 403])
  expect(await setupUrl(bed.deps)).toBeUndefined()
  expect((await fetch(new URL(path, bed.url))).status).toBe(403)
})

test('a_loopback_address_needs_no_link', async () => {
  const bed = await openBed({ PUBLIC_URL: 'http://localhost:4000' })
  expect(await setupUrl(bed.deps)).toBeUndefined()
  expect((await signUp(bed, '/sign-up')).status).toBe(303)
})
