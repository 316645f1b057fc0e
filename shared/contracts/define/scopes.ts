// What scopes and roles allow. Pure; the one place that knows their order.

import { ALL_SCOPES, type Scope } from './common.ts'
import type { Role } from './contract.ts'

const INCLUDED: Readonly<Record<Scope, readonly Scope[]>> = {
  'loops:read': ['loops:read'],
  'loops:write': ['loops:write', 'loops:read'],
  'loops:approve': ['loops:approve'],
}

/** What an app should ask for, and gets when it names no scope: enough to work on what others approve. */
export const BASELINE_SCOPES: readonly Scope[] = ['loops:read', 'loops:write']

/** Scopes that an app gets only when it asks for them by name, each by a choice of its own on the consent page. */
export const FURTHER_SCOPES: readonly Scope[] = ALL_SCOPES.filter((scope) => !BASELINE_SCOPES.includes(scope))

/** Whether the held scopes allow what `needed` names; writing includes reading. */
export const includesScope = (held: readonly Scope[], needed: Scope): boolean =>
  held.some((scope) => INCLUDED[scope].includes(needed))

/** The scopes that a role can pass on: a viewer only reads. */
export const scopesOfRole = (role: Role): readonly Scope[] =>
  role === 'viewer' ? ['loops:read'] : ALL_SCOPES

/** What a token may do today: what was consented to, as far as the person's present role still allows it. */
export const effectiveScopes = (consented: readonly Scope[], role: Role): Scope[] =>
  role === 'viewer' ? (includesScope(consented, 'loops:read') ? ['loops:read'] : []) : [...consented]
