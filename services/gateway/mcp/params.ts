// Reads the params of a request before the SDK does: null members count as absent, and what does not fit is refused in plain
// words, where the SDK would answer with its validator's report.
import { PROTOCOL_VERSION_META_KEY, ProtocolErrorCode, specTypeSchemas } from '@modelcontextprotocol/server'

const REQUESTS = {
  'completion/complete': specTypeSchemas.CompleteRequest,
  initialize: specTypeSchemas.InitializeRequest,
  'tools/call': specTypeSchemas.CallToolRequest,
  'tools/list': specTypeSchemas.ListToolsRequest,
  'prompts/get': specTypeSchemas.GetPromptRequest,
  'prompts/list': specTypeSchemas.ListPromptsRequest,
  'resources/list': specTypeSchemas.ListResourcesRequest,
  'resources/read': specTypeSchemas.ReadResourceRequest,
  'resources/templates/list': specTypeSchemas.ListResourceTemplatesRequest,
} as const

/** Most faults that one answer names. */
const MAX_FAULTS = 5

type Message = Readonly<{ id?: unknown; method: string; params?: unknown }>
type RpcError = Readonly<{ jsonrpc: '2.0'; id: unknown; error: Readonly<{ code: number; message: string }> }>

const isMessage = (value: unknown): value is Message =>
  value !== null && typeof value === 'object' && 'method' in value && typeof value.method === 'string'

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value)

/** `initialize` exists only in older revisions; in a newer request the SDK finds no such method. */
const isOfItsRevision = (method: string, params: unknown): boolean =>
  method !== 'initialize' ||
  !(isRecord(params) && isRecord(params._meta) && PROTOCOL_VERSION_META_KEY in params._meta)

const withoutNulls = (message: unknown): unknown => {
  if (!isMessage(message) || !Object.hasOwn(REQUESTS, message.method)) return message
  const { params, ...rest } = message
  if (params === null) return rest
  if (!isRecord(params) || !Object.values(params).includes(null)) return message
  return { ...rest, params: Object.fromEntries(Object.entries(params).filter(([, value]) => value !== null)) }
}

/** A body without the null members of its params: some clients send null for what is absent. */
export const readParams = (body: unknown): unknown =>
  Array.isArray(body) ? body.map(withoutNulls) : withoutNulls(body)

const pathOf = (path: readonly unknown[]): string =>
  path.map((part) => (isRecord(part) ? String(part.key) : String(part))).join('.')

const faultOf = (message: unknown): string | undefined => {
  if (!isMessage(message) || !Object.hasOwn(REQUESTS, message.method)) return undefined
  const { method, params } = message
  if (!isOfItsRevision(method, params)) return undefined
  const checked = REQUESTS[method as keyof typeof REQUESTS]['~standard'].validate(
    params === undefined ? { method } : { method, params },
  )
  if (checked instanceof Promise || !checked.issues) return undefined
  const faults = checked.issues
    .slice(0, MAX_FAULTS)
    .map((issue) => `${pathOf(issue.path ?? [])}: ${issue.message.replace(/^Invalid input: /, '')}`)
  return `The params of ${method} do not fit. ${faults.join('; ')}.`
}

const errorFor = ({ id }: Message, message: string): RpcError => ({
  jsonrpc: '2.0',
  id: id ?? null,
  error: { code: ProtocolErrorCode.InvalidParams, message },
})

/**
 * The errors for a body with params that do not fit; undefined when all fit. One such request stops its whole batch: each
 * request gets an answer.
 */
export const refuseParams = (body: unknown): RpcError | readonly RpcError[] | undefined => {
  if (!Array.isArray(body)) {
    const fault = faultOf(body)
    return fault === undefined ? undefined : errorFor(body as Message, fault)
  }
  const faults = body.map(faultOf)
  if (faults.every((fault) => fault === undefined)) return undefined
  return body.flatMap((message, index) =>
    isMessage(message) && message.id !== undefined
      ? [
          errorFor(
            message,
            faults[index] ??
              'Not done, because another request of this batch has params that do not fit. Correct that one and send the batch again.',
          ),
        ]
      : [],
  )
}
