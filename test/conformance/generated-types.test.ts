// Types that code generators make from /asyncapi.json, in Go, Python and TypeScript. They compile, where a compiler is
// installed, and hold the examples.
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { InputData, JSONSchemaInput, type LanguageName, quicktype } from 'quicktype-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { typeName } from '../../shared/contracts/define/schema-names.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { asyncApi } from '../../shared/events/asyncapi.ts'

const run = promisify(execFile)
const LIMIT = { timeout: 150_000 }
const TSC = join(import.meta.dirname, '..', '..', 'node_modules', '.bin', 'tsc')

const document = asyncApi(CONTRACTS, 'https://loops.example.com')
const { messages, schemas } = document.components
const EVENTS = Object.values(messages).flatMap((message) =>
  'examples' in message ? [{ type: typeName(message.name), examples: message.examples }] : [],
)
/** All events as the members of one value, so that one program reads an example of each. */
const ALL = {
  ...document,
  type: 'object',
  properties: Object.fromEntries(EVENTS.map(({ type }) => [type, { $ref: `#/components/schemas/${type}` }])),
  required: EVENTS.map(({ type }) => type),
}
const EXAMPLE = JSON.stringify(
  Object.fromEntries(EVENTS.map(({ type, examples }) => [type, examples[0]?.payload])),
)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'types-'))
  await writeFile(join(folder, 'example.json'), EXAMPLE)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const generated = async (
  lang: LanguageName,
  file: string,
  options: Record<string, string> = {},
): Promise<string> => {
  const schema = new JSONSchemaInput(undefined)
  await schema.addSource({ name: 'Events', schema: JSON.stringify(ALL) })
  const inputData = new InputData()
  inputData.addInput(schema)
  const { lines } = await quicktype({ inputData, lang, rendererOptions: options })
  await writeFile(join(folder, file), lines.join('\n'))
  return lines.join('\n')
}

/** Why a program cannot run here, or undefined. */
const missing = (program: string): Promise<string | undefined> =>
  run(program, [program === 'go' ? 'version' : '--version']).then(
    () => undefined,
    () => `there is no ${program} here`,
  )
const noGo = await missing('go')
const noPython = await missing('python3')

test('every_type_that_a_generator_makes_has_a_name', () => {
  const unnamed: string[] = []
  const look = (place: string, schema: Record<string, unknown>): void => {
    const inner = [
      ...Object.entries((schema.properties ?? {}) as Record<string, Record<string, unknown>>),
      ...(schema.items ? [['[]', schema.items as Record<string, unknown>] as const] : []),
      ...((schema.anyOf ?? []) as Record<string, unknown>[]).map((form) => ['|', form] as const),
    ]
    for (const [name, part] of inner) {
      if (part.type === 'object' || part.enum || part.anyOf) unnamed.push(`${place}.${name}`)
      look(`${place}.${name}`, part)
    }
  }
  for (const [name, schema] of Object.entries(schemas)) {
    expect(schema.title).toBe(name)
    look(name, schema)
  }
  expect(unnamed).toEqual([])
  expect(Object.keys(schemas)).toEqual(
    expect.arrayContaining(['Actor', 'TaskStatus', 'TaskCreated', 'TaskCreatedData']),
  )
})

test('in_typescript', LIMIT, async () => {
  const text = await generated('typescript', 'events.ts', { 'just-types': 'true' })
  for (const { type } of EVENTS) expect(text).toMatch(new RegExp(`(interface|type) ${type}\\b`))
  const use = `import type { Events } from './events.ts'
export const titleOf = (events: Events): string => events.TaskUpdated.data.title
`
  await writeFile(join(folder, 'use.ts'), use)
  const options = '--noEmit --strict --target es2022 --module nodenext --allowImportingTsExtensions'
  await run(process.execPath, [TSC, ...options.split(' '), 'use.ts'], { cwd: folder })
})

test.skipIf(noPython)(`in_python${noPython ? `: ${noPython}` : ''}`, LIMIT, async () => {
  await generated('python', 'events.py', { 'python-version': '3.7' })
  const program = `import json, sys; sys.path.insert(0, ${JSON.stringify(folder)}); import types
sys.modules["dateutil"] = types.ModuleType("dateutil"); parser = types.ModuleType("dateutil.parser")
import datetime; parser.parse = lambda text: datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
sys.modules["dateutil.parser"] = parser; sys.modules["dateutil"].parser = parser
import events; print(events.events_from_dict(json.load(open("example.json"))).task_updated.data.status.value)`
  const { stdout } = await run('python3', ['-c', program], { cwd: folder })
  expect(stdout.trim()).toBe('approved')
})

test.skipIf(noGo)(`in_go${noGo ? `: ${noGo}` : ''}`, LIMIT, async () => {
  await generated('go', 'events.go', { package: 'main' })
  await writeFile(join(folder, 'go.mod'), 'module events\n\ngo 1.21\n')
  const program = `package main
import ("fmt"; "os")
func main() {
	text, _ := os.ReadFile("example.json")
	e, err := UnmarshalEvents(text)
	if err != nil { panic(err) }
	fmt.Println(e.TaskUpdated.Data.Status)
}`
  await writeFile(join(folder, 'main.go'), program)
  const { stdout } = await run('go', ['run', '.'], { cwd: folder })
  expect(stdout.trim()).toBe('approved')
})
