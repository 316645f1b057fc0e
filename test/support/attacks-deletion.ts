// The attacks on the deletion of accounts, each with the tests that show its refusal; the others are in attacks.ts.
import type { Attack, Shown } from './attacks.ts'

const deletion = (name: string): Shown => ['service/account-deletion.test.ts', name]

/** What is tried with the deletion of an account. */
export const DELETIONS: readonly Attack[] = [
  [
    'an account that is deleted by a form of another site',
    deletion('is_kept_when_the_form_comes_from_another_site'),
  ],
  [
    'an account that is deleted at a browser that was left open',
    deletion('is_kept_when_it_was_not_proved_lately'),
  ],
  ['an account that is deleted by mistake', deletion('is_kept_until_its_own_address_is_typed')],
  ['a deletion that is asked for twice at once', deletion('says_so_by_one_mail_to_the_address')],
  ['a token, session or app of a deleted account', deletion('is_refused_by_every_gateway')],
  [
    'a workspace without an owner by owners who delete themselves',
    deletion('is_told_to_make_somebody_else'),
    deletion('is_left_when_two_owners_delete_themselves'),
    deletion('is_left_when_the_other_owner_is_demoted'),
  ],
  ['a workspace that is deleted along unseen', deletion('takes_it_along_after_seeing')],
]
