// The invariants of the code: where a file breaks one, and what to do about it. Paths are from the root of the project.
import { builtinModules } from 'node:module'
import { collectionFaults, hasCollectionsOpened } from './collections.ts'
import { ownWords } from './names.ts'
import { fileSize, functionSize, standsAlone } from './size.ts'
import {
  calledName,
  dotted,
  importsOf,
  isFunction,
  lineOf,
  type Node,
  nodesOf,
  type Source,
  walk,
} from './source.ts'

/** One invariant: where it holds, and what is wrong with a file, a phrase each that ends in what to do. */
export type Rule = Readonly<{ holds: (path: string) => boolean; faults: (source: Source) => string[] }>

const everywhere = (): boolean => true
const inProduct = (path: string): boolean => !path.startsWith('test/')
const inServices = (path: string): boolean => /^(services|shared)\//.test(path)
const serviceOf = (path: string): string | undefined => /^services\/([^/]+)\//.exec(path)?.[1]

const STORES =
  /^(shared\/(storage\/[^/]+|events\/[^/]+-store)\.ts|services\/[^/]+\/(.+\/)?[^/]+-store\.ts|infra\/servers\/.*)$/

/** Packages that few files know, so that replacing one changes few files. */
const PACKAGES: readonly (readonly [RegExp, RegExp])[] = [
  // An example is the complete program of another team.
  [/^@nats-io\//, /^(shared\/(bus|events)|infra\/examples)\//],
  [/^mongodb$/, STORES],
  [/^mongodb-memory-server-core/, /^infra\/servers\//],
  [/^nodemailer/, /^services\/notifier\/mailer\.ts$/],
  [/^(smtp-server|mailparser)$/, /^services\/notifier\/dev-mailbox\.ts$/],
  [/^mjml$/, /^services\/notifier\/emails\/render\.ts$/],
  [/^(@modelcontextprotocol\/.*)$/, /^(services\/gateway\/mcp|infra\/demo)\//],
  [/^(hono|@hono\/)/, /^services\/gateway\//],
  [/^markdown-it$/, /^services\/gateway\/web\/markdown\.ts$/],
  [/^jose$/, /^services\/gateway\/(oauth|oidc)\//],
  [/^openid-client$/, /^services\/gateway\/oidc\/provider\.ts$/],
  [/^@node-rs\/argon2$/, /^services\/gateway\/accounts\/passwords\.ts$/],
  [/^@simplewebauthn\//, /^services\/gateway\/accounts\/passkeys\.ts$/],
  [/^otpauth$/, /^services\/gateway\/accounts\/totp-rules\.ts$/],
  [/^uqr$/, /^services\/gateway\/web\/account\/code-picture\.ts$/],
  [/^csv-parse/, /^shared\/imports\/csv-rules\.ts$/],
  [/^@opentelemetry\//, /^shared\/process\/otlp\.ts$/],
  [/^prom-client$/, /^shared\/process\/metrics\.ts$/],
  [/^ulid$/, /^shared\/process\/ids\.ts$/],
  [/^standardwebhooks$/, /^services\/webhooks\/secrets\.ts$/],
]

/** Packages that cost much to load and that many processes never use: they are loaded where they are used. */
const LOADED_WHEN_USED = /^(mjml|mailparser|@simplewebauthn\/server|mongodb-memory-server-core)(\/|$)/

/** Files of decisions alone: no time, no chance, no waiting. A file whose head says `Pure.` is one too. */
const PURE =
  /^((services|shared)\/(.+\/)?[^/]+-rules|services\/notifier\/emails\/(?!render)[^/]+|shared\/contracts\/(define\/(contract|common|errors|check|scopes)|(?!define\/)([^/]+\/)?[^/]+))\.ts$/
const headOf = ({ text }: Source): string => /^(\/\/.*\n)*/.exec(text)?.[0] ?? ''
const isPure = (source: Source): boolean => PURE.test(source.path) || /\bPure\b/.test(headOf(source))
const PURE_PACKAGES = [
  'csv-parse/sync',
  'diff',
  'hono/html',
  'markdown-it',
  'otpauth',
  'uqr',
  'yaml',
  'zod',
  'node:buffer',
  'node:url',
]
const PURE_CRYPTO = [
  'createHash',
  'createHmac',
  'createSecretKey',
  'hkdfSync',
  'KeyObject',
  'timingSafeEqual',
]

const CLOCK = ['Date.now', 'performance.now', 'process.hrtime', 'process.uptime']
const CHANCE = ['Math.random', 'randomBytes', 'randomUUID', 'randomInt', 'getRandomValues', 'randomFillSync']

const DATABASE_WRITES = [
  'insertOne',
  'insertMany',
  'updateOne',
  'updateMany',
  'replaceOne',
  'deleteOne',
  'deleteMany',
  'findOneAndUpdate',
  'findOneAndReplace',
  'findOneAndDelete',
  'bulkWrite',
]

const at = (source: Source, node: Node, what: string): string => `line ${lineOf(source, node)}: ${what}`

const boundaries = (source: Source): string[] => {
  const own = serviceOf(source.path)
  return importsOf(source).flatMap(({ from, resolved }) => {
    if (resolved === undefined) return []
    if (/^(infra|test)\//.test(resolved) || resolved.startsWith('..'))
      return [`imports ${from}, which is not part of the product: move what it needs to shared`]
    if (!resolved.startsWith('services/')) return []
    if (source.path.startsWith('shared/'))
      return [`imports ${from} of a service: have the service pass in what is needed`]
    const other = serviceOf(resolved)
    return own !== undefined && other !== undefined && other !== own
      ? [`imports ${from} of another service: declare an operation or an event in shared/contracts`]
      : []
  })
}

/**
 * The rooms of `shared` and of the gateway, the lowest first: a room imports from those below it alone. What is in no room
 * puts rooms together, and is above all.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  'shared/': ['net/', 'process/', 'contracts/', 'search/', 'storage/', 'imports/', 'bus/', 'events/'],
  'services/gateway/': [
    'secrets.ts',
    'error-words/',
    'translated-errors.ts',
    'limits/',
    'audit/',
    'http/',
    'accounts/',
    'oauth/',
    'oidc/',
    'mcp/',
    'web/',
  ],
}

/** The level of a file's room; undefined where it is in none. */
const layerOf = (path: string): Readonly<{ building: string; layer: number }> | undefined => {
  const building = Object.keys(LAYERS).find((name) => path.startsWith(name))
  if (building === undefined) return undefined
  const rooms = LAYERS[building] ?? []
  const layer = rooms.findIndex((room) => path.startsWith(building + room))
  return { building, layer: layer < 0 ? rooms.length : layer }
}

const layers = (source: Source): string[] => {
  const own = layerOf(source.path)
  if (!own) return []
  return importsOf(source).flatMap(({ from, resolved, typeOnly }) => {
    const other = resolved === undefined ? undefined : layerOf(resolved)
    // The dependencies of the gateway's parts are one type that knows them all.
    if (typeOnly && resolved === 'services/gateway/deps.ts') return []
    return other?.building === own.building && other.layer > own.layer
      ? [`imports ${from}, which lies above it: move what both need to the lower room, see LAYERS`]
      : []
  })
}

const packages = (source: Source): string[] =>
  importsOf(source).flatMap(({ from }) =>
    PACKAGES.filter(([name, where]) => name.test(from) && !where.test(source.path)).map(
      () => `imports ${from}, which this file must not know: use a file that does, see PACKAGES`,
    ),
  )

const earlyLoads = (source: Source): string[] =>
  importsOf(source)
    .filter(({ from, typeOnly, deferred }) => LOADED_WHEN_USED.test(from) && !typeOnly && !deferred)
    .map(
      ({ from }) => `loads ${from} at its start; use await import('${from}') in the function that needs it`,
    )

const databaseWrites = (source: Source): string[] =>
  nodesOf(source, 'CallExpression')
    .filter((call) => DATABASE_WRITES.includes(calledName(call) ?? ''))
    .map((call) => at(source, call, `calls ${calledName(call)}: write to the database in a *-store.ts`))

const environment = (source: Source): string[] =>
  nodesOf(source, 'MemberExpression')
    .filter((node) => dotted(node) === 'process.env')
    .map((node) => at(source, node, 'reads process.env: declare the variable in shared/process/config.ts'))

const READS_TIME = 'reads the time: take a Clock or `now`, see shared/process/clock.ts'

const timeAndChance = (source: Source): string[] => [
  ...nodesOf(source, 'NewExpression')
    .filter((node) => dotted(node.callee) === 'Date' && (node.arguments as readonly unknown[]).length === 0)
    .map((node) => at(source, node, READS_TIME)),
  ...nodesOf(source, 'CallExpression')
    .filter((node) => dotted(node.callee) === 'Date' || CLOCK.includes(dotted(node.callee) ?? ''))
    .map((node) => at(source, node, READS_TIME)),
  ...nodesOf(source, 'CallExpression')
    .filter((node) => CHANCE.includes(dotted(node.callee) ?? '') || CHANCE.includes(calledName(node) ?? ''))
    .map((node) => at(source, node, 'draws from chance: take Ids, see shared/process/ids.ts')),
]

const purity = (source: Source): string[] => {
  if (!isPure(source)) return []
  const waits = [...walk(source.program)].filter(
    (node) => node.async === true || node.type === 'AwaitExpression' || dotted(node) === 'Promise.all',
  )
  const foreign = importsOf(source).filter(({ from, resolved, names, typeOnly }) => {
    if (typeOnly) return false
    if (PURE_PACKAGES.includes(from)) return false
    if (from === 'node:crypto') return names.some((name) => !PURE_CRYPTO.includes(name))
    return resolved === undefined || IMPURE.test(resolved)
  })
  return [
    ...waits.map((node) => at(source, node, 'waits, but is pure: pass in what it waits for')),
    ...foreign.map(({ from }) => `imports ${from}, but is pure: pass in what it takes from there`),
  ]
}
const IMPURE =
  /^shared\/(service\.ts|bus\/|storage\/|events\/(?!examples)|process\/(clock|ids|config|log|lifecycle|fault-points))|(^|\/)(main|handlers|[^/]*-store|mailer|render)\.ts$/

const exportsByName = (source: Source): string[] => [
  ...nodesOf(source, 'ExportDefaultDeclaration').map((node) =>
    at(source, node, 'exports by default: give the export a name'),
  ),
  ...nodesOf(source, 'ExportAllDeclaration').map((node) =>
    at(source, node, 'exports without naming what: list the names'),
  ),
]

const importForms = (source: Source): string[] =>
  importsOf(source).flatMap(({ from, resolved }) => {
    if (resolved !== undefined)
      return /\.(ts|mjs|json)$/.test(from)
        ? []
        : [`imports ${from} without .ts: write the whole name of the file`]
    return builtinModules.includes(from) && !from.startsWith('node:')
      ? [`imports ${from} without node:, which tells it from a package`]
      : []
  })

const QUIET = [
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportDefaultDeclaration',
  'ExportAllDeclaration',
  'FunctionDeclaration',
  'ClassDeclaration',
  'TSTypeAliasDeclaration',
  'TSInterfaceDeclaration',
]
const OUTSIDE = /^node:(fs|child_process|net|http|https|dgram|dns|worker_threads|os|process)/

const ACTS = 'does something when it is imported: do it in a function that main.ts calls'

const effects = (source: Source): string[] => {
  const touching = new Set(importsOf(source).flatMap(({ from, names }) => (OUTSIDE.test(from) ? names : [])))
  const calls = (statement: Node): string[] =>
    [...walk(statement, (node) => !isFunction(node))]
      .filter(
        (node) =>
          node.type === 'AwaitExpression' ||
          (node.type === 'CallExpression' && touching.has(calledName(node) ?? '')),
      )
      .map((node) => at(source, node, ACTS))
  return (source.program.body as readonly Node[]).flatMap((statement) => {
    const declared = (statement.declaration ?? statement) as Node
    if (declared.type === 'VariableDeclaration')
      return declared.kind === 'const'
        ? calls(declared)
        : [at(source, declared, 'keeps state of the module: keep it in a function that is called for it')]
    return QUIET.includes(statement.type) ? [] : [at(source, statement, ACTS)]
  })
}

const UNERASABLE = [
  'TSEnumDeclaration',
  'TSModuleDeclaration',
  'TSParameterProperty',
  'TSImportEqualsDeclaration',
  'TSExportAssignment',
  'TSTypeAssertion',
  'Decorator',
]
const erasable = (source: Source): string[] =>
  nodesOf(source, ...UNERASABLE)
    .filter((node) => node.declare !== true)
    .map((node) => at(source, node, `${node.type} cannot be erased: write it in plain JavaScript with types`))

const SILENCED = /@ts-(ignore|expect-error|nocheck)|(biome|eslint|oxlint)-(ignore|disable)/
const strict = (source: Source): string[] => [
  ...nodesOf(source, 'TSAnyKeyword').map((node) => at(source, node, 'uses any: say the type, or unknown')),
  ...source.text
    .split('\n')
    .flatMap((line, index) =>
      /^\s*(\/\/|\/?\*)/.test(line) && SILENCED.test(line)
        ? [`line ${index + 1}: silences a check: do what the check asks for`]
        : [],
    ),
]

const opening = ({ text }: Source): string[] =>
  /^\/\/ \S.{15,}\.(\n|$)|^(\/\/ .*\n)+\/\/ .*\.\n/.test(text)
    ? []
    : ['does not open by saying what it holds: begin it with a comment of a sentence']

/** Beginnings of subjects; two attributes of spans by the conventions of OpenTelemetry begin like one. */
const SUBJECT = /^(rpc|evt)\.(?!system\.name$|method$)/
const subjects = (source: Source): string[] =>
  nodesOf(source, 'Literal', 'TemplateElement')
    .filter((node) => {
      const value = node.type === 'Literal' ? node.value : (node.value as { cooked?: string }).cooked
      return typeof value === 'string' && SUBJECT.test(value)
    })
    .map((node) =>
      at(source, node, 'writes a subject by hand: take it from shared/contracts/define/contract.ts'),
    )

const FORBIDDEN_CALLS = ['startSession', 'withSession', 'withTransaction', 'startTransaction', 'watch']
const oneDocument = (source: Source): string[] =>
  STORES.test(source.path)
    ? nodesOf(source, 'CallExpression')
        .filter((call) => FORBIDDEN_CALLS.includes(calledName(call) ?? ''))
        // Such a session can only read.
        .filter(
          (call) => !source.text.slice(call.start, call.end).endsWith('startSession({ snapshot: true })'),
        )
        .map((call) =>
          at(
            source,
            call,
            `calls ${calledName(call)}: one write changes one document, with its version in the filter`,
          ),
        )
    : []

/**
 * The service that was added last. It shows that one can be: nothing names it but its own files, the list of contracts, the
 * notifier, which sends a mail about one of its events, the operations that it asks for, what serves events over MCP,
 * where webhooks are a word of the protocol, and the table of all metrics.
 */
const NEWEST_SERVICE = /webhook/i
const KNOWS_NEWEST_SERVICE =
  /^(services\/(webhooks|notifier|gateway\/mcp\/event)|shared\/process\/metrics-table\.ts$|shared\/contracts\/((webhooks|notifier)\/.*|([^/]+\/internals|event-types|index)\.ts$))/

const newestService = ({ text }: Source): string[] =>
  text
    .split('\n')
    .flatMap((line, index) =>
      NEWEST_SERVICE.test(line)
        ? [`line ${index + 1}: names a service that none needs to know: go by its contract`]
        : [],
    )

/** Every invariant by the name of its test. */
export const RULES: Readonly<Record<string, Rule>> = {
  services_meet_only_in_contracts: { holds: inServices, faults: boundaries },
  rooms_import_from_those_below: { holds: inServices, faults: layers },
  packages_stay_where_they_are_known: { holds: inProduct, faults: packages },
  large_packages_are_loaded_when_used: { holds: inProduct, faults: earlyLoads },
  only_stores_write_to_the_database: {
    holds: (path) => inServices(path) && !STORES.test(path),
    faults: databaseWrites,
  },
  only_config_reads_the_environment: {
    holds: (path) => inServices(path) && path !== 'shared/process/config.ts',
    faults: environment,
  },
  only_clock_and_ids_read_time_and_chance: {
    holds: (path) => inProduct(path) && !/^shared\/process\/(clock|ids)\.ts$/.test(path),
    faults: timeAndChance,
  },
  pure_files_are_pure: { holds: inServices, faults: purity },
  names_are_the_words_of_the_field: { holds: everywhere, faults: ownWords },
  exports_have_names: {
    holds: (path) => !/config\.ts$/.test(path) || inServices(path),
    faults: exportsByName,
  },
  imports_run_as_written: { holds: everywhere, faults: importForms },
  importing_does_nothing: {
    holds: (path) => inProduct(path) && !/^(services\/run|infra\/(examples\/)?[^/]+)\.ts$/.test(path),
    faults: effects,
  },
  files_are_short: { holds: everywhere, faults: fileSize },
  short_files_say_why_they_stand_alone: { holds: inProduct, faults: standsAlone },
  functions_are_short: { holds: (path) => !/\.test\.ts$/.test(path), faults: functionSize },
  types_can_be_erased: { holds: everywhere, faults: erasable },
  checks_are_not_silenced: { holds: everywhere, faults: strict },
  files_say_what_they_hold: { holds: everywhere, faults: opening },
  subjects_are_derived: {
    holds: (path) =>
      inProduct(path) && !/^shared\/(contracts\/define\/contract|events\/streams)\.ts$/.test(path),
    faults: subjects,
  },
  a_service_is_added_without_touching_another: {
    holds: (path) => inProduct(path) && !KNOWS_NEWEST_SERVICE.test(path),
    faults: newestService,
  },
  one_write_changes_one_document: { holds: inServices, faults: oneDocument },
  collections_are_opened_and_read_in_one_way: {
    holds: (path) => inProduct(path) && path !== 'shared/storage/aggregate.ts' && hasCollectionsOpened(path),
    faults: collectionFaults,
  },
}
