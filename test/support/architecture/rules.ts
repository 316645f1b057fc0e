// The invariants of the code as functions that list where a file breaks one. Paths are from the root of the project.
import { builtinModules } from 'node:module'
import { collectionFaults, hasCollectionsOpened } from './collections.ts'
import {
  calledName,
  dotted,
  importsOf,
  isFunction,
  lineOf,
  linesOf,
  type Node,
  nodesOf,
  type Source,
  walk,
} from './source.ts'

/** One invariant: where it holds, and what is wrong with a file, a phrase each. */
export type Rule = Readonly<{ holds: (path: string) => boolean; faults: (source: Source) => string[] }>

const MAX_FILE_LINES = 400
const MAX_FUNCTION_LINES = 70

const everywhere = (): boolean => true
const inProduct = (path: string): boolean => !path.startsWith('test/')
const inServices = (path: string): boolean => /^(services|shared)\//.test(path)
const serviceOf = (path: string): string | undefined => /^services\/([^/]+)\//.exec(path)?.[1]

const STORES =
  /^(shared\/(storage\/[^/]+|events\/[^/]+-store)\.ts|services\/[^/]+\/(.+\/)?[^/]+-store\.ts|infra\/servers\/.*)$/

/** Packages that few files know, so that replacing one changes few files. */
const PACKAGES: readonly (readonly [RegExp, RegExp])[] = [
  // An example is the program of another team, and whole.
  [/^@nats-io\//, /^(shared\/(bus|events)|infra\/examples)\//],
  [/^mongodb$/, STORES],
  [/^mongodb-memory-server-core/, /^infra\/servers\//],
  [/^nodemailer/, /^services\/notifier\/mailer\.ts$/],
  [/^(smtp-server|mailparser)$/, /^services\/notifier\/dev-mailbox\.ts$/],
  [/^mjml$/, /^services\/notifier\/emails\/render\.ts$/],
  [/^(@modelcontextprotocol\/.*)$/, /^(services\/gateway\/mcp|infra\/demo)\//],
  [/^(hono|@hono\/)/, /^services\/gateway\//],
  [/^jose$/, /^services\/gateway\/oauth\//],
  [/^@node-rs\/argon2$/, /^services\/gateway\/accounts\/passwords\.ts$/],
  [/^ulid$/, /^shared\/process\/ids\.ts$/],
  [/^standardwebhooks$/, /^services\/webhooks\/secrets\.ts$/],
]

/** Files of decisions alone: no time, no chance, no waiting. A file whose head says `Pure.` is one too. */
const PURE =
  /^(services\/(.+\/)?[^/]+-rules|services\/notifier\/emails\/(?!render)[^/]+|shared\/contracts\/(define\/(contract|common|errors|check|scopes)|(?!define\/)([^/]+\/)?[^/]+))\.ts$/
const headOf = ({ text }: Source): string => /^(\/\/.*\n)*/.exec(text)?.[0] ?? ''
const isPure = (source: Source): boolean => PURE.test(source.path) || /\bPure\b/.test(headOf(source))
const PURE_PACKAGES = ['zod', 'node:buffer', 'node:url']
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
      return [`imports ${from}, which is not part of the product`]
    if (!resolved.startsWith('services/')) return []
    if (source.path.startsWith('shared/')) return [`shared imports ${from} of a service`]
    const other = serviceOf(resolved)
    return own !== undefined && other !== undefined && other !== own
      ? [`imports ${from} of another service`]
      : []
  })
}

/**
 * The rooms of `shared` and of the gateway, the lowest first: a room imports from those below it alone. What is in no room
 * puts rooms together, and is above all.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  'shared/': ['net/', 'process/', 'contracts/', 'storage/', 'bus/', 'events/'],
  'services/gateway/': ['secrets.ts', 'limits/', 'http/', 'accounts/', 'oauth/', 'mcp/', 'web/'],
}

/** How high a file lies in a building; undefined: elsewhere. */
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
    // What the gateway's parts are given is one type that knows them all.
    if (typeOnly && resolved === 'services/gateway/deps.ts') return []
    return other?.building === own.building && other.layer > own.layer
      ? [`imports ${from}, which lies above it`]
      : []
  })
}

const packages = (source: Source): string[] =>
  importsOf(source).flatMap(({ from }) =>
    PACKAGES.filter(([name, where]) => name.test(from) && !where.test(source.path)).map(
      () => `imports ${from}, which this file must not know`,
    ),
  )

const databaseWrites = (source: Source): string[] =>
  nodesOf(source, 'CallExpression')
    .filter((call) => DATABASE_WRITES.includes(calledName(call) ?? ''))
    .map((call) => at(source, call, `writes to the database with ${calledName(call)}`))

const environment = (source: Source): string[] =>
  nodesOf(source, 'MemberExpression')
    .filter((node) => dotted(node) === 'process.env')
    .map((node) => at(source, node, 'reads process.env'))

const timeAndChance = (source: Source): string[] => [
  ...nodesOf(source, 'NewExpression')
    .filter((node) => dotted(node.callee) === 'Date' && (node.arguments as readonly unknown[]).length === 0)
    .map((node) => at(source, node, 'reads the time')),
  ...nodesOf(source, 'CallExpression')
    .filter((node) => dotted(node.callee) === 'Date' || CLOCK.includes(dotted(node.callee) ?? ''))
    .map((node) => at(source, node, 'reads the time')),
  ...nodesOf(source, 'CallExpression')
    .filter((node) => CHANCE.includes(dotted(node.callee) ?? '') || CHANCE.includes(calledName(node) ?? ''))
    .map((node) => at(source, node, 'draws from chance')),
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
    ...waits.map((node) => at(source, node, 'waits, but is pure')),
    ...foreign.map(({ from }) => `imports ${from}, but is pure`),
  ]
}
const IMPURE =
  /^shared\/(service\.ts|bus\/|storage\/|events\/(?!examples)|process\/(clock|ids|config|log|lifecycle|fault-points))|(^|\/)(main|handlers|[^/]*-store|mailer|render)\.ts$/

const exportsByName = (source: Source): string[] => [
  ...nodesOf(source, 'ExportDefaultDeclaration').map((node) => at(source, node, 'exports by default')),
  ...nodesOf(source, 'ExportAllDeclaration').map((node) => at(source, node, 'exports without naming what')),
]

const importForms = (source: Source): string[] =>
  importsOf(source).flatMap(({ from, resolved }) => {
    if (resolved !== undefined) return /\.(ts|mjs|json)$/.test(from) ? [] : [`imports ${from} without .ts`]
    return builtinModules.includes(from) && !from.startsWith('node:') ? [`imports ${from} without node:`] : []
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

const effects = (source: Source): string[] => {
  const touching = new Set(importsOf(source).flatMap(({ from, names }) => (OUTSIDE.test(from) ? names : [])))
  const calls = (statement: Node): string[] =>
    [...walk(statement, (node) => !isFunction(node))]
      .filter(
        (node) =>
          node.type === 'AwaitExpression' ||
          (node.type === 'CallExpression' && touching.has(calledName(node) ?? '')),
      )
      .map((node) => at(source, node, 'does something when it is imported'))
  return (source.program.body as readonly Node[]).flatMap((statement) => {
    const declared = (statement.declaration ?? statement) as Node
    if (declared.type === 'VariableDeclaration')
      return declared.kind === 'const' ? calls(declared) : [at(source, declared, 'keeps state of the module')]
    return QUIET.includes(statement.type) ? [] : [at(source, statement, 'does something when it is imported')]
  })
}

const fileSize = ({ text }: Source): string[] => {
  const lines = text.split('\n').length - 1
  return lines > MAX_FILE_LINES ? [`has ${lines} lines`] : []
}

/** The outermost functions inside a function. */
const nested = (outer: Node): Node[] =>
  [...walk(outer, (node) => node === outer || !isFunction(node))].filter(
    (node) => node !== outer && isFunction(node),
  )

/** Lines of its own: a function that only puts functions together is as long as what it says besides them. */
const ownLines = (source: Source, node: Node): number =>
  nested(node).reduce((lines, inner) => lines - linesOf(source, inner) + 1, linesOf(source, node))

const functionSize = (source: Source): string[] =>
  [...walk(source.program)]
    .filter((node) => isFunction(node) && ownLines(source, node) > MAX_FUNCTION_LINES)
    .map((node) => at(source, node, `a function of ${ownLines(source, node)} lines`))

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
    .map((node) => at(source, node, `${node.type} cannot be erased`))

const SILENCED = /@ts-(ignore|expect-error|nocheck)|(biome|eslint|oxlint)-(ignore|disable)/
const strict = (source: Source): string[] => [
  ...nodesOf(source, 'TSAnyKeyword').map((node) => at(source, node, 'uses any')),
  ...source.text
    .split('\n')
    .flatMap((line, index) =>
      /^\s*(\/\/|\/?\*)/.test(line) && SILENCED.test(line) ? [`line ${index + 1}: silences a check`] : [],
    ),
]

const opening = ({ text }: Source): string[] =>
  /^\/\/ \S.{15,}\.(\n|$)|^(\/\/ .*\n)+\/\/ .*\.\n/.test(text)
    ? []
    : ['does not open by saying what it holds']

const subjects = (source: Source): string[] =>
  nodesOf(source, 'Literal', 'TemplateElement')
    .filter((node) => {
      const value = node.type === 'Literal' ? node.value : (node.value as { cooked?: string }).cooked
      return typeof value === 'string' && /^(rpc|evt)\./.test(value)
    })
    .map((node) => at(source, node, 'writes a subject by hand'))

const FORBIDDEN_CALLS = ['startSession', 'withSession', 'withTransaction', 'startTransaction', 'watch']
const oneDocument = (source: Source): string[] =>
  STORES.test(source.path)
    ? nodesOf(source, 'CallExpression')
        .filter((call) => FORBIDDEN_CALLS.includes(calledName(call) ?? ''))
        // Such a session can only read.
        .filter(
          (call) => !source.text.slice(call.start, call.end).endsWith('startSession({ snapshot: true })'),
        )
        .map((call) => at(source, call, `calls ${calledName(call)}: one write changes one document`))
    : []

/** Words for which the field has its own: published, pending, preference, template, list, counter, environment, fault, run. */
const OWN_WORDS: ReadonlySet<string> = new Set(
  [
    'told tell tells telling untold owed wish wishes letter letters wanted shelf shelves acl tally tallies uncounted',
    'countee countees settle settles settled settlement weave arrange desk bed beds door doors hurt hurts nemesis trial',
    'trials visitor insider insiders',
  ].flatMap((line) => line.split(' ')),
)

/** The words of a name in lower case, whatever way it is written. A dead letter is the field's own. */
const wordsOf = (name: string): string[] =>
  (name.match(/[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g) ?? [])
    .map((word) => word.toLowerCase())
    .filter((word, index, all) => !(word.startsWith('letter') && all[index - 1] === 'dead'))

const ownWords = (name: string): string[] => wordsOf(name).filter((word) => OWN_WORDS.has(word))

const exportedNames = (source: Source): string[] =>
  nodesOf(source, 'ExportNamedDeclaration').flatMap(({ declaration }) => {
    const declared = declaration as (Node & { id?: { name?: string } }) | null
    if (!declared) return []
    const variables = (declared.declarations ?? []) as readonly Readonly<{ id: { name?: string } }>[]
    return [declared.id?.name, ...variables.map(({ id }) => id.name)].flatMap((name) => name ?? [])
  })

const names = (source: Source): string[] =>
  [source.path.split('/').at(-1)?.replace('.ts', '') ?? '', ...exportedNames(source)].flatMap((name) =>
    ownWords(name).map((word) => `${name} says ${word}, for which the field has a word`),
  )

/** Every invariant by the name that its test has. */
/**
 * The service that was added last, to show that one can be: nothing but its own files and the list of contracts names it, and
 * the notifier, which mails what it tells.
 */
const ADDED = /webhook/i
const OF_ADDED = /^(services\/(webhooks|notifier)\/|shared\/contracts\/((webhooks|notifier)\/.*|index\.ts$))/

const namesAdded = ({ text }: Source): string[] =>
  text
    .split('\n')
    .flatMap((line, index) =>
      ADDED.test(line) ? [`line ${index + 1}: knows a service that none needs to know`] : [],
    )

export const RULES: Readonly<Record<string, Rule>> = {
  services_meet_only_in_contracts: { holds: inServices, faults: boundaries },
  rooms_import_from_those_below: { holds: inServices, faults: layers },
  packages_stay_where_they_are_known: { holds: inProduct, faults: packages },
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
  names_are_the_words_of_the_field: { holds: everywhere, faults: names },
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
    holds: (path) => inProduct(path) && !OF_ADDED.test(path),
    faults: namesAdded,
  },
  one_write_changes_one_document: { holds: inServices, faults: oneDocument },
  collections_are_opened_and_read_in_one_way: {
    holds: (path) => inProduct(path) && path !== 'shared/storage/aggregate.ts' && hasCollectionsOpened(path),
    faults: collectionFaults,
  },
}
