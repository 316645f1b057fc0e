// `npm run demo` beside `npm start`, in an installation in use whose data folder is elsewhere.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signUp } from '../support/accounts.ts'
import { freePort } from '../support/free-port.ts'
import { type NpmStart, npmStart } from '../support/npm-start.ts'

const ROOT = join(import.meta.dirname, '..', '..')

let folder: string
let place: { DATA_DIR: string; PORT: string }
let loops: NpmStart

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-'))
  place = { DATA_DIR: join(folder, 'data'), PORT: String(await freePort()) }
  loops = npmStart(place)
  await loops.ready()
  await signUp(loops, { name: 'Ada', workspace: 'Engine' })
})
afterAll(async () => {
  await loops.kill()
  await rm(folder, { recursive: true, force: true })
})

const demo = async (
  env: Readonly<Record<string, string>>,
): Promise<{ code: number | null; said: string }> => {
  const { PATH, HOME } = process.env
  const child = spawn('npm', ['run', '--silent', 'demo'], { cwd: ROOT, env: { PATH, HOME, ...env } })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const [code] = await once(child, 'close')
  return { code: code as number | null, said }
}

test('the_demo_runs_twice_though_sign_up_is_closed', async () => {
  for (const _ of [1, 2]) {
    const { code, said } = await demo(place)
    expect(code, said).toBe(0)
    expect(said).toContain('done; ')
    expect(said).toMatch(/as maren\.\w+@fjordline\.example, password: \S/)
  }
})

test('an_unreachable_system_is_reported_in_one_sentence', async () => {
  const { code, said } = await demo({ ...place, PORT: String(await freePort()) })
  expect(code).toBe(1)
  expect(said).toMatch(/^Nothing answers at \S+: run npm start .*\n$/)
})
