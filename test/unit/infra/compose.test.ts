// The composed set as data: it fits the Compose specification, and what must hold for every part of it holds.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { CONTRACTS } from '../../../shared/contracts/index.ts'
import { VARIABLES } from '../../../shared/process/config.ts'

type Service = Readonly<{
  image?: string
  command?: readonly string[]
  entrypoint?: readonly string[]
  environment?: Readonly<Record<string, string>>
  volumes?: readonly string[]
  configs?: readonly Readonly<{ source: string }>[]
  logging?: Readonly<{ options?: Readonly<Record<string, string>> }>
  healthcheck?: Readonly<{ test: readonly string[] }>
  profiles?: readonly string[]
  restart?: string
  stop_grace_period?: string
  read_only?: boolean
  cap_drop?: readonly string[]
}>
type Compose = Readonly<{
  services: Readonly<Record<string, Service>>
  configs: Readonly<Record<string, Readonly<{ file?: string }>>>
}>

const INFRA = join(import.meta.dirname, '..', '..', '..', 'infra')
const text = readFileSync(join(INFRA, 'compose.yaml'), 'utf8')
const compose = parse(text, { merge: true }) as Compose
const services = Object.entries(compose.services)
const ours = services.filter(([, { image }]) => image === 'loops')
/** Those that stay, not the ones that an operator runs for a moment or that only prepare. */
const staying = services.filter(([, { restart }]) => restart === 'unless-stopped')

/** The schema of the specification, from the module in which its own implementation carries it. */
const SPECIFICATION = 'github.com/compose-spec/compose-go/v2@v2.16.2'
const schemaOf = (): object | undefined => {
  try {
    const said = execFileSync('go', ['mod', 'download', '-json', SPECIFICATION], {
      cwd: '/',
      stdio: 'pipe',
      timeout: 15_000,
    })
    const { Dir } = JSON.parse(said.toString()) as { Dir: string }
    return JSON.parse(readFileSync(join(Dir, 'schema', 'compose-spec.json'), 'utf8')) as object
  } catch {
    return undefined
  }
}
const schema = schemaOf()

test.skipIf(schema === undefined)('it_fits_the_compose_specification', () => {
  const fits = new AjvJsonSchemaValidator().getValidator(schema as never)
  expect(fits(compose)).toMatchObject({ valid: true })
  expect(fits({ services: { a: { image: 5 } } })).toMatchObject({ valid: false })
})

test('it_runs_every_service_and_lets_an_operator_run_the_commands', () => {
  const run = ours.flatMap(([, { command = [] }]) => command)
  expect(run).toEqual(expect.arrayContaining(CONTRACTS.map(({ name }) => name)))
  const commands = ours.filter(([, { profiles }]) => profiles?.includes('operator'))
  expect(commands.map(([name]) => name).toSorted()).toEqual(['admin', 'events', 'keys'])
  for (const [, { entrypoint = [] }] of commands)
    expect(existsSync(join(INFRA, '..', entrypoint[1] ?? '')), entrypoint.join(' ')).toBe(true)
})

/** What a composed set decides itself, or what serves one machine alone. */
const NOT_FOR_OPERATORS = [
  'DATA_DIR',
  'HEALTH_PORT',
  'SMTP_URL',
  'MAIL_FROM',
  'LOOPBACK_TARGETS',
  'LOOPS_SECRET',
  'LOOPS_SECRET_OLD',
  'NODE_ENV',
]
const NOT_FOR_ANYBODY = ['CLIENT_METADATA_LOOPBACK', 'LEASE_MS', 'CLOCK_OFFSET_MS', 'FAULT']

test('it_passes_every_setting_on_to_the_gateway', () => {
  const passed = Object.keys(compose.services.gateway?.environment ?? {})
  const known = Object.keys(VARIABLES).filter(
    (name) => !NOT_FOR_OPERATORS.includes(name) && !NOT_FOR_ANYBODY.includes(name),
  )
  expect(known.filter((name) => !passed.includes(name))).toEqual([])
})

describe('what stays', () => {
  test.each(services)('%s_keeps_a_bounded_log', (_, { logging }) => {
    expect(logging?.options).toMatchObject({ 'max-size': expect.any(String), 'max-file': expect.any(String) })
  })

  test.each(staying.filter(([name]) => name !== 'edge'))(
    '%s_says_whether_it_is_well',
    (_, { healthcheck }) => {
      expect(healthcheck?.test.length).toBeGreaterThan(1)
    },
  )

  test.each(ours)('%s_writes_nowhere_and_has_no_rights', (_, { read_only, cap_drop, volumes = [] }) => {
    expect({ read_only, cap_drop }).toEqual({ read_only: true, cap_drop: ['ALL'] })
    expect(volumes).toEqual([])
  })

  test.each(services.filter(([name]) => /^mongo-\d$/.test(name)))(
    '%s_leaves_memory_to_the_others',
    (_, { entrypoint = [] }) => {
      expect(entrypoint.join(' ')).toContain('--wiredTigerCacheSizeGB')
    },
  )
})

test.each(services.filter(([name]) => /^mongo-\d$/.test(name)))(
  '%s_may_stop_as_slowly_as_a_member_of_a_replica_set_does',
  (_, { stop_grace_period = '10s' }) => {
    // It waits 15 s for its clients (shutdownTimeoutMillisForSignaledShutdown), and then writes what is left.
    expect(Number.parseInt(stop_grace_period, 10)).toBeGreaterThanOrEqual(30)
  },
)

test('a_service_knows_its_own_passwords_alone', () => {
  for (const [name, { environment = {} }] of ours) {
    const passwords = [...JSON.stringify(environment).matchAll(/\$\{([A-Z_]*PASSWORD)\b/g)].map(
      ([, one]) => one,
    )
    const own = ['admin', 'events', 'keys'].includes(name)
      ? ['OPERATOR_PASSWORD', 'MONGODB_OPERATOR_PASSWORD']
      : [`${name.toUpperCase().replaceAll('-', '_')}_PASSWORD`]
    expect(
      passwords.filter((one) => !own.includes(one ?? '')),
      name,
    ).toEqual([])
  }
})

test('no_service_gets_the_secret_that_the_others_are_made_from', () => {
  const holders = services.filter(([, { environment = {} }]) => 'LOOPS_SECRET' in environment)
  expect(holders.map(([name]) => name)).toEqual(['keys', 'admin'])
})

test('its_files_are_there', () => {
  for (const { file } of Object.values(compose.configs))
    if (file !== undefined) expect(existsSync(join(INFRA, file)), file).toBe(true)
  for (const [, { configs = [] }] of services)
    for (const { source } of configs) expect(Object.keys(compose.configs)).toContain(source)
})

test('what_it_needs_of_docker_is_said_where_people_look', () => {
  const page = readFileSync(join(INFRA, 'docs/deployment.md'), 'utf8')
  // `start_interval` is Engine 25's, inline configs are Compose 2.23.1's.
  for (const said of [text, page]) {
    expect(said).toMatch(/Docker Engine \(?25/)
    expect(said).toMatch(/Compose \(?2\.23\.1/)
  }
})
