// Third-party clients, installed from their registries and run as their users run them. Each finds its way from the
// address alone, its person consents, and it works. What is missing on this machine is skipped with the reason.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import { type Program, runMcpRemote, runPythonClient } from '../support/conformance/commands.ts'
import { freePort } from '../support/free-port.ts'
import { ensurePython, MCP_CLIENTS } from '../support/python.ts'
import { type System, startSystem } from '../support/system.ts'
import { TOOLS } from '../support/tools.ts'

const python = await ensurePython(MCP_CLIENTS)
const withPython = 'path' in python ? test : test.skip
const NAMES = TOOLS.map(({ name }) => name)

let system: System
let owner: Account
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loops-clients-'))
  system = await startSystem({ instances: 2 })
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
  if ('missing' in python) console.warn(`Skipped: ${python.missing}`)
})
afterAll(async () => {
  await system?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Waits until the client has sent its person to the browser. Returns the address they come back to. */
const consent = async (client: Program, sends: RegExp): Promise<URL> => {
  const [, asked = ''] = await client.said(sends)
  return await owner.browse(new URL(asked))
}

/** Returns to the client's own callback, which it may open only after the browser. */
const comeBack = (back: URL): Promise<Response> =>
  vi.waitFor(() => fetch(back), { timeout: 20_000, interval: 100 })

type Answer = Readonly<{ id: number; result: Record<string, unknown> }>

/** Sends requests over the client's standard input and output, one JSON-RPC message a line. */
const asking = (client: Program) => {
  let id = 0
  const send = (method: string, params: object, given?: number): void =>
    client.write(
      JSON.stringify({ jsonrpc: '2.0', method, params, ...(given === undefined ? {} : { id: given }) }),
    )
  return {
    notify: (method: string) => send(method, {}),
    ask: async (method: string, params: object): Promise<Answer['result']> => {
      id += 1
      send(method, params, id)
      const [line] = await client.said(new RegExp(`^\\{.*"id":${id}[,}].*$`, 'm'))
      return (JSON.parse(line) as Answer).result
    },
  }
}

test('mcp_remote_signs_in_lists_and_calls', async () => {
  using client = runMcpRemote(`${system.url}/mcp`, await freePort(), await mkdtemp(join(folder, 'remote-')))
  const { ask, notify } = asking(client)
  const initialized = ask('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'someone', version: '1' },
  })
  await comeBack(await consent(client, /(http\S+\/authorize\?\S+)/))
  expect(await initialized).toMatchObject({ serverInfo: { name: 'loops' } })
  notify('notifications/initialized')
  const { tools } = (await ask('tools/list', {})) as { tools: { name: string }[] }
  expect(tools.map(({ name }) => name)).toEqual(NAMES)
  const made = await ask('tools/call', {
    name: 'create_task',
    arguments: { title: 'Seen through mcp-remote' },
  })
  expect(made).toMatchObject({ structuredContent: { task: { title: 'Seen through mcp-remote' } } })
})

const lastLine = (text: string): unknown => JSON.parse(text.trim().split('\n').at(-1) ?? '')

withPython('fastmcp_signs_in_lists_and_calls', async () => {
  using client = runPythonClient('path' in python ? python.path : '', 'with_fastmcp.py', `${system.url}/mcp`)
  await comeBack(await consent(client, /^AUTHORIZE (\S+)$/m))
  const { code, stdout, stderr } = await client.ended
  expect(code, stderr).toBe(0)
  expect(lastLine(stdout)).toMatchObject({ tools: NAMES, made: { task: { title: 'Seen by FastMCP' } } })
})

withPython('the_python_sdk_signs_in_lists_and_calls', async () => {
  const callback = `http://127.0.0.1:${await freePort()}/callback`
  using client = runPythonClient(
    'path' in python ? python.path : '',
    'with_sdk.py',
    `${system.url}/mcp`,
    callback,
  )
  const back = await consent(client, /^AUTHORIZE (\S+)$/m)
  expect(back.href.startsWith(callback), back.href).toBe(true)
  client.write(back.href)
  const { code, stdout, stderr } = await client.ended
  expect(code, stderr).toBe(0)
  expect(lastLine(stdout)).toMatchObject({
    tools: NAMES,
    made: { task: { title: 'Seen by the Python SDK' } },
  })
})
