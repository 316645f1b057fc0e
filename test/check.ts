// `npm run check`: types, style, stale generated documents, and the Helm chart, without running the code. Its exit code is
// the number of checks that failed. `-- --tools` first builds the programs that check the chart, once.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { processEnv } from '../shared/process/config.ts'
import { chartFaults } from './support/chart-check.ts'
import { buildChartTools, findChartTools } from './support/chart-tools.ts'

const ROOT = join(import.meta.dirname, '..')
const tool = (name: string): string => join(ROOT, 'node_modules', '.bin', name)
const say = (line: string): void => console.log(line)

const passes = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, [...args], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0

const chartPasses = (): boolean => {
  const tools = findChartTools(processEnv())
  if (!tools) {
    say(
      'The chart was not checked, since helm and kubectl-validate are missing: npm run check -- --tools builds them.',
    )
    return true
  }
  const faults = chartFaults(tools)
  for (const fault of faults) say(fault)
  return faults.length === 0
}

const CHECKS = [
  { name: 'Types', run: () => passes(tool('tsc'), ['--noEmit', '-p', '.']) },
  { name: 'Lint and format', run: () => passes(tool('biome'), ['ci', '.']) },
  { name: 'Generated documents', run: () => passes(process.execPath, ['infra/contracts.ts', '--check']) },
  { name: 'Chart', run: chartPasses },
]

if (process.argv.includes('--tools'))
  try {
    buildChartTools(processEnv(), say)
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    process.exit(1)
  }

const failed = CHECKS.filter(({ name, run }) => {
  say(`${name} …`)
  return !run()
})
for (const { name } of failed) say(`${name}: failed, see above.`)
process.exit(failed.length)
