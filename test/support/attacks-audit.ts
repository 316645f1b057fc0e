// Attacks on the audit log and by way of what operators do, with the tests that show their refusal. See attacks.ts.
import type { Attack, Shown } from './attacks.ts'

const log = (name: string): Shown => ['service/audit-page.test.ts', name]
const chain = (name: string): Shown => ['unit/gateway/audit-rules.test.ts', name]
const admin = (name: string): Shown => ['service/admin-command.test.ts', name]
const imported = (name: string): Shown => ['e2e/import-pages.test.ts', name]

/** The attacks. */
export const AUDIT_LOG: readonly Attack[] = [
  ['the audit log for an admin, a member or a viewer', log('for_a_%s_it_is_refused')],
  [
    'the audit log of another workspace, whatever the person, day or place asked for',
    log('an_owner_of_another_workspace'),
    log('a_page_of_older_entries'),
  ],
  ['filters of the audit log that are forged', log('a_filter_that_is_forged')],
  ['lines and markup in the audit log by way of names and addresses', log('a_name_with_line_breaks')],
  [
    'an entry that was changed, removed, added, moved or taken from another log',
    admin('the_log_is_written_out_and_verified'),
    chain('shows_every_changed_member'),
    chain('shows_what_was_removed'),
    chain('shows_what_was_put_in_between'),
    chain('shows_an_entry_of_another_chain'),
  ],
  ['an audit log whose end was cut off, or that was made anew', chain('shows_a_missing_end')],
  [
    'texts and secrets by way of the audit log',
    ['service/audit-actions.test.ts', 'no_entry_has_a_text_or_a_secret'],
  ],
  [
    'something done that the audit log does not have',
    ['service/audit.test.ts', 'nothing_is_done_when_the_intent'],
    ['service/audit-commands.test.ts', 'a_key_that_is_made_or_dropped'],
  ],
  ['a link of an operator used twice', admin('a_link_lets_somebody_in_once')],
  [
    'a token that a scanner ends',
    ['service/secret-scanning.test.ts', 'whoever_presents_a_token_ends_it_and_it_alone'],
  ],
  ['an upload of somebody else', imported('an upload is for its person alone')],
  [
    'limits for claims set by a member',
    ['service/claim-limits.test.ts', 'whoever_may_not_administer_neither'],
  ],
]
