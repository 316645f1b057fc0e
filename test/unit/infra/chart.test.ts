// The Helm chart as data: its values have a schema, its parts the rights of those in compose.yaml, and every setting can be
// made. Whether it renders is checked by `npm run check`, which needs Helm.
import { execFileSync } from 'node:child_process'
import {
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { chartSettings, SET_BY_THE_CHART } from '../../../infra/contracts/chart.ts'
import { CONTRACTS } from '../../../shared/contracts/index.ts'
import { VARIABLES } from '../../../shared/process/config.ts'
import { STOP_TIMEOUT_MS } from '../../../shared/process/lifecycle.ts'

type Json = Readonly<Record<string, unknown>>
type Schema = Readonly<{
  $ref?: string
  type?: unknown
  description?: string
  properties?: Readonly<Record<string, Schema>>
  additionalProperties?: unknown
  items?: Schema
  definitions?: Readonly<Record<string, Schema>>
}>
type Part = Readonly<{
  args: readonly string[]
  config: readonly string[]
  secrets: readonly string[]
  optional?: readonly string[]
  reaches?: readonly string[]
}>

const INFRA = join(import.meta.dirname, '..', '..', '..', 'infra')
const CHART = join(INFRA, 'chart')
const read = (path: string): string => readFileSync(join(CHART, path), 'utf8')
const values = parse(read('values.yaml')) as Json
const schema = JSON.parse(read('values.schema.json')) as Schema
const given = parse(read('files/services.yaml')) as Readonly<
  Record<'services' | 'operator', Readonly<Record<string, Part>>>
>
const compose = parse(readFileSync(join(INFRA, 'compose.yaml'), 'utf8'), { merge: true }) as Readonly<{
  services: Readonly<
    Record<string, { environment?: Json; networks?: readonly string[]; command?: readonly string[] }>
  >
}>
const variables: Readonly<Record<string, { secret?: true; about: string }>> = VARIABLES
const isSecret = (name: string): boolean => variables[name]?.secret === true
const examples = globSync('examples/*.yaml', { cwd: CHART }).toSorted()

const resolved = (one: Schema): Schema =>
  one.$ref === undefined ? one : (schema.definitions?.[one.$ref.replace('#/definitions/', '')] ?? {})

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The keys of values that the schema does not describe, as paths. An object without `properties` may hold anything. */
const undescribed = (value: Json, raw: Schema, path = ''): string[] => {
  const { properties } = resolved(raw)
  if (properties === undefined) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const one = properties[key]
    const name = `${path}${key}`
    if (one === undefined) return [name]
    const known = resolved(one)
    if (!known.description) return [name]
    return isObject(inner) ? undescribed(inner, one, `${name}.`) : []
  })
}

/** Objects of the schema with keys of their own that let unknown ones pass. */
const lenient = (raw: Schema, path = ''): string[] => {
  const { properties, additionalProperties, items } = resolved(raw)
  return [
    ...(properties && additionalProperties !== false ? [path || '(all)'] : []),
    ...Object.entries(properties ?? {}).flatMap(([key, one]) => lenient(one, `${path}.${key}`)),
    ...(items ? lenient(items, `${path}[]`) : []),
  ]
}

const merged = (base: Json, over: Json): Json => ({
  ...base,
  ...Object.fromEntries(
    Object.entries(over).map(([key, value]) => {
      const below = base[key]
      return [key, isObject(below) && isObject(value) ? merged(below, value) : value]
    }),
  ),
})

describe('the values', () => {
  const fits = new AjvJsonSchemaValidator().getValidator(schema as never)

  test('are_described_each_in_the_schema', () => {
    expect(undescribed(values, schema)).toEqual([])
  })

  test('have_everything_that_the_schema_knows', () => {
    const known = Object.keys(schema.properties ?? {}).filter((key) => key !== 'global')
    expect(Object.keys(values).toSorted()).toEqual(known.toSorted())
    const { services } = values as { services: Record<string, Json> }
    const keys = Object.keys(schema.definitions?.service?.properties ?? {}).toSorted()
    for (const [name, one] of Object.entries(services))
      expect(Object.keys(one).toSorted(), name).toEqual(keys)
  })

  test('are_refused_where_a_key_is_unknown', () => {
    expect(lenient(schema)).toEqual([])
    expect(fits(merged(values, { gatway: {} }))).toMatchObject({ valid: false })
    expect(fits(merged(values, { services: { gateway: { replica: 3 } } }))).toMatchObject({ valid: false })
    expect(fits(merged(values, { config: { PUBLIC_ULR: 'https://a.example' } }))).toMatchObject({
      valid: false,
    })
    expect(fits(merged(values, { config: { LOOPS_SECRET: 'x'.repeat(40) } }))).toMatchObject({ valid: false })
  })

  test('fit_as_they_are_and_with_each_example', () => {
    expect(fits(values)).toMatchObject({ valid: true })
    expect(examples.length).toBeGreaterThanOrEqual(3)
    for (const file of examples) {
      const example = parse(read(file)) as Json
      expect(fits(merged(values, example)), file).toMatchObject({ valid: true })
      expect(example, file).toHaveProperty('config.PUBLIC_URL')
    }
  })

  test('let_a_pod_end_after_its_service', () => {
    const pause_s = Number(/preStop:\s+sleep:\s+seconds: (\d+)/.exec(read('templates/deployments.yaml'))?.[1])
    expect(values.terminationGracePeriodSeconds).toBeGreaterThan(pause_s + STOP_TIMEOUT_MS / 1000)
  })
})

test('a_gateway_is_ready_where_its_requests_go_and_the_others_on_the_metrics_port', () => {
  const [, probe = ''] =
    /readinessProbe:\s+\{\{- include "loops\.probe" (.*) \| nindent/.exec(
      read('templates/deployments.yaml'),
    ) ?? []
  expect(probe).toBe('(dict "path" "/readyz" "port" (ternary "http" "metrics" (eq $service "gateway")))')
})

describe('the settings', () => {
  test('are_all_variables_but_secrets_and_what_the_chart_sets', () => {
    const settable = Object.keys(schema.properties?.config?.properties ?? {})
    const secrets = [...Object.values(given.services), ...Object.values(given.operator)].flatMap((part) => [
      ...part.secrets,
      ...(part.optional ?? []),
    ])
    const unreachable = Object.entries(variables)
      .filter(([, { about }]) => !about.startsWith('Tests only'))
      .map(([name]) => name)
      .filter(
        (name) => !settable.includes(name) && !secrets.includes(name) && !SET_BY_THE_CHART.includes(name),
      )
    expect(unreachable, 'pass these in infra/chart/files/services.yaml, or run npm run contracts').toEqual([])
    expect(settable).toEqual(chartSettings())
  })

  test('that_are_named_for_a_service_exist', () => {
    for (const [name, { config }] of [...Object.entries(given.services), ...Object.entries(given.operator)])
      for (const setting of config.filter((one) => one !== 'all'))
        expect(chartSettings(), name).toContain(setting)
  })
})

describe('what each part gets', () => {
  const composed = (name: string): string[] => Object.keys(compose.services[name]?.environment ?? {})
  const parts = [...Object.entries(given.services), ...Object.entries(given.operator)].filter(
    ([name]) => name in compose.services,
  )

  test('covers_every_service_and_its_values', () => {
    const names = ['migrator', ...CONTRACTS.map(({ name }) => name)].toSorted()
    expect(Object.keys(given.services).toSorted()).toEqual(names)
    expect(Object.keys(values.services as Json).toSorted()).toEqual(names)
    expect(parts.length).toBeGreaterThan(CONTRACTS.length)
  })

  test.each(parts)('%s_holds_the_secrets_that_it_holds_in_compose', (name, { secrets, optional = [] }) => {
    expect([...secrets, ...optional].toSorted()).toEqual(composed(name).filter(isSecret).toSorted())
  })

  test.each(parts)('%s_gets_at_least_the_settings_that_it_gets_in_compose', (name, { config }) => {
    const settings = composed(name).filter((one) => !isSecret(one) && !SET_BY_THE_CHART.includes(one))
    expect(config.includes('all') ? [] : settings.filter((one) => !config.includes(one))).toEqual([])
  })

  test.each(Object.entries(given.services))(
    '%s_reaches_outside_as_it_does_in_compose',
    (name, { reaches }) => {
      const outside = compose.services[name]?.networks?.includes('world') ?? false
      expect(reaches?.some((one) => ['public', 'smtp'].includes(one))).toBe(outside)
    },
  )

  test('runs_what_exists', () => {
    for (const [name, { args }] of Object.entries(given.services)) expect(args, name).toEqual([name])
    for (const { args } of Object.values(given.operator))
      for (const file of args) expect(existsSync(join(INFRA, '..', file)), file).toBe(true)
    const programs = (schema.properties?.admin?.properties?.program as { enum?: string[] } | undefined)?.enum
    expect(programs?.toSorted()).toEqual(Object.keys(given.operator).toSorted())
  })
})

test('its_version_is_that_of_the_package', () => {
  const { version } = JSON.parse(readFileSync(join(INFRA, '..', 'package.json'), 'utf8')) as {
    version: string
  }
  expect(parse(read('Chart.yaml'))).toMatchObject({ version, appVersion: version })
  expect(values).toMatchObject({ image: { tag: '' } })
  expect(readFileSync(join(INFRA, 'docs/deployment.md'), 'utf8')).toContain(`--tag loops:${version} .`)
})

test('every_pod_has_no_rights_no_token_and_writes_nowhere', () => {
  const helpers = read('templates/_helpers.tpl')
  for (const said of [
    'automountServiceAccountToken: false',
    'allowPrivilegeEscalation: false',
    'readOnlyRootFilesystem: true',
    'drop: [ALL]',
  ])
    expect(helpers).toContain(said)
  expect(values).toMatchObject({ podSecurityContext: { runAsNonRoot: true } })
  for (const file of ['deployments', 'migration', 'admin-job']) {
    const template = read(`templates/${file}.yaml`)
    expect(template).toContain('include "loops.pod"')
    expect(template).toContain('include "loops.container"')
  }
})

test('the_page_names_each_secret_and_its_keys', () => {
  const page = readFileSync(join(INFRA, 'docs/deployment.md'), 'utf8')
  const rows = [...page.matchAll(/^\| `loops-.*$/gm)].map(([row]) => row)
  for (const [name, { secrets, optional = [] }] of Object.entries(given.services)) {
    const row = rows.find((one) => one.includes(`\`loops-${name}\``)) ?? ''
    expect([...row.matchAll(/`([A-Z][A-Z_0-9]+)`/g)].map(([, key]) => key)).toEqual([...secrets, ...optional])
  }
})

test('the_servers_for_a_laptop_run_the_images_of_compose', () => {
  const text = read('examples/servers/servers.yaml')
  const composed = readFileSync(join(INFRA, 'compose.yaml'), 'utf8')
  for (const [, image] of text.matchAll(/image: (\S+)/g)) expect(composed).toContain(`image: ${image}\n`)
  for (const document of parseAllDocuments(text)) expect(document.errors).toEqual([])
})

test('the_page_makes_what_the_servers_for_a_laptop_need', () => {
  const page = readFileSync(join(INFRA, 'docs/deployment.md'), 'utf8')
  const text = read('examples/servers/servers.yaml')
  const found = (pattern: RegExp, within: string): string[] =>
    [...new Set([...within.matchAll(pattern)].map(([, name = '']) => name))].toSorted()
  const maps = found(/configMap:\s*(?:\{ )?name: ([\w-]+)/g, text)
  expect(maps.length).toBeGreaterThan(1)
  expect(found(/create configmap ([\w-]+)/g, page)).toEqual(maps)
  for (const secret of found(/secret(?:Ref|KeyRef): \{ name: ([\w-]+)/g, text))
    expect(page).toContain(`create secret generic ${secret} `)
  const made = found(/^([A-Z_]+)=/gm, /cat > infra\/\.env <<END\n(.*?)\nEND/s.exec(page)?.[1] ?? '')
  for (const key of found(/key: ([A-Z_]+)/g, text)) expect(made).toContain(key)
})

test('the_page_shows_templates_that_exist', () => {
  const page = readFileSync(join(INFRA, 'docs/deployment.md'), 'utf8')
  const shown = [...page.matchAll(/--show-only (\S+)/g)].map(([, path = '']) => path)
  expect(shown.length).toBeGreaterThan(0)
  for (const path of shown) expect(existsSync(join(CHART, path)), path).toBe(true)
})

/** Runs commands of the page with a `kubectl` that only writes down the Secrets that it is to make. */
const secretsMadeBy = (commands: string): ReadonlyMap<string, ReadonlyMap<string, string>> => {
  const folder = mkdtempSync(join(tmpdir(), 'loops-secrets-'))
  try {
    const page = readFileSync(join(INFRA, 'docs/deployment.md'), 'utf8')
    const names = [...(/cat > infra\/\.env <<END\n(.*?)\nEND/s.exec(page)?.[1] ?? '').matchAll(/^[A-Z_]+/gm)]
    const keys = CONTRACTS.map(({ name }) => `${name.replaceAll('-', '_').toUpperCase()}_SECRET`)
    const lines = [...names.map(([name]) => name), ...keys].map((name) => `${name}="the ${name}"\n`)
    mkdirSync(join(folder, 'infra'))
    writeFileSync(join(folder, 'infra', '.env'), lines.join(''))
    const stub = '#!/bin/bash\n[ "$4" = secret ] && cat "$(cut -d= -f2 <<< "$7")" > "made-$6"\nexit 0\n'
    writeFileSync(join(folder, 'kubectl'), stub, { mode: 0o755 })
    const PATH = `${folder}:${process.env.PATH}`
    execFileSync('bash', ['-euc', commands], { cwd: folder, env: { PATH }, stdio: 'pipe', timeout: 20_000 })
    const made = readdirSync(folder).filter((name) => name.startsWith('made-'))
    return new Map(
      made.map((name) => [
        name.replace('made-', ''),
        new Map(
          readFileSync(join(folder, name), 'utf8')
            .trimEnd()
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const),
        ),
      ]),
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('the_commands_of_the_page_make_the_secrets_of_each_part_and_no_others', () => {
  const page = readFileSync(join(INFRA, 'docs/deployment.md'), 'utf8')
  const commands = [...page.matchAll(/```sh\n(.*?)```/gs)].map(([, text = '']) => text)
  const made = secretsMadeBy(commands.find((text) => text.includes('secret operator')) ?? '')
  const parts = { ...given.services, operator: given.operator.wait ?? { args: [], config: [], secrets: [] } }
  expect([...made.keys()].toSorted()).toEqual(
    Object.keys(parts)
      .map((name) => `loops-${name}`)
      .toSorted(),
  )
  for (const [name, { secrets, optional = [] }] of Object.entries(parts)) {
    const keys = [...(made.get(`loops-${name}`)?.keys() ?? [])]
    expect(keys, name).toEqual(expect.arrayContaining([...secrets]))
    expect(keys.filter((key) => ![...secrets, ...optional].includes(key))).toEqual([])
  }
  expect(made.get('loops-loops-queue')?.get('NATS_URL')).toBe(
    'nats://loops-queue:the LOOPS_QUEUE_PASSWORD@nats:4222',
  )
  expect(made.get('loops-loops-queue')?.get('SERVICE_SECRET')).toBe('the LOOPS_QUEUE_SECRET')
  expect(made.get('loops-notifier')?.get('SMTP_URL')).toBe('the SMTP_URL')
})
