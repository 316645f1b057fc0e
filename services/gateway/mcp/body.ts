// Reads and parses the body of a request to the MCP endpoint. Every refusal is a JSON-RPC error with its HTTP status.
import { LIMITS } from '../../../shared/contracts/define/common.ts'
import { readBytes } from '../http/bytes.ts'

/** Deepest nesting of a body. The tools need five levels. */
export const MAX_DEPTH = 64

/** Codes of https://www.jsonrpc.org/specification#error_object; `refused`, of those left to servers, is for HTTP refusals. */
export const RPC = { parse_error: -32_700, invalid_request: -32_600, refused: -32_000 } as const

/** A JSON-RPC error without an id, for what is refused before its id is known. */
export const rpcError = (
  status: number,
  code: number,
  message: string,
  options: Readonly<{ headers?: Record<string, string>; data?: unknown }> = {},
): Response =>
  Response.json(
    {
      jsonrpc: '2.0',
      error: { code, message, ...(options.data === undefined ? {} : { data: options.data }) },
      id: null,
    },
    { status, headers: options.headers ?? {} },
  )

export type Body = Readonly<{ ok: true; value: unknown } | { ok: false; response: Response }>

const refuse = (status: number, code: number, message: string): Body => ({
  ok: false,
  response: rpcError(status, code, message),
})

const tooLarge = (): Body =>
  refuse(
    413,
    RPC.refused,
    `The request is larger than ${LIMITS.request_bytes} bytes; nothing was done. Split it into smaller requests.`,
  )

/** Whether brackets outside of strings nest too deep: later checks recurse, so they must not get such a value. */
const tooDeep = (json: string): boolean => {
  let depth = 0
  let inString = false
  for (let at = 0; at < json.length; at += 1) {
    const char = json[at]
    if (inString) {
      if (char === '\\') at += 1
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{' || char === '[') {
      depth += 1
      if (depth > MAX_DEPTH) return true
    } else if (char === '}' || char === ']') depth -= 1
  }
  return false
}

/** Whether two requests of a batch have the same id: only by it can their answers be told apart. */
const repeatsAnId = (value: unknown): boolean => {
  if (!Array.isArray(value)) return false
  const ids = value.flatMap((message) =>
    message !== null && typeof message === 'object' && 'method' in message && 'id' in message
      ? [JSON.stringify(message.id)]
      : [],
  )
  return new Set(ids).size < ids.length
}

/** Reads and parses the body of a request. */
export const readBody = async (request: Request): Promise<Body> => {
  const read = await readBytes(request, LIMITS.request_bytes)
  if (!read.ok)
    return read.reason === 'too_large'
      ? tooLarge()
      : refuse(400, RPC.parse_error, 'The body ended too early. Send the request again.')
  let json: string
  try {
    json = new TextDecoder('utf-8', { fatal: true }).decode(read.bytes)
  } catch {
    return refuse(400, RPC.parse_error, 'The body is not UTF-8. Send JSON in UTF-8.')
  }
  if (tooDeep(json))
    return refuse(
      400,
      RPC.invalid_request,
      `The body nests deeper than ${MAX_DEPTH} levels. No tool needs that; send flatter arguments.`,
    )
  try {
    const value: unknown = JSON.parse(json)
    return repeatsAnId(value)
      ? refuse(400, RPC.invalid_request, 'Two requests of the batch have the same id. Give each its own.')
      : { ok: true, value }
  } catch {
    return refuse(400, RPC.parse_error, 'The body is not valid JSON. Correct it and send the request again.')
  }
}
