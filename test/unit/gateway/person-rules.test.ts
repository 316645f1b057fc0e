// What people may enter about themselves, how failed tries slow down, and the marks on links.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  localeOf,
  normalizeEmail,
  normalizeName,
  normalizePassword,
  passwordFault,
} from '../../../services/gateway/accounts/person-rules.ts'
import { nameOfCookie, nameOfSiteCookie } from '../../../services/gateway/http/cookies.ts'
import { isForeign } from '../../../services/gateway/http/guards.ts'
import { PER_ACCOUNT } from '../../../services/gateway/limits/policies.ts'
import { countTry, type Tries } from '../../../services/gateway/limits/throttle-rules.ts'
import { deriveSecrets, marked, unmarked } from '../../../services/gateway/secrets.ts'
import { formActionOf } from '../../../services/gateway/web/consent/consent-page.ts'

describe('addresses', () => {
  test.each([
    [' Ann@Example.COM ', 'ann@example.com'],
    ['a+b@example.com', 'a+b@example.com'],
    ['ann@localhost', 'ann@localhost'],
    ['ann@bücher.example', 'ann@xn--bcher-kva.example'],
    ['ann@xn--bcher-kva.example', 'ann@xn--bcher-kva.example'],
  ])('kept_in_one_form: %j', (typed, kept) => {
    expect(normalizeEmail(typed)).toBe(kept)
  })
  test.each([
    '',
    'ann',
    'ann@',
    '@example.com',
    'a b@example.com',
    'ann@example.com,eve@evil.example',
    'Ann <ann@example.com>',
    'ann@example.com\r\nBcc: eve@evil.example',
    'ann@exa\u202emple.com',
    `${'a'.repeat(250)}@example.com`,
    'jos\u00e9@example.com',
    'jos\u0065\u0301@example.com',
    'дарья@example.com',
  ])('refused: %j', (typed) => {
    expect(normalizeEmail(typed)).toBeUndefined()
  })
  test('normalizing_again_changes_nothing', () => {
    fc.assert(
      fc.property(fc.oneof(fc.emailAddress(), fc.string()), (typed) => {
        const once = normalizeEmail(typed)
        if (once !== undefined) expect(normalizeEmail(once)).toBe(once)
      }),
    )
  })
})

describe('names', () => {
  test('kept_without_what_is_invisible_or_turns_text', () => {
    expect(normalizeName('  Zoë\u0000\n O’Neil\u202e ')).toBe('Zoë O’Neil')
    expect(normalizeName('दीपिका 👩🏽‍💻')).toBe('दीपिका 👩🏽‍💻')
  })
  test.each(['', ' \n ', '\u202e', 'x'.repeat(201)])('refused: %j', (typed) => {
    expect(normalizeName(typed)).toBeUndefined()
  })
})

describe('passwords', () => {
  const fault = (password: string) => passwordFault(password, 'ann@example.com', 'Ann Example')?.message
  test.each(['correct horse', 'pässwörtchen', '🐎🔋📎✅🐎🔋📎✅', 'x'.repeat(128).replace(/xx/g, 'xy')])(
    'taken: %j',
    (password) => {
      expect(fault(password)).toBeUndefined()
    },
  )
  test.each([
    '',
    'seven77',
    '🐎🔋📎✅🐎🔋📎',
    'x'.repeat(8),
    'password',
    'PassWord123',
    'ｐａｓｓｗｏｒｄ',
    'ann@example.com',
    'Ann Example',
    'ab'.repeat(129),
  ])('refused: %j', (password) => {
    expect(fault(password)).toMatch(/./)
  })
  test('the_same_however_the_keyboard_composes_it', () => {
    expect(normalizePassword('e\u0301clair au cafe\u0301')).toBe(
      normalizePassword('\u00e9clair au caf\u00e9'),
    )
  })
})

test.each([
  ['de-CH,de;q=0.9,en;q=0.8', 'de-CH'],
  ['ar', 'ar'],
  ['*', 'en'],
  ['', 'en'],
  [undefined, 'en'],
  ['x'.repeat(100), 'en'],
  ['en"><script>', 'en'],
  ['fr;q=0.4, es-MX;q=0.9, de;q=0', 'es-MX'],
  ['pt-BR,pt;q=0.9,es;q=0.8', 'es'],
  ['ja,pt;q=0.5', 'ja'],
])('the_most_wanted_language_that_we_write_in_or_else_the_most_wanted: %j is %s', (header, locale) => {
  expect(localeOf(header)).toBe(locale)
})

describe('failed tries', () => {
  const NOW = new Date('2026-11-22T12:00:00Z')
  const fail = (before: Tries | null, now: Date): Tries => {
    const counted = countTry(before, PER_ACCOUNT, now)
    if (!counted.ok) throw new Error(`must wait ${counted.retry_after_ms} ms`)
    return counted.next
  }

  test('the_first_few_are_free_then_each_waits_longer_up_to_the_ceiling', () => {
    let tries: Tries | null = null
    let now = NOW
    const waits: number[] = []
    for (let count = 0; count < 15; count += 1) {
      tries = fail(tries, now)
      waits.push(tries.blocked_until.getTime() - now.getTime())
      now = tries.blocked_until
    }
    expect(waits).toEqual([
      0,
      0,
      0,
      0,
      ...[1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30].map((seconds) => seconds * 1_000),
    ])
  })
  test('a_try_during_the_wait_is_refused_and_does_not_lengthen_it', () => {
    const blocked: Tries = {
      failures: 9,
      blocked_until: new Date(NOW.getTime() + 5_000),
      expires_at: new Date(NOW.getTime() + 60_000),
    }
    expect(countTry(blocked, PER_ACCOUNT, NOW)).toEqual({ ok: false, retry_after_ms: 5_000 })
  })
  test('forgotten_after_an_hour', () => {
    const old: Tries = { failures: 9, blocked_until: NOW, expires_at: NOW }
    expect(fail(old, NOW).failures).toBe(1)
  })
})

describe('forms of other sites', () => {
  const site = 'https://loops.example.com'
  test.each([
    [{ site: 'same-origin', origin: site }, false],
    [{ site: 'same-origin', origin: 'http://127.0.0.1:4000' }, false],
    [{ site: 'none', origin: undefined }, false],
    [{ site: 'same-site', origin: 'https://evil.example.com' }, true],
    [{ site: 'cross-site', origin: 'null' }, true],
    [{ site: 'cross-site', origin: site }, true],
    [{ site: undefined, origin: site }, false],
    [{ site: undefined, origin: 'https://evil.example' }, true],
    [{ site: undefined, origin: 'null' }, true],
    [{ site: undefined, origin: undefined }, false],
  ])('%j is foreign: %s', (sent, foreign) => {
    expect(isForeign(sent, site)).toBe(foreign)
  })
})

describe('marks', () => {
  const secrets = deriveSecrets('a secret that is long enough to be one')
  const others = deriveSecrets('another secret that is long enough too')

  test('read_back_under_the_same_key_and_purpose_only', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9.]{1,60}$/), (text) => {
        const token = marked(secrets.code, text)
        expect(unmarked(secrets.code, token)).toBe(text)
        expect(unmarked(secrets.refresh, token)).toBeUndefined()
        expect(unmarked(others.code, token)).toBeUndefined()
      }),
    )
  })
  test('nothing_else_is_read', () => {
    const token = marked(secrets.code, '01JDABCDEF')
    const changed = fc.nat(token.length - 1).map((at) => {
      const letter = token[at] === 'A' ? 'B' : 'A'
      return token.slice(0, at) + letter + token.slice(at + 1)
    })
    // The last character of base64url has unused bits. Marks are compared as text, so these count too.
    fc.assert(
      fc.property(fc.oneof(changed, fc.string()), (forged) => {
        if (forged !== token) expect(unmarked(secrets.code, forged)).toBeUndefined()
      }),
    )
  })
})

test('a_cookie_has_the_port_in_its_name_so_that_copies_on_one_host_keep_apart', () => {
  const names = [
    'http://localhost:4000',
    'http://localhost:4100',
    'https://loops.example',
    'https://loops.example:8443',
  ]
  expect(names.map((url) => nameOfSiteCookie(url, 'a'))).toEqual([
    'a_4000',
    'a_4100',
    '__Host-a',
    '__Host-a_8443',
  ])
  expect(names.map((url) => nameOfCookie(url, 'a'))).toEqual(['a_4000', 'a_4100', 'a', 'a_8443'])
})

test.each([
  ['https://app.example/cb', ['https://app.example', 'https:']],
  ['http://localhost:5/cb', ['http://localhost:5', 'https:']],
  ['http://[::1]:5/cb', ['http:', 'https:']],
  ['cursor://anysphere.cursor-mcp/oauth/callback', ['cursor:']],
])('a_consent_may_lead_to_what_a_policy_can_say_of_it: %s', (uri, sources) => {
  expect(formActionOf(uri)).toEqual(sources)
})
