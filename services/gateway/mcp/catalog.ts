// What this server offers over MCP, derived from the contracts: tools, and workflows as prompts and as resources.
import type { Scope } from '../../../shared/contracts/define/common.ts'
import type { Contract, Tool } from '../../../shared/contracts/define/contract.ts'
import { inputSchema, type JsonSchema, outputSchema } from '../../../shared/contracts/define/json-schema.ts'
import { includesScope } from '../../../shared/contracts/define/scopes.ts'
import { WORKFLOWS } from '../../../shared/contracts/gateway/shapes.ts'
import { appMeta } from './apps.ts'
import { argumentsReader, type ReadArguments } from './arguments.ts'
import { publishedInput, publishedOutput } from './schemas.ts'
import { workflowText } from './workflows.ts'

/** A tool as `tools/list` shows it. */
export type ListedTool = Readonly<{
  name: string
  title: string
  description: string
  inputSchema: JsonSchema
  outputSchema: JsonSchema
  annotations: Tool['annotations']
  _meta?: Readonly<Record<string, unknown>>
}>

/** A tool, and the contract of the service that answers it. */
export type CatalogTool = Readonly<{
  name: string
  contract: Contract
  tool: Tool
  listed: ListedTool
  /** Reads arguments as clients send them. */
  readArguments: ReadArguments
}>

export type Catalog = Readonly<{
  /** Every tool, by service in the order of the contracts. */
  tools: readonly CatalogTool[]
  /** A tool by its name, or by the name that the Scalekit connector gives it. */
  find: (name: string) => CatalogTool | undefined
  /** The tools that a caller with these scopes may use, always in the same order. */
  listFor: (scopes: readonly Scope[]) => readonly ListedTool[]
  prompts: readonly Readonly<{
    name: string
    title: string
    description: string
    arguments: (typeof LOOP_ARGUMENT)[]
  }>[]
  resources: readonly Readonly<{
    uri: string
    name: string
    title: string
    description: string
    mimeType: 'text/markdown'
  }>[]
}>

/** The prefix that the Scalekit connector `loopsmcp` puts before every tool: understood, never listed. */
const CONNECTOR_PREFIX = 'loopsmcp_'
/** A workflow's resource is `loops://workflow/<name>`. */
const WORKFLOW_URI = 'loops://workflow/'

/** What every workflow takes as a prompt. */
export const LOOP_ARGUMENT = {
  name: 'loop_id',
  description: 'The loop to work on; absent: all of them',
  required: false,
}

/** Understood by Claude: the tool is not among those that a model has to search for first. */
const ALWAYS_LOADED = { 'anthropic/alwaysLoad': true } as const

const metaOf = ({ always_loaded, app }: Tool): Pick<ListedTool, '_meta'> =>
  always_loaded || app
    ? { _meta: { ...(always_loaded ? ALWAYS_LOADED : {}), ...(app ? appMeta(app) : {}) } }
    : {}

const listedTool = (name: string, tool: Tool): ListedTool => ({
  name,
  title: tool.title,
  description: tool.description,
  inputSchema: publishedInput(inputSchema(tool.input)),
  outputSchema: publishedOutput(outputSchema(tool.output)),
  annotations: tool.annotations,
  ...metaOf(tool),
})

/** Derives the catalog from the contracts. */
export const createCatalog = (contracts: readonly Contract[]): Catalog => {
  const tools = contracts.flatMap((contract) =>
    Object.entries(contract.operations).flatMap(([name, operation]) =>
      operation.kind === 'tool'
        ? [
            {
              name,
              contract,
              tool: operation,
              listed: listedTool(name, operation),
              readArguments: argumentsReader(operation.input),
            },
          ]
        : [],
    ),
  )
  const byName = new Map(tools.map((entry) => [entry.name, entry]))
  return {
    tools,
    find: (name) =>
      byName.get(name) ??
      (name.startsWith(CONNECTOR_PREFIX) ? byName.get(name.slice(CONNECTOR_PREFIX.length)) : undefined),
    listFor: (scopes) =>
      tools.filter(({ tool }) => includesScope(scopes, tool.scope)).map(({ listed }) => listed),
    prompts: WORKFLOWS.map((name) => ({
      name,
      title: workflowText(name).title,
      description: workflowText(name).summary,
      arguments: [LOOP_ARGUMENT],
    })),
    resources: WORKFLOWS.map((name) => ({
      uri: `${WORKFLOW_URI}${name}`,
      name,
      title: workflowText(name).title,
      description: workflowText(name).summary,
      mimeType: 'text/markdown' as const,
    })),
  }
}

/** Entries of a page of a list: more than there are tools, because some clients never ask for a second page. */
export const LIST_PAGE = 50

/**
 * One page of a list. Cursors are opaque to clients.
 * @returns undefined for a cursor that this list never gave.
 */
export const pageOf = <T>(
  items: readonly T[],
  cursor: string | undefined,
  size: number = LIST_PAGE,
): Readonly<{ items: readonly T[]; nextCursor?: string }> | undefined => {
  const start = cursor === undefined ? 0 : Number(Buffer.from(cursor, 'base64url').toString())
  const given = cursor === undefined || (start > 0 && start < items.length && start % size === 0)
  if (!given) return undefined
  const end = start + size
  return {
    items: items.slice(start, end),
    ...(end < items.length ? { nextCursor: Buffer.from(String(end)).toString('base64url') } : {}),
  }
}
