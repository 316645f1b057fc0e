// `npm run contracts`: writes infra/contracts.json, the schema of exports, the users of infra/nats.conf, the settings of the
// chart, and the generated documentation.
// `--check` writes nothing. It exits with 1 and says what is stale, or what would break readers of released events.
// `--release 1.1.0` declares the current events released: readers may rely on them from then on.
import { readFileSync, writeFileSync } from 'node:fs'
import { breakSentence, type Catalogue, catalogueOf } from './contracts/catalogue.ts'
import { fillChartSchema } from './contracts/chart.ts'
import { contractsDocument, exportSchema } from './contracts/document.ts'
import { fillUsers } from './contracts/nats-users.ts'
import { fillTables, PAGES, partsOfPage, staleTables } from './contracts/tables.ts'

const DOCUMENT = new URL('contracts.json', import.meta.url)
const EXPORT = new URL('docs/export.schema.json', import.meta.url)
const NATS = new URL('nats.conf', import.meta.url)
const CHART = new URL('chart/values.schema.json', import.meta.url)
const RELEASED = new URL('released-events.json', import.meta.url)

const read = (file: URL): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

const fileOf = (name: string): URL => new URL(`../${name}`, import.meta.url)

const stale = (): string[] => {
  const pages = Object.keys(PAGES).flatMap((name) =>
    staleTables(read(fileOf(name)) ?? '', partsOfPage(name)).map((part) => `the part ${part} of ${name}`),
  )
  const conf = read(NATS) ?? ''
  const chart = read(CHART) ?? ''
  return [
    ...(read(DOCUMENT) === contractsDocument() ? [] : ['infra/contracts.json']),
    ...(read(EXPORT) === exportSchema() ? [] : ['infra/docs/export.schema.json']),
    ...(conf === fillUsers(conf) ? [] : ['the users of infra/nats.conf']),
    ...(chart === fillChartSchema(chart) ? [] : ['the settings of infra/chart/values.schema.json']),
    ...pages,
  ]
}

const released = (): Catalogue | undefined => {
  const text = read(RELEASED)
  return text === undefined ? undefined : (JSON.parse(text) as Catalogue)
}

/** Prints how readers of released events would break. @returns whether they would */
const breaks = (): boolean => {
  const last = released()
  const sentence = last && breakSentence(last, catalogueOf(last.version))
  if (sentence) process.stderr.write(`${sentence}\n`)
  return sentence !== undefined
}

const release = (version: string | undefined): number => {
  if (!/^\d+\.\d+\.\d+$/.test(version ?? '')) {
    process.stderr.write('Name the version of the release, such as --release 1.1.0.\n')
    return 2
  }
  if (breaks()) return 1
  writeFileSync(RELEASED, `${JSON.stringify(catalogueOf(version ?? ''), null, 2)}\n`)
  process.stdout.write(`The current events are released as ${version}: commit infra/released-events.json.\n`)
  return 0
}

const check = (): number => {
  if (breaks()) return 1
  const names = stale()
  if (names.length === 0) return 0
  const last = names.pop()
  const list = names.length > 0 ? `${names.join(', ')} and ${last} do` : `${last} does`
  process.stderr.write(`${list} not match the contracts: run npm run contracts and commit the result.\n`)
  return 1
}

const write = (): number => {
  const before = stale()
  writeFileSync(DOCUMENT, contractsDocument())
  writeFileSync(EXPORT, exportSchema())
  writeFileSync(NATS, fillUsers(read(NATS) ?? ''))
  writeFileSync(CHART, fillChartSchema(read(CHART) ?? ''))
  for (const name of Object.keys(PAGES))
    writeFileSync(fileOf(name), fillTables(read(fileOf(name)) ?? '', partsOfPage(name)))
  process.stdout.write(before.length > 0 ? `Wrote ${before.join(', ')}.\n` : 'Everything is up to date.\n')
  return 0
}

const [mode, version] = process.argv.slice(2)
process.exitCode = mode === '--release' ? release(version) : mode === '--check' ? check() : write()
