// What scopes and roles allow. Pure. No other file knows what includes what.

import { ALL_SCOPES, type Scope } from './common.ts'
import type { Role } from './contract.ts'

const INCLUDED: Readonly<Record<Scope, readonly Scope[]>> = {
  'loops:read': ['loops:read'],
  'loops:write': ['loops:write', 'loops:read'],
  'loops:approve': ['loops:approve'],
}

/** What an app gets when it names no scope: enough to work on what people approve. */
export const BASELINE_SCOPES: readonly Scope[] = ['loops:read', 'loops:write']

/** Scopes that an app must ask for by name. The consent page shows each as a choice of its own. */
export const FURTHER_SCOPES: readonly Scope[] = ALL_SCOPES.filter((scope) => !BASELINE_SCOPES.includes(scope))

/** Whether the held scopes allow what `needed` names; writing includes reading. */
export const includesScope = (held: readonly Scope[], needed: Scope): boolean =>
  held.some((scope) => INCLUDED[scope].includes(needed))

/** The scopes that a person of a role can give to an app. A viewer only reads. */
export const scopesOfRole = (role: Role): readonly Scope[] =>
  role === 'viewer' ? ['loops:read'] : ALL_SCOPES

/** What a token allows now: what the person consented to, as far as their role still allows it. */
export const effectiveScopes = (consented: readonly Scope[], role: Role): Scope[] =>
  role === 'viewer' ? (includesScope(consented, 'loops:read') ? ['loops:read'] : []) : [...consented]
