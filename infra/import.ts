// `npm run import`: brings tasks from elsewhere into a workspace, while Loops runs.
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { AppError, textOf } from '../shared/contracts/define/errors.ts'
import { includesScope } from '../shared/contracts/define/scopes.ts'
import { fitToLimits } from '../shared/imports/fit-rules.ts'
import { isSource, parseFiles } from '../shared/imports/read-rules.ts'
import { reportLines } from '../shared/imports/report-rules.ts'
import { runImport } from '../shared/imports/run-import.ts'
import { SOURCES } from '../shared/imports/shape-rules.ts'
import { systemClock } from '../shared/process/clock.ts'
import { type AsPerson, runAs } from './as-person.ts'
import { readFiles } from './import-files.ts'
import { formatMs, StartFault, streamReport } from './report.ts'
import { runCommand } from './running.ts'

const USAGE = `npm run import -- SOURCE FILE [--dry-run] [--into LOOP] [--approve] [--project NAME] [--all]
                 [--workspace ID] [--as EMAIL]
    imports tasks from a file or folder; again, it updates them
    --dry-run    changes nothing, and says what would become what
    --into       the id of the loop for everything that is new; otherwise the loops that the source names
    --approve    gives each task the status that it has in its source; otherwise all are open
    --project    tells tasks apart whose ids are the same in several projects
    --all        lists every row that was passed over or cut
    --workspace, --as    which workspace and as whom, where there are several

Sources:
${Object.entries(SOURCES)
  .map(([name, what]) => `    ${name.padEnd(12)}${what}`)
  .join('\n')}`

const OPTIONS = {
  'dry-run': { type: 'boolean', default: false },
  into: { type: 'string' },
  approve: { type: 'boolean', default: false },
  project: { type: 'string' },
  all: { type: 'boolean', default: false },
  workspace: { type: 'string' },
  as: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const readLine = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new StartFault(`${error instanceof Error ? error.message : ''}\n${USAGE}`)
  }
}

type Values = ReturnType<typeof readLine>['values']

/** @throws StartFault when the person may not do what was asked. */
const requireRights = ({ callOf, person_name }: AsPerson, approve: boolean): void => {
  const { role, scopes } = callOf().caller
  const needed = approve ? 'loops:approve' : 'loops:write'
  if (includesScope(scopes, needed)) return
  throw new StartFault(
    `As ${role}, ${person_name} may not ${approve ? 'approve tasks: leave --approve out' : 'change anything: name somebody else with --as EMAIL'}.`,
  )
}

const importInto = async (source: keyof typeof SOURCES, path: string, values: Values): Promise<number> => {
  const report = streamReport(process.stderr, systemClock)
  const fitted = fitToLimits(parseFiles(source, readFiles(source, path), values.project))
  const { 'dry-run': dry_run, approve, into } = values
  const began_ms = systemClock.monotonicMs()
  return await runAs(values, async (acting) => {
    requireRights(acting, approve)
    let done = ''
    const onProgress = (steps: number, total: number): void => {
      done = `${steps} of ${total} steps`
      report.progress(done)
    }
    try {
      const deps = { ...acting, pause: (ms: number) => pause(ms) }
      const became = await runImport(deps, fitted, { approve, dry_run, into, onProgress })
      for (const line of reportLines(became, { dry_run, all: values.all })) say(line)
      report.step(
        `${acting.workspace_name}, as ${acting.person_name}: ${formatMs(systemClock.monotonicMs() - began_ms)}.`,
      )
      return 0
    } catch (error) {
      if (!(error instanceof AppError) || done === '') throw error
      throw new StartFault(`${textOf(error)} ${done} are done: run it again to go on; nothing comes twice.`)
    }
  })
}

await runCommand(async () => {
  const { values, positionals } = readLine(process.argv.slice(2))
  const [source, path, ...more] = positionals
  if (values.help || source === undefined) {
    say(USAGE)
    return values.help ? 0 : 2
  }
  if (!isSource(source))
    throw new StartFault(`There is no source ${source}: name one of ${Object.keys(SOURCES).join(', ')}.`)
  if (path === undefined || more.length > 0)
    throw new StartFault(`Name one file or folder to import.\n${USAGE}`)
  return await importInto(source, path, values)
})
