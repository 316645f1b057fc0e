// What scopes and roles allow. Pure; the one place that knows their order.
import type { Role } from './contract.ts'
import { ALL_SCOPES, type Scope } from './contracts/common.ts'

const INCLUDED: Readonly<Record<Scope, readonly Scope[]>> = {
  'loops:read': ['loops:read'],
  'loops:write': ['loops:write', 'loops:read'],
  'loops:approve': ['loops:approve'],
}

/** Whether the held scopes allow what `needed` names; writing includes reading. */
export const grants = (held: readonly Scope[], needed: Scope): boolean =>
  held.some((scope) => INCLUDED[scope].includes(needed))

/** The scopes that a role can pass on: a viewer only reads. */
export const scopesOfRole = (role: Role): readonly Scope[] =>
  role === 'viewer' ? ['loops:read'] : ALL_SCOPES

/** What a token may do today: what was consented to, as far as the person's present role still allows it. */
export const effectiveScopes = (consented: readonly Scope[], role: Role): Scope[] =>
  role === 'viewer' ? (grants(consented, 'loops:read') ? ['loops:read'] : []) : [...consented]
