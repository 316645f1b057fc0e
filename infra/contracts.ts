// Writes what is derived from the contracts: infra/contracts.json and the tables of README.md.
// `--check` writes nothing and exits 1 with a sentence that names what is stale.
import { readFileSync, writeFileSync } from 'node:fs'
import { contractsDocument } from './contracts/document.ts'
import { fillTables, staleTables } from './contracts/tables.ts'

const DOCUMENT = new URL('contracts.json', import.meta.url)
const README = new URL('../README.md', import.meta.url)

const read = (file: URL): string | undefined => {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

const stale = (): string[] => {
  const tables = staleTables(read(README) ?? '').map((name) => `the table of ${name} in README.md`)
  return read(DOCUMENT) === contractsDocument() ? tables : ['infra/contracts.json', ...tables]
}

const check = (): number => {
  const names = stale()
  if (names.length === 0) return 0
  const last = names.pop()
  const list = names.length > 0 ? `${names.join(', ')} and ${last} are` : `${last} is`
  process.stderr.write(`${list} not what the contracts say: run npm run contracts and commit the result.\n`)
  return 1
}

const write = (): number => {
  const before = stale()
  writeFileSync(DOCUMENT, contractsDocument())
  writeFileSync(README, fillTables(read(README) ?? ''))
  process.stdout.write(before.length > 0 ? `Wrote ${before.join(', ')}.\n` : 'Nothing was stale.\n')
  return 0
}

process.exitCode = process.argv.includes('--check') ? check() : write()
