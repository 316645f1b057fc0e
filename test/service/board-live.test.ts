// The streams of open pages: they say that it is time to look again and nothing else, to those who would see something new.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Account, agentOf, joinWorkspace, signUp } from '../support/accounts.ts'
import type { McpClient } from '../support/mcp-client.ts'
import { type System, startSystem } from '../support/system.ts'
import { SOME_ID } from '../support/tools.ts'

let system: System
let ann: Account
let bo: Account
let eve: Account
let agent: McpClient
const stack = new AsyncDisposableStack()
const gone = new AbortController()

beforeAll(async () => {
  system = stack.use(await startSystem({ instances: 2 }))
  ann = await signUp(system, { name: 'Ann' })
  bo = await joinWorkspace(system, ann, { name: 'Bo' })
  eve = await signUp(system, { name: 'Eve' })
  agent = stack.use(await agentOf(system, ann))
})
afterAll(async () => {
  gone.abort()
  await stack.disposeAsync()
})

const cookieOf = async ({ email, password }: Account): Promise<string> => {
  const body = new URLSearchParams({ email, password })
  const answer = await fetch(`${system.url}/sign-in`, { method: 'POST', body, redirect: 'manual' })
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
}

/** The address of the stream that a page names. */
const streamOf = async (account: Account, path = '/'): Promise<string> => {
  const { text } = await account.browser.open(path)
  return (/data-live="([^"]+)"/.exec(text)?.[1] ?? '').replaceAll('&amp;', '&')
}

/** Opens a stream and keeps what it says. */
const listen = async (path: string, cookie: string) => {
  const answer = await fetch(`${system.url}${path}`, { headers: { cookie }, signal: gone.signal })
  const said: string[] = []
  const state = { hasEnded: false }
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder()
    for await (const part of answer.body ?? []) said.push(decoder.decode(part))
    state.hasEnded = true
  }
  const over = read().catch(() => {
    state.hasEnded = true
  })
  const events = (): string[] => said.join('').match(/event: .*\ndata: .*\n\n/g) ?? []
  return { status: answer.status, type: answer.headers.get('content-type'), said, events, over, state }
}
/** Waits until a stream has said so much. */
const until = (stream: Awaited<ReturnType<typeof listen>>, count: number): Promise<void> =>
  vi.waitFor(() => expect(stream.events().length).toBeGreaterThanOrEqual(count), { timeout: 15_000 })

describe('a stream', () => {
  test('says_that_something_changed_and_a_number_and_nothing_else', async () => {
    const stream = await listen(await streamOf(bo), await cookieOf(bo))
    expect([stream.status, stream.type]).toEqual([200, 'text/event-stream'])
    // A page of another gateway may have missed something, and is told so at once.
    const before = stream.events().length
    await agent.call('create_task', { title: 'A secret title' })
    await until(stream, before + 1)
    expect(stream.said.join('').replaceAll(/retry: \d+\n\n|event: changed\ndata: \d+\n\n|: \n\n/g, '')).toBe(
      '',
    )
  })
  test('of_another_workspace_is_not_there', async () => {
    const path = await streamOf(ann)
    for (const cookie of [await cookieOf(eve), '']) {
      const { status } = await listen(path, cookie)
      expect(status).toBe(404)
    }
    expect((await listen(`/live/${SOME_ID}`, await cookieOf(ann))).status).toBe(404)
    expect((await listen('/live/nonsense', await cookieOf(ann))).status).toBe(404)
    const foreign = await fetch(`${system.url}${path}`, {
      headers: { cookie: await cookieOf(eve), accept: 'text/html' },
    })
    expect(foreign.headers.get('content-type')).toContain('text/html')
  })
  test('of_one_task_is_silent_about_others', async () => {
    const { task } = await agent.call('create_task', { title: 'Watched' })
    const other = await agent.call('create_task', { title: 'Another' })
    const stream = await listen(await streamOf(bo, `/tasks/${task.id}`), await cookieOf(bo))
    const workspace = await listen(await streamOf(bo), await cookieOf(bo))
    const before = stream.events().length
    await agent.call('update_task', { task_id: other.task.id, title: 'Another, changed' })
    await until(workspace, 1)
    expect(stream.events().length).toBe(before)
    await agent.call('add_comment', { task_id: task.id, text: 'Look' })
    await until(stream, before + 1)
  })
  test('tells_of_a_private_loop_only_those_who_see_it', async () => {
    const { loop } = await agent.call('create_loop', { name: 'Hidden', visibility: 'private' })
    const [anns, bos] = await Promise.all([cookieOf(ann), cookieOf(bo)])
    const [seen, unseen] = [await listen(await streamOf(ann), anns), await listen(await streamOf(bo), bos)]
    await agent.call('create_task', { title: 'Open to all' })
    await Promise.all([until(seen, 1), until(unseen, 1)])
    const [seenBefore, unseenBefore] = [seen.events().length, unseen.events().length]
    const { task } = await agent.call('create_task', { title: 'Hidden task', loop_id: loop.id })
    await until(seen, seenBefore + 1)
    await agent.call('add_comment', { task_id: task.id, text: 'Hidden words' })
    await until(seen, seenBefore + 2)
    expect(unseen.events().length).toBe(unseenBefore)
    // And it is no deaf stream.
    await agent.call('create_task', { title: 'Open again' })
    await until(unseen, unseenBefore + 1)
  })
  test('ends_at_a_drain_and_another_gateway_takes_the_page', async () => {
    const cookie = await cookieOf(ann)
    const path = await streamOf(ann)
    const streams = [await listen(path, cookie), await listen(path, cookie)]
    await system.stopInstance(1)
    await vi.waitFor(() => expect(streams.some(({ state }) => state.hasEnded)).toBe(true), {
      timeout: 15_000,
    })
    const again = await listen(await streamOf(ann), cookie)
    expect(again.status).toBe(200)
    const before = again.events().length
    await agent.call('create_task', { title: 'After the drain' })
    await until(again, before + 1)
  })
})
