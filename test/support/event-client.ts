// A client of the Events extension, written against its text (SEP-3415) alone: bare requests and their streams.
import { MODERN } from './mcp-client.ts'

const PREFIX = 'io.modelcontextprotocol/'
const SUBSCRIPTION_ID = `${PREFIX}subscriptionId`

/** What an occurrence says of what it is about; which members there are, its type says. */
export type EventData = Readonly<Record<string, unknown>> & Readonly<{ task_id?: string }>
export type SeenEvent = Readonly<{ eventId: string; name: string; timestamp: string; data: EventData }>
type RpcError = Readonly<{ code: number; message: string; data?: Readonly<Record<string, unknown>> }>

/** A page of events/poll. */
export type Polled = Readonly<{
  events: readonly SeenEvent[]
  cursor: string
  truncated: boolean
  hasMore: boolean
  nextPollMs: number
}>

/** An answer: its result, or its error. */
export type RpcAnswer<R = Readonly<Record<string, unknown>>> = Readonly<{
  http: number
  result?: R
  error?: RpcError
}>

/** A message of a stream, with what its kind has of these. */
export type Frame = Readonly<{
  kind: string
  params: Readonly<{
    cursor: string
    truncated: boolean
    eventId: string
    name: string
    data: EventData
    error: RpcError
  }>
}>

/** An open stream. */
export type EventStream = AsyncDisposable &
  Readonly<{
    /** Every message so far. */
    frames: readonly Frame[]
    /** Waits until there are so many messages of a kind, and returns them. */
    next: (kind: string, count?: number) => Promise<readonly Frame[]>
    /** Waits for the end. @returns the result that came last; undefined: it was cut off. */
    ended: Promise<unknown>
    /** Cuts it off. */
    close: () => void
  }>

export type EventClient = Readonly<{
  ask: <R>(method: string, params?: Readonly<Record<string, unknown>>) => Promise<RpcAnswer<R>>
  /** @throws Error when it is refused, with the answer as its cause. */
  stream: (params: Readonly<Record<string, unknown>>) => Promise<EventStream>
}>

const message = (id: number, method: string, params: Readonly<Record<string, unknown>>, version: string) =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    method,
    params:
      version === MODERN
        ? {
            ...params,
            _meta: {
              [`${PREFIX}protocolVersion`]: version,
              [`${PREFIX}clientCapabilities`]: { extensions: { [`${PREFIX}events`]: {} } },
            },
          }
        : params,
  })

/** Takes a message of a stream in. @returns the result, if it is that. */
const takeMessage = (line: string, id: number, frames: Frame[]): unknown => {
  const {
    method = '',
    params,
    result,
  } = JSON.parse(line) as {
    method?: string
    params?: Frame['params'] & { _meta?: Record<string, unknown> }
    result?: unknown
  }
  if (result !== undefined) return result
  if (!params || params._meta?.[SUBSCRIPTION_ID] !== id)
    throw new Error(`a message of another request: ${line}`)
  frames.push({ kind: method.replace('notifications/events/', ''), params })
  return undefined
}

const readStream = (response: Response, id: number, gone: AbortController): EventStream => {
  const frames: Frame[] = []
  const waiting = new Set<() => void>()
  const read = async (): Promise<unknown> => {
    let [rest, result]: [string, unknown] = ['', undefined]
    try {
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const lines = `${rest}${chunk}`.split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines)
          if (line.startsWith('data: ')) result = takeMessage(line.slice(6), id, frames) ?? result
        for (const wake of waiting) wake()
      }
    } catch (error) {
      if (!gone.signal.aborted && !/terminated|ECONNRESET|closed/i.test(String(error))) throw error
    }
    for (const wake of waiting) wake()
    return result
  }
  let isOver = false
  const ended = read().finally(() => {
    isOver = true
    for (const wake of waiting) wake()
  })
  ended.catch(() => undefined)
  return {
    frames,
    ended,
    close: () => gone.abort(),
    next: async (kind, count = 1) => {
      for (;;) {
        const found = frames.filter((frame) => frame.kind === kind)
        if (found.length >= count) return found
        if (isOver) throw new Error(`the stream ended with ${JSON.stringify(frames)}`)
        await new Promise<void>((resolve) => {
          const wake = (): void => {
            waiting.delete(wake)
            resolve()
          }
          waiting.add(wake)
        })
      }
    },
    [Symbol.asyncDispose]: async () => gone.abort(),
  }
}

/** A client at one gateway. */
export const eventClient = (site: string, token: () => string, version: string = MODERN): EventClient => {
  let last = 0
  const post = (method: string, params: Readonly<Record<string, unknown>>, signal?: AbortSignal) => {
    last += 1
    return fetch(new URL('/mcp', site), {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token()}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': version,
        ...(version === MODERN ? { 'Mcp-Method': method } : {}),
      },
      body: message(last, method, params, version),
      ...(signal ? { signal } : {}),
    })
  }
  const answerOf = async <R>(response: Response): Promise<RpcAnswer<R>> => {
    const text = await response.text()
    return { http: response.status, ...(text === '' ? {} : JSON.parse(text)) }
  }
  return {
    ask: async (method, params = {}) => await answerOf(await post(method, params)),
    stream: async (params) => {
      const gone = new AbortController()
      const answer = post('events/stream', params, gone.signal)
      const id = last
      const response = await answer
      if (response.headers.get('content-type')?.startsWith('text/event-stream'))
        return readStream(response, id, gone)
      throw new Error('there is no stream', { cause: await answerOf(response) })
    },
  }
}
