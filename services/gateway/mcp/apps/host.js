// @ts-check
// The app's side of MCP Apps (SEP-1865, 2026-01-26): JSON-RPC with the host by postMessage. Knows no tool.

/** @import { McpUiHostContext, McpUiHostCapabilities } from '@modelcontextprotocol/ext-apps/app-bridge' */

/**
 * @typedef {Readonly<{ isError?: boolean, structuredContent?: unknown, content?: readonly { text?: string }[] }>} ToolResult
 * @typedef {Readonly<{
 *   capabilities: McpUiHostCapabilities,
 *   context: () => McpUiHostContext,
 *   request: (method: string, params: object) => Promise<unknown>,
 * }>} Host
 * @typedef {Readonly<{
 *   onContext: (context: McpUiHostContext) => void,
 *   onToolInput: (input: Readonly<Record<string, unknown>>) => void,
 *   onToolResult: (result: ToolResult) => void,
 * }>} HostEvents
 */

const PROTOCOL_VERSION = '2026-01-26'
/** Longer than the server gives a tool, so that its own answer comes first (ms). */
const ANSWER_MS = 30_000
const METHOD_NOT_FOUND = -32_601

/** What the host said no to, or did not answer in time. */
const hostError = (/** @type {string} */ message, /** @type {'host' | 'timeout'} */ code) =>
  Object.assign(new Error(message), { code })

/** The requests that wait for an answer of the host. */
const openRequests = () => {
  /** @type {Map<unknown, { resolve: (result: unknown) => void, reject: (error: Error) => void }>} */
  const waiting = new Map()
  let id = 0
  return {
    /** @type {(post: (message: object) => void, method: string, params: object) => Promise<unknown>} */
    ask: (post, method, params) =>
      new Promise((resolve, reject) => {
        id += 1
        const own = id
        const timer = setTimeout(() => {
          waiting.delete(own)
          reject(hostError('', 'timeout'))
        }, ANSWER_MS)
        const ending = (/** @type {(value: any) => void} */ end) => (/** @type {unknown} */ value) => {
          clearTimeout(timer)
          waiting.delete(own)
          end(value)
        }
        waiting.set(own, { resolve: ending(resolve), reject: ending(reject) })
        post({ id: own, method, params })
      }),
    /** @type {(message: { id?: unknown, result?: unknown, error?: { message?: string } }) => void} */
    answer: ({ id: answered, result, error }) => {
      const one = waiting.get(answered)
      if (error) one?.reject(hostError(String(error.message ?? ''), 'host'))
      else one?.resolve(result)
    },
  }
}

/**
 * Connects to the host: shakes hands, then listens until the page goes.
 * @param {string} name of the app
 * @param {HostEvents} events called from the handshake on; the context with every change
 * @returns {Promise<Host>}
 */
export const connectHost = async (name, events) => {
  const requests = openRequests()
  /** @type {McpUiHostContext} */
  let context = {}
  // The app cannot know the origin of its host; only the window that embeds it gets the message.
  const post = (/** @type {object} */ message) =>
    window.parent.postMessage({ jsonrpc: '2.0', ...message }, '*')
  const notice = (/** @type {string} */ method, /** @type {any} */ params) => {
    if (method === 'ui/notifications/host-context-changed') {
      context = { ...context, ...params }
      events.onContext(context)
    }
    if (method === 'ui/notifications/tool-input') events.onToolInput(params?.arguments ?? {})
    if (method === 'ui/notifications/tool-result') events.onToolResult(params)
  }
  window.addEventListener('message', ({ source, data }) => {
    if (source !== window.parent || data?.jsonrpc !== '2.0') return
    if (data.method === undefined) requests.answer(data)
    else if (data.id === undefined) notice(data.method, data.params)
    else if (data.method === 'ping' || data.method === 'ui/resource-teardown')
      post({ id: data.id, result: {} })
    else post({ id: data.id, error: { code: METHOD_NOT_FOUND, message: 'This app has no such method.' } })
  })
  const result = /** @type {any} */ (
    await requests.ask(post, 'ui/initialize', {
      appInfo: { name, version: '1.0.0' },
      appCapabilities: { availableDisplayModes: ['inline', 'fullscreen'] },
      protocolVersion: PROTOCOL_VERSION,
    })
  )
  context = { ...result.hostContext, ...context }
  events.onContext(context)
  post({ method: 'ui/notifications/initialized', params: {} })
  sayHowLarge(post)
  return {
    capabilities: result.hostCapabilities ?? {},
    context: () => context,
    request: (method, params) => requests.ask(post, method, params),
  }
}

/** Says how large the page is, now and whenever that changes. */
const sayHowLarge = (/** @type {(message: object) => void} */ post) => {
  let said = ''
  const say = () => {
    const { height } = document.documentElement.getBoundingClientRect()
    const params = { width: Math.ceil(window.innerWidth), height: Math.ceil(height) }
    const now = JSON.stringify(params)
    if (now === said) return
    said = now
    post({ method: 'ui/notifications/size-changed', params })
  }
  new ResizeObserver(say).observe(document.documentElement)
  say()
}
