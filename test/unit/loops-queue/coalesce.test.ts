// Small memories of one process: work that is shared, things that stay too long, orders that are known.
import { expect, test } from 'vitest'
import { coalesced } from '../../../services/loops-queue/coalesce.ts'
import { orderCache } from '../../../services/loops-queue/queue-cache.ts'
import { lingering } from '../../../services/loops-queue/stale-rules.ts'

test('whoever_asks_before_a_run_begins_shares_it_and_others_get_the_next', async () => {
  const runs: PromiseWithResolvers<number>[] = []
  const ask = coalesced<number>(async () => {
    const run = Promise.withResolvers<number>()
    runs.push(run)
    return await run.promise
  })
  const first = ask('w')
  await expect.poll(() => runs.length).toBe(1)
  const later = [ask('w'), ask('w'), ask('w')]
  runs[0]?.resolve(1)
  expect(await first).toBe(1)
  await expect.poll(() => runs.length).toBe(2)
  runs[1]?.resolve(2)
  expect(await Promise.all(later)).toEqual([2, 2, 2])
  const other = ask('w')
  await expect.poll(() => runs.length).toBe(3)
  runs[2]?.reject(new Error('no'))
  await expect(other).rejects.toThrow('no')
  const after = ask('w')
  await expect.poll(() => runs.length).toBe(4)
  runs[3]?.resolve(4)
  expect(await after).toBe(4)
})

test('only_what_was_there_at_every_look_for_so_long_lingers', () => {
  const look = lingering(100)
  expect(look(['a', 'b'], 1_000)).toEqual([])
  expect(look(['a'], 1_050)).toEqual([])
  expect(look(['a', 'b'], 1_100)).toEqual(['a'])
  expect(look(['a', 'b'], 1_199)).toEqual(['a'])
  expect(look(['a', 'b'], 1_200)).toEqual(['a', 'b'])
})

test('orders_used_last_are_kept_up_to_a_number_of_loops', () => {
  const cache = orderCache(5)
  const order = (ws: string, loops: number) => {
    const slots = Array.from({ length: loops }, (_, n) => `${ws}${n}`)
    const queue = { _id: ws, ws, v: 1, slots, held: [], log: [] as const }
    cache.put(ws, { queue, open: new Set<string>(), unmarked: [], looked_ms: 0 })
  }
  order('a', 2)
  order('b', 2)
  cache.get('a')
  order('c', 2)
  expect(['a', 'b', 'c'].map((ws) => cache.get(ws) !== undefined)).toEqual([true, false, true])
  order('d', 9)
  expect(['a', 'c', 'd'].map((ws) => cache.get(ws) !== undefined)).toEqual([false, false, true])
})
