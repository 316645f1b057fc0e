// The identity providers that an operator configured. Pure.
import type { Config } from '../../../shared/process/config.ts'
import { type GroupRole, PROVIDER_SUFFIXES } from '../../../shared/process/oidc-variables.ts'

/** One provider. */
export type OidcSettings = Readonly<{
  /** Names it in addresses: `1`, `2` or `3`. */
  id: string
  /** What people call it. */
  name: string
  issuer: string
  client_id: string
  client_secret: string | undefined
  scopes: string
  /** Domains of the addresses that it may make accounts for; undefined: every one. */
  allowed_domains: readonly string[] | undefined
  sign_up: 'invited' | 'allowed'
  /** The workspace of people without an invitation; undefined: the oldest one. */
  workspace_id: string | undefined
  groups_claim: string
  roles: readonly GroupRole[]
  role_sync: boolean
}>

type Value<K extends keyof Config> = Config[K]

/** The providers in the order of their numbers. */
export const providersOf = (config: Config): readonly OidcSettings[] =>
  PROVIDER_SUFFIXES.flatMap((suffix, index) => {
    const issuer = config[`OIDC_ISSUER${suffix}`]
    const client_id = config[`OIDC_CLIENT_ID${suffix}`]
    if (issuer === undefined || client_id === undefined) return []
    const domains: Value<'OIDC_ALLOWED_DOMAINS'> = config[`OIDC_ALLOWED_DOMAINS${suffix}`]
    return [
      {
        id: String(index + 1),
        name: config[`OIDC_NAME${suffix}`] ?? new URL(issuer).host,
        issuer,
        client_id,
        client_secret: config[`OIDC_CLIENT_SECRET${suffix}`],
        scopes: config[`OIDC_SCOPES${suffix}`],
        allowed_domains: domains?.includes('*') ? undefined : domains,
        sign_up: config[`OIDC_SIGN_UP${suffix}`],
        workspace_id: config[`OIDC_WORKSPACE${suffix}`],
        groups_claim: config[`OIDC_GROUPS_CLAIM${suffix}`],
        roles: config[`OIDC_ROLES${suffix}`] ?? [],
        role_sync: config[`OIDC_ROLE_SYNC${suffix}`] === 'on',
      },
    ]
  })

/** The path that a provider sends browsers back to: one each, so that no other can answer for it (RFC 9700 §4.4.2.2). */
export const callbackPath = ({ id }: Pick<OidcSettings, 'id'>): string =>
  id === '1' ? '/oidc/callback' : `/oidc/callback/${id}`
