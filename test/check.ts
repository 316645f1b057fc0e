// `npm run check`: types, style, and stale generated documents, without running the code. Its exit code is the number of
// checks that failed.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const tool = (name: string): string => join(ROOT, 'node_modules', '.bin', name)

const CHECKS = [
  { name: 'Types', command: tool('tsc'), args: ['--noEmit', '-p', '.'] },
  { name: 'Lint and format', command: tool('biome'), args: ['ci', '.'] },
  { name: 'Generated documents', command: process.execPath, args: ['infra/contracts.ts', '--check'] },
]

const failed = CHECKS.filter(({ name, command, args }) => {
  console.log(`${name} …`)
  return spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] }).status !== 0
})
for (const { name } of failed) console.log(`${name}: failed, see above.`)
process.exit(failed.length)
