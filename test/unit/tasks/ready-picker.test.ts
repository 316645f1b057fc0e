// Tasks for claims that are made at the same time in one process.
import { expect, test } from 'vitest'
import { readyPicker } from '../../../services/tasks/ready-picker.ts'
import type { TaskDoc } from '../../../services/tasks/task-store.ts'

const WS = 'w'
const LOOP = 'l'

/** A loop with these ready tasks, and the queries that were made of it. */
const loopOf = (ids: readonly string[], random = () => 0) => {
  const ready = new Set(ids)
  const queries: Readonly<{ except: readonly string[]; limit: number }>[] = []
  const listReady = async (_: string, __: string, except: readonly string[], limit: number) => {
    queries.push({ except, limit })
    const found = [...ready].filter((id) => !except.includes(id)).slice(0, limit)
    return found.map((_id) => ({ _id }) as TaskDoc)
  }
  const picker = readyPicker({ tasks: { listReady }, ids: { random } })
  const pick = <R>(work: (id: string) => Promise<R>, width = 1) =>
    picker.withReady({ ws: WS, loop_id: LOOP, width }, ({ _id }) => work(_id))
  return { ready, queries, pick, hadReady: picker.hadReady }
}

test('claims_made_at_once_get_different_tasks_in_order_and_few_queries', async () => {
  const { pick, queries } = loopOf(['1', '2', '3', '4'])
  const gate = Promise.withResolvers<void>()
  const given: string[] = []
  const claim = async (id: string) => {
    given.push(id)
    await gate.promise
    return id
  }
  const all = [1, 2, 3, 4].map(() => pick(claim))
  await expect.poll(() => given.length).toBe(4)
  gate.resolve()
  expect(await Promise.all(all)).toEqual(['1', '2', '3', '4'])
  expect(queries).toEqual([
    { except: [], limit: 1 },
    { except: ['1'], limit: 3 },
  ])
})

test('a_task_whose_work_failed_is_given_again_and_one_that_is_in_hand_is_not', async () => {
  const { pick } = loopOf(['1'])
  const failing = pick(async () => {
    expect(await pick(async (id) => id)).toBeNull()
    throw new Error('no')
  })
  await expect(failing).rejects.toThrow('no')
  expect(await pick(async (id) => id)).toBe('1')
})

test('after_lost_races_one_of_the_first_few_is_given', async () => {
  const { pick, queries } = loopOf(['1', '2', '3', '4', '5'], () => 0.99)
  expect(await pick(async (id) => id, 1)).toBe('1')
  expect(await pick(async (id) => id, 4)).toBe('4')
  expect(await pick(async (id) => id, 4_096)).toBe('5')
  expect(queries.map(({ limit }) => limit)).toEqual([1, 4, 16])
})

test('it_remembers_whether_a_loop_had_ready_tasks_when_it_was_last_looked_at', async () => {
  const { ready, pick, hadReady } = loopOf(['1'])
  expect(hadReady(LOOP)).toBe(false)
  expect(await pick(async (id) => id)).toBe('1')
  expect(hadReady(LOOP)).toBe(true)
  ready.clear()
  expect(await pick(async (id) => id)).toBeNull()
  expect(hadReady(LOOP)).toBe(false)
})
