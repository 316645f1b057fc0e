// The rules of the authorization server, over all kinds of input.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isLoopback } from '../../../services/gateway/http/host.ts'
import * as rules from '../../../services/gateway/oauth/grant-rules.ts'
import type { Client, Grant } from '../../../services/gateway/oauth/model.ts'
import { oauthError, type Refusal, type Ruled } from '../../../services/gateway/oauth/refusals.ts'
import { oauthSettings } from '../../../services/gateway/oauth/settings.ts'
import { sha256 } from '../../../services/gateway/secrets.ts'
import { ALL_SCOPES, type Scope } from '../../../shared/contracts/define/common.ts'
import { readConfig } from '../../../shared/process/config.ts'

const NOW = new Date('2026-11-22T12:00:00Z')
const later = (ms: number): Date => new Date(NOW.getTime() + ms)
const { access_ms: ACCESS_MS, refresh_ms: REFRESH_MS, grace_ms: GRACE_MS } = oauthSettings(readConfig({}))
const SITE = 'https://loops.example.com'
const verdict = (ruled: Ruled<unknown>): Refusal | 'allowed' => (ruled.ok ? 'allowed' : ruled.reason)

const client = (given: Partial<Client> = {}): Client => ({
  _id: 'c1',
  name: 'App',
  redirect_uris: ['https://app.example/cb'],
  grant_types: ['authorization_code'],
  auth_method: 'none',
  metadata: {},
  created_at: NOW,
  expires_at: later(1),
  ...given,
})

const VERIFIER = 'v'.repeat(43)
const grant = (given: Partial<Grant> = {}): Grant => ({
  _id: 'g1',
  client_id: 'c1',
  client_name: 'App',
  redirect_uri: 'https://app.example/cb',
  user_id: 'u1',
  ws: 'w1',
  scopes: [...ALL_SCOPES],
  resource: `${SITE}/mcp`,
  code: { challenge: sha256(VERIFIER), expires_at: later(60_000), used_at: null },
  gen: 1,
  rotated_at: NOW,
  used_gen: 0,
  last_used_at: null,
  revoked: null,
  ended_tokens: [],
  created_at: NOW,
  expires_at: later(REFRESH_MS),
  ends_at: later(rules.GRANT_MS),
  purge_at: later(rules.GRANT_MS),
  ...given,
})

describe('redirect URIs [A2]', () => {
  const match = rules.matchesRedirect

  test('matched_when_the_same', () => {
    fc.assert(fc.property(fc.webUrl({ withQueryParameters: true }), (uri) => match(uri, uri)))
  })
  test.each([
    ['http://127.0.0.1:33418', 'http://127.0.0.1:33418/'],
    ['http://127.0.0.1/', 'http://127.0.0.1:51234'],
    ['http://localhost/callback', 'http://localhost:8080/callback'],
    ['http://localhost:1/cb?a=1', 'http://localhost:65000/cb?a=1'],
    ['http://[::1]:80/cb', 'http://[::1]/cb'],
  ])('matched_on_any_loopback_port: %s and %s', (registered, requested) => {
    expect(match(registered, requested)).toBe(true)
  })
  test.each([
    ['http://localhost/cb', 'http://127.0.0.1/cb'],
    ['http://localhost/cb', 'http://localhost/cb/'],
    ['http://localhost/cb', 'http://localhost/cb?x=1'],
    ['http://localhost/cb', 'http://localhost.evil.example/cb'],
    ['http://localhost/cb', 'http://localhost:80@evil.example/cb'],
    ['http://localhost/cb', 'http://LOCALHOST/cb'],
    ['http://localhost/cb', 'https://localhost/cb'],
    ['http://localhost/cb', 'http://localhost:99999999/cb'],
    ['http://localhost/a', 'http://localhost/b/../a'],
    ['http://localhost/a', 'http://localhost/a#b'],
    ['https://app.example/cb', 'https://app.example:8443/cb'],
    ['https://app.example/cb', 'https://app.example/cb/'],
    ['https://app.example/cb', 'https://app.example/cb/../cb'],
    ['https://app.example/cb', 'https://app.example/%63b'],
    ['https://app.example/cb', 'https://evil.app.example/cb'],
    ['https://app.example/cb', 'https://app.example.evil.example/cb'],
    ['https://app.example/cb', 'https://user@app.example/cb'],
    ['https://app.example/cb', 'https://APP.example/cb'],
    ['https://app.example/cb', 'https://app.example/cb?x'],
    ['https://app.example/cb', 'javascript:alert(1)'],
  ])('refused_when_anything_else_differs: %s and %s', (registered, requested) => {
    expect(match(registered, requested)).toBe(false)
  })
  test('never_matched_off_loopback_unless_the_same', () => {
    const uri = fc.oneof(
      fc.webUrl(),
      fc.string(),
      fc.constantFrom('http://localhost.x/', 'http://127.0.0.1.x/'),
    )
    fc.assert(fc.property(uri, uri, (a, b) => a === b || isLoopback(b) || !match(a, b)))
  })
  test('the_only_one_is_taken_when_none_is_given', () => {
    expect(rules.chooseRedirect(client(), undefined)).toEqual({ ok: true, value: 'https://app.example/cb' })
    const two = client({ redirect_uris: ['https://a.example/', 'https://b.example/'] })
    expect(verdict(rules.chooseRedirect(two, undefined))).toBe('redirect_uri_missing')
  })
})

describe('PKCE [A3]', () => {
  test('a_verifier_opens_its_own_challenge_and_no_other', () => {
    const verifier = fc.stringMatching(/^[A-Za-z0-9._~-]{43,128}$/)
    fc.assert(
      fc.property(verifier, verifier, (a, b) => {
        expect(verdict(rules.checkVerifier(a, sha256(a)))).toBe('allowed')
        expect(verdict(rules.checkVerifier(b, sha256(a)))).toBe(a === b ? 'allowed' : 'verifier_wrong')
      }),
    )
  })
  test.each([
    [undefined, 'S256', 'challenge_missing'],
    ['', 'S256', 'challenge_missing'],
    ['c'.repeat(43), undefined, 'challenge_method_not_s256'],
    ['c'.repeat(43), 'plain', 'challenge_method_not_s256'],
    ['c'.repeat(43), 's256', 'challenge_method_not_s256'],
    ['c'.repeat(42), 'S256', 'challenge_malformed'],
    ['c'.repeat(44), 'S256', 'challenge_malformed'],
    [`${'c'.repeat(42)}=`, 'S256', 'challenge_malformed'],
    ['c'.repeat(43), 'S256', 'allowed'],
  ])('challenge %s with method %s: %s', (challenge, method, expected) => {
    expect(verdict(rules.checkChallenge(challenge, method))).toBe(expected)
  })
  test.each([undefined, '', 'v'.repeat(42), 'v'.repeat(129), `${'v'.repeat(43)} `])(
    'refused_when_the_verifier_is_malformed: %j',
    (verifier) => {
      expect(verdict(rules.checkVerifier(verifier, sha256(verifier ?? '')))).toBe('verifier_missing')
    },
  )
})

describe('scopes [A4, K10]', () => {
  const scopes = fc.subarray([...ALL_SCOPES], { minLength: 1 })

  test.each([undefined, '', '  ', 'offline_access'])('the_baseline_when_none_is_named: %j', (asked) => {
    expect(rules.narrowScopes(asked)).toEqual({ ok: true, value: ['loops:read', 'loops:write'] })
  })
  test('unknown_ones_are_dropped_and_refused_only_when_none_is_left', () => {
    fc.assert(
      fc.property(
        fc.subarray([...ALL_SCOPES]),
        fc.array(fc.stringMatching(/^[a-z]{1,9}$/)),
        (known, unknown) => {
          const ruled = rules.narrowScopes([...unknown, ...known].join(' '))
          if (known.length > 0) expect(ruled).toEqual({ ok: true, value: known })
          else expect(verdict(ruled)).toBe(unknown.length > 0 ? 'scope_unknown' : 'allowed')
        },
      ),
    )
  })
  test('a_refresh_never_gives_more_than_was_granted', () => {
    fc.assert(
      fc.property(scopes, fc.option(scopes, { nil: undefined }), (granted, asked) => {
        const ruled = rules.refreshScopes(granted, asked?.join(' '))
        if (ruled.ok)
          for (const scope of ruled.value)
            expect(
              granted.includes(scope) || (scope === 'loops:read' && granted.includes('loops:write')),
            ).toBe(true)
        else expect(asked?.some((scope: Scope) => !granted.includes(scope))).toBe(true)
      }),
    )
  })
  test('refused_when_a_refresh_asks_for_what_does_not_exist', () => {
    expect(verdict(rules.refreshScopes(ALL_SCOPES, 'loops:read admin'))).toBe('scope_widened')
  })
})

describe('resource [A5]', () => {
  const check = (...asked: string[]) => rules.checkResource(asked, SITE, 'resource_foreign')

  test.each([
    [],
    [`${SITE}/mcp`],
    [`${SITE}/mcp/`],
    [SITE],
    [`${SITE}/`],
    ['HTTPS://Loops.Example.COM/mcp'],
    ['https://loops.example.com:443/mcp'],
    [SITE, `${SITE}/mcp`],
  ])('canonical_when_ours_is_meant: %s %s', (...asked) => {
    expect(check(...asked)).toEqual({ ok: true, value: `${SITE}/mcp` })
  })
  test.each([
    'https://other.example.com/mcp',
    'http://loops.example.com/mcp',
    'https://loops.example.com:8443/mcp',
    'https://loops.example.com.evil.example/mcp',
    'https://loops.example.com@evil.example/mcp',
    'https://user@loops.example.com/mcp',
    `${SITE}/mcp#x`,
    `${SITE}/mcp?x=1`,
    `${SITE}/mcp/other`,
    `${SITE}/MCP`,
    '/mcp',
    'mcp',
    'urn:loops',
  ])('refused_when_anything_else_is_meant: %s', (asked) => {
    expect(verdict(check(asked))).toBe('resource_foreign')
    expect(verdict(check(`${SITE}/mcp`, asked))).toBe('resource_foreign')
  })
})

describe('client credentials [K2]', () => {
  const secret = 'a secret'
  const confidential = (given: Partial<Client>): Client =>
    client({ auth_method: 'client_secret_basic', secret_hash: sha256(secret), ...given })
  const by = (method: rules.Credentials['by'], value?: string): rules.Credentials => ({
    client_id: 'c1',
    by: method,
    ...(value === undefined ? {} : { secret: value }),
  })

  test('refused_when_the_client_is_unknown', () => {
    expect(verdict(rules.checkCredentials(null, by('none')))).toBe('credentials_wrong')
  })
  test.each([
    [client(), by('none'), 'allowed'],
    [client(), by('client_secret_post', secret), 'credentials_by_other_method'],
    [client(), by('client_secret_basic', ''), 'credentials_by_other_method'],
    [confidential({}), by('client_secret_basic', secret), 'allowed'],
    [confidential({}), by('client_secret_basic', 'another'), 'credentials_wrong'],
    [confidential({}), by('client_secret_post', secret), 'allowed'],
    [confidential({}), by('client_secret_post', 'x'), 'credentials_wrong'],
    [confidential({}), by('none'), 'credentials_by_other_method'],
    [confidential({ auth_method: 'client_secret_post' }), by('client_secret_post', secret), 'allowed'],
    [confidential({ auth_method: 'client_secret_post' }), by('client_secret_basic', secret), 'allowed'],
    [confidential({ auth_method: 'client_secret_post' }), by('none'), 'credentials_by_other_method'],
  ])('%#: as registered and no other way', (known, given, expected) => {
    expect(verdict(rules.checkCredentials(known, given))).toBe(expected)
  })
})

describe('exchange of a code [K3, K4]', () => {
  const asked: rules.Exchange = {
    client_id: 'c1',
    redirect_uri: 'https://app.example/cb',
    verifier: VERIFIER,
    began: later(1_000),
  }
  const used = (at: Date) => grant({ code: { ...grant().code, used_at: at } })

  test.each([
    [grant(), asked, 'allowed'],
    [grant(), { ...asked, redirect_uri: undefined }, 'allowed'],
    [null, asked, 'code_unknown'],
    [grant(), { ...asked, client_id: 'c2' }, 'code_of_another_client'],
    [grant(), { ...asked, redirect_uri: 'https://app.example/' }, 'redirect_uri_differs'],
    [grant(), { ...asked, verifier: 'w'.repeat(43) }, 'verifier_wrong'],
    [grant(), { ...asked, verifier: undefined }, 'verifier_missing'],
    [grant(), { ...asked, began: later(60_000) }, 'code_expired'],
    [grant({ revoked: { reason: 'revoked_by_client', at: NOW } }), asked, 'grant_revoked'],
    [used(NOW), asked, 'code_replayed'],
    [used(asked.began), asked, 'code_replayed'],
    [used(later(1_001)), asked, 'code_used_at_once'],
    [used(NOW), { ...asked, client_id: 'c2' }, 'code_of_another_client'],
    [used(NOW), { ...asked, verifier: 'w'.repeat(43) }, 'code_replayed'],
  ])('%#: %o', (known, given, expected) => {
    expect(verdict(rules.checkExchange(known, given))).toBe(expected)
  })
})

describe('refresh [K6–K8, K11]', () => {
  const check = (known: Grant | null, gen: number, now = NOW) =>
    rules.checkRefresh(known, { gen, client_id: 'c1' }, now, GRACE_MS)
  const outcome = (known: Grant | null, gen: number, now = NOW): string => {
    const ruled = check(known, gen, now)
    return ruled.ok ? ruled.value : ruled.reason
  }
  const afterGrace = later(GRACE_MS + 1)

  test.each([
    ['the current one rotates', grant({ gen: 3 }), 3, NOW, 'rotate'],
    ['the one before gets the same successor at once', grant({ gen: 3, used_gen: 3 }), 2, NOW, 'repeat'],
    ['and until the grace is over', grant({ gen: 3, used_gen: 3 }), 2, later(GRACE_MS), 'repeat'],
    ['and later while nobody used the successor', grant({ gen: 3, used_gen: 2 }), 2, afterGrace, 'repeat'],
    ['but not once somebody has', grant({ gen: 3, used_gen: 3 }), 2, afterGrace, 'refresh_token_reused'],
    ['two generations old is too old at any time', grant({ gen: 3 }), 1, NOW, 'refresh_token_reused'],
    ['a generation that was never given out', grant({ gen: 3 }), 4, NOW, 'refresh_token_unknown'],
    ['no generation at all', grant({ gen: 3 }), Number.NaN, NOW, 'refresh_token_unknown'],
    ['before the code was used', grant({ gen: 0 }), 0, NOW, 'refresh_token_unknown'],
    ['no such grant', null, 1, NOW, 'refresh_token_unknown'],
    ['expired', grant({ expires_at: NOW }), 1, NOW, 'grant_expired'],
    ['revoked', grant({ revoked: { reason: 'refresh_reused', at: NOW } }), 1, NOW, 'grant_revoked'],
    ['another client’s', grant({ client_id: 'c2' }), 1, NOW, 'grant_of_another_client'],
  ])('%s', (_, known, gen, now, expected) => {
    expect(outcome(known, gen, now)).toBe(expected)
  })

  test('whatever_is_presented_in_whatever_order_there_is_one_chain_and_it_ends_with_the_first_reuse', () => {
    const step = fc.record({ back: fc.nat(3), wait_ms: fc.nat(2 * GRACE_MS), uses: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let known = grant()
        let now = NOW
        for (const { back, wait_ms, uses } of steps) {
          now = new Date(now.getTime() + wait_ms)
          const gen = known.gen - back
          const ruled = check(known, gen, now)
          if (!ruled.ok) {
            expect(known.revoked !== null || back > 0).toBe(true)
            if (ruled.reason === 'refresh_token_reused')
              known = { ...known, revoked: { reason: 'refresh_reused', at: now } }
          } else if (ruled.value === 'rotate') {
            expect(back).toBe(0)
            known = { ...known, gen: known.gen + 1, rotated_at: now }
          } else expect(back).toBe(1)
          if (uses) known = { ...known, used_gen: known.gen }
          if (known.revoked) expect(check(known, known.gen, now).ok).toBe(false)
        }
      }),
    )
  })

  test('use_moves_the_end_but_never_past_the_last_day', () => {
    fc.assert(
      fc.property(fc.nat(2 * rules.GRANT_MS), (ms) => {
        const ends_at = later(rules.GRANT_MS)
        const { expires_at, purge_at } = rules.lifetime(ends_at, later(ms), REFRESH_MS)
        expect(expires_at.getTime()).toBe(Math.min(NOW.getTime() + ms + REFRESH_MS, ends_at.getTime()))
        expect(purge_at > expires_at).toBe(true)
        expect(rules.accessLifetime({ ends_at }, later(ms), ACCESS_MS) <= ends_at).toBe(true)
      }),
    )
  })
})

test('clients_are_told_only_codes_of_the_rfcs', () => {
  const codes = new Set(
    (
      [
        'client_unknown',
        'challenge_missing',
        'scope_unknown',
        'resource_foreign',
        'denied_by_person',
        'code_replayed',
        'refresh_token_reused',
        'redirect_uri_scheme',
        'credentials_wrong',
        'grant_type_unsupported',
        'response_type_unsupported',
        'auth_method_unsupported',
      ] as const
    ).map((reason) => oauthError(reason).error),
  )
  expect([...codes].sort()).toEqual([
    'access_denied',
    'invalid_client',
    'invalid_client_metadata',
    'invalid_grant',
    'invalid_redirect_uri',
    'invalid_request',
    'invalid_scope',
    'invalid_target',
    'unsupported_grant_type',
    'unsupported_response_type',
  ])
})
