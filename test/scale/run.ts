// `npm run scale`: prints what the simulation gives for measured costs, by default those of test/scale/costs.json.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { readCosts } from './costs-rules.ts'
import { PRICES } from './prices.ts'
import { tablesOf } from './table-rules.ts'

const USAGE = 'Usage: npm run scale -- [--costs <file>]'
const COMMITTED = fileURLToPath(new URL('./costs.json', import.meta.url))

const askedFile = (): string | undefined => {
  try {
    return parseArgs({ options: { costs: { type: 'string', default: COMMITTED } } }).values.costs
  } catch {
    return undefined
  }
}

const main = (): number => {
  const file = askedFile()
  if (file === undefined) {
    console.error(USAGE)
    return 2
  }
  if (!existsSync(file)) {
    console.error(
      `There are no costs in ${file}. They have not been measured yet. Name a file of them: --costs <file>`,
    )
    return 1
  }
  try {
    const costs = readCosts(readFileSync(file, 'utf8'))
    console.log(`Costs of ${costs.measured.on} on ${costs.measured.machine}\n\n${tablesOf(costs)}\n`)
    for (const { usd, unit, source, dated } of Object.values(PRICES))
      console.log(`$${usd} for a ${unit}: ${source}, ${dated}`)
    return 0
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    return 1
  }
}

process.exitCode = main()
