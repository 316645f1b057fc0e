// Which internal operations each service asks of the others, read from its code. Knows no bus.
import { requestSubject } from '../../../shared/contracts/define/contract.ts'
import { CONTRACTS } from '../../../shared/contracts/index.ts'
import { calledName, nodesOf, readSources } from './source.ts'

/**
 * The request subjects that a service's files use: every `x.operation(…)` where another contract has that internal
 * operation. Operation names are told apart by their form, so that nothing else is called like one.
 */
export const internalCallsOf = (service: string): readonly string[] => {
  const called = new Set(
    readSources()
      .filter(({ path }) => path.startsWith(`services/${service}/`))
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
