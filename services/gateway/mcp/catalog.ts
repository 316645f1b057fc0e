// What this server offers over MCP, worked out once from the contracts: tools with their JSON Schemas, and the workflows
// as prompts and as resources. Knows neither HTTP nor the bus.
import type { Contract, Tool } from '../../../shared/contract.ts'
import type { Scope } from '../../../shared/contracts/common.ts'
import { WORKFLOWS } from '../../../shared/contracts/gateway.ts'
import { inputSchema, type JsonSchema, outputSchema } from '../../../shared/json-schema.ts'
import { grants } from '../../../shared/scopes.ts'
import { workflowText } from '../workflows.ts'

/** A tool as `tools/list` shows it. */
export type ListedTool = Readonly<{
  name: string
  title: string
  description: string
  inputSchema: JsonSchema
  outputSchema: JsonSchema
  annotations: Tool['annotations'] & { title: string }
}>

/** A tool with the service that answers it. */
export type CatalogTool = Readonly<{ name: string; service: string; tool: Tool; listed: ListedTool }>

export type Catalog = Readonly<{
  /** Every tool, by service in the order of the contracts. */
  tools: readonly CatalogTool[]
  /** A tool by its name, or by the name that the Scalekit connector gives it. */
  find: (name: string) => CatalogTool | undefined
  /** What a caller with these scopes is shown, always in the same order. */
  listFor: (scopes: readonly Scope[]) => readonly ListedTool[]
  prompts: readonly Readonly<{ name: string; title: string; description: string }>[]
  resources: readonly Readonly<{
    uri: string
    name: string
    title: string
    description: string
    mimeType: 'text/markdown'
  }>[]
}>

/** Prefix that the Scalekit connector `loopsmcp` puts before every tool; answered, never advertised. */
const CONNECTOR_PREFIX = 'loopsmcp_'
/** A workflow's resource is `loops://workflow/<name>`. */
const WORKFLOW_URI = 'loops://workflow/'

/** Described in one line: each of its members is the same in every tool, and a list of tools is read with every chat. */
const ERROR_SCHEMA = {
  type: 'object',
  description: 'Only when isError is true: code, message, retryable, hint (what to do next)',
  required: ['code', 'message', 'retryable'],
} as const

/** What a result never breaks, since the service checks it; who reads the list need not read it 21 times over. */
const CHECKED_ELSEWHERE = new Set(['pattern', 'minLength', 'maxLength', 'minimum', 'maximum'])

/** A schema without those keywords, all the way down; `properties` holds names and no keywords. */
const lean = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(lean)
  if (schema === null || typeof schema !== 'object') return schema
  const kept = Object.entries(schema).filter(([keyword]) => !CHECKED_ELSEWHERE.has(keyword))
  return Object.fromEntries(
    kept.map(([keyword, value]) => [
      keyword,
      keyword === 'properties'
        ? Object.fromEntries(Object.entries(value as object).map(([name, member]) => [name, lean(member)]))
        : lean(value),
    ]),
  )
}

/** The dialect is the protocol's default; naming it in every schema would only make the list longer. */
const withoutDialect = ({ $schema: _, ...schema }: JsonSchema): JsonSchema => schema

/**
 * The schema of a tool's result, success or error. Clients of the 1.x SDK check `structuredContent` of an error too, so
 * the schema must allow the error form.
 */
const resultSchema = (schema: JsonSchema): JsonSchema => {
  const { required, properties, ...rest } = lean(withoutDialect(schema)) as JsonSchema
  return {
    ...rest,
    properties: { ...(properties as object), error: ERROR_SCHEMA },
    anyOf: [{ required: required ?? [] }, { required: ['error'] }],
  }
}

const listedTool = (name: string, tool: Tool): ListedTool => ({
  name,
  title: tool.title,
  description: tool.description,
  inputSchema: withoutDialect(inputSchema(tool.input)),
  outputSchema: resultSchema(outputSchema(tool.output)),
  annotations: { title: tool.title, ...tool.annotations },
})

/** Works the catalog out from the contracts. */
export const createCatalog = (contracts: readonly Contract[]): Catalog => {
  const tools = contracts.flatMap((contract) =>
    Object.entries(contract.operations).flatMap(([name, operation]) =>
      operation.kind === 'tool'
        ? [{ name, service: contract.name, tool: operation, listed: listedTool(name, operation) }]
        : [],
    ),
  )
  const byName = new Map(tools.map((entry) => [entry.name, entry]))
  return {
    tools,
    find: (name) =>
      byName.get(name) ??
      (name.startsWith(CONNECTOR_PREFIX) ? byName.get(name.slice(CONNECTOR_PREFIX.length)) : undefined),
    listFor: (scopes) => tools.filter(({ tool }) => grants(scopes, tool.scope)).map(({ listed }) => listed),
    prompts: WORKFLOWS.map((name) => ({
      name,
      title: workflowText(name).title,
      description: workflowText(name).summary,
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

/** Entries of one page of a list: more than there are tools, since some clients never ask for a second page. */
export const LIST_PAGE = 50

/**
 * One page of a list. Cursors are opaque to clients.
 * @returns undefined for a cursor that no page of this list has given.
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
