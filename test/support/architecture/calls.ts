// Which internal operations each service asks of the others, read from its code. Knows no bus.
import { requestSubject } from '../../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../../shared/contracts/index.ts'
import { calledName, importsOf, nodesOf, readSources, type Source } from './source.ts'

/** The files of a service, and those of `shared` that run in it because one of these imports them. */
const filesOf = (service: string): readonly Source[] => {
  const sources = new Map(readSources().map((source) => [source.path, source]))
  const files = new Set([...sources.values()].filter(({ path }) => path.startsWith(`services/${service}/`)))
  // A set that grows while it is read is read to its end.
  for (const file of files)
    for (const { resolved = '', typeOnly } of importsOf(file)) {
      const imported = sources.get(resolved)
      if (imported && !typeOnly && resolved.startsWith('shared/')) files.add(imported)
    }
  return [...files]
}

/**
 * The request subjects that a service's files use: every `x.operation(…)` where another contract has that internal
 * operation. Operation names are told apart by their form, so that nothing else is called like one.
 */
export const internalCallsOf = (service: string): readonly string[] => {
  const called = new Set(
    filesOf(service)
      .flatMap((source) => nodesOf(source, 'CallExpression'))
      .filter(({ callee }) => (callee as { type: string }).type === 'MemberExpression')
      .map((call) => calledName(call)),
  )
  return CONTRACTS.filter(({ name }) => name !== service).flatMap((contract) =>
    Object.entries(contract.operations)
      .filter(([name, operation]) => operation.kind === 'internal' && called.has(name))
      .map(([name]) => requestSubject(contract.name, name)),
  )
}
