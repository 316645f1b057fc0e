// Declares every environment variable, and is the only file that reads them. Never prints secrets.
import * as z from 'zod'
import { serversOf } from '../net/address.ts'
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
    'is not a secret of a service; make them with: npm run keys -- service-secrets',
  )

type Variable = Readonly<{
  type: z.ZodType
  fallback?: string
  about: string
  secret?: true
  internal?: true
}>

/** Every variable: its type, its value when unset, and what it means, as the documentation prints it. */
export const VARIABLES = {
  HOST: {
    type: z.string().min(1),
    about: 'Address that the gateway listens on; unset: those of this machine alone, 127.0.0.1 and ::1',
  },
  PORT: { type: wholeNumber(0, 65_535), fallback: '4000', about: 'Port that the gateway listens on' },
  PUBLIC_URL: {
    type: url('http:', 'https:').refine(
      (value) => !URL.canParse(value) || (new URL(value).pathname === '/' && !new URL(value).search),
      'has a path; give the origin alone, such as https://loops.example.com',
    ),
    about: 'Address that clients and browsers use; unset: http://localhost:PORT',
  },
  DATA_DIR: { type: z.string().min(1), fallback: '.loops', about: 'Where `npm start` keeps its data' },
  MONGODB_URL: {
    type: url('mongodb:', 'mongodb+srv:'),
    about:
      'MongoDB 6.0 or newer; its path is the prefix of the database names (default loops); unset: `npm start` runs its own',
    secret: true,
  },
  NATS_URL: {
    type: url('nats:', 'tls:', 'ws:', 'wss:'),
    about: 'NATS 2.12 or newer with JetStream; unset: `npm start` runs its own',
    secret: true,
  },
  SMTP_URL: {
    type: url('smtp:', 'smtps:'),
    about:
      'SMTP server for mail, with user and password if it wants them, and `?name=` for the name that it is greeted with (the host of PUBLIC_URL otherwise); unset: mails are kept for reading at /dev/mail, where PUBLIC_URL is this machine',
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
    about: 'Proxies in front of the gateway whose X-Forwarded-For is believed; with 0 the header is ignored',
  },
  SIGN_UP: {
    type: z.enum(['invited', 'open'], 'is neither invited nor open'),
    fallback: 'invited',
    about:
      '`invited`: after the first account, by invitation only; `open`: anyone, with a workspace of their own; they invite nobody before they have confirmed their address',
  },
  CLIENT_REGISTRATION: {
    type: z.enum(['open', 'token', 'off'], 'is not open, token or off'),
    fallback: 'open',
    about:
      '`open`: clients may register themselves, as almost all do; `token`: only with CLIENT_REGISTRATION_TOKEN; `off`: those registered before stay',
  },
  CLIENT_REGISTRATION_TOKEN: {
    type: z.string().min(32, 'is shorter than 32 characters; make one with: openssl rand -base64 48'),
    about:
      'Initial access token (RFC 7591) for services that you let register: they are not limited, and stay 90 days unused instead of one',
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
      'URI schemes by which desktop apps may take their answers, such as `my-editor,com.example.app`, beside those of known apps',
  },
  CLIENT_METADATA_DOCUMENTS: {
    type: z.enum(['on', 'off'], 'is neither on nor off'),
    fallback: 'on',
    about:
      '`on`: a client may be the `https` address of a document about it, which the gateway then fetches, never from private addresses; `off` where the gateway has no way out to the internet',
  },
  CLIENT_METADATA_LOOPBACK: {
    type: z.enum(['allowed'], 'is not allowed'),
    about: 'Tests only: with NODE_ENV=test, such documents may be on this machine',
    internal: true,
  },
  LOOPBACK_TARGETS: {
    type: z.enum(['allowed'], 'is not allowed'),
    about:
      '`allowed`: addresses that people have called may be on this machine, over `http`, to try a receiver; never in production',
  },
  ACCESS_TOKEN_MINUTES: {
    type: wholeNumber(1, 60),
    fallback: '15',
    about: 'How long an access token counts before its client must refresh it',
  },
  REFRESH_TOKEN_DAYS: {
    type: wholeNumber(1, 365),
    fallback: '30',
    about: 'How long a connection lasts that is not used; it ends after a year in any case',
  },
  REFRESH_GRACE_SECONDS: {
    type: wholeNumber(0, 3_600),
    fallback: '60',
    about: 'How long a refresh token that was just replaced still gets its successor',
  },
  TOOL_CALLS_PER_MINUTE: {
    type: wholeNumber(1, 1_000_000_000),
    fallback: '6000',
    about: 'Tool calls that one connection may make in a minute, at all gateways together',
  },
  LOOPS_SECRET: {
    type: z.string().min(32, 'is shorter than 32 characters; make one with: openssl rand -base64 48'),
    about:
      'Secret behind the keys and links, the same for all replicas; unset: `npm start` makes one in DATA_DIR',
    secret: true,
  },
  LOOPS_SECRET_OLD: {
    type: z.string().min(32, 'is shorter than 32 characters; it is the LOOPS_SECRET of before'),
    about:
      'The LOOPS_SECRET of before, while it is replaced; `npm run keys -- rotate-secret` says when it can go',
    secret: true,
  },
  SERVICE_SECRET: {
    type: serviceSecretText,
    about:
      'For a service that runs by itself, instead of LOOPS_SECRET: the keys of this service alone; `npm run keys -- service-secrets` makes them',
    secret: true,
  },
  SERVICE_SECRET_OLD: {
    type: serviceSecretText,
    about: 'The SERVICE_SECRET of before, while LOOPS_SECRET is replaced',
    secret: true,
  },
  UNSIGNED_REQUESTS: {
    type: z.enum(['refused', 'accepted'], 'is neither refused nor accepted'),
    fallback: 'refused',
    about:
      '`accepted`: requests between services may lack a signature, while services of release 0.1.0 are replaced one by one; never longer',
  },
  NODE_ENV: {
    type: z.enum(['development', 'production', 'test'], 'is not development, production or test'),
    fallback: 'development',
    about: '`production` turns off /dev/mail',
  },
  HEALTH_PORT: {
    type: wholeNumber(1, 65_535),
    about:
      'Port of 127.0.0.1 on which a service other than the gateway answers /livez and /readyz; unset: none',
  },
  STREAM_REPLICAS: {
    type: wholeNumber(1, 5),
    about:
      'Copies of the event stream, each on a server of its own; unset: 3 where NATS has three servers, else 1',
  },
  LOG: {
    type: z.string(),
    fallback: 'info',
    about:
      'debug, info, warn or error; or topics to see in full, such as tasks:store,bus; `npm start` shows warnings alone unless it is set',
  },
  LEASE_MS: {
    type: wholeNumber(1_000, 600_000),
    about: 'Tests only: how long mails, calls and redriven events stay claimed that nobody renews',
    internal: true,
  },
  CLOCK_OFFSET_MS: {
    type: z
      .string()
      .regex(/^-?\d{1,9}$/, 'is not a whole number')
      .transform(Number),
    about: 'Tests only: how far the clock of this process is ahead',
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

/** The checked environment. Members are called like the variables; those without a fallback may be absent. */
export type Config = {
  readonly [K in keyof Variables]: Given<Variables[K]> extends true
    ? z.output<Variables[K]['type']>
    : z.output<Variables[K]['type']> | undefined
} & { readonly PUBLIC_URL: string }

/** The faults of the environment, one sentence for each variable. Never contains the value of a secret. */
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
 * @throws ConfigError with all faults at once.
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
  if (faults.length > 0) throw new ConfigError(faults)
  config.PUBLIC_URL = new URL(
    (config.PUBLIC_URL as string | undefined) ?? `http://localhost:${config.PORT}`,
  ).origin
  return config as Config
}

/** The variables that a service needs and that are missing, one sentence for each. `npm start` sets them itself. */
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
    .map((name) => `${name} is not set; a service started by itself needs it.`)

/** Whether mails are kept in the development mailbox instead of being sent. */
export const keepsMails = (config: Pick<Config, 'SMTP_URL' | 'NODE_ENV'>): boolean =>
  config.SMTP_URL === undefined && config.NODE_ENV !== 'production'

const LOOPBACK_NAMES: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Whether kept mails may be read at /dev/mail: only if PUBLIC_URL is this machine. */
export const showsMails = (config: Pick<Config, 'SMTP_URL' | 'NODE_ENV' | 'PUBLIC_URL'>): boolean =>
  keepsMails(config) && LOOPBACK_NAMES.includes(new URL(config.PUBLIC_URL).hostname)

/** Whether addresses that people enter may be on this machine, without TLS. */
export const loopbackTargets = (config: Pick<Config, 'LOOPBACK_TARGETS' | 'NODE_ENV'>): boolean =>
  config.LOOPBACK_TARGETS === 'allowed' && config.NODE_ENV !== 'production'

/** This process's environment. */
export const processEnv = (): Readonly<Record<string, string | undefined>> => process.env
