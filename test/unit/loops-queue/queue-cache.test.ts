// The orders that a process remembers.
import { expect, test } from 'vitest'
import { orderCache } from '../../../services/loops-queue/queue-cache.ts'

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
