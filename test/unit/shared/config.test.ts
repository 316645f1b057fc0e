// The environment: what each variable may be, all faults at once, and no secret in any of them.
import { describe, expect, test } from 'vitest'
import { ConfigError, missingForServices, readConfig, VARIABLES } from '../../../shared/process/config.ts'

const faults = (env: Record<string, string>): readonly string[] => {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

describe('an empty environment', () => {
  test('is_filled_with_what_is_documented', () => {
    expect(readConfig({})).toEqual({
      ACTIVITY_DAYS: 365,
      AUDIT_DAYS: 365,
      PORT: 4000,
      PUBLIC_URL: 'http://localhost:4000',
      DATA_DIR: '.loops',
      MAIL_FROM: 'Loops <loops@localhost>',
      SIGN_UP: 'invited',
      PASSWORDS: 'on',
      ...Object.fromEntries(
        ['', '_2', '_3'].flatMap((suffix) => [
          [`OIDC_SCOPES${suffix}`, 'openid email profile'],
          [`OIDC_SIGN_UP${suffix}`, 'invited'],
          [`OIDC_GROUPS_CLAIM${suffix}`, 'groups'],
          [`OIDC_ROLE_SYNC${suffix}`, 'on'],
        ]),
      ),
      TRUSTED_PROXIES: 0,
      CLIENT_REGISTRATION: 'open',
      CLIENT_METADATA_DOCUMENTS: 'on',
      ACCESS_TOKEN_MINUTES: 15,
      REFRESH_TOKEN_DAYS: 30,
      SESSION_DAYS: 30,
      SESSION_IDLE_DAYS: 14,
      REFRESH_GRACE_SECONDS: 60,
      TOOL_CALLS_PER_MINUTE: 6000,
      WORKSPACE_CALLS_PER_MINUTE: 60000,
      NODE_ENV: 'development',
      UNSIGNED_REQUESTS: 'refused',
      METRICS_HOST: '127.0.0.1',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_TRACES_SAMPLER_ARG: 0.1,
      LOG: 'info',
    })
  })

  test('lacks_what_a_service_needs', () => {
    expect(missingForServices(readConfig({}))).toEqual([
      'MONGODB_URL is not set; a service that runs by itself needs it.',
      'NATS_URL is not set; a service that runs by itself needs it.',
      'LOOPS_SECRET is not set; a service that runs by itself needs it.',
    ])
    const env = { MONGODB_URL: 'mongodb://a', NATS_URL: 'nats://a', LOOPS_SECRET: 's'.repeat(32) }
    expect(missingForServices(readConfig(env))).toEqual([])
  })

  test('is_the_same_as_one_of_empty_values', () => {
    const empty = Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, '']))
    expect(readConfig(empty)).toEqual(readConfig({}))
  })
})

describe('a public address', () => {
  test('follows_the_port', () => {
    expect(readConfig({ PORT: '4100' }).PUBLIC_URL).toBe('http://localhost:4100')
  })

  test('is_kept_as_an_origin', () => {
    expect(readConfig({ PUBLIC_URL: 'https://loops.example.com/' }).PUBLIC_URL).toBe(
      'https://loops.example.com',
    )
  })

  test.each(['https://example.com/loops', 'https://example.com/?a=1', 'ftp://example.com', 'example.com'])(
    'refused_as_%s',
    (value) => {
      expect(faults({ PUBLIC_URL: value })).toHaveLength(1)
    },
  )
})

describe('telemetry', () => {
  test.each([
    ['METRICS_PORT', '0', 'METRICS_PORT ("0") is not from 1 to 65535.'],
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'collector:4318',
      'OTEL_EXPORTER_OTLP_ENDPOINT ("collector:4318") is not a URL starting with http:// or https://.',
    ],
    [
      'OTEL_EXPORTER_OTLP_PROTOCOL',
      'udp',
      'OTEL_EXPORTER_OTLP_PROTOCOL ("udp") is not grpc, http/protobuf or http/json.',
    ],
    [
      'OTEL_EXPORTER_OTLP_HEADERS',
      'api-key=100%',
      'OTEL_EXPORTER_OTLP_HEADERS is not name=value, or several of them separated by commas, with values in %-encoding.',
    ],
    [
      'OTEL_EXPORTER_OTLP_HEADERS',
      'Bearer abc',
      'OTEL_EXPORTER_OTLP_HEADERS is not name=value, or several of them separated by commas, with values in %-encoding.',
    ],
    ['OTEL_TRACES_SAMPLER_ARG', '2', 'OTEL_TRACES_SAMPLER_ARG ("2") is not a number from 0 to 1.'],
  ])('a_wrong_%s_is_a_sentence', (name, value, sentence) => {
    expect(faults({ [name]: value })).toEqual([sentence])
  })

  test('keeps_a_share_of_the_traces', () => {
    expect(readConfig({ OTEL_TRACES_SAMPLER_ARG: '0.25' }).OTEL_TRACES_SAMPLER_ARG).toBe(0.25)
  })
})

describe('an address of servers', () => {
  test.each([
    ['MONGODB_URL', 'mongodb://127.0.0.1:27017/loops?directConnection=true'],
    ['MONGODB_URL', 'mongodb://user:pa%40ss@a:27017,b:27017,c:27017/loops?replicaSet=rs0'],
    ['MONGODB_URL', 'mongodb://a,b,c/loops'],
    ['MONGODB_URL', 'mongodb+srv://cluster.example.com/loops'],
    ['NATS_URL', 'nats://tasks:secret@a:4222,b:4222,c:4222'],
    ['NATS_URL', 'tls://nats.example.com'],
    ['SMTP_URL', 'smtps://user:pass@mail.example.com:465'],
  ])('accepted_as_%s=%s', (name, value) => {
    expect(faults({ [name]: value })).toEqual([])
    expect(readConfig({ [name]: value })).toMatchObject({ [name]: value })
  })

  test.each([
    ['MONGODB_URL', 'localhost:27017'],
    ['MONGODB_URL', 'http://localhost'],
    ['MONGODB_URL', 'mongodb://a:27017,b:notaport/loops'],
    ['NATS_URL', 'nats://'],
    ['NATS_URL', 'nats://,a:4222'],
    ['NATS_URL', 'nats://a:4222,'],
    ['SMTP_URL', 'mail.example.com'],
  ])('refused_as_%s=%s', (name, value) => {
    expect(faults({ [name]: value })).toHaveLength(1)
  })
})

describe('a faulty environment', () => {
  const bad = {
    PORT: '70000',
    SIGN_UP: 'everybody',
    NODE_ENV: 'prod',
    STREAM_REPLICAS: 'three',
    PUBLIC_URL: 'nonsense',
    LOOPS_SECRET: 'hunter2-hunter2',
    MONGODB_URL: 'postgres://admin:hunter2@db',
    NATS_URL: 'http://admin:hunter2@nats',
    SMTP_URL: 'hunter2',
  }

  test('is_told_whole_and_one_sentence_each', () => {
    const told = faults(bad)
    expect(told.map((fault) => fault.split(' ')[0])).toEqual(
      Object.keys(VARIABLES).filter((name) => Object.hasOwn(bad, name)),
    )
    for (const fault of told) expect(fault).toMatch(/^[A-Z_]+ .*\.$/)
    expect(told).toContain('PORT ("70000") is not from 0 to 65535.')
    expect(told).toContain('SIGN_UP ("everybody") is neither invited nor open.')
  })

  test('never_shows_a_secret', () => {
    expect(faults(bad).join('\n')).not.toContain('hunter2')
  })

  test('is_thrown_with_every_fault_in_its_message', () => {
    expect(() => readConfig(bad)).toThrow(/PORT.*SIGN_UP.*NODE_ENV/s)
  })

  test.each(['', ' ', '4000.5', '-1', '0x10', '1e3', '４０００'])('has_a_port_of_%j', (value) => {
    expect(faults({ PORT: value })).toHaveLength(value === '' ? 0 : 1)
  })
})

describe('every variable', () => {
  test.each(Object.entries(VARIABLES))(
    '%s is documented without a full stop, which the page adds',
    (_, variable) => {
      expect(variable.about).toMatch(/^[\w`].*[^.]$/s)
    },
  )

  test('that holds a secret has no fallback', () => {
    for (const variable of Object.values(VARIABLES))
      if ('secret' in variable) expect(variable).not.toHaveProperty('fallback')
  })
})
