// Personal access tokens: their form, and that none ever allows more than it was given and its holder's role allows.
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Membership } from '../../../services/gateway/accounts/person-rules.ts'
import {
  createToken,
  type Holder,
  judgeToken,
} from '../../../services/gateway/accounts/personal-token-rules.ts'
import { formatSecret, isSecret } from '../../../services/gateway/accounts/token-format.ts'
import { ALL_SCOPES, type Scope } from '../../../shared/contracts/define/common.ts'
import { ROLES, type Role } from '../../../shared/contracts/define/contract.ts'
import { includesScope, scopesOfRole } from '../../../shared/contracts/define/scopes.ts'

const NOW = new Date('2026-11-27T06:00:00Z')
const WS = '01JDAAAAAAAAAAAAAAAAAAAAAA'
const DAY_MS = 24 * 60 * 60_000

const memberAs = (role: Role): Membership => ({
  id: 'm1',
  workspace_id: WS,
  workspace_name: 'W',
  role,
  joined_at: NOW,
})
const holderOf = (...memberships: Membership[]): Holder => ({ _id: 'p1', name: 'Ann', memberships })
const made = { id: 't1', secret: 'loops_pat_secret', hash: 'h', now: NOW }
const tokenOf = (role: Role, scopes: readonly string[], expires_in_days = '90') => {
  const membership = memberAs(role)
  return createToken({ name: 'CI', scopes, expires_in_days }, holderOf(membership), membership, made)
}

const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
const formatted = bytes.map((random) =>
  formatSecret('personal_token', Buffer.from(random).toString('base64url')),
)

test('a_token_has_a_prefix_and_a_checksum_that_no_single_change_survives', () => {
  fc.assert(
    fc.property(formatted, fc.nat(), fc.constantFrom(...'09AZaz_-.~ é'), (token, at, character) => {
      expect(token).toMatch(/^loops_pat_[0-9A-Za-z]{49}$/)
      expect(isSecret('personal_token', token)).toBe(true)
      expect(isSecret('client_secret', token)).toBe(false)
      const place = at % token.length
      const changed = token.slice(0, place) + character + token.slice(place + 1)
      expect(isSecret('personal_token', changed)).toBe(changed === token)
      expect(isSecret('personal_token', token.slice(0, -1))).toBe(false)
    }),
  )
})
test('two_secrets_have_the_same_form_only_if_they_are_the_same', () => {
  const [one, other] = [randomBytes(32), randomBytes(32)].map((random) => random.toString('base64url'))
  expect(formatSecret('personal_token', one ?? '')).not.toBe(formatSecret('personal_token', other ?? ''))
})

const scopeSets = fc.uniqueArray(fc.constantFrom(...ALL_SCOPES), { minLength: 1 })
const roles = fc.constantFrom(...ROLES)
const allows = (scopes: readonly Scope[], needed: Scope) => includesScope(scopes, needed)

test('a_token_allows_what_it_was_given_and_the_role_allows_now_and_nothing_else', () => {
  fc.assert(
    fc.property(roles, roles, scopeSets, (then, now, asked) => {
      fc.pre(asked.every((scope) => allows(scopesOfRole(then), scope)))
      const judged = judgeToken(tokenOf(then, asked), holderOf(memberAs(now)), NOW)
      const held = judged.ok ? judged.scopes : []
      for (const scope of ALL_SCOPES)
        expect(allows(held, scope)).toBe(allows(asked, scope) && allows(scopesOfRole(now), scope))
    }),
  )
})
test('nobody_gives_a_token_a_scope_that_their_role_has_not', () => {
  fc.assert(
    fc.property(roles, scopeSets, (role, asked) => {
      const mayGive = asked.every((scope) => allows(scopesOfRole(role), scope))
      if (mayGive)
        expect(tokenOf(role, asked).scopes).toEqual(ALL_SCOPES.filter((one) => asked.includes(one)))
      else expect(() => tokenOf(role, asked)).toThrow(/cannot give a token this right/)
    }),
  )
})

test.each([
  ['without a scope', [], '90', /Choose what/],
  ['with scopes that do not exist', ['loops:admin'], '90', /Choose what/],
  ['that lasts for ever', ['loops:read'], '', /expiry/],
  ['that lasts longer than offered', ['loops:read'], '3650', /expiry/],
])('a_token_%s_is_refused', (_, scopes, days, sentence) => {
  expect(() => tokenOf('member', scopes, days)).toThrow(sentence)
})

test.each([
  ['once_it_has_expired', holderOf(memberAs('member')), 90 * DAY_MS, 'expired'],
  ['of_somebody_who_is_gone', null, 0, 'not_a_member'],
  ['of_somebody_who_left_the_workspace', holderOf(), 0, 'not_a_member'],
  ['of_somebody_who_left_and_came_back', holderOf({ ...memberAs('member'), id: 'm2' }), 0, 'not_a_member'],
  [
    'of_somebody_with_a_new_password',
    { ...holderOf(memberAs('member')), password_version: 2 },
    0,
    'password_changed',
  ],
] as const)('a_token_is_refused_%s', (_, holder, later_ms, reason) => {
  const now = new Date(NOW.getTime() + later_ms)
  expect(judgeToken(tokenOf('member', ['loops:read']), holder, now)).toEqual({ ok: false, reason })
})
