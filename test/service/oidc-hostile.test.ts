// Answers that a correct provider never gives: each is refused with a page that says what to do, and nothing is made.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OIDC_STARTS_PER_ADDRESS } from '../../services/gateway/limits/policies.ts'
import { openBrowser, signUp } from '../support/accounts.ts'
import { type GatewayEnvironment, openGatewayEnvironment } from '../support/gateway-environment.ts'
import { type HostileProvider, type Lies, startHostileProvider } from '../support/hostile-provider.ts'
import { answerOf, signInByProvider } from '../support/provider-sign-in.ts'

const suffixed = (env: Readonly<Record<string, string>>, suffix: string) =>
  Object.fromEntries(Object.entries(env).map(([name, value]) => [`${name}${suffix}`, value]))
const OPEN = { OIDC_SIGN_UP: 'allowed', OIDC_ALLOWED_DOMAINS: '*' }

let provider: HostileProvider
let second: HostileProvider
let loops: GatewayEnvironment

beforeAll(async () => {
  provider = await startHostileProvider()
  second = await startHostileProvider('Other ID')
  const env = { ...provider.env, ...OPEN, ...suffixed({ ...second.env, ...OPEN }, '_2') }
  loops = await openGatewayEnvironment(env)
  await signUp(loops, { name: 'Ann' })
})
afterAll(async () => {
  await loops?.[Symbol.asyncDispose]()
  await provider?.[Symbol.asyncDispose]()
  await second?.[Symbol.asyncDispose]()
})

const FIRST = '/oidc/start?provider=1'
const SECOND = '/oidc/start?provider=2'
const eve = (sub = 'eve') => ({ sub, name: 'Eve', email: `${sub}@example.com`, email_verified: true })
const counted = async () => ({
  people: await loops.db.collection('people').countDocuments(),
  sessions: await loops.db.collection('sessions').countDocuments(),
})
const now = () => Math.floor(Date.now() / 1_000)

describe('an ID token', () => {
  const cases: readonly (readonly [string, Lies])[] = [
    ['that_is_not_signed', { signature: 'none' }],
    ['that_is_signed_by_another_key', { signature: 'foreign' }],
    ['that_was_changed_after_it_was_signed', { signature: 'changed' }],
    ['that_has_expired', { claims: { exp: now() - 3_600, iat: now() - 7_200 } }],
    ['of_another_issuer', { claims: { iss: 'https://elsewhere.example' } }],
    ['for_another_client', { claims: { aud: 'another' } }],
    ['for_several_clients_of_which_another_asked', { claims: { aud: ['loops', 'another'], azp: 'another' } }],
    ['with_the_nonce_of_another_sign_in', { claims: { nonce: 'another' } }],
    ['without_a_nonce', { claims: { nonce: undefined } }],
    ['without_a_subject', { claims: { sub: undefined } }],
    ['with_an_endless_subject', { claims: { sub: 's'.repeat(256) } }],
    ['with_an_empty_subject', { claims: { sub: '' } }],
    ['that_is_missing', { token_body: JSON.stringify({ access_token: 'a', token_type: 'Bearer' }) }],
    ['in_an_answer_that_is_no_JSON', { token_body: '<html>' }],
    [
      'in_an_answer_without_end',
      { token_body: JSON.stringify({ access_token: 'a'.repeat(2 * 1024 * 1024) }) },
    ],
  ]
  test.each(cases)('%s_is_refused_and_nothing_is_made', async (_, lies) => {
    provider.say(eve(), lies)
    const before = await counted()
    const arrived = await signInByProvider(openBrowser(loops.url), FIRST)
    expect(arrived.status).toBeGreaterThanOrEqual(400)
    expect(arrived.text).toContain('You are not signed in')
    expect(arrived.text).toContain('href="/sign-in"')
    expect(await counted()).toEqual(before)
  })

  test('that_is_correct_is_taken_so_that_the_refusals_have_their_reason', async () => {
    provider.say(eve('right'))
    expect((await signInByProvider(openBrowser(loops.url), FIRST)).url.pathname).toBe('/')
  })

  test('of_a_key_that_was_replaced_since_is_refused_and_one_of_the_new_key_is_taken_at_once', async () => {
    provider.say(eve('rotating'))
    const browser = openBrowser(loops.url)
    expect((await signInByProvider(browser, FIRST)).url.pathname).toBe('/')
    await provider.rotate()
    expect((await signInByProvider(openBrowser(loops.url), FIRST)).url.pathname).toBe('/')
    provider.say(eve('rotating'), { signature: 'foreign' })
    expect((await signInByProvider(openBrowser(loops.url), FIRST)).status).toBe(400)
  })
})

describe('an answer in the name of another provider', () => {
  test.each([
    ['another_issuer', 'https://elsewhere.example'],
    ['no_issuer_where_the_provider_always_names_itself', null],
  ])('with_%s_is_refused_before_the_code_is_sent_anywhere', async (_, answer_iss) => {
    provider.say(eve(), { answer_iss })
    const exchanges = provider.exchanges()
    const arrived = await signInByProvider(openBrowser(loops.url), FIRST)
    expect([arrived.status, arrived.text.includes('another server')]).toEqual([400, true])
    expect(provider.exchanges()).toBe(exchanges)
  })

  test('at_the_path_of_the_other_one_is_refused_and_used_up', async () => {
    provider.say(eve())
    const browser = openBrowser(loops.url)
    const answer = await answerOf(browser, FIRST)
    const [of1, of2] = [provider.exchanges(), second.exchanges()]
    const mixed = new URL(`/oidc/callback/2${answer.search}`, loops.url)
    const arrived = await browser.open(mixed)
    expect([arrived.status, arrived.text.includes('another server')]).toEqual([400, true])
    expect((await browser.open(answer)).status).toBe(400)
    expect([provider.exchanges(), second.exchanges()]).toEqual([of1, of2])
  })

  test('is_another_person_even_with_the_same_subject', async () => {
    provider.say(eve('same'))
    await signInByProvider(openBrowser(loops.url), FIRST)
    second.say({ ...eve('same'), email: 'same.other@example.com' })
    await signInByProvider(openBrowser(loops.url), SECOND)
    const { people } = loops.deps.store
    const [one, two] = [
      await people.byIdentity(provider.issuer, 'same'),
      await people.byIdentity(second.issuer, 'same'),
    ]
    expect(one?._id).not.toBe(two?._id)
    expect(two?.email).toBe('same.other@example.com')
  })
})

describe('a callback', () => {
  test.each([
    ['without_anything', ''],
    ['with_a_made_up_state', '?code=a&state=made-up'],
    ['with_a_state_of_the_right_form', `?code=a&state=${'s'.repeat(43)}`],
    ['with_an_error_alone', '?error=access_denied'],
    ['with_very_much', `?code=${'a'.repeat(5_000)}&state=${'b'.repeat(5_000)}`],
  ])('%s_is_refused', async (_, query) => {
    const browser = openBrowser(loops.url)
    provider.say(eve())
    await answerOf(browser, FIRST)
    const arrived = await browser.open(`/oidc/callback${query}`)
    expect([arrived.status, arrived.text.includes('Begin again')]).toEqual([400, true])
  })

  test('that_says_that_the_person_declined_says_so_once', async () => {
    const browser = openBrowser(loops.url)
    provider.say(eve())
    const answer = await answerOf(browser, FIRST)
    const query = {
      error: 'access_denied',
      state: answer.searchParams.get('state') ?? '',
      iss: provider.issuer,
    }
    const declined = new URL(`/oidc/callback?${new URLSearchParams(query)}`, loops.url)
    const arrived = await browser.open(declined)
    expect([arrived.status, arrived.text.includes('did not agree')]).toEqual([403, true])
    expect((await browser.open(declined)).status).toBe(400)
  })

  test.each(['/oidc/callback/3', '/oidc/callback/x', '/oidc/start?provider=9', '/oidc/start'])(
    'of_no_provider_%s_is_refused',
    async (path) => {
      const arrived = await openBrowser(loops.url).open(path)
      expect([arrived.status, arrived.text.includes('no such provider')]).toEqual([403, true])
    },
  )

  test('never_shows_what_the_provider_wrote', async () => {
    const browser = openBrowser(loops.url)
    provider.say(eve())
    const answer = await answerOf(browser, FIRST)
    const state = answer.searchParams.get('state') ?? ''
    const query = new URLSearchParams({
      error: 'server_error',
      error_description: '<script>alert(1)</script>',
      state,
      iss: provider.issuer,
    })
    const arrived = await browser.open(`/oidc/callback?${query}`)
    expect([arrived.status, arrived.text.includes('alert')]).toEqual([502, false])
  })

  test('is_not_reached_by_more_browsers_than_an_office_has', async () => {
    await using few = await openGatewayEnvironment({ ...provider.env, ...OPEN })
    const { window_ms, count } = OIDC_STARTS_PER_ADDRESS
    few.advance(window_ms - (few.deps.clock.now().getTime() % window_ms))
    const spend = () => few.deps.limits.spend('provider sign-ins from 127.0.0.1', OIDC_STARTS_PER_ADDRESS)
    await Promise.all(Array.from({ length: count - 1 }, spend))
    const start = async () => (await openBrowser(few.url).open('/oidc/start')).status
    expect([await start(), await start()]).toEqual([303, 429])
  })
})
