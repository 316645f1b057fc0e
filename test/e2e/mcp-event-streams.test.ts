// Streams of events over two gateways: heard from any, resumed on any, and ended with their connection.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agentOf, joinWorkspace } from '../support/accounts.ts'
import { eventClient } from '../support/event-client.ts'
import {
  began,
  CODES,
  type EventWorld,
  idsIn,
  openEventWorld,
  poll,
  polled,
  refusal,
  SOON,
} from '../support/event-world.ts'
import { freePort } from '../support/free-port.ts'
import { TEST_SECRET } from '../support/keys.ts'
import type { McpClient } from '../support/mcp-client.ts'
import type { System } from '../support/system.ts'

let world: EventWorld
let own: McpClient
let system: System
const at: EventWorld['at'] = (...args) => world.at(...args)
const readyTask: EventWorld['readyTask'] = (...args) => world.readyTask(...args)

beforeAll(async () => {
  world = await openEventWorld()
  ;({ own, system } = world)
})
afterAll(() => world?.[Symbol.asyncDispose]())

/** A gateway in a process of its own, which can be killed. */
const startGateway = async (): Promise<Readonly<{ url: string; kill: () => void }>> => {
  const port = await freePort()
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../services/run.ts'), 'gateway'], {
    env: {
      ...process.env,
      NODE_ENV: 'test',
      LOG: 'error',
      HOST: '127.0.0.1',
      PORT: String(port),
      PUBLIC_URL: system.url,
      NATS_URL: system.stack.natsUrl,
      MONGODB_URL: system.stack.mongodbUrl,
      LOOPS_SECRET: TEST_SECRET,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://127.0.0.1:${port}`
  const isReady = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    )
  await expect.poll(isReady, { ...SOON, timeout: 60_000 }).toBe(true)
  return { url, kill: () => void child.kill('SIGKILL') }
}

describe('a stream', () => {
  test.each([0, 1])('on_gateway_%i_tells_of_what_any_gateway_did', async (index) => {
    await using stream = await at(own, index).stream({ name: 'work.ready', arguments: {}, cursor: null })
    const [active] = await stream.next('active')
    expect(active?.params).toMatchObject({ truncated: false, cursor: expect.any(String) })
    const ids = [await readyTask('Tar the ropes'), await readyTask('Coil the ropes')]
    const events = await stream.next('event', 2)
    expect(events.map(({ params }) => params.data.task_id)).toEqual(ids)
    expect(stream.frames[0]).toBe(active)
    for (const { params } of events)
      expect(params).toMatchObject({ name: 'work.ready', cursor: expect.any(String) })
  })

  test('that_is_cut_off_is_resumed_on_the_other_gateway_by_the_cursor_of_what_came_last', async () => {
    const first = await at(own, 0).stream({ name: 'work.ready', cursor: null })
    await first.next('active')
    const seen = await readyTask('Lift the anchor')
    const [event] = await first.next('event')
    expect(event?.params.data.task_id).toBe(seen)
    first.close()
    const missed = [await readyTask('Drop the anchor'), await readyTask('Clean the anchor')]
    await using second = await at(own, 1).stream({ name: 'work.ready', cursor: event?.params.cursor })
    const told = await second.next('event', 2)
    expect(told.map(({ params }) => params.data.task_id)).toEqual(missed)
    expect(second.frames[0]).toMatchObject({ kind: 'active', params: { truncated: false } })
  })

  test('on_a_gateway_that_is_killed_goes_on_elsewhere_by_what_was_told_last', async () => {
    const gateway = await startGateway()
    const stream = await eventClient(gateway.url, own.accessToken).stream({
      name: 'work.ready',
      cursor: null,
    })
    await stream.next('active')
    const seen = await readyTask('Reef the sail')
    const [event] = await stream.next('event')
    expect(event?.params.data.task_id).toBe(seen)
    gateway.kill()
    expect(await stream.ended).toBeUndefined()
    const missed = await readyTask('Mend the sail')
    await using again = await at(own).stream({ name: 'work.ready', cursor: event?.params.cursor })
    expect((await again.next('event')).map(({ params }) => params.data.task_id)).toEqual([missed])
    expect(again.frames[0]?.params.truncated).toBe(false)
  })

  test('replays_from_no_longer_ago_than_asked_for_and_says_so', async () => {
    const cursor = await began(at(own), 'work.ready')
    await readyTask('Long ago')
    await polled(at(own), 'work.ready', cursor)
    await using stream = await at(own).stream({ name: 'work.ready', cursor, maxAgeMs: 0 })
    const [active] = await stream.next('active')
    expect(active?.params.truncated).toBe(true)
    const task_id = await readyTask('Just now')
    expect((await stream.next('event')).map(({ params }) => params.data.task_id)).toEqual([task_id])
  })

  test('lives_by_heartbeats_with_a_cursor_to_go_on_from', async () => {
    await using stream = await at(own).stream({ name: 'loop.shipped', cursor: null })
    const [beat] = await stream.next('heartbeat')
    const { loop } = await own.call('create_loop', { name: 'Buoys' })
    await own.call('ship_loop', { loop_id: loop.id })
    const { events } = await polled(at(own, 1), 'loop.shipped', beat?.params.cursor ?? '')
    expect(events).toMatchObject([{ data: { loop_id: loop.id } }])
  })

  test('ends_with_the_reason_when_its_connection_is_revoked', async () => {
    const person = await joinWorkspace(system, world.owner, { name: 'Nora' })
    await using agent = await agentOf(system, person)
    await using stream = await at(agent).stream({ name: 'work.ready', cursor: null })
    await stream.next('active')
    const [id] = /(?<=\/apps\/)[^/"]+(?=\/disconnect)/.exec((await person.browser.open('/apps')).text) ?? []
    await person.browser.submit(`/apps/${id}/disconnect`, {})
    expect(await stream.ended).toMatchObject({ resultType: 'complete' })
    expect(stream.frames.at(-1)).toMatchObject({
      kind: 'terminated',
      params: { error: { code: CODES.forbidden, message: 'Forbidden', data: { reason: 'Access revoked' } } },
    })
    const cursor = await began(at(own), 'work.ready')
    const task_id = await readyTask('After that')
    await polled(at(own), 'work.ready', cursor)
    expect(JSON.stringify(stream.frames)).not.toContain(task_id)
  })

  test('has_one_of_twenty_places_of_its_connection_and_gives_it_back', async () => {
    await using agent = await agentOf(system, world.member)
    const client = at(agent)
    const open = () => client.stream({ name: 'loop.shipped', cursor: null })
    const streams = await Promise.all(Array.from({ length: 20 }, open))
    const { error } = await refusal(open())
    expect(error).toMatchObject({ code: CODES.exhausted, data: { limit: 'streams', max: 20 } })
    await using foreign = await at(own).stream({ name: 'loop.shipped', cursor: null })
    await foreign.next('active')
    for (const stream of streams) stream.close()
    const opens = async (): Promise<boolean> => {
      const stream = await open().catch(() => undefined)
      stream?.close()
      return stream !== undefined
    }
    await expect.poll(opens, SOON).toBe(true)
  })
})

describe('at the end', () => {
  test('what_the_stream_has_lost_is_not_passed_over_in_silence', async () => {
    const cursor = await began(at(own), 'work.ready')
    await readyTask('Lost at sea')
    await polled(at(own), 'work.ready', cursor)
    await world.bus.jsm.streams.purge('EVENTS')
    const page = await poll(at(own, 1), { name: 'work.ready', cursor })
    expect(page).toMatchObject({ events: [], truncated: true, hasMore: false })
    await using stream = await at(own).stream({ name: 'work.ready', cursor })
    expect((await stream.next('active'))[0]?.params).toMatchObject({ truncated: true })
    const task_id = await readyTask('Found again')
    expect(idsIn((await polled(at(own), 'work.ready', page.cursor)).events)).toContain(task_id)
    const event = (await stream.next('event')).find(({ params }) => params.data.task_id === task_id)
    expect(event).toBeDefined()
    expect((await poll(at(own), { name: 'work.ready', cursor: page.cursor })).truncated).toBe(false)
  })

  test('streams_end_with_a_result_when_their_gateway_stops_and_go_on_elsewhere', async () => {
    const stream = await at(own, 1).stream({ name: 'work.ready', cursor: null })
    const [active] = await stream.next('active')
    await system.stopInstance(1)
    expect(await stream.ended).toMatchObject({ resultType: 'complete' })
    expect(stream.frames.map(({ kind }) => kind)).not.toContain('terminated')
    const task_id = await readyTask('Unmoored')
    const { events } = await polled(at(own, 0), 'work.ready', active?.params.cursor ?? '')
    expect(idsIn(events)).toEqual([task_id])
  })
})
