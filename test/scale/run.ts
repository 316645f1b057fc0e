// `npm run scale`: prints what the simulation gives for measured costs, by default those of test/scale/costs.json.
// `measure` measures them on servers of its own, `calibrate` holds the simulation against real runs, `page` writes the tables
// of infra/docs/scaling-model.md.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { streamReport } from '../../infra/report.ts'
import { systemClock as clock } from '../../shared/process/clock.ts'
import { machine } from '../bench/measure.ts'
import { QUARTER } from '../bench/replicas.ts'
import { startServers } from '../bench/servers.ts'
import { calibrate } from './calibrate.ts'
import { calibrationTable, isCalibrated, WITHIN } from './calibration-rules.ts'
import { type Costs, readCosts } from './costs-rules.ts'
import { measureCosts } from './measure.ts'
import { fillPage, pageParts } from './page-rules.ts'
import { PRICES } from './prices.ts'
import { tablesOf } from './table-rules.ts'

const USAGE =
  'Usage: npm run scale -- [measure | calibrate [--cores <of each process>] | page] [--costs <file>]'
const COMMITTED = fileURLToPath(new URL('./costs.json', import.meta.url))
const PAGE = new URL('../../infra/docs/scaling-model.md', import.meta.url)
const WORDS = ['measure', 'calibrate', 'page', undefined] as const

type Asked = Readonly<{ what: (typeof WORDS)[number]; file: string; cores: number }>

const asked = (): Asked | undefined => {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        costs: { type: 'string', default: COMMITTED },
        cores: { type: 'string', default: String(QUARTER) },
      },
    })
    const what = WORDS.find((word) => word === positionals[0])
    const cores = Number(values.cores)
    const isGood = positionals.length <= 1 && what === positionals[0] && cores > 0 && cores <= 1
    return isGood ? { what, file: values.costs, cores } : undefined
  } catch {
    return undefined
  }
}

const costsIn = (file: string): Costs => {
  if (!existsSync(file))
    throw new Error(
      `There are no costs in ${file}. Measure them by npm run scale -- measure --costs ${file}, or name another file: --costs <file>`,
    )
  return readCosts(readFileSync(file, 'utf8'))
}

const say = (line: string): void => console.log(`Measuring: ${line} …`)
const write = (file: string, costs: Costs): void => writeFileSync(file, `${JSON.stringify(costs, null, 2)}\n`)

const measure = async (file: string): Promise<number> => {
  await using servers = await startServers(streamReport(process.stdout, clock))
  write(file, await measureCosts(servers, say))
  console.log(`The costs are in ${file}. Hold the simulation against real runs: npm run scale -- calibrate`)
  return 0
}

const held = async (file: string, cores: number): Promise<number> => {
  const costs = costsIn(file)
  await using servers = await startServers(streamReport(process.stdout, clock))
  const rows = await calibrate(servers, costs, cores, say)
  const on = new Date(clock.now()).toISOString().slice(0, 10)
  const kept = (costs.calibration?.rows ?? []).filter((row) => row.cores !== cores)
  write(file, { ...costs, calibration: { on, machine: machine(), rows: [...kept, ...rows] } })
  const isNear = isCalibrated(rows)
  const verdict = `The simulation is ${isNear ? '' : 'not '}within ${WITHIN * 100} % of what was measured.`
  console.log(`\n${calibrationTable(rows)}\n\n${verdict}`)
  return isNear ? 0 : 1
}

const show = (file: string): number => {
  const costs = costsIn(file)
  console.log(`Costs of ${costs.measured.on} on ${costs.measured.machine}\n\n${tablesOf(costs)}\n`)
  if (costs.calibration) console.log(`${calibrationTable(costs.calibration.rows)}\n`)
  for (const { usd, unit, source, dated } of Object.values(PRICES))
    console.log(`$${usd} for a ${unit}: ${source}, ${dated}`)
  return 0
}

const page = (file: string): number => {
  writeFileSync(PAGE, fillPage(readFileSync(PAGE, 'utf8'), pageParts(costsIn(file))))
  return 0
}

const main = async (): Promise<number> => {
  const wanted = asked()
  if (wanted === undefined) {
    console.error(USAGE)
    return 2
  }
  const { what, file, cores } = wanted
  try {
    if (what === 'measure') return await measure(file)
    if (what === 'calibrate') return await held(file, cores)
    return what === 'page' ? page(file) : show(file)
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error))
    return 1
  }
}

process.exit(await main())
