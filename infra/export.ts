// `npm run export`: writes a workspace, as one person sees it, as JSON Lines or as a folder of Markdown.
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import type { ExportLine } from '../shared/imports/format-rules.ts'
import { markdownWriter } from '../shared/imports/markdown-rules.ts'
import { runExport } from '../shared/imports/run-export.ts'
import { systemClock } from '../shared/process/clock.ts'
import { runAs } from './as-person.ts'
import { StartFault, streamReport } from './report.ts'
import { runCommand } from './running.ts'

const USAGE = `npm run export -- FILE.jsonl | FOLDER [--workspace ID] [--as EMAIL]
    writes all that the person sees: as JSON Lines, which npm run import reads, or as a folder of Markdown`

const OPTIONS = {
  workspace: { type: 'string' },
  as: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

const say = (line: string): void => void process.stdout.write(`${line}\n`)

type Lines = AsyncIterable<ExportLine>

/** Writes lines to a file, which has its name only once it is whole. @returns how many loops and tasks there are */
const writeLines = async (path: string, lines: Lines): Promise<number> => {
  const part = `${path}.part`
  mkdirSync(dirname(path), { recursive: true })
  try {
    const file = createWriteStream(part)
    let count = -1
    for await (const line of lines) {
      if (!file.write(`${JSON.stringify(line)}\n`))
        await new Promise<void>((drained) => file.once('drain', () => drained()))
      count += 1
    }
    await new Promise<void>((done, failed) => {
      file.once('error', failed).end(() => done())
    })
    renameSync(part, path)
    return count
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

/** Writes a file for each loop and task. */
const writeFolder = async (folder: string, lines: Lines): Promise<number> => {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new StartFault(`${folder} is not empty: name a new folder, or a file that ends in .jsonl.`)
  const fileOf = markdownWriter()
  let count = 0
  for await (const line of lines) {
    const file = fileOf(line)
    if (!file) continue
    const path = join(folder, file.path)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, file.text)
    count += 1
  }
  return count
}

const readLine = (args: readonly string[]) => {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new StartFault(`${error instanceof Error ? error.message : ''}\n${USAGE}`)
  }
}

await runCommand(async () => {
  const { values, positionals } = readLine(process.argv.slice(2))
  const [path, ...more] = positionals
  if (values.help || path === undefined || more.length > 0) {
    say(USAGE)
    return values.help ? 0 : 2
  }
  const report = streamReport(process.stderr, systemClock)
  const count = await runAs(values, async (acting) => {
    const onProgress = (done: number, total: number): void => report.progress(`${done} of ${total} tasks`)
    const lines = runExport({ ...acting, now: systemClock.now, onProgress }, acting.workspace_name)
    return await (path.endsWith('.jsonl') ? writeLines : writeFolder)(resolve(path), lines)
  })
  say(`Wrote ${count} loops and tasks to ${path}.`)
  return 0
})
