// All services unchanged in one Deno process. A person signs up, an agent takes work from filed to shipped, the mail
// arrives, and a signal stops the process in order.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type Account, agentOf, signUp } from '../support/accounts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { RUNTIMES } from '../support/runtimes.ts'
import { freshStack } from '../support/stack.ts'
import type { Mail } from '../support/system.ts'

const ROOT = join(import.meta.dirname, '..', '..')

type Running = Readonly<{ url: string; child: ChildProcess; said: readonly string[] }>

const startDeno = async (): Promise<Running> => {
  const { natsUrl, mongodbUrl } = freshStack()
  const { command, args } = RUNTIMES.deno
  const child = spawn(command, [...args, 'services/run.ts'], {
    cwd: ROOT,
    env: {
      ...process.env,
      NATS_URL: natsUrl,
      MONGODB_URL: mongodbUrl,
      LOOPS_SECRET: 'a secret of the tests that is long enough for all',
      PORT: '0',
      PUBLIC_URL: '',
      LOG: 'info',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const said: string[] = []
  for await (const line of createInterface(child.stderr)) {
    said.push(line)
    const address = /"public":"([^"]+)"/.exec(line)?.[1]
    if (address === undefined) continue
    child.stderr.resume()
    return { url: address, child, said }
  }
  throw new Error(`Loops did not start under Deno; it said:\n${said.join('\n')}`)
}

let running: Running
let person: Account
let agent: McpClient

beforeAll(async () => {
  running = await startDeno()
})
afterAll(async () => {
  await agent?.[Symbol.asyncDispose]()
  running?.child.kill('SIGKILL')
})

const mails = async (): Promise<readonly Mail[]> =>
  (await (await fetch(`${running.url}/dev/mail.json`)).json()) as readonly Mail[]

test('a_person_signs_up_and_an_agent_connects', async () => {
  person = await signUp(running, { name: 'Dana', workspace: 'Dinosaurs' })
  agent = await agentOf(running, person)
  const { workspace, you } = await agent.call('get_workspace', {})
  expect(workspace.name).toBe('Dinosaurs')
  expect(you).toMatchObject({ name: 'Dana', role: 'owner' })
})

test('a_loop_ships_and_its_mail_arrives', async () => {
  const titles = ['Dig', 'Clean „bones“ 🦴', 'Exhibit']
  const task_ids: string[] = []
  for (const title of titles) {
    const { task } = await agent.call('create_task', { title, body: `# ${title}\n\nCarefully.` })
    task_ids.push(task.id)
  }
  const { loop, tasks } = await agent.call('create_loop_from_tasks', { loop_name: 'Season one', task_ids })
  expect(tasks.map(({ task_id }) => task_id)).toEqual(task_ids)
  expect((await agent.call('get_next_work', {})).reason).toBe('nothing_approved')
  await agent.call('bulk_update_tasks', { task_ids: task_ids.slice(0, 2), status: 'approved' })
  for (;;) {
    const work = await agent.call('get_next_work', {})
    const [next] = work.tasks
    if (!next) break
    expect(work.loop?.id).toBe(loop.id)
    await agent.call('update_task', { task_id: next.id, status: 'in_progress' })
    await agent.call('add_comment', { task_id: next.id, text: 'Done with a brush.' })
    await agent.call('update_task', { task_id: next.id, status: 'shipped' })
  }
  const shipped = await agent.call('ship_loop', { loop_id: loop.id })
  expect(shipped.unfinished.map(({ title }) => title)).toEqual(['Exhibit'])
  const mail = await vi.waitFor(
    async () => {
      const found = (await mails()).filter(
        ({ to, subject }) => to === person.email && subject.startsWith('Shipped'),
      )
      expect(found).toHaveLength(1)
      return found[0]
    },
    { timeout: 20_000, interval: 100 },
  )
  expect(mail?.subject).toContain('Season one')
  for (const title of titles) expect(mail?.text).toContain(title)
  expect(mail?.html).toContain('Season one')
  expect((await agent.call('ship_loop', { loop_id: loop.id })).already_shipped).toBe(true)
})

test('a_signal_stops_it_in_order', async () => {
  const ended = once(running.child, 'exit')
  running.child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
