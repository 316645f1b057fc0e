// Every limit of the gateway: how often something may happen, and how fast failed tries slow down. Pure.

/** So many in each span of time. Spans begin at the same moments on every gateway. */
export type Limit = Readonly<{ count: number; window_ms: number }>

/** So many tries without a wait, then waits that double from one second up to a ceiling. */
export type Slowing = Readonly<{ free: number; max_wait_ms: number }>

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** Requests from one address without a known token or session: an office and its apps, but not a flood. */
export const STRANGERS_PER_ADDRESS: Limit = { count: 1_000, window_ms: 10_000 }

/** Client registrations by everybody: as many at once as the database can take. */
export const REGISTRATIONS: Limit = { count: 600, window_ms: 10_000 }
/** The same in a day, for which unused registrations are kept: as many as the database should hold. */
export const REGISTRATIONS_A_DAY: Limit = { count: 20_000, window_ms: DAY_MS }
/** Authorization requests by everybody. Each is kept until its person has decided. */
export const AUTHORIZATIONS: Limit = { count: 3_000, window_ms: MINUTE_MS }

/** Accounts made from one address where anybody may make one. Each has a mail sent, and a whole class may sit behind it. */
export const SIGN_UPS_PER_ADDRESS: Limit = { count: 100, window_ms: HOUR_MS }
/** Browsers from one address that are sent to an identity provider. Each is kept for ten minutes; an office shares one. */
export const OIDC_STARTS_PER_ADDRESS: Limit = { count: 300, window_ms: 10 * MINUTE_MS }
/** Logout tokens from one address: a provider ends the sessions of a whole company at once. */
export const OIDC_LOGOUTS_PER_ADDRESS: Limit = { count: 3_000, window_ms: 10 * MINUTE_MS }
/** Invitations by one workspace, whatever became of earlier ones. */
export const INVITATIONS_PER_WORKSPACE: Limit = { count: 200, window_ms: DAY_MS }
/** Invitations to one address by all workspaces together. */
export const INVITATIONS_PER_ADDRESS: Limit = { count: 5, window_ms: DAY_MS }
/** Mails about sign-ins from browsers that are not known: a program without cookies must not fill a mailbox. */
export const NEW_BROWSER_MAILS: Limit = { count: 20, window_ms: DAY_MS }
/** Mails that warn a person of failed sign-ins. */
export const SIGN_IN_WARNINGS: Limit = { count: 1, window_ms: DAY_MS }

/** Snapshot pages for one subscriber: a million tasks take some eight minutes. */
export const SNAPSHOT_PAGES: Limit = { count: 600, window_ms: MINUTE_MS }

/** Password tries at one account. The ceiling is low: its owner must still get in while somebody else guesses. */
export const PER_ACCOUNT: Slowing = { free: 5, max_wait_ms: 30_000 }
/** Failed password tries from one address; a whole office may share it. */
export const PER_ADDRESS: Slowing = { free: 30, max_wait_ms: 5 * MINUTE_MS }
/** Codes tried at one account, by somebody who has proved a first factor: few enough that guessing takes centuries. */
export const CODES_PER_ACCOUNT: Slowing = { free: 5, max_wait_ms: 15 * MINUTE_MS }
/** Challenges for passkeys that are asked for by nobody in particular. Each is kept for some minutes. */
export const PASSKEY_CHALLENGES: Limit = { count: 3_000, window_ms: MINUTE_MS }
/** Password resets mailed to one account: enough to try again, too few to be a nuisance. */
export const RESETS_PER_ACCOUNT: Slowing = { free: 3, max_wait_ms: 10 * MINUTE_MS }
/** Password resets asked for from one address. */
export const RESETS_PER_ADDRESS: Slowing = { free: 20, max_wait_ms: 10 * MINUTE_MS }
/** Confirmation mails to one account. */
export const CONFIRMATIONS_PER_ACCOUNT: Slowing = { free: 3, max_wait_ms: 10 * MINUTE_MS }
/** Links that connect a provider, mailed to one account. */
export const PROVIDER_LINKS_PER_ACCOUNT: Slowing = { free: 3, max_wait_ms: 10 * MINUTE_MS }
/** Tries at one account after which its owner gets a warning. */
export const WARN_AFTER_TRIES = 10
