// What this service keeps of a workspace: what goes with it, and what stays and why. A test compares it with the database.
import { type Erasures, KEPT_EVERYWHERE, UNPUBLISHED } from '../../shared/storage/erasure.ts'

export const ERASURES: Erasures = {
  // Memberships end before this, and with them what sessions show; see accounts/workspace-deletion.ts.
  erased: [
    { name: 'grants' },
    { name: 'personal_tokens' },
    { name: 'service_accounts' },
    { name: 'invitations', waiting: UNPUBLISHED },
    { name: 'uploads' },
    { name: 'requests', of: (ws) => ({ 'decision.workspace_id': ws }) },
  ],
  kept: {
    ...KEPT_EVERYWHERE,
    workspaces: 'the tombstone, without its name: an id that was used is never used again',
    people: 'accounts belong to their people; only the membership ends',
    sessions: 'belong to their people; they only stop showing the workspace',
    account_mails: 'links mailed to an account belong to its person; they expire within nine days',
    password_resets: 'links mailed to an account belong to its person; they expire within a day',
    audit: 'who did what, for as long as the operator keeps the log; from now on only the operator reads it',
    audit_pending: 'entries on their way into that log',
    audit_anchors: 'the place from which that log is verified',
    installation: 'the id of the installation',
    clients: 'apps, which belong to no workspace',
    assertions: 'that an assertion was used; they expire within minutes',
    signing_keys: 'keys of the installation',
    windows: 'counts of limits, by ids; they expire within a day',
    throttles: 'counts of limits; they expire within a day',
    oidc_sign_ins: 'sign-ins under way; they expire within minutes',
    oidc_links: 'sign-ins under way; they expire within minutes',
    oidc_logouts: 'that a logout token was used; they expire',
    second_factors: 'belong to their people',
    pending_sign_ins: 'sign-ins under way; they expire within minutes',
    passkey_challenges: 'sign-ins under way; they expire within minutes',
  },
}
