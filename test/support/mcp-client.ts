// MCP clients as people's tools have them: the SDKs of both generations, through their own OAuth code. The caller plays
// only the person in the browser.
import {
  Client,
  type OAuthClientProvider,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { UnauthorizedError as UnauthorizedError1 } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as StreamableHTTPClientTransport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type * as z from 'zod'
import { type ErrorBody, fromErrorBody } from '../../shared/contracts/define/errors.ts'
import { gateway } from '../../shared/contracts/gateway/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'

const operations = { ...tasks.operations, ...loopsQueue.operations, ...gateway.operations }
type Operations = typeof operations

/** The protocol of a client: pinned to the newest revision, probing for it, an older one, or that of the 1.x SDK. */
export const ERAS = ['modern', 'auto', 'legacy', 'sdk1'] as const
export type Era = (typeof ERAS)[number]

/** The newest revision of the protocol. */
export const MODERN = '2026-07-28'

export type ToolResult = Readonly<{
  isError?: boolean
  content: readonly Readonly<{ type: string; text?: string }>[]
  structuredContent?: Readonly<Record<string, unknown>>
}>

/** What the clients of both SDKs do alike, and what these tests use of it. */
export type RawClient = Readonly<{
  callTool: (params: { name: string; arguments?: Record<string, unknown> }) => Promise<unknown>
  listTools: () => Promise<{ tools: { name: string; annotations?: unknown; outputSchema?: unknown }[] }>
  listPrompts: () => Promise<{ prompts: { name: string }[] }>
  getPrompt: (params: {
    name: string
    arguments?: Record<string, string>
  }) => Promise<{ messages: { role: string; content: unknown }[] }>
  complete: (params: {
    ref: { type: 'ref/prompt'; name: string } | { type: 'ref/resource'; uri: string }
    argument: { name: string; value: string }
  }) => Promise<{ completion: { values: string[]; total?: number; hasMore?: boolean } }>
  listResourceTemplates: () => Promise<{ resourceTemplates: { uriTemplate: string; name: string }[] }>
  listResources: () => Promise<{ resources: { uri: string; name: string }[] }>
  readResource: (params: { uri: string }) => Promise<{ contents: { uri: string; text?: unknown }[] }>
  getInstructions: () => string | undefined
  getServerVersion: () => { name: string } | undefined
}>

/** A client that has signed in. */
export type McpClient = AsyncDisposable &
  Readonly<{
    name: string
    raw: RawClient
    /** Calls a tool for its structured content. @throws AppError when the tool answers with an error. */
    call: <K extends keyof Operations & string>(
      tool: K,
      input: z.input<Operations[K]['input']>,
    ) => Promise<z.output<Operations[K]['output']>>
    /** The same for any name and arguments, with the result unchanged. */
    result: (tool: string, input: Record<string, unknown>) => Promise<ToolResult>
    accessToken: () => string
    /** The granted scopes, as the token endpoint returned them. */
    scope: () => string | undefined
  }>

export type ConnectOptions = Readonly<{
  era?: Era
  name?: string
  /** Plays the person in the browser: from the authorization address to the address that it ends at. */
  browse: (authorization: URL) => Promise<URL>
}>

const REDIRECT = 'http://127.0.0.1:33418/callback'

type Session = Readonly<{ provider: OAuthClientProvider; authorization: () => URL }>

/** What an app stores about one server: its registration, its tokens and where it sent the person. */
const session = (name: string): Session => {
  let client: Awaited<ReturnType<OAuthClientProvider['clientInformation']>>
  let tokens: Awaited<ReturnType<OAuthClientProvider['tokens']>>
  let discovered: Awaited<ReturnType<NonNullable<OAuthClientProvider['discoveryState']>>>
  let verifier = ''
  let authorization: URL | undefined
  return {
    provider: {
      redirectUrl: REDIRECT,
      clientMetadata: {
        client_name: name,
        redirect_uris: [REDIRECT],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      clientInformation: () => client,
      saveClientInformation: (given) => {
        client = given
      },
      tokens: () => tokens,
      saveTokens: (given) => {
        tokens = given
      },
      discoveryState: () => discovered,
      saveDiscoveryState: (given) => {
        discovered = given
      },
      saveCodeVerifier: (given) => {
        verifier = given
      },
      codeVerifier: () => verifier,
      redirectToAuthorization: (url) => {
        authorization = url
      },
    },
    authorization: () => {
      if (!authorization) throw new Error('the client did not send its person to sign in')
      return authorization
    },
  }
}

type Opened = Readonly<{ raw: RawClient; close: () => Promise<void> }>
/** One SDK's way to connect, and to return from the browser with the parameters of the address. */
type Dialect = Readonly<{
  open: () => Promise<Opened>
  finish: (returned: URLSearchParams) => Promise<void>
}>

const MODES = { modern: { pin: MODERN }, auto: 'auto', legacy: 'legacy' } as const

const newer = (
  mode: (typeof MODES)[keyof typeof MODES],
  url: URL,
  session: Session,
  name: string,
): Dialect => {
  const authProvider = session.provider
  let transport = new StreamableHTTPClientTransport(url, { authProvider })
  return {
    open: async () => {
      const client = new Client({ name, version: '1.0.0' }, { versionNegotiation: { mode } })
      transport = new StreamableHTTPClientTransport(url, { authProvider })
      await client.connect(transport)
      return { raw: client as unknown as RawClient, close: () => client.close() }
    },
    finish: (returned) => transport.finishAuth(returned),
  }
}

type Provider1 = NonNullable<ConstructorParameters<typeof StreamableHTTPClientTransport1>[1]>['authProvider']

const older = (url: URL, session: Session, name: string): Dialect => {
  const authProvider = session.provider as Provider1
  let transport = new StreamableHTTPClientTransport1(url, { authProvider })
  return {
    open: async () => {
      const client = new Client1({ name, version: '1.0.0' })
      transport = new StreamableHTTPClientTransport1(url, { authProvider })
      await client.connect(transport)
      return { raw: client as unknown as RawClient, close: () => client.close() }
    },
    finish: (returned) => transport.finishAuth(returned.get('code') ?? ''),
  }
}

const needsSignIn = (error: unknown): boolean =>
  error instanceof UnauthorizedError || error instanceof UnauthorizedError1

/**
 * Connects like an app that is new to this server: it is refused, discovers the endpoints, registers, sends its
 * person to sign in, and comes back with the code.
 */
export const connectMcp = async (serverUrl: string, options: ConnectOptions): Promise<McpClient> => {
  const { era = 'modern', name = `agent-${era}`, browse } = options
  const app = session(name)
  const url = new URL('/mcp', serverUrl)
  const { open, finish } = era === 'sdk1' ? older(url, app, name) : newer(MODES[era], url, app, name)
  let opened: Opened
  try {
    opened = await open()
  } catch (error) {
    if (!needsSignIn(error)) throw error
    const returned = await browse(app.authorization())
    if (!returned.searchParams.has('code')) throw new Error(`no code came back: ${returned}`)
    await finish(returned.searchParams)
    opened = await open()
  }
  const { raw, close } = opened
  /** A call; when the client sends its person to allow more, that is done and the call made again. */
  const result = async (tool: string, input: Record<string, unknown>): Promise<ToolResult> => {
    const params = { name: tool, arguments: input }
    try {
      return (await raw.callTool(params)) as ToolResult
    } catch (error) {
      if (!needsSignIn(error)) throw error
      await finish((await browse(app.authorization())).searchParams)
      tokens = await stored()
      return (await raw.callTool(params)) as ToolResult
    }
  }
  const stored = async () => await app.provider.tokens()
  let tokens = await stored()
  return {
    name,
    raw,
    result,
    call: async (tool, input) => {
      const answer = await result(tool, input as Record<string, unknown>)
      tokens = await stored()
      if (answer.isError) throw fromErrorBody(answer.structuredContent?.error as ErrorBody)
      return answer.structuredContent as never
    },
    accessToken: () => tokens?.access_token ?? '',
    scope: () => tokens?.scope,
    [Symbol.asyncDispose]: close,
  }
}
