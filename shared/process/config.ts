// Declares every environment variable. Only this file reads the environment; it never prints a secret.
import * as z from 'zod'
import { serversOf } from '../net/address.ts'
import { OIDC_VARIABLES, oidcFaults } from './oidc-variables.ts'
import { serviceOfSecret } from './service-keys.ts'

const url = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (value) => protocols.includes(serversOf(value)?.[0]?.protocol ?? ''),
      `is not a URL starting with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    )
const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `is not a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `is not from ${min} to ${max}`)

const serviceSecretText = z
  .string()
  .refine(
    (value) => serviceOfSecret(value) !== undefined,
    'is not a service secret; make them with: npm run keys -- service-secrets',
  )

const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Whether a text can be the issuer of an identity provider: https, or http on this machine. */
const isIssuer = (value: string): boolean => {
  if (!URL.canParse(value)) return false
  const { protocol, hostname, search, hash, username } = new URL(value)
  const isSafe = protocol === 'https:' || (protocol === 'http:' && LOOPBACK_NAMES.includes(hostname))
  return isSafe && search === '' && hash === '' && username === ''
}

/** Whether a text is a list of headers, whose values are in percent-encoding. */
const areHeaders = (value: string): boolean => {
  try {
    decodeURIComponent(value)
    return value.split(',').every((pair) => /^\s*[\w.-]+\s*=/.test(pair))
  } catch {
    return false
  }
}

type Variable = Readonly<{
  type: z.ZodType
  fallback?: string
  about: string
  secret?: true
  internal?: true
}>

/** Every variable: its type, its default, and what it means, as the documentation prints it. */
export const VARIABLES = {
  HOST: {
    type: z.string().min(1),
    about: 'Address that the gateway listens on; default: 127.0.0.1 and ::1, which only this machine reaches',
  },
  PORT: { type: wholeNumber(0, 65_535), fallback: '4000', about: 'Port that the gateway listens on' },
  PUBLIC_URL: {
    type: url('http:', 'https:').refine(
      (value) => !URL.canParse(value) || (new URL(value).pathname === '/' && !new URL(value).search),
      'has a path; give only the origin, such as https://loops.example.com',
    ),
    about: 'Address that clients and browsers use; default: http://localhost:PORT',
  },
  DATA_DIR: { type: z.string().min(1), fallback: '.loops', about: 'Where `npm start` keeps its data' },
  MONGODB_URL: {
    type: url('mongodb:', 'mongodb+srv:'),
    about:
      'MongoDB 6.0 or newer; the path is the prefix of the database names (default: loops); if unset, `npm start` runs its own',
    secret: true,
  },
  NATS_URL: {
    type: url('nats:', 'tls:', 'ws:', 'wss:'),
    about: 'NATS 2.12 or newer with JetStream; if unset, `npm start` runs its own',
    secret: true,
  },
  SMTP_URL: {
    type: url('smtp:', 'smtps:'),
    about:
      'SMTP server for mails, with user and password if it needs them; `?name=` sets the name in the greeting (default: the host of PUBLIC_URL); if unset, mails are not sent but kept, and shown at /dev/mail if PUBLIC_URL is this machine',
    secret: true,
  },
  MAIL_FROM: {
    type: z
      .string()
      .regex(
        /^(?:[^<>\p{Cc}]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/u,
        'is neither an address nor `Name <address>`',
      ),
    fallback: 'Loops <loops@localhost>',
    about: 'Sender of the mails',
  },
  TRUSTED_PROXIES: {
    type: wholeNumber(0, 10),
    fallback: '0',
    about: 'Number of proxies in front of the gateway whose X-Forwarded-For is trusted; 0 ignores the header',
  },
  SIGN_UP: {
    type: z.enum(['invited', 'open'], 'is neither invited nor open'),
    fallback: 'invited',
    about:
      'Who may sign up. `invited`: after the first account, only people with an invitation; `open`: anyone, with their own workspace, but they must confirm their address before they can invite people',
  },
  ...OIDC_VARIABLES,
  CLIENT_REGISTRATION: {
    type: z.enum(['open', 'token', 'off'], 'is not open, token or off'),
    fallback: 'open',
    about:
      'Which clients may register. `open`: any, and almost all need to; `token`: only those with CLIENT_REGISTRATION_TOKEN; `off`: none, but registered ones stay',
  },
  CLIENT_REGISTRATION_TOKEN: {
    type: z.string().min(32, 'is shorter than 32 characters; make one with: openssl rand -base64 48'),
    about:
      'Initial access token (RFC 7591) for services that you let register: they have no rate limit, and are kept for 90 days without use (others for one day)',
    secret: true,
  },
  CLIENT_REDIRECT_SCHEMES: {
    type: z
      .string()
      .toLowerCase()
      .transform((list) => list.split(',').map((scheme) => scheme.trim().replace(/:(\/\/)?$/, '')))
      .refine(
        (schemes) =>
          schemes.every((scheme) => /^[a-z][a-z0-9+.-]*$/.test(scheme) && !/^https?$/.test(scheme)),
        'is not a list of URI schemes such as my-editor,com.example.app',
      ),
    about:
      'URI schemes that desktop apps may use in redirect URIs, such as `my-editor,com.example.app`, besides those of known apps',
  },
  CLIENT_METADATA_DOCUMENTS: {
    type: z.enum(['on', 'off'], 'is neither on nor off'),
    fallback: 'on',
    about:
      '`on`: a client id may be the `https` address of a metadata document, which the gateway fetches, but never from private addresses; `off`: for a gateway that cannot reach the internet',
  },
  CLIENT_METADATA_LOOPBACK: {
    type: z.enum(['allowed'], 'has only one valid value: allowed'),
    about: 'Tests only: with NODE_ENV=test, metadata documents may be on this machine',
    internal: true,
  },
  LOOPBACK_TARGETS: {
    type: z.enum(['allowed'], 'has only one valid value: allowed'),
    about:
      '`allowed`: people may have Loops call addresses on this machine, over `http`, to try a receiver; ignored in production',
  },
  SESSION_DAYS: {
    type: wholeNumber(1, 365),
    fallback: '30',
    about: 'How long a browser stays signed in at most',
  },
  SESSION_IDLE_DAYS: {
    type: wholeNumber(1, 365),
    fallback: '14',
    about: 'How long a browser that nobody uses stays signed in',
  },
  ENTERPRISE_ISSUERS: {
    type: z
      .string()
      .transform((list) => list.split(',').map((issuer) => issuer.trim()))
      .refine(
        (issuers) => issuers.length <= 10 && issuers.every(isIssuer),
        'is not a list of at most ten https URLs; http is accepted on this machine alone',
      ),
    about:
      'Enterprise-managed authorization: the issuers, with commas in between, whose identity assertions (ID-JAG) become access tokens without a consent page, for people who have signed in with that issuer',
  },
  ENTERPRISE_WORKSPACE: {
    type: z.string().regex(/^[0-9A-Z]{26}$/, 'is not the id of a workspace'),
    about:
      'The workspace that such assertions are about; if unset, the only workspace of the person, and people with several are refused',
  },
  ACCESS_TOKEN_MINUTES: {
    type: wholeNumber(1, 60),
    fallback: '15',
    about: 'How long an access token is valid before its client must refresh it',
  },
  REFRESH_TOKEN_DAYS: {
    type: wholeNumber(1, 365),
    fallback: '30',
    about: 'How long an unused connection lasts; every connection ends after a year',
  },
  AUDIT_DAYS: {
    type: wholeNumber(1, 3_650),
    fallback: '365',
    about: 'How many days the audit log keeps an entry',
  },
  REFRESH_GRACE_SECONDS: {
    type: wholeNumber(0, 3_600),
    fallback: '60',
    about: 'How long a replaced refresh token can still be exchanged for its successor',
  },
  TOOL_CALLS_PER_MINUTE: {
    type: wholeNumber(1, 1_000_000_000),
    fallback: '6000',
    about: 'Tool calls per minute that one connection may make, over all gateways together',
  },
  WORKSPACE_CALLS_PER_MINUTE: {
    type: wholeNumber(1, 1_000_000_000),
    fallback: '60000',
    about: 'Tool calls per minute that all connections of one workspace may make together, over all gateways',
  },
  LOOPS_SECRET: {
    type: z.string().min(32, 'is shorter than 32 characters; make one with: openssl rand -base64 48'),
    about:
      'Secret from which keys and links are derived, the same for all replicas; if unset, `npm start` makes one in DATA_DIR',
    secret: true,
  },
  LOOPS_SECRET_OLD: {
    type: z.string().min(32, 'is shorter than 32 characters; it must be the previous LOOPS_SECRET'),
    about:
      'The previous LOOPS_SECRET, while it is being replaced; `npm run keys -- rotate-secret` says when it can go',
    secret: true,
  },
  SERVICE_SECRET: {
    type: serviceSecretText,
    about:
      'For a service that runs by itself, instead of LOOPS_SECRET: holds only the keys of this service; `npm run keys -- service-secrets` makes it',
    secret: true,
  },
  SERVICE_SECRET_OLD: {
    type: serviceSecretText,
    about: 'The previous SERVICE_SECRET, while LOOPS_SECRET is being replaced',
    secret: true,
  },
  UNSIGNED_REQUESTS: {
    type: z.enum(['refused', 'accepted'], 'is neither refused nor accepted'),
    fallback: 'refused',
    about:
      '`accepted`: requests between services may lack a signature; only while you replace services of release 0.1.0 one by one',
  },
  NODE_ENV: {
    type: z.enum(['development', 'production', 'test'], 'is not development, production or test'),
    fallback: 'development',
    about: '`production` turns off /dev/mail',
  },
  METRICS_PORT: {
    type: wholeNumber(1, 65_535),
    about:
      'Port where each process answers /metrics (for Prometheus), /livez and /readyz; unset: none, and nothing is measured',
  },
  METRICS_HOST: {
    type: z.string().min(1),
    fallback: '127.0.0.1',
    about: 'Address for METRICS_PORT; `0.0.0.0` where a scraper asks from elsewhere. Keep it from strangers',
  },
  HEALTH_PORT: {
    type: wholeNumber(1, 65_535),
    about: 'Port on 127.0.0.1 where each process answers /livez and /readyz alone; default: none',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    type: url('http:', 'https:'),
    about:
      'Where traces are sent, such as http://collector:4318; unset: nowhere. As in https://opentelemetry.io/docs/specs/otel/protocol/exporter/',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    type: z.enum(['grpc', 'http/protobuf', 'http/json'], 'is not grpc, http/protobuf or http/json'),
    fallback: 'http/protobuf',
    about: '`grpc` (port 4317 of most collectors), `http/protobuf` or `http/json` (port 4318)',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    type: z
      .string()
      .refine(
        areHeaders,
        'is not name=value, or several of them separated by commas, with values in %-encoding',
      ),
    about: 'Headers for the collector, such as `api-key=…`, separated by commas',
    secret: true,
  },
  OTEL_TRACES_SAMPLER_ARG: {
    type: z
      .string()
      .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'is not a number from 0 to 1')
      .transform(Number),
    // A span costs some 40 µs of CPU at each end: with every call kept, tracing would take more than a twentieth of a service.
    fallback: '0.1',
    about:
      'The share of the traces that begin here which are kept, from 0 to 1; a trace of a client keeps its decision',
  },
  STREAM_REPLICAS: {
    type: wholeNumber(1, 5),
    about: 'Copies of the event stream, each on its own server; default: 3 if NATS has three servers, else 1',
  },
  LOG: {
    type: z.string(),
    fallback: 'info',
    about:
      '`debug`, `info`, `warn` or `error`, or the topics to log in full, such as `tasks:store,bus`; if unset, `npm start` shows only warnings',
  },
  ACTIVITY_DAYS: {
    type: wholeNumber(1, 3_650),
    fallback: '365',
    about: 'How many days it is kept who did what, for get_activity',
  },
  LEASE_MS: {
    type: wholeNumber(1_000, 600_000),
    about: 'Tests only: how long a lease on mails, calls and redriven events lasts without renewal',
    internal: true,
  },
  CLOCK_OFFSET_MS: {
    type: z
      .string()
      .regex(/^-?\d{1,9}$/, 'is not a whole number')
      .transform(Number),
    about: 'Tests only: how far ahead the clock of this process is (ms)',
    internal: true,
  },
  FAULT: {
    type: z.string(),
    about: 'Tests only: the step at which this process kills itself',
    internal: true,
  },
} as const satisfies Record<string, Variable>

type Variables = typeof VARIABLES
type Given<V> = V extends { fallback: string } ? true : false

/** The checked environment. Members have the names of the variables; those without a default may be absent. */
export type Config = {
  readonly [K in keyof Variables]: Given<Variables[K]> extends true
    ? z.output<Variables[K]['type']>
    : z.output<Variables[K]['type']> | undefined
} & { readonly PUBLIC_URL: string }

/** The faults of the environment, a sentence for each. Never contains the value of a secret. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly faults: readonly string[]
  constructor(faults: readonly string[]) {
    super(faults.join('\n'))
    this.faults = faults
  }
}

/**
 * Reads every variable of an environment. An empty one counts as unset.
 * @throws ConfigError with all faults at once
 */
export const readConfig = (env: Readonly<Record<string, string | undefined>>): Config => {
  const faults: string[] = []
  const config: Record<string, unknown> = {}
  for (const [name, variable] of Object.entries(VARIABLES) as [string, Variable][]) {
    const given = env[name] === '' ? undefined : env[name]
    const value = given ?? variable.fallback
    if (value === undefined) continue
    const parsed = variable.type.safeParse(value)
    if (parsed.success) config[name] = parsed.data
    else {
      const shown = variable.secret ? '' : ` (${JSON.stringify(value)})`
      faults.push(`${name}${shown} ${parsed.error.issues[0]?.message ?? 'is not valid'}.`)
    }
  }
  if (config.CLIENT_REGISTRATION === 'token' && config.CLIENT_REGISTRATION_TOKEN === undefined)
    faults.push('CLIENT_REGISTRATION is token, so CLIENT_REGISTRATION_TOKEN must be set.')
  if (faults.length === 0) faults.push(...oidcFaults(config))
  if (faults.length > 0) throw new ConfigError(faults)
  config.PUBLIC_URL = new URL(
    (config.PUBLIC_URL as string | undefined) ?? `http://localhost:${config.PORT}`,
  ).origin
  return config as Config
}

/** The variables that a service needs but lacks, a sentence for each. `npm start` sets them itself. */
export const missingForServices = (
  config: Config,
  needs: readonly ('MONGODB_URL' | 'NATS_URL' | 'LOOPS_SECRET')[] = [
    'MONGODB_URL',
    'NATS_URL',
    'LOOPS_SECRET',
  ],
): readonly string[] =>
  needs
    .filter((name) => config[name] === undefined)
    .filter((name) => name !== 'LOOPS_SECRET' || config.SERVICE_SECRET === undefined)
    .map((name) => `${name} is not set; a service that runs by itself needs it.`)

/** Whether mails go to the development mailbox instead of being sent. */
export const keepsMails = (config: Pick<Config, 'SMTP_URL' | 'NODE_ENV'>): boolean =>
  config.SMTP_URL === undefined && config.NODE_ENV !== 'production'

/** Whether /dev/mail shows the kept mails: only if PUBLIC_URL is this machine. */
export const showsMails = (config: Pick<Config, 'SMTP_URL' | 'NODE_ENV' | 'PUBLIC_URL'>): boolean =>
  keepsMails(config) && LOOPBACK_NAMES.includes(new URL(config.PUBLIC_URL).hostname)

/** Whether addresses that people enter may be on this machine and without TLS. */
export const loopbackTargets = (config: Pick<Config, 'LOOPBACK_TARGETS' | 'NODE_ENV'>): boolean =>
  config.LOOPBACK_TARGETS === 'allowed' && config.NODE_ENV !== 'production'

/** This process's environment. */
export const processEnv = (): Readonly<Record<string, string | undefined>> => process.env
