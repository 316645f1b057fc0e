// Declares the variables of single sign-on. A second and third provider have the same ones with a suffix.
import * as z from 'zod'

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Roles that groups of a provider may give. */
const ROLES = ['owner', 'admin', 'member', 'viewer'] as const

/** The role that a group of the provider gives; the group `*` stands for everybody. */
export type GroupRole = Readonly<{ group: string; role: (typeof ROLES)[number] }>

/** Whether a text can be an issuer: https, or http on this machine, without a query or fragment (OpenID Connect Core §2). */
const isIssuer = (value: string): boolean => {
  if (!URL.canParse(value)) return false
  const { protocol, hostname, search, hash, username } = new URL(value)
  const secure = protocol === 'https:' || (protocol === 'http:' && LOOPBACK.includes(hostname))
  return secure && search === '' && hash === '' && username === ''
}

const DOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/

const listOf = (text: string): readonly string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

/** `eng=member`; the last `=` ends the name of the group. */
const groupRoleOf = (text: string): GroupRole | undefined => {
  const end = text.lastIndexOf('=')
  const group = text.slice(0, end).trim()
  const role = ROLES.find((one) => one === text.slice(end + 1).trim())
  return end > 0 && group !== '' && role ? { group, role } : undefined
}

const groupRoles = z
  .string()
  .refine(
    (text) => listOf(text).every((part) => groupRoleOf(part) !== undefined),
    'is not a list such as eng=member,leads=admin, with the roles owner, admin, member and viewer',
  )
  .transform((text) => listOf(text).flatMap((part) => groupRoleOf(part) ?? []))

/** The variables of one provider. */
const OF_ONE_PROVIDER = {
  OIDC_ISSUER: {
    type: z.string().refine(isIssuer, 'is not an https URL; http is accepted on this machine alone'),
    about:
      'Single sign-on: the issuer of an OpenID Connect provider, such as `https://id.example.com/realms/acme`. A second and third provider: all variables of the first with the suffix `_2` or `_3`',
  },
  OIDC_CLIENT_ID: {
    type: z.string().min(1),
    about: 'The id of Loops at the provider; its redirect URI there is PUBLIC_URL/oidc/callback',
  },
  OIDC_CLIENT_SECRET: {
    type: z.string().min(1),
    about: 'The client secret that belongs to it; without one, Loops is a public client',
    secret: true,
  },
  OIDC_NAME: {
    type: z
      .string()
      .trim()
      .refine((name) => name.length > 0 && name.length <= 60, 'is empty or longer than 60 characters'),
    about: 'The name of the provider on the sign-in page; default: the host of OIDC_ISSUER',
  },
  OIDC_SCOPES: {
    type: z.string().refine((scopes) => scopes.split(' ').includes('openid'), 'does not contain openid'),
    fallback: 'openid email profile',
    about: 'The scopes that are asked for, with spaces in between',
  },
  OIDC_ALLOWED_DOMAINS: {
    type: z
      .string()
      .toLowerCase()
      .transform(listOf)
      .refine(
        (domains) => domains.length > 0 && domains.every((domain) => domain === '*' || DOMAIN.test(domain)),
        'is not a list of domains such as example.com,example.org',
      ),
    about:
      'Domains of the addresses for which the provider may make accounts, such as `example.com,example.org`; `*` is every domain',
  },
  OIDC_SIGN_UP: {
    type: z.enum(['invited', 'allowed'], 'is neither invited nor allowed'),
    fallback: 'invited',
    about:
      'For whom the provider makes accounts. `invited`: people with an open invitation; `allowed`: also everybody with an address of OIDC_ALLOWED_DOMAINS, as a member of OIDC_WORKSPACE',
  },
  OIDC_WORKSPACE: {
    type: z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, 'is not the id of a workspace'),
    about:
      'The id of the workspace that people join without an invitation, and in which OIDC_ROLES counts; default: the oldest one',
  },
  OIDC_GROUPS_CLAIM: {
    type: z.string().min(1),
    fallback: 'groups',
    about: 'The claim of the ID token that lists a person’s groups',
  },
  OIDC_ROLES: {
    type: groupRoles,
    about:
      'The roles that groups give, such as `eng=member,leads=admin`; of several the highest counts, and `*` stands for everybody. Owners stay owners unless a group is named for owners',
  },
  OIDC_ROLE_SYNC: {
    type: z.enum(['on', 'off'], 'is neither on nor off'),
    fallback: 'on',
    about: '`on`: OIDC_ROLES sets the role at each sign-in; `off`: only when the account is made',
  },
} as const

type Suffixed<T, S extends string> = { readonly [K in keyof T & string as `${K}${S}`]: T[K] }

const suffixed = <T extends Readonly<Record<string, object>>, S extends string>(variables: T, suffix: S) =>
  Object.fromEntries(
    Object.entries(variables).map(([name, variable]) => [
      `${name}${suffix}`,
      // The documentation says it of the first provider alone.
      { ...variable, internal: true },
    ]),
  ) as unknown as Suffixed<T, S>

/** The suffixes of the variables of each provider. */
export const PROVIDER_SUFFIXES = ['', '_2', '_3'] as const

/** The variables of single sign-on. */
export const OIDC_VARIABLES = {
  ...OF_ONE_PROVIDER,
  ...suffixed(OF_ONE_PROVIDER, '_2'),
  ...suffixed(OF_ONE_PROVIDER, '_3'),
  PASSWORDS: {
    type: z.enum(['on', 'owners', 'off'], 'is not on, owners or off'),
    fallback: 'on',
    about:
      'Who may sign in with a password. `owners`: only owners of a workspace, in case the provider is away; `off`: nobody, and only operators can make a link for a password',
  },
} as const

/** The names without a default, of which a provider without an issuer must have none. */
const OPTIONAL = ['CLIENT_ID', 'CLIENT_SECRET', 'NAME', 'ALLOWED_DOMAINS', 'WORKSPACE', 'ROLES'] as const

/** What is wrong between the variables of single sign-on, a sentence each. */
export const oidcFaults = (config: Readonly<Record<string, unknown>>): readonly string[] => {
  const ofProviders = PROVIDER_SUFFIXES.flatMap((suffix) => {
    const of = (name: string): unknown => config[`OIDC_${name}${suffix}`]
    if (of('ISSUER') === undefined)
      return OPTIONAL.filter((name) => of(name) !== undefined).map(
        (name) => `OIDC_${name}${suffix} is set, so OIDC_ISSUER${suffix} must be set.`,
      )
    return [
      ...(of('CLIENT_ID') === undefined
        ? [`OIDC_ISSUER${suffix} is set, so OIDC_CLIENT_ID${suffix} must be set.`]
        : []),
      ...(of('SIGN_UP') === 'allowed' && of('ALLOWED_DOMAINS') === undefined
        ? [`OIDC_SIGN_UP${suffix} is allowed, so OIDC_ALLOWED_DOMAINS${suffix} must be set.`]
        : []),
    ]
  })
  const without =
    config.PASSWORDS !== 'on' && config.OIDC_ISSUER === undefined
      ? [`PASSWORDS is ${config.PASSWORDS}, so OIDC_ISSUER must be set: nobody could sign in.`]
      : []
  return [...ofProviders, ...without]
}
