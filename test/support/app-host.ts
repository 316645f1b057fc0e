// A host that renders MCP Apps: a page with the official package's own host side. The app runs as the specification wants
// it, in a sandboxed frame within a frame of another origin. Tools are called by a client that the test gives.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, normalize } from 'node:path'
import type {
  AppBridge,
  McpUiHostCapabilities,
  McpUiHostContext,
} from '@modelcontextprotocol/ext-apps/app-bridge'
import type { Browser, BrowserContext, Frame, FrameLocator, Page, Request } from 'playwright-core'
import { vi } from 'vitest'
import type { McpClient, ToolResult } from './mcp-client.ts'

const MODULES = join(import.meta.dirname, '../../node_modules')
/** Where a browser finds the modules of the host's side. */
const IMPORTS = {
  '@modelcontextprotocol/ext-apps/app-bridge': '@modelcontextprotocol/ext-apps/dist/src/app-bridge.js',
  '@modelcontextprotocol/client': '@modelcontextprotocol/client/dist/index.mjs',
  '@modelcontextprotocol/client/_shims': '@modelcontextprotocol/client/dist/shimsBrowser.mjs',
  '@modelcontextprotocol/core': '@modelcontextprotocol/core/dist/index.mjs',
  '@modelcontextprotocol/core/internal': '@modelcontextprotocol/core/dist/internal.mjs',
  '@modelcontextprotocol/core/ext/skills': '@modelcontextprotocol/core/dist/ext/skills/index.mjs',
  'zod/v4': 'zod/v4/index.js',
  'pkce-challenge': 'pkce-challenge/dist/index.browser.js',
  'eventsource-parser/stream': 'eventsource-parser/dist/stream.js',
  eventsource: 'eventsource/dist/index.js',
  'eventsource-parser': 'eventsource-parser/dist/index.js',
  jose: 'jose/dist/webapi/index.js',
}

/** What the specification wants for an app that declares no origins. */
const APP_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "media-src 'self' data:",
  "object-src 'none'",
  "connect-src 'none'",
  "frame-src 'none'",
  "base-uri 'self'",
].join('; ')

const hostPage = (sandboxUrl: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>A host</title>
<style>body { margin: 0 } iframe { display: block; width: 100%; height: 100px; border: 0 }</style>
<script type="importmap">${JSON.stringify({
  imports: Object.fromEntries(Object.entries(IMPORTS).map(([name, path]) => [name, `/modules/${path}`])),
})}</script>
<script type="module">
import * as side from '@modelcontextprotocol/ext-apps/app-bridge'
window.side = side
</script></head>
<body><iframe id="sandbox" title="App" src="${sandboxUrl}" sandbox="allow-scripts allow-same-origin"></iframe></body></html>`

/** The page between host and app: passes on what each says to the other. */
const SANDBOX_PAGE = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Sandbox</title>
<style>html, body { margin: 0; height: 100% } iframe { display: block; width: 100%; height: 100%; border: 0 }</style></head>
<body><script>
const app = document.createElement('iframe')
app.title = 'App'
app.setAttribute('sandbox', 'allow-scripts')
document.body.append(app)
const ready = () => parent.postMessage({ jsonrpc: '2.0', method: 'ui/notifications/sandbox-proxy-ready', params: {} }, '*')
addEventListener('message', ({ source, data }) => {
  if (source === app.contentWindow) parent.postMessage(data, '*')
  else if (data === 'again') ready()
  else if (data.method === 'ui/notifications/sandbox-resource-ready') app.srcdoc = data.params.html
  else app.contentWindow.postMessage(data, '*')
})
ready()
</script></body></html>`

type Site = AsyncDisposable & Readonly<{ url: string }>

/** Serves the host's page, its modules, and the sandbox at another origin. */
export const startHostSite = async (): Promise<Site> => {
  const server = createServer(async ({ url = '/' }, response) => {
    const { port } = server.address() as AddressInfo
    const send = (type: string, body: string, headers = {}) =>
      response.writeHead(200, { 'Content-Type': type, ...headers }).end(body)
    if (url === '/') return send('text/html', hostPage(`http://127.0.0.1:${port}/sandbox`))
    if (url === '/sandbox') return send('text/html', SANDBOX_PAGE, { 'Content-Security-Policy': APP_POLICY })
    if (!url.startsWith('/modules/')) return response.writeHead(404).end()
    const path = normalize(url.slice('/modules/'.length))
    try {
      send('text/javascript', await readFile(join(MODULES, path), 'utf8'))
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://localhost:${port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** What a test waits for comes in milliseconds; only a busy machine needs more. */
const WAIT_MS = 15_000

const CAPABILITIES: McpUiHostCapabilities = {
  openLinks: {},
  serverTools: {},
  updateModelContext: { text: {} },
}

export type AppOptions = Readonly<{
  args?: Record<string, unknown>
  context?: McpUiHostContext
  capabilities?: McpUiHostCapabilities
}>

/** An app that is shown. */
export type ShownApp = AsyncDisposable &
  Readonly<{
    page: Page
    /** What is in the app. */
    app: FrameLocator
    frame: () => Frame
    /** What the app called, in order. */
    calls: readonly string[]
    /** What the host was asked to do or to know besides. */
    asked: readonly Readonly<{ method: string; params: unknown }>[]
    /** Requests of the app, and any to another place than the host's own. */
    strayRequests: readonly string[]
    setContext: (context: McpUiHostContext) => Promise<void>
    teardown: () => Promise<void>
  }>

type Side = Readonly<{
  side: typeof import('@modelcontextprotocol/ext-apps/app-bridge')
  bridge: AppBridge
  callTool: (params: unknown) => Promise<never>
  note: (method: string, params: unknown) => Promise<void>
}>

type Opening = Readonly<{
  html: string
  args: Record<string, unknown>
  result: ToolResult
  context: McpUiHostContext
  capabilities: McpUiHostCapabilities
}>

/** In the page of the host: opens the app with the official host side. `opening` is JSON. */
const openInPage = async (opening: string): Promise<void> => {
  const given = JSON.parse(opening) as Opening
  const host = window as unknown as { -readonly [K in keyof Side]: Side[K] }
  const frame = document.querySelector('iframe') as HTMLIFrameElement
  const target = frame.contentWindow as Window
  const { AppBridge, PostMessageTransport } = host.side
  const info = { name: 'a host', version: '1.0.0' }
  const bridge = new AppBridge(null, info, given.capabilities, { hostContext: given.context })
  host.bridge = bridge
  const note = (method: string) => async (params: unknown) => {
    await host.note(method, params)
    return {}
  }
  bridge.oncalltool = (params) => host.callTool(params)
  bridge.onopenlink = note('ui/open-link')
  bridge.onupdatemodelcontext = note('ui/update-model-context')
  bridge.onsizechange = ({ height }) => {
    if (height !== undefined) frame.style.height = `${height}px`
  }
  const initialized = new Promise<void>((resolve) => {
    bridge.oninitialized = () => resolve()
  })
  const sandboxed = new Promise<void>((resolve) => {
    bridge.onsandboxready = () => resolve()
  })
  await bridge.connect(new PostMessageTransport(target, target))
  target.postMessage('again', '*')
  await sandboxed
  await bridge.sendSandboxResourceReady({ html: given.html })
  await initialized
  await bridge.sendToolInput({ arguments: given.args })
  await bridge.sendToolResult(given.result as never)
}

const strayOf = (site: Site, page: Page, request: Request): string | undefined => {
  const url = request.url()
  if (url === 'about:srcdoc') return undefined
  const isOfApp = request.frame().parentFrame()?.parentFrame() === page.mainFrame()
  const own = [site.url, site.url.replace('localhost', '127.0.0.1')]
  return isOfApp || !own.some((origin) => url.startsWith(`${origin}/`)) ? url : undefined
}

/** Finds the app that a tool names, as a host does: its URI in tools/list, then the document. */
const documentOf = async ({ raw }: McpClient, tool: string): Promise<string> => {
  const { getToolUiResourceUri } = await import('@modelcontextprotocol/ext-apps/app-bridge')
  const listed = (await raw.listTools()).tools.find(({ name }) => name === tool)
  const uri = getToolUiResourceUri((listed ?? {}) as never)
  if (uri === undefined) throw new Error(`${tool} names no app`)
  const [content] = (await raw.readResource({ uri })).contents
  return String(content?.text)
}

/** Calls a tool as a model does, and shows its app. */
export const showApp = async (
  browser: Browser,
  site: Site,
  client: McpClient,
  tool: string,
  { args = {}, context = {}, capabilities = CAPABILITIES }: AppOptions = {},
): Promise<ShownApp> => {
  const opened: BrowserContext = await browser.newContext()
  const page = await opened.newPage()
  page.setDefaultTimeout(WAIT_MS)
  const calls: string[] = []
  const asked: { method: string; params: unknown }[] = []
  const strayRequests: string[] = []
  page.on('request', (request) => {
    const stray = strayOf(site, page, request)
    if (stray !== undefined) strayRequests.push(stray)
  })
  await page.exposeFunction('callTool', (params: { name: string; arguments?: Record<string, unknown> }) => {
    calls.push(params.name)
    return client.raw.callTool(params)
  })
  await page.exposeFunction('note', (method: string, params: unknown) => void asked.push({ method, params }))
  // A page has loaded when its modules have run.
  await page.goto(site.url)
  const html = await documentOf(client, tool)
  const result = await client.result(tool, args)
  const opening: Opening = { html, args, result, context, capabilities }
  await page.evaluate(openInPage, JSON.stringify(opening))
  return {
    page,
    app: page.frameLocator('#sandbox').frameLocator('iframe'),
    frame: () => {
      const found = page.frames().find((frame) => frame.parentFrame()?.parentFrame() === page.mainFrame())
      if (!found) throw new Error('the app has no frame')
      return found
    },
    calls,
    asked,
    strayRequests,
    setContext: (next) =>
      page.evaluate((to) => (window as unknown as Side).bridge.setHostContext(to), next as never),
    teardown: async () => {
      await page.evaluate(() => (window as unknown as Side).bridge.teardownResource({}).then(() => undefined))
    },
    [Symbol.asyncDispose]: () => opened.close(),
  }
}

/** Waits until the host has been asked for something. */
export const waitForAsked = (shown: ShownApp, method: string) =>
  vi.waitFor(() => {
    const found = shown.asked.findLast((one) => one.method === method)
    if (!found) throw new Error(`the host was not asked for ${method}`)
    return found.params
  })

/** Pictures of the apps: set SHOTS to a folder. */
export const shoot = async ({ page, frame }: ShownApp, name: string): Promise<void> => {
  const folder = process.env.SHOTS
  if (!folder) return
  // A frame of another origin is painted by a process of its own, after its page.
  await frame().evaluate(
    () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))),
  )
  await page.locator('#sandbox').screenshot({ path: join(folder, `${name}.png`) })
}

/** Presses a button of the app. */
export const press = ({ app }: ShownApp, name: string | RegExp) =>
  app.getByRole('button', { name, exact: typeof name === 'string' }).click()
