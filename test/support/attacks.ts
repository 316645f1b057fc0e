// The attacks that the project must withstand, each with the tests that show its refusal. A test is given by its file
// and the beginning of its name. A whole test run ends with the attacks of which no such test passed.

import { AUDIT_LOG } from './attacks-audit.ts'
import { DELETIONS } from './attacks-deletion.ts'
import { SINGLE_SIGN_ON } from './attacks-single-sign-on.ts'

/** A test: its file, and the beginning of its name. */
export type Shown = readonly [file: string, name: string]
/** An attack, and the tests that show its refusal. */
export type Attack = readonly [attack: string, ...shown: Shown[]]

const oauth = (name: string): Shown => ['e2e/attacks-oauth.test.ts', name]
const access = (name: string): Shown => ['e2e/attacks-tokens.test.ts', name]
const fleet = (name: string): Shown => ['e2e/attacks-credentials.test.ts', name]
const accounts = (name: string): Shown => ['service/service-accounts.test.ts', name]
const governed = (name: string): Shown => ['service/workspace-access.test.ts', name]
const keys = (name: string): Shown => ['service/service-keys.test.ts', name]
const managed = (name: string): Shown => ['service/enterprise-authorization.test.ts', name]
const deletion = (name: string): Shown => ['service/workspace-deletion-page.test.ts', name]
const personal = (name: string): Shown => ['service/personal-tokens.test.ts', name]
const races = (name: string): Shown => ['e2e/races.test.ts', name]
const tokens = (name: string): Shown => ['service/oauth-tokens.test.ts', name]
const server = (name: string): Shown => ['service/oauth.test.ts', name]
const rules = (name: string): Shown => ['unit/gateway/grant-rules.test.ts', name]
const documents = (name: string): Shown => ['service/oauth-documents.test.ts', name]
const outbound = (name: string): Shown => ['service/outbound.test.ts', name]
const stepUp = (name: string): Shown => ['e2e/step-up.test.ts', name]
const guards = (name: string): Shown => ['service/gateway-guards.test.ts', name]
const invited = (name: string): Shown => ['service/invitations.test.ts', name]
const confirmed = (name: string): Shown => ['service/confirmation.test.ts', name]
const known = (name: string): Shown => ['service/known-browsers.test.ts', name]
const sessions = (name: string): Shown => ['service/sessions.test.ts', name]
const details = (name: string): Shown => ['service/own-details.test.ts', name]
const deactivation = (name: string): Shown => ['service/deactivation.test.ts', name]
const factor = (name: string): Shown => ['service/second-factor.test.ts', name]
const factors = (name: string): Shown => ['unit/gateway/factor-rules.test.ts', name]
const required = (name: string): Shown => ['service/required-factor.test.ts', name]
const passkey = (name: string): Shown => ['pages/passkeys.test.ts', name]
const mcp = (name: string): Shown => ['e2e/mcp.test.ts', name]
const protocol = (name: string): Shown => ['e2e/protocol.test.ts', name]
const input = (name: string): Shown => ['e2e/bad-input.test.ts', name]
const tenants = (name: string): Shown => ['e2e/tenants.test.ts', name]
const routes = (name: string): Shown => ['e2e/tenants-pages.test.ts', name]
const bus = (name: string): Shown => ['e2e/tenants-bus.test.ts', name]

const OAUTH: readonly Attack[] = [
  ['a code used again', tokens('replayed_after_use')],
  ['a code used fifty times at once', races('is_won_by_one')],
  ['a code with another client', tokens('of_another_client_is_refused_and_stays_usable')],
  ['a code with another redirect URI or resource', tokens('a_wrong_try_leaves_it_usable')],
  ['a code slipped to another person', oauth('is_not_issued_for_a_code')],
  ['PKCE left out, plain or malformed', rules('challenge %s with method %s'), server('sent_to_the_app: %j')],
  ['another verifier, or none', rules('a_verifier_opens_its_own'), tokens('a_wrong_try_leaves_it_usable')],
  ['a redirect URI that only looks right', oauth('%s_is_never_followed'), rules('never_matched_off')],
  ['an open redirect by way of an error', oauth('%s_is_never_followed')],
  [
    'parameters missing or given twice',
    server('never_redirected_before'),
    tokens('refuses_parameters_given_twice'),
  ],
  ['a state that does not come back as sent', server('allowed_with_state_and_issuer')],
  [
    'a mix-up of servers',
    server('allowed_with_state_and_issuer'),
    server('sent_to_the_app_with_state_and_issuer'),
  ],
  ['a redirect that posts the password on (307)', oauth('is_answered_by_a_redirect')],
  ['a page in a frame', oauth('nor_any_page_before_it')],
  ['a consent posted by another site', oauth('given_in_a_form_of_another_site')],
  ['any form posted by another site', guards('is_refused_on_every_route_that_goes_by_a_cookie')],
  ['a consent used by another client', oauth('is_requested_each_time')],
  ['a refresh token used fifty times at once', races('is_answered_each_time')],
  ['a refresh against a revocation', races('leaves_nothing_alive')],
  ['a refresh token of two generations ago', tokens('two_generations_old'), races('of_two_generations_ago')],
  ['a replay within the same second', access('refreshed_twice_within_one_second')],
  ['a scope that widens on refresh', oauth('is_refreshed_to_no_more'), rules('a_refresh_never_gives_more')],
  [
    'approval that nobody allowed',
    server('approval_that_is_not_ticked'),
    server('approval_that_was_not_asked_for'),
  ],
  ['approval given to the app of somebody else', stepUp('cannot_be_given_to_the_app')],
  ['a token of another issuer, audience, time or kind', access('%s_is_refused')],
  ['a token without a signature, or changed', tokens('is_refused_however_it_is_made')],
  ['a token signed with the public key as a secret', access('signed_with_the_public_key')],
  ['a token that names its own key', access('that_brings_or_names_its_own_key')],
  ['a flood of registrations', ['service/oauth-registration.test.ts', 'a_flood_from_one_address']],
  [
    'registrations that leave none to others',
    ['unit/gateway/limits.test.ts', 'ten_that_take_what_they_can_leave_a_third'],
    ['unit/gateway/limits.test.ts', 'a_network_of_many_addresses_is_one_party'],
  ],
  [
    'registrations that fill the database',
    ['service/oauth-time.test.ts', 'a_registration_that_is_never_used_goes'],
  ],
  ['a giant registration', oauth('of_more_than_sixteen_kilobytes')],
  [
    'a name that turns text around',
    oauth('with_a_name_that_reverses_text'),
    server('what_the_app_says_of_itself'),
  ],
  ['a document at an address inside, however written', outbound('at_%s'), documents('%s [R8]')],
  ['a document by a name that resolves inside', outbound('by_%s'), outbound('by_a_name_that_is_public_only')],
  ['a document that redirects inside', outbound('by_a_redirect')],
  [
    'a document that never ends or is huge',
    documents('a_site_that_never_ends'),
    outbound('is_read_no_further'),
  ],
  ['documents at hosts that are slow on purpose', documents('slow_hosts_keep_nobody_from')],
  ['a document by a certificate of another name', outbound('%s_is_refused_before_a_word')],
]

const FLEETS: readonly Attack[] = [
  [
    'a personal token that is changed, cut or made up',
    fleet('a_token_with_any_one'),
    fleet('a_token_of_the_right_form'),
  ],
  [
    'a personal token that was revoked',
    fleet('a_token_that_was_revoked'),
    personal('a_revoked_token_is_refused_by_every'),
  ],
  ['a personal token that has expired', personal('it_expires')],
  [
    'a personal token of somebody who left, was demoted or has a new password',
    personal('a_token_ends_with_its_membership'),
    personal('a_new_password_and_signing_out'),
  ],
  ['a personal token of another workspace', fleet('a_token_of_another_workspace')],
  ['a personal token as a password, a session, a code or a secret', fleet('a_token_opens_no_page')],
  ['a personal token in an address', fleet('a_token_in_an_address')],
  [
    'scopes beyond those of a token, account or role',
    fleet('scopes_beyond'),
    ['unit/gateway/personal-token-rules.test.ts', 'a_token_allows_what'],
    ['unit/gateway/personal-token-rules.test.ts', 'nobody_gives_a_token'],
  ],
  [
    'tokens and service accounts of others',
    personal('a_token_of_somebody_else'),
    accounts('those_of_another_workspace'),
  ],
  ['a service account made by a member', accounts('members_and_viewers_may_not')],
  ['a service account as a client for people', fleet('a_service_account_is_no_client')],
  [
    'client_credentials by a public client or another app',
    fleet('client_credentials_are_refused'),
    accounts('an_app_of_a_person'),
  ],
  [
    'client_credentials of a disabled, deleted or unknown account',
    fleet('a_wrong_secret_and_an_unknown'),
    accounts('a_disabled_account'),
    accounts('a_deleted_account'),
  ],
  ['an old secret, and what was got with it', accounts('a_new_secret_ends')],
  [
    'an assertion of another key, time, server or client',
    keys('%s_is_refused'),
    keys('that_brings_or_names'),
    keys('of_one_account_is_not'),
  ],
  [
    'an assertion without a signature, or changed',
    keys('without_a_signature'),
    keys('with_one_character_changed'),
  ],
  ['an assertion signed with the public key as a secret', keys('signed_with_the_public_key')],
  ['an assertion used twice, at two gateways at once', keys('is_used_once')],
  ['a key set at an address inside', keys('inside_are_never_read'), keys('with_%s_is_refused')],
  ['a key set that is huge or holds secrets', keys('a_set_%s_lets_nobody_in')],
  ['assertions without end', keys('many_wrong_ones_slow_down')],
  [
    'a token beyond the policy, made before it or after',
    governed('of_days_refuses'),
    governed('of_scopes_cuts'),
  ],
  ['a blocked app with an old token', governed('is_refused_at_once_with_old_tokens')],
  [
    'an app that refreshes while it is blocked',
    ['service/credential-races.test.ts', 'an_app_that_is_blocked_while_it_refreshes'],
  ],
  ['a blocked app that asks again', governed('is_refused_at_once_with_old_tokens')],
  ['the access of another workspace, or for a member', governed('what_is_of_another'), governed('members_')],
  ['a token that was replaced a day ago', governed('a_token_that_is_replaced')],
  [
    'an identity assertion for another server, resource, client or time, or of another kind',
    managed('%s_is_refused'),
  ],
  [
    'an identity assertion of a foreign key or issuer',
    managed('by_a_foreign_key'),
    managed('only_a_configured'),
  ],
  ['an identity assertion without a signature, or changed', managed('without_a_signature')],
  ['an identity assertion used twice, at two gateways at once', managed('is_used_once')],
  ['an identity assertion sent by another client', managed('of_a_client_is_of_no_use')],
  ['an account taken by its address alone', managed('%s_is_refused')],
  ['guesses at a client secret', accounts('wrong_secrets_slow_down')],
]

const ACCOUNTS: readonly Attack[] = [
  [
    'a one-time code used again, or of another time',
    factor('refuses_a_code_that_was_used'),
    factors('work_once'),
  ],
  ['the deletion of a workspace by a member who is no owner', deletion('is_closed_to_a_member')],
  ['the deletion of another workspace than one’s own', deletion('deletes_only_the_workspace')],
  ['the deletion of a workspace by a form of another site', deletion('refuses_a_form_of_another')],
  ['the deletion of a workspace in a browser left signed in', deletion('asks_again_who_signed_in')],
  ['a new setup link after the last workspace', deletion('after_the_last_workspace')],
  [
    'a token, an app or an invitation of a deleted workspace',
    ['service/workspace-deletion.test.ts', 'is_refused_by_every_gateway'],
    ['service/workspace-deletion.test.ts', 'lets_nobody_in_by_an_invitation'],
  ],
  [
    'the export of a whole workspace by a member who is no owner',
    ['service/workspace-export.test.ts', 'is_for_the_owner_alone'],
  ],
  ['a recovery code used twenty times at once', factor('begins_one_session_of_twenty')],
  ['one-time codes guessed by whoever knows the password', factor('slows_down_guesses')],
  [
    'any page with the password alone, where a second factor is due',
    factor('whoever_has_proved_only_the_password'),
    factor('is_asked_for_after_a_link'),
  ],
  [
    'a sign-in by whoever knows the password, in a browser of their own',
    known('is_told_of_once_and_those'),
    known('fills_no_mailbox'),
  ],
  ['the second step of another browser', factor('is_of_one_browser')],
  ['the secret of another one’s app for codes', factor('is_not_set_up_by_a_wrong_code')],
  ['a passkey’s answer given again, or by another browser', passkey('counts_once_and_in_its_own')],
  ['a passkey’s answer that was changed', passkey('that_was_changed')],
  ['a passkey of somebody else', passkey('of_somebody_else')],
  ['a passkey whose device did not check its person', passkey('whose_device_does_not')],
  ['a copied passkey', factors('are_refused_once_their_count')],
  [
    'a browser left signed in',
    factor('is_asked_again_before_a_new_token'),
    factor('is_asked_before_factors'),
  ],
  [
    'an open redirect by way of being asked again',
    factor('is_not_led_to_another_site'),
    factors('only_paths'),
  ],
  [
    'a workspace that requires a second factor, without one',
    required('is_kept_out_of_its_pages'),
    required('connects_no_app_and_makes_no_token'),
  ],
  ['a second factor required or no longer required by an admin', required('only_an_owner')],
  [
    'a deactivated account by its session, app, token or password',
    deactivation('is_refused_by_every_gateway'),
    deactivation('makes_no_change_once'),
    deactivation('gets_no_mail_and_no_link'),
  ],
  ['a session of somebody else that is ended', sessions('ends_no_browser_of_somebody_else')],
  [
    'a session that was signed out elsewhere, also while it posts',
    sessions('signs_one_out_at_once'),
    sessions('that_was_ended'),
    ['service/credential-races.test.ts', 'a_browser_that_is_signed_out_while_it_posts'],
  ],
  [
    'the address of an account changed by an open browser or by whoever has the link',
    details('asked_for_in_a_browser_that_was_left'),
    details('is_given_to_nobody_who_only'),
    details('ends_with_a_new_password'),
  ],
  ['an address change that tells who has an account', details('of_somebody_else_gets_no_mail')],
  [
    'the data of an account for somebody else',
    details('is_given_to_nobody_else_and_not'),
    details('holds_what_is_kept'),
  ],
  ['two accounts with one address', details('that_two_ask_for')],
  ['a workspace that is left without an owner', deactivation('is_not_deactivated_and_the_refusal')],
]

const MCP: readonly Attack[] = [
  ['headers that differ from the body', protocol('whose_headers_have')],
  ['batches', protocol('accepts_a_batch_of_a_hundred'), input('is_refused_in_the_form_of_the_protocol')],
  ['deep JSON, NUL, broken UTF-8, too many bytes', input('is_refused_in_the_form_of_the_protocol')],
  ['__proto__ and other members too many', input('of_%s_that_is_missing_or_one_too_many')],
  ['operators of a database, huge numbers', input('of_%s_that_cannot_fit_is_named')],
  ['an unknown tool, an internal operation', input('is_a_protocol_error')],
  ['a revision that does not exist', protocol('of_an_unknown_revision')],
  ['a page of another origin', mcp('from_a_page_of_this_machine')],
  [
    'a name that is rebound to this host',
    mcp('by_a_name_that_is_not_ours'),
    guards('is_refused_on_every_route_but_those_of_services_and_orchestrators'),
  ],
  [
    'mails read through a tunnel, a proxy or a rebound name',
    ['service/dev-mail.test.ts', 'not_shown_to_a_request_with'],
  ],
  ['a session that is made up', mcp('is_answered_whatever')],
  ['any arguments at all, from the listed schemas', input('are_accepted_or_refused_by')],
  [
    'a fault that reveals the inside',
    ['e2e/mcp-breaks.test.ts', 'an_internal_fault_is_answered_with_its_number'],
  ],
]

const TENANCY: readonly Attack[] = [
  ['ids of another workspace, or of a private loop', tenants('the_outside_gets_the_bytes')],
  ['cursors of another workspace', tenants('a_cursor_from_inside')],
  ['idempotency keys of another workspace', tenants('a_key_that_was_used_inside')],
  [
    'ids of another workspace in any place of any route, by an owner of another one, a program or nobody',
    routes('%s_learns_and_changes_nothing'),
  ],
  ["what is the owner's by any route, for a viewer", routes('%s_learns_and_changes_nothing')],
  ['a forged caller on the bus', bus('tools_answer_for_things'), bus('%s_answers_for_a_%s')],
]

const ABUSE: readonly Attack[] = [
  [
    'a request that is made to be slow to read, on any route',
    ['service/gateway-worst-requests.test.ts', 'cost_the_event_loop_no_more'],
  ],
  ['a flood of requests from one address', guards('is_slowed_on_every_route_and_nobody_else_is')],
  [
    'one customer as many addresses',
    ['unit/gateway/address.test.ts', 'one_customer_of_IPv6_once'],
    ['unit/gateway/address.test.ts', 'a_port_or_another_spelling_makes_no_other_address'],
  ],
  [
    'an invitation whose sender may not invite any more',
    invited('is_a_member_only'),
    invited('was_taken_out'),
  ],
  ['an invitation that was passed on', invited('is_refused_to_another_account')],
  ['mails to others by an account that anybody made', confirmed('invites_nobody_and_calls_nothing')],
  ['an account with the address of somebody else', confirmed('is_confirmed_by_nobody_else')],
  ['invitations without end to one address', confirmed('no_address_is_invited_again_and_again')],
  ['guesses without end that keep a person out', known('lets_in_a_browser'), known('treats_no_browser_of')],
  ['guesses at one account', races('guesses_at_one_account'), oauth('are_answered_alike')],
  ['one password at many accounts', oauth('at_many_accounts_from_one_address')],
  ['a flood of mails to one address', ['service/passwords.test.ts', 'mails_to_one_address_are_limited']],
  ['mails to everybody', oauth('cannot_be_sent_to_everybody')],
  ['guesses at unsubscribe links', ['unit/notifier/unsubscribe.test.ts', 'no_bit_of_one_may_be_another']],
  [
    'an event that is published again',
    ['service/notifier.test.ts', 'one_mail_when_the_event_is_delivered_repeatedly'],
  ],
  [
    'an event that claims another service or workspace',
    ['service/events-dead.test.ts', 'poison_becomes_dead_letters'],
    ['service/nats-permissions.test.ts', 'may_publish_its_own_events_only'],
  ],
]

/** Every attack. */
export const ATTACKS: readonly Attack[] = [
  ...OAUTH,
  ...SINGLE_SIGN_ON,
  ...FLEETS,
  ...ACCOUNTS,
  ...DELETIONS,
  ...AUDIT_LOG,
  ...MCP,
  ...TENANCY,
  ...ABUSE,
]
