// What the claims of a provider mean: the rules by themselves, and for any claims at all.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mayUsePassword } from '../../../services/gateway/accounts/person-rules.ts'
import { hasWayIn, withoutIdentity } from '../../../services/gateway/accounts/way-in-rules.ts'
import {
  decideSignUp,
  groupsOf,
  identityOf,
  isAllowedDomain,
  MAX_GROUPS,
  nameOf,
  roleOfGroups,
  syncedRole,
} from '../../../services/gateway/oidc/oidc-rules.ts'
import { callbackPath, providersOf } from '../../../services/gateway/oidc/settings.ts'
import { type ConfigError, readConfig } from '../../../shared/process/config.ts'

const GROUPS = { groups_claim: 'groups' }
const ROLES = [
  { group: 'eng', role: 'member' },
  { group: 'leads', role: 'admin' },
  { group: '*', role: 'viewer' },
] as const
const role = fc.constantFrom('owner', 'admin', 'member', 'viewer') as fc.Arbitrary<
  'owner' | 'admin' | 'member' | 'viewer'
>

describe('an identity', () => {
  test('is_read_from_any_claims_without_a_fault_and_never_has_an_address_that_is_not_verified', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.anything()), fc.anything(), (claims, email_verified) => {
        const found = identityOf(
          { iss: 'i', sub: 's', email: 'a@b.example', ...claims, email_verified },
          GROUPS,
        )
        if (typeof found === 'string') return
        expect(found.email === undefined || email_verified === true).toBe(true)
        expect(found.groups.length).toBeLessThanOrEqual(MAX_GROUPS)
      }),
    )
  })
  test.each([
    [{ iss: 'i' }, 'claims'],
    [{ iss: 'i', sub: '' }, 'claims'],
    [{ iss: 'i', sub: 7 }, 'claims'],
    [{ iss: 'i', sub: 's'.repeat(256) }, 'claims'],
    [{ sub: 's' }, 'claims'],
    [{ iss: 'i', sub: 's', groups: Array(MAX_GROUPS + 1).fill('g') }, 'too_many_groups'],
  ])('%j_is_refused', (claims, reason) => {
    expect(identityOf(claims, GROUPS)).toBe(reason)
  })
  test('has_the_name_of_the_provider_or_of_the_address', () => {
    expect(nameOf({ name: 'Ada', email: 'a@b.example' })).toBe('Ada')
    expect(nameOf({ name: undefined, email: 'ada.l@b.example' })).toBe('ada.l')
  })
})

describe('groups', () => {
  test.each([
    [undefined, []],
    ['eng', ['eng']],
    [
      ['eng', 7, null, 'leads'],
      ['eng', 'leads'],
    ],
    [{ eng: true }, []],
  ])('%j_are_%j', (claim, groups) => {
    expect(groupsOf(claim)).toEqual(groups)
  })
  test.each([
    [['eng'], 'member'],
    [['leads', 'eng'], 'admin'],
    [['else'], 'viewer'],
    [[], 'viewer'],
  ])('%j_give_%s', (groups, given) => {
    expect(roleOfGroups(groups, ROLES)).toBe(given)
  })
  test('make_nobody_an_owner_and_touch_none_unless_a_group_is_named_for_owners', () => {
    fc.assert(
      fc.property(role, fc.array(fc.string()), (before, groups) => {
        const after = syncedRole(before, { groups }, { roles: ROLES, role_sync: true })
        expect(after).not.toBe('owner')
        if (before === 'owner') expect(after).toBeUndefined()
      }),
    )
  })
  test('change_nothing_where_roles_are_not_synced', () => {
    expect(syncedRole('viewer', { groups: ['leads'] }, { roles: ROLES, role_sync: false })).toBeUndefined()
    expect(syncedRole('viewer', { groups: ['leads'] }, { roles: ROLES, role_sync: true })).toBe('admin')
  })
})

describe('a new account', () => {
  const allowed = { sign_up: 'allowed', allowed_domains: ['acme.example'] } as const
  const facts = { isNew: false, isInvited: false }
  test.each([
    [{ ...facts, isNew: true, isInvited: true }, allowed, 'a@acme.example', 'not_set_up'],
    [facts, allowed, undefined, 'unverified'],
    [{ ...facts, isInvited: true }, allowed, 'a@evil.example', 'domain'],
    [facts, { ...allowed, sign_up: 'invited' } as const, 'a@acme.example', 'no_invitation'],
  ])('with_%j_%j_of_%s_is_refused_as_%s', (given, settings, email, reason) => {
    expect(decideSignUp({ email }, settings, given)).toEqual({ by: null, reason })
  })
  test('comes_about_by_an_invitation_first_and_by_its_domain_second', () => {
    expect(decideSignUp({ email: 'a@acme.example' }, allowed, { ...facts, isInvited: true })).toEqual({
      by: 'invitation',
    })
    expect(decideSignUp({ email: 'a@acme.example' }, allowed, facts)).toEqual({ by: 'domain' })
  })
  test.each(['a@sub.acme.example', 'a@notacme.example', 'a@acme.example.evil', 'acme.example@evil.example'])(
    'of_%s_is_of_another_domain',
    (email) => {
      expect(isAllowedDomain(email, allowed)).toBe(false)
    },
  )
})

describe('passwords', () => {
  const of = (...roles: readonly ('owner' | 'member')[]) => ({
    memberships: roles.map((one) => ({
      workspace_id: 'w',
      workspace_name: 'W',
      role: one,
      joined_at: new Date(0),
    })),
  })
  test('are_for_all_for_owners_of_any_workspace_or_for_nobody', () => {
    const who = [of('member'), of('member', 'owner'), of()]
    expect(who.map((person) => mayUsePassword('on', person))).toEqual([true, true, true])
    expect(who.map((person) => mayUsePassword('owners', person))).toEqual([false, true, false])
    expect(who.map((person) => mayUsePassword('off', person))).toEqual([false, false, false])
  })
})

describe('the variables of single sign-on', () => {
  const ONE = { OIDC_ISSUER: 'https://id.example.com/realms/acme', OIDC_CLIENT_ID: 'loops' }
  const faults = (env: Readonly<Record<string, string>>): readonly string[] => {
    try {
      readConfig(env)
      return []
    } catch (error) {
      return (error as ConfigError).faults
    }
  }
  test('make_one_provider_with_its_defaults', () => {
    expect(providersOf(readConfig(ONE))).toEqual([
      {
        id: '1',
        name: 'id.example.com',
        issuer: ONE.OIDC_ISSUER,
        client_id: 'loops',
        client_secret: undefined,
        scopes: 'openid email profile',
        allowed_domains: undefined,
        sign_up: 'invited',
        workspace_id: undefined,
        groups_claim: 'groups',
        roles: [],
        role_sync: true,
      },
    ])
    expect(providersOf(readConfig({}))).toEqual([])
  })
  test('make_further_providers_with_a_suffix_each_with_a_path_of_its_own', () => {
    const env = {
      ...ONE,
      OIDC_ISSUER_2: 'https://accounts.google.com',
      OIDC_CLIENT_ID_2: 'other',
      OIDC_ROLES_2: 'eng=member, cn=leads=admin',
      OIDC_ALLOWED_DOMAINS_2: 'Acme.example, acme.org',
    }
    const [one, two] = providersOf(readConfig(env))
    expect([one, two].map((each) => each && callbackPath(each))).toEqual([
      '/oidc/callback',
      '/oidc/callback/2',
    ])
    expect(two).toMatchObject({
      id: '2',
      roles: [
        { group: 'eng', role: 'member' },
        { group: 'cn=leads', role: 'admin' },
      ],
      allowed_domains: ['acme.example', 'acme.org'],
    })
  })
  test.each([
    [{ OIDC_ISSUER: 'http://id.example.com', OIDC_CLIENT_ID: 'l' }],
    [{ OIDC_ISSUER: 'https://id.example.com?a=b', OIDC_CLIENT_ID: 'l' }],
    [{ OIDC_ISSUER: 'https://id.example.com' }],
    [{ OIDC_CLIENT_ID: 'l' }],
    [{ OIDC_NAME_2: 'Second' }],
    [{ ...ONE, OIDC_ROLES: 'eng=king' }],
    [{ ...ONE, OIDC_ROLES: 'eng' }],
    [{ ...ONE, OIDC_SIGN_UP: 'allowed' }],
    [{ ...ONE, OIDC_ALLOWED_DOMAINS: 'not a domain' }],
    [{ ...ONE, OIDC_SCOPES: 'email' }],
    [{ PASSWORDS: 'off' }],
    [{ PASSWORDS: 'owners' }],
  ])('are_refused_as_%j', (env) => {
    expect(faults(env)).toHaveLength(1)
  })
  test('accept_http_on_this_machine_alone', () => {
    expect(faults({ ...ONE, OIDC_ISSUER: 'http://127.0.0.1:8080' })).toEqual([])
    expect(faults({ ...ONE, PASSWORDS: 'off' })).toEqual([])
  })
})

describe('a way in without one identity', () => {
  const ME = { iss: 'https://id.example/', sub: 'me' }
  const member = { role: 'member', workspace_id: 'w', workspace_name: 'W', joined_at: new Date(0) } as const
  test.each([
    ['is a password', { password_hash: 'x' }, {}, true],
    ['is no password that nobody may use', { password_hash: 'x' }, { passwords_for: 'off' }, false],
    ['is no password for owners alone', { password_hash: 'x' }, { passwords_for: 'owners' }, false],
    ['is a passkey', {}, { passkey: true }, true],
    [
      'is no passkey where the sign-in page asks for none',
      {},
      { passkey: true, passwords_for: 'off' },
      false,
    ],
    ['is another provider', { identities: [ME, { iss: 'https://two.example', sub: 'me' }] }, {}, true],
    ['is another identity at the same one', { identities: [ME, { ...ME, sub: 'also me' }] }, {}, true],
    [
      'is no provider that is gone',
      { identities: [ME, { iss: 'https://gone.example', sub: 'me' }] },
      {},
      false,
    ],
    ['is not itself', {}, {}, false],
  ] as const)('%s', (_, person, has, expected) => {
    const identities = ('identities' in person ? person.identities : [ME]).map((one) => ({
      ...one,
      at: new Date(0),
    }))
    const facts = {
      passwords_for: 'on',
      passkey: false,
      issuers: ['https://id.example', 'https://two.example'],
    } as const
    const account = { password_hash: null, memberships: [member], ...person, identities }
    expect(hasWayIn(withoutIdentity(account, ME), { ...facts, ...has })).toBe(expected)
  })
})
