// Pages of the queue and of the loops while agents create, move, close, reopen and ship loops. What stays is on exactly
// one or two of them. Also, nothing is published as repaired without a fault.
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Caller } from '../../shared/contracts/define/contract.ts'
import { loopsQueue } from '../../shared/contracts/loops-queue/contract.ts'
import { tasks } from '../../shared/contracts/tasks/contract.ts'
import { changesAmong, makeLoops, publishedUpTo } from '../support/loops.ts'
import { randomFrom } from '../support/random.ts'
import { ids, openEnvironment, person, type TestEnvironment } from '../support/service-environment.ts'

let env: TestEnvironment
beforeAll(async () => {
  env = await openEnvironment()
  await Promise.all([env.start('loops-queue', 2), env.start('tasks')])
})
afterAll(() => env[Symbol.asyncDispose]())

type Page = Readonly<{ ids: string[]; next: string | null }>
const LISTS: Record<string, (caller: Caller, cursor: string | undefined) => Promise<Page>> = {
  get_loop_queue: async (caller, cursor) => {
    const { loops, next_cursor } = await env.as(loopsQueue, caller).get_loop_queue({ limit: 10, cursor })
    return { ids: loops.map(({ id }) => id), next: next_cursor }
  },
  list_loops: async (caller, cursor) => {
    const { loops, next_cursor } = await env.as(loopsQueue, caller).list_loops({ limit: 10, cursor })
    return { ids: loops.map(({ id }) => id), next: next_cursor }
  },
}

const readAll = async (
  list: (cursor: string | undefined) => Promise<Page>,
  between: (page: readonly string[]) => Promise<unknown>,
): Promise<string[]> => {
  const shown: string[] = []
  let cursor: string | undefined
  for (;;) {
    const { ids: page, next } = await list(cursor)
    shown.push(...page)
    if (next === null) return shown
    cursor = next
    await between(page)
  }
}

const many = (caller: Caller, count: number): Promise<string[]> =>
  makeLoops(
    env.as(loopsQueue, caller),
    Array.from({ length: count }, (_, n) => `Loop ${n}`),
  ).then((made) => Object.values(made))

test.each(['close_loop', 'ship_loop'] as const)(
  'all_are_shown_when_each_page_is_done_with %s',
  async (done) => {
    const ann = person(ids.next())
    const loops = await many(ann, 30)
    const service = env.as(loopsQueue, ann)
    const shown = await readAll(
      (cursor) => LISTS.get_loop_queue?.(ann, cursor) as Promise<Page>,
      (page) => Promise.all(page.map((loop_id) => service[done]({ loop_id }))),
    )
    expect(shown).toEqual(loops)
  },
)

test.each(Object.keys(LISTS))('%s shows_what_stays_once_or_twice_whatever_happens_between', async (name) => {
  const owner = person(ids.next(), { role: 'owner' })
  const ann = person(owner.workspace_id)
  const service = env.as(loopsQueue, owner)
  for (let seed = 1; seed <= 3; seed += 1) {
    const random = randomFrom(seed)
    const loops = await many(owner, 25)
    await env
      .as(loopsQueue, person(owner.workspace_id))
      .create_loop({ name: 'Hidden', visibility: 'private' })
    const held = loops.filter((_, n) => n % 5 === 0)
    for (const loop_id of held) await service.close_loop({ loop_id })
    const stays = new Set(name === 'list_loops' ? loops : loops.filter((id) => !held.includes(id)))
    const some = () => loops[random(loops.length)] as string
    const left = (loop_id: string) => name === 'get_loop_queue' && stays.delete(loop_id)
    const change = async (): Promise<unknown> => {
      const loop_id = some()
      const kind = random(6)
      if (kind === 0) return [left(loop_id), await service.close_loop({ loop_id }).catch(() => null)]
      if (kind === 1) return [left(loop_id), await service.ship_loop({ loop_id }).catch(() => null)]
      if (kind === 2) return await service.reopen_loop({ loop_id }).catch(() => null)
      if (kind === 3) return await service.create_loop({ name: 'New' })
      if (kind === 4)
        return await service.set_loop_priority({ loop_id, priority: random(30) }).catch(() => null)
      return await service.reorder_loops({ loop_ids: [...new Set([some(), some()])] }).catch(() => null)
    }
    const list = (cursor: string | undefined) => LISTS[name]?.(ann, cursor) as Promise<Page>
    const shown = await readAll(list, async () => {
      for (let n = random(6); n > 0; n -= 1) await change()
    })
    for (const id of stays) expect([1, 2]).toContain(shown.filter((other) => other === id).length)
  }
})

test('nothing_is_published_as_repaired_while_agents_create_loops_and_others_reorder_them', async () => {
  const ann = person(ids.next(), { user_name: 'Ann' })
  const [bo, cy, di] = [1, 2, 3].map(() => person(ann.workspace_id)) as [Caller, Caller, Caller]
  const first = await many(ann, 3)
  const creating = [ann, bo].map(async (creator) => {
    const made: string[] = []
    for (let n = 0; n < 12; n += 1) {
      const { task } = await env.as(tasks, creator).create_task({ title: `Task ${n}` })
      const ask = { loop_name: `Loop ${n}`, task_ids: [task.id] }
      made.push((await env.as(loopsQueue, creator).create_loop_from_tasks(ask)).loop.id)
    }
    return { creator, made }
  })
  let making = true
  const orderers = [cy, di].map(async (orderer, which) => {
    for (let n = 0; making; n += 1) {
      await env
        .as(loopsQueue, orderer)
        .set_loop_priority({ loop_id: first[(n + which) % 3] as string, priority: n % 3 })
      await env.as(loopsQueue, orderer).get_loop_queue({})
    }
  })
  const all = await Promise.all(creating)
  making = false
  await Promise.all(orderers)
  const { version } = await env.as(loopsQueue, ann).get_loop_queue({})
  const changes = changesAmong(await publishedUpTo(env, ann.workspace_id, version))
  expect(changes.filter(({ change, by }) => change === 'repaired' || by === null)).toEqual([])
  for (const { creator, made } of all)
    for (const id of made) {
      const added = changes.filter(({ change, loop_ids }) => change === 'added' && loop_ids[0] === id)
      expect(added.map(({ by }) => by?.user_id)).toEqual([creator.user_id])
    }
})
