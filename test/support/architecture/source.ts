// The project's own files as syntax trees, and the few questions that the rules ask of one. Knows no rule.
import { globSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { parseAst } from 'vitest/node'

/** A node of an ESTree with TypeScript's additions: https://github.com/estree/estree. */
export type Node = Readonly<{ type: string; start: number; end: number; [member: string]: unknown }>

/** A file: its path from the root of the project, its text and its syntax tree. */
export type Source = Readonly<{ path: string; text: string; program: Node }>

/** What a file brings in: as written, resolved from the root when relative, the names, and whether types alone. */
export type Import = Readonly<{
  from: string
  resolved: string | undefined
  names: readonly string[]
  typeOnly: boolean
  /** Whether it is loaded when that line runs, not with the file. */
  deferred: boolean
}>

const ROOT = new URL('../../../', import.meta.url)

/** A source from its text; a syntax error is thrown. */
export const parseSource = (path: string, text: string): Source => ({
  path,
  text,
  program: parseAst(text, { lang: 'ts' }, path) as unknown as Node,
})

/** Every TypeScript file of the project. */
export const readSources = (): readonly Source[] =>
  globSync('{services,shared,infra,test}/**/*.ts', { cwd: ROOT })
    .toSorted()
    .map((path) => parseSource(path, readFileSync(new URL(path, ROOT), 'utf8')))

const isNode = (value: unknown): value is Node =>
  value !== null && typeof value === 'object' && typeof (value as Node).type === 'string'

const childrenOf = (node: Node): readonly Node[] => Object.values(node).flat().filter(isNode)

/** The node and all below it; `into` false leaves out what is below a node. */
export const walk = function* (node: Node, into: (node: Node) => boolean = () => true): Generator<Node> {
  yield node
  if (into(node)) for (const child of childrenOf(node)) yield* walk(child, into)
}

/** Every node of the file of one of these types. */
export const nodesOf = (source: Source, ...types: readonly string[]): Node[] =>
  [...walk(source.program)].filter(({ type }) => types.includes(type))

export const isFunction = ({ type }: Node): boolean =>
  type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression'

/** `a.b.c` of a member expression or identifier; undefined for anything with a call or an index in it. */
export const dotted = (node: unknown): string | undefined => {
  if (!isNode(node)) return undefined
  if (node.type === 'Identifier') return String(node.name)
  if (node.type !== 'MemberExpression' || node.computed === true) return undefined
  const object = dotted(node.object)
  return object === undefined ? undefined : `${object}.${(node.property as Node).name}`
}

/** The last name of what is called: `save` in `store.tasks().save(x)`. */
export const calledName = (call: Node): string | undefined => {
  const callee = call.callee as Node
  if (callee.type === 'Identifier') return String(callee.name)
  return callee.type === 'MemberExpression' && callee.computed !== true
    ? String((callee.property as Node).name)
    : undefined
}

/** The line of a node, from 1. */
export const lineOf = (source: Source, node: Node): number =>
  source.text.slice(0, node.start).split('\n').length

/** How many lines a node takes. */
export const linesOf = (source: Source, node: Node): number =>
  source.text.slice(node.start, node.end).split('\n').length

const resolve = (path: string, from: string): string | undefined =>
  from.startsWith('.') ? posix.join(posix.dirname(path), from) : undefined

/** Static imports, re-exports and dynamic imports of a literal. */
export const importsOf = (source: Source): Import[] =>
  nodesOf(
    source,
    'ImportDeclaration',
    'ExportNamedDeclaration',
    'ExportAllDeclaration',
    'ImportExpression',
  ).flatMap((node) => {
    const from = isNode(node.source) ? node.source.value : undefined
    if (typeof from !== 'string') return []
    const specifiers = (node.specifiers ?? []) as readonly Node[]
    const names = specifiers.map(({ imported, local }) =>
      String(((imported ?? local) as Node | undefined)?.name ?? '*'),
    )
    const isType = ({ importKind, exportKind }: Node): boolean => (importKind ?? exportKind) === 'type'
    const typeOnly = isType(node) || (specifiers.length > 0 && specifiers.every(isType))
    const deferred = node.type === 'ImportExpression'
    return [{ from, resolved: resolve(source.path, from), names, typeOnly, deferred }]
  })
