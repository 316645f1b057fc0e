// The attacks on single sign-on: a part of attacks.ts.
import type { Attack, Shown } from './attacks.ts'

const provider = (name: string): Shown => ['service/oidc-hostile.test.ts', name]
const providers = (name: string): Shown => ['service/oidc.test.ts', name]
const mailed = (name: string): Shown => ['service/oidc-mailed-link.test.ts', name]
const later = (name: string): Shown => ['service/oidc-provider-later.test.ts', name]
const linked = (name: string): Shown => ['service/oidc-accounts.test.ts', name]
const connections = (name: string): Shown => ['service/oidc-connections.test.ts', name]

export const SINGLE_SIGN_ON: readonly Attack[] = [
  [
    'an answer of a provider that is stolen, repeated or made up',
    providers('works_once_in_the_browser_that_asked'),
    providers('comes_too_late'),
    provider('%s_is_refused'),
  ],
  [
    'a mix-up of providers',
    provider('with_%s_is_refused_before_the_code'),
    provider('at_the_path_of_the_other_one'),
    provider('is_another_person_even_with_the_same'),
  ],
  [
    'an ID token that is unsigned, foreign, changed, expired or for another sign-in',
    provider('%s_is_refused_and_nothing_is_made'),
    provider('of_a_key_that_was_replaced'),
  ],
  ['a provider whose metadata suddenly names another issuer', later('signs_nobody_in_is_said')],
  ['words of a provider that become part of a page', provider('never_shows_what_the_provider_wrote')],
  [
    'an account taken over by an address at a provider',
    linked('is_connected_only_by_whoever_knows'),
    linked('is_no_place_to_guess'),
    linked('is_not_connected_when_the_address'),
  ],
  ['a mailed link that connects a provider, used twice', mailed('the_link_connects_after_a_click')],
  [
    'a mailed link in another browser, for another identity there',
    mailed('in_another_browser_with_or'),
    mailed('once_another_was_asked_for'),
  ],
  [
    'an old or changed mailed link, or one of another kind',
    mailed('after_half'),
    mailed('with_one_character'),
  ],
  [
    'a mailed link of somebody deactivated, or with another address, meanwhile',
    mailed('when_the_person_was_deactivated'),
  ],
  [
    'a mailed link in place of a second factor, or to an address that may be a stranger’s',
    mailed('to_an_address_that'),
  ],
  ['mailed links without end', mailed('without_end')],
  ['an identity connected with a second account', linked('cannot_take_the_identity')],
  [
    'an identity connected in a browser that was left signed in',
    connections('connects_and_disconnects_nothing'),
    connections('connects_nothing_by_a_sign_in'),
  ],
  [
    'an account left without a way in, or from two sides at once',
    connections('is_not_disconnected'),
    connections('is_one_of_two_that'),
    connections('is_not_the_password'),
  ],
  ['a sign-in by a provider that was disconnected', connections('signs_its_person_in_no_more')],
  ['an identity connected with an account that was deactivated', connections('nobody_deactivated')],
  [
    'an account without an invitation, of a foreign domain or with endless groups',
    providers('%s_is_refused_and_nothing_is_made'),
    providers('an_open_invitation_for_the_verified'),
  ],
  ['the first account by a provider', providers('the_first_account_is_made_with_a_password')],
  ['the last owner demoted by groups from two sides', providers('never_take_the_role_from_the_last_owner')],
  ['a flood of sign-ins by a provider', provider('is_not_reached_by_more_browsers')],
  [
    'a logout token that is forged, old, repeated or an ID token',
    linked('%s_ends_nothing'),
    linked('ends_the_session_that_its_session_began'),
  ],
  [
    'a password where passwords are off',
    linked('off_nobody_signs_in_with_one'),
    linked('for_owners_only_an_owner'),
  ],
]
