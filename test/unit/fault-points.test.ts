// That a process is killed in some test at every step that the services name for it, so that no new one goes untested.
import { expect, test } from 'vitest'
import { METRICS } from '../../shared/process/metrics-table.ts'
import {
  dotted,
  type Node,
  nodesOf,
  parseSource,
  readSources,
  type Source,
} from '../support/architecture/source.ts'

/** The first argument of each call of a function with this name, or of a member with it. */
const firstArguments = (source: Source, name: string): Node[] =>
  nodesOf(source, 'CallExpression')
    .filter(({ callee }) => dotted(callee)?.split('.').at(-1) === name)
    .flatMap((call) => (call.arguments as Node[])[0] ?? [])

const texts = (nodes: readonly Node[]): string[] =>
  nodes.flatMap(({ type, value }) => (type === 'Literal' && typeof value === 'string' ? [value] : []))

/** The steps that `counters.count` makes of the name of a command: `<name>.saved` and `<name>.counted`. */
const endings = (sources: readonly Source[]): string[] =>
  sources.flatMap((source) =>
    firstArguments(source, 'at')
      .filter(({ type }) => type === 'TemplateLiteral')
      .map((node) => source.text.slice(node.start, node.end).replace(/^`\$\{step\}|`$/g, '')),
  )

/** Every step at which the services can be killed. */
const steps = (sources: readonly Source[]): string[] => {
  const written = sources.flatMap((source) => texts(firstArguments(source, 'at')))
  // Metrics are counted by a function of the same name.
  const counted = sources
    .flatMap((source) => texts(firstArguments(source, 'count')))
    .filter((name) => !(name in METRICS))
  const after = endings(sources)
  const computed = counted.flatMap((name) => after.map((ending) => `${name}${ending}`))
  return [...new Set([...written.filter((text) => /^\w+\.\w+$/.test(text)), ...computed])].toSorted()
}

/** The texts of the tests that start a process which is to be killed. */
const named = (tests: readonly Source[]): Set<string> =>
  new Set(
    tests
      .filter((source) => firstArguments(source, 'startFaulty').length > 0)
      .flatMap((source) => texts(nodesOf(source, 'Literal'))),
  )

// Every source is read and parsed, which takes long on a busy machine.
test('every_step_is_one_of_a_test', { timeout: 120_000 }, () => {
  const sources = readSources()
  const under = (folder: string) => sources.filter(({ path }) => path.startsWith(folder))
  const found = steps(under('services/'))
  expect(found).toEqual(
    expect.arrayContaining(['create_loop.inserted', 'counters.added', 'update_task.counted']),
  )
  const tested = named(under('test/service/'))
  expect(found.filter((step) => !tested.has(step))).toEqual([])
})

test('a_step_without_a_test_is_found', () => {
  const service = parseSource(
    'services/a.ts',
    `deps.at('a.written'); deps.counters.count('b', []); at(\`\${step}.saved\`)`,
  )
  expect(steps([service])).toEqual(['a.written', 'b.saved'])
  expect(named([parseSource('test/service/a.test.ts', "expect('a.written')")])).toEqual(new Set())
  expect(named([parseSource('test/service/b.test.ts', "env.startFaulty('b', 'a.written')")])).toContain(
    'a.written',
  )
})
