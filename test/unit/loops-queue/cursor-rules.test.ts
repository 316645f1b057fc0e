// Cursors: which are refused, and that pages hold on while the order changes between them.
import { describe, expect, test } from 'vitest'
import {
  type Position,
  readCursor,
  walkFrom,
  writeCursor,
} from '../../../services/loops-queue/cursor-rules.ts'
import { orderAt, orderOf, type Places } from '../../../services/loops-queue/queue-history-rules.ts'
import {
  type Change,
  move,
  movedChange,
  type QueueState,
  reorder,
  reorderedChange,
  visibleOrder,
  withActive,
  withOrder,
  withVersions,
} from '../../../services/loops-queue/queue-rules.ts'
import { randomFrom } from '../../support/random.ts'

const id = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
const refused = expect.objectContaining({ code: 'invalid_argument' })
const LIST = ['active', 'came'] as const

test.each<Position>([
  { in: 'active', v: 3, id },
  { in: 'came', v: 0, id },
])('read_as_written $in', (place) => expect(readCursor(writeCursor(place), LIST)).toEqual(place))

test('the_same_text_in_every_release', () => {
  const text = `{"in":"active","v":3,"id":"${id}"}`
  expect(writeCursor({ in: 'active', v: 3, id })).toBe(Buffer.from(text).toString('base64url'))
})

test('begins_again_for_none_and_for_one_of_the_release_before', () => {
  expect(readCursor(undefined, LIST)).toBeUndefined()
  const older = Buffer.from(JSON.stringify({ in: 'active', id, place: 7 })).toString('base64url')
  expect(readCursor(older, LIST)).toBeUndefined()
})

test.each([
  '',
  'nonsense',
  '🦉',
  'e30',
  Buffer.from('{"in":"active","v":1,"id":{"$ne":1}}').toString('base64url'),
])('refused_when_it_is_not_ours %#', (text) => expect(() => readCursor(text, LIST)).toThrow(refused))

test('refused_when_it_is_of_another_list', () =>
  expect(() => readCursor(writeCursor({ in: 'shipped', key: id }), LIST)).toThrow(refused))

type Queue = QueueState & { v: number }

const changed = (queue: Queue, places: Places, change: Change): Queue => ({
  ...withVersions(queue, [{ places, change, by: null }]).next,
  v: queue.v + 1,
})
const joined = (queue: Queue, one: string): Queue => {
  const places = withActive(queue, [...orderOf(queue), one])
  const position = orderOf(places).indexOf(one)
  return changed(queue, places, { change: 'added', loop_ids: [one], position, order: null })
}
const left = (queue: Queue, one: string, held: boolean): Queue => {
  const rest = orderOf(queue).filter((other) => other !== one)
  const places = withActive(queue, rest, new Set(held ? [one] : []))
  return changed(queue, places, { change: 'removed', loop_ids: [one], position: null, order: null })
}
const fresh = (loops: number): Queue => {
  let queue: Queue = { _id: 'w', ws: 'w', v: 0, slots: [], held: [], log: [] }
  for (let n = 0; n < loops; n += 1) queue = joined(queue, `loop ${String(n).padStart(4, '0')}`)
  return queue
}

/** Some change of the order, by somebody from whom every seventh loop is hidden or by one who sees all. */
const someChange = (queue: Queue, random: (n: number) => number): Queue => {
  const order = orderOf(queue)
  const hidden = new Set(random(2) === 0 ? [] : order.filter((_, n) => n % 7 === 0))
  const visible = visibleOrder(order, hidden)
  const some = () => visible[random(visible.length)] as string
  const kind = random(5)
  if (kind === 0 && visible.length > 5) return left(queue, some(), random(2) === 0)
  if (kind === 1) return joined(queue, queue.held[0] ?? `new ${queue.v}`)
  if (kind === 2) {
    const ids = [...new Set([some(), some(), some()])]
    const after = reorder(order, hidden, ids)
    return changed(queue, withOrder(queue, after), reorderedChange(after, ids))
  }
  const one = some()
  const after = move(order, hidden, one, random(visible.length + 3))
  return changed(queue, withOrder(queue, after), movedChange(order, after, one))
}

describe('an earlier order', () => {
  test('is_known_as_it_was_after_any_changes', () => {
    for (let seed = 1; seed <= 60; seed += 1) {
      const random = randomFrom(seed)
      let queue = fresh(20)
      const orders = new Map([[queue.v, orderOf(queue)]])
      for (let n = 0; n < 40; n += 1) {
        queue = someChange(queue, random)
        orders.set(queue.v, orderOf(queue))
      }
      for (const [v, order] of orders) expect(orderAt(queue, v)).toEqual(order)
    }
  })

  test('is_forgotten_rather_than_wrong', () => {
    let queue = fresh(700)
    const { v } = queue
    const all = orderOf(queue).toReversed()
    queue = changed(queue, withOrder(queue, all), reorderedChange(all, all))
    expect(orderAt(queue, v)).toBeUndefined()
    expect(orderAt(queue, v + 1)).toEqual(all)
    expect(orderAt({ ...queue, v: queue.v + 1 }, v + 1)).toBeUndefined()
    for (let n = 0; n < 1_100; n += 1) queue = someChange(queue, randomFrom(n + 1))
    expect(orderAt(queue, v + 1)).toBeUndefined()
    expect(queue.undo?.displaced.length).toBeLessThanOrEqual(1_000)
  })
})

/** Reads all pages, with changes between them; the loops shown, in order. */
const readAll = (
  start: Queue,
  limit: number,
  between: (queue: Queue, shown: readonly string[]) => Queue,
): { shown: string[]; queue: Queue } => {
  let queue = start
  const shown: string[] = []
  let place: Position | undefined
  for (let page = 0; page < 200; page += 1) {
    const at = queue
    const seen = { visible: orderOf(at), read_at: at.v, visibleAt: (v: number) => orderAt(at, v) }
    const walk = walkFrom(seen, place)
    const ids = [...walk.ids, ...walk.came].slice(0, limit)
    shown.push(...ids)
    const last = ids.at(-1)
    if (walk.ids.length + walk.came.length <= limit || last === undefined) return { shown, queue }
    const v = walk.v as number
    place = walk.ids.includes(last) ? { in: 'active', v, id: last } : { in: 'came', v, id: last }
    queue = between(queue, shown)
  }
  throw new Error('the pages have no end')
}

describe('pages of an order', () => {
  test('hold_what_stays_exactly_once_whatever_leaves_comes_or_is_moved_between_them', () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = randomFrom(seed)
      const start = fresh(30 + random(30))
      let stays = new Set(orderOf(start))
      const { shown } = readAll(start, 1 + random(10), (queue) => {
        let next = queue
        for (let n = random(8); n > 0; n -= 1) {
          next = someChange(next, random)
          stays = stays.intersection(new Set(orderOf(next)))
        }
        return next
      })
      for (const one of stays) expect(shown.filter((other) => other === one)).toEqual([one])
    }
  })

  test('hold_the_rest_when_all_of_a_page_leave', () => {
    const { shown } = readAll(fresh(30), 10, (queue, already) =>
      already.slice(-10).reduce((next, one) => left(next, one, false), queue),
    )
    expect(shown).toEqual(orderOf(fresh(30)))
  })

  test('begin_again_when_the_order_of_the_first_one_is_forgotten', () => {
    let once = true
    const start = fresh(700)
    const { shown } = readAll(start, 200, (queue) => {
      if (!once) return queue
      once = false
      const all = orderOf(queue).toReversed()
      return changed(queue, withOrder(queue, all), reorderedChange(all, all))
    })
    for (const one of orderOf(start)) expect([1, 2]).toContain(shown.filter((other) => other === one).length)
  })
})
