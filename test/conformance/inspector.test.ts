// The MCP Inspector's command line as its users run it. It finds its way from the address alone, and its person
// consents.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Account, signUp } from '../support/accounts.ts'
import { type Ended, runInspector } from '../support/conformance/commands.ts'
import { freePort } from '../support/free-port.ts'
import { type System, startSystem } from '../support/system.ts'
import { TOOLS } from '../support/tools.ts'

let system: System
let owner: Account
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'loops-inspector-'))
  system = await startSystem({ instances: 2 })
  owner = await signUp(system, { name: 'Olga', workspace: 'Quayside' })
})
afterAll(async () => {
  await system?.stop()
  await rm(folder, { recursive: true, force: true })
})

/** The command line's output, without the wrappers of the two eras. */
const resultOf = ({ code, stdout, stderr }: Ended): Record<string, unknown> => {
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout).result
}

/** Runs a command that has to send its person to the browser first. */
const runWithSignIn = async (...args: Parameters<typeof runInspector>): Promise<Ended> => {
  const callback = `http://127.0.0.1:${await freePort()}/oauth/callback`
  using inspector = runInspector(...args, '--callback-url', callback)
  const [asked] = await inspector.said(/http\S+\/authorize\?\S+/)
  const back = await owner.browse(new URL(asked))
  expect(back.href.startsWith(callback), back.href).toBe(true)
  await fetch(back)
  return await inspector.ended
}

test.each(['legacy', 'modern'])('signs_in_lists_and_calls (%s) [R1, A5, P5, P7]', async (era) => {
  const store = await mkdtemp(join(folder, era))
  const started = [`${system.url}/mcp`, store, '--protocol-era', era] as const
  const listed = resultOf(await runWithSignIn(...started, '--method', 'tools/list', '--strict'))
  expect((listed.tools as { name: string }[]).map(({ name }) => name)).toEqual(TOOLS.map(({ name }) => name))

  // In a new process, with what the first one has stored.
  using calling = runInspector(
    ...[...started, '--stored-auth-only', '--method', 'tools/call', '--tool-name', 'create_task'],
    ...['--tool-args-json', '{"title":"Seen from the command line"}'],
  )
  expect(resultOf(await calling.ended)).toMatchObject({
    structuredContent: { task: { title: 'Seen from the command line', author: { name: 'Olga' } } },
  })
})
