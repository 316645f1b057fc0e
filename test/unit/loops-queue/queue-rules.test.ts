// The rules of the order, by examples and against a naive model that is written in another way.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { orderOf, type Places } from '../../../services/loops-queue/queue-history-rules.ts'
import {
  badIds,
  catchUp,
  HELD_PLACES,
  LEFT_BEHIND,
  LOG_ENTRIES,
  LOG_IDS,
  move,
  movedChange,
  type QueueState,
  reorder,
  reorderedChange,
  type Standing,
  upToDate,
  visibleOrder,
  withActive,
  withOrder,
  withVersions,
} from '../../../services/loops-queue/queue-rules.ts'
import { replayed } from '../../support/queue-model.ts'

const none: ReadonlySet<string> = new Set()
const active = (text: string): Places => ({ slots: [...text], held: [] })
const enter = (places: Places, id: string): Places => withActive(places, [...orderOf(places), id])
const leave = (places: Places, id: string, held: boolean): Places =>
  withActive(
    places,
    orderOf(places).filter((other) => other !== id),
    held ? new Set([id]) : none,
  )
const shown = (places: Places): string => orderOf(places).join('')

describe('a loop that comes and goes', () => {
  test('joins_at_the_end', () => expect(shown(enter(active('AB'), 'C'))).toBe('ABC'))
  test('comes_back_to_its_old_place', () =>
    expect(shown(enter(leave(active('ABCD'), 'B', true), 'B'))).toBe('ABCD'))
  test('comes_back_behind_its_neighbour_when_that_moved', () => {
    const away = leave(active('ABCD'), 'B', true)
    const moved = withOrder(away, move(orderOf(away), none, 'A', 2))
    expect(shown(moved)).toBe('CDA')
    expect(shown(enter(moved, 'B'))).toBe('CDAB')
  })
  test('comes_back_near_its_old_place_when_both_neighbours_left', () => {
    const alone = leave(leave(leave(active('ABCDE'), 'C', true), 'B', false), 'D', false)
    expect(shown(enter(alone, 'C'))).toBe('ACE')
  })
  test('comes_back_first_when_it_was_first', () => {
    const away = leave(active('ABC'), 'A', true)
    expect(shown(enter(withOrder(away, move(orderOf(away), none, 'C', 0)), 'A'))).toBe('ACB')
  })
  test('several_come_back_to_the_old_order_whatever_order_they_left_and_came_in', () =>
    fc.assert(
      fc.property(
        fc
          .shuffledSubarray([...'ABCDEFGH'])
          .chain((left) =>
            fc.tuple(fc.constant(left), fc.shuffledSubarray(left, { minLength: left.length })),
          ),
        ([left, back]) => {
          const away = left.reduce((places, id) => leave(places, id, true), active('ABCDEFGH'))
          expect(shown(back.reduce(enter, away))).toBe('ABCDEFGH')
        },
      ),
    ))
  test('joins_at_the_end_when_its_place_was_forgotten', () => {
    const ids = Array.from({ length: HELD_PLACES + 2 }, (_, n) => `L${String(n).padStart(5, '0')}`)
    const away = ids
      .slice(0, -1)
      .reduce((places, id) => leave(places, id, true), { slots: ids, held: [] } as Places)
    expect(away.held).toHaveLength(HELD_PLACES)
    expect(orderOf(enter(away, ids[0] as string))).toEqual([ids.at(-1), ids[0]])
    expect(orderOf(enter(away, ids[1] as string))).toEqual([ids[1], ids.at(-1)])
  })
})

describe('a repair', () => {
  test('leaves_a_right_order_alone', () => {
    const places = leave(active('ABC'), 'B', true)
    expect(withActive(places, ['C', 'A'])).toBe(places)
  })
  test('appends_missing_loops_in_the_order_given', () =>
    expect(shown(withActive(active('M'), ['Z', 'M', 'A']))).toBe('MZA'))
  test('drops_loops_that_are_not_active_and_keeps_the_places_of_those_on_hold', () => {
    const places = withActive(active('ABCD'), ['A', 'D'], new Set(['B']))
    expect(shown(places)).toBe('AD')
    expect(shown(withActive(places, [...'ABCD']))).toBe('ABDC')
  })
})

describe('a move', () => {
  test('puts_a_loop_at_a_position_and_the_others_close_up', () =>
    expect(move([...'ABCD'], none, 'D', 1).join('')).toBe('ADBC'))
  test('past_the_end_means_last', () => expect(move([...'ABCD'], none, 'A', 99).join('')).toBe('BCDA'))
  test('leaves_hidden_loops_at_their_absolute_places', () =>
    expect(move([...'AxBCy'], new Set('xy'), 'C', 0).join('')).toBe('CxABy'))
  test('is_told_by_its_position_when_that_replays_it', () =>
    expect(movedChange([...'ABC'], [...'CAB'], 'C')).toEqual({
      change: 'moved',
      loop_ids: ['C'],
      position: 0,
      order: null,
    }))
  test('is_told_with_the_order_when_hidden_loops_stood_in_between', () =>
    expect(movedChange([...'AxBC'], [...'CxAB'], 'C')).toEqual({
      change: 'reordered',
      loop_ids: ['C'],
      position: null,
      order: [...'CxAB'],
    }))
})

describe('a new order', () => {
  test('puts_the_given_loops_first_and_keeps_the_others_behind', () =>
    expect(reorder([...'ABCDE'], none, ['D', 'B']).join('')).toBe('DBACE'))
  test('leaves_hidden_loops_at_their_absolute_places', () =>
    expect(reorder([...'xABCyD'], new Set('xy'), ['D', 'B']).join('')).toBe('xDBAyC'))
  test('names_each_bad_id_once_with_its_reason', () => {
    const statuses: Record<string, 'active' | 'on_hold' | 'shipped'> = {
      A: 'active',
      D: 'active',
      H: 'on_hold',
      S: 'shipped',
    }
    expect(badIds([...'SAUHDD'], (id) => statuses[id])).toEqual([
      { loop_id: 'S', reason: 'shipped' },
      { loop_id: 'U', reason: 'not_found' },
      { loop_id: 'H', reason: 'on_hold' },
      { loop_id: 'D', reason: 'duplicate' },
    ])
  })
})

describe('a new version', () => {
  const queue = { _id: 'W', ws: 'W', v: 7, log: [], ...active('AB') }
  test('is_one_more_and_is_told_by_exactly_one_event', () => {
    const change = { change: 'added', loop_ids: ['C'], position: 2, order: null } as const
    const { next, events } = withVersions(queue, [{ places: active('ABC'), change, by: null }])
    expect(next).toEqual({
      _id: 'W',
      ws: 'W',
      ...active('ABC'),
      log: [{ v: 8, by: null, change: 'added', loop_ids: ['C'] }],
      undo: { since: 7, until: 8, displaced: [{ v: 8, id: 'C', at: -1 }] },
    })
    expect(events).toEqual([
      { name: 'queue.changed', data: { workspace_id: 'W', version: 8, by: null, ...change } },
    ])
  })
  test('remembers_a_bounded_number_of_changes_and_ids', () => {
    const ids = Array.from({ length: 100 }, (_, n) => `L${n}`)
    let state: QueueState & { v: number } = { ...queue, v: 0 }
    const step = { places: active('AB'), change: reorderedChange(ids, ids), by: null }
    for (let v = 0; v < LOG_ENTRIES + 10; v += 1) state = { ...withVersions(state, [step]).next, v: v + 1 }
    expect(state.log).toHaveLength(LOG_ENTRIES)
    expect(state.log.at(-1)).toEqual({
      v: LOG_ENTRIES + 10,
      by: null,
      change: 'reordered',
      loop_ids: ids.slice(0, LOG_IDS),
    })
  })
})

/**
 * The same rules told as groups: an active loop with those on hold that stand behind it, the first group without a
 * leader. Moving loops is moving groups.
 */
type Group = { leader: string; behind: string[] }
type Model = { front: string[]; groups: Group[] }

const regroup = (model: Model, flat: { id: string; held: boolean }[]): void => {
  model.front = []
  model.groups = []
  for (const { id, held } of flat) {
    if (!held) model.groups.push({ leader: id, behind: [] })
    else (model.groups.at(-1)?.behind ?? model.front).push(id)
  }
}
const flatten = (model: Model) => [
  ...model.front.map((id) => ({ id, held: true })),
  ...model.groups.flatMap(({ leader, behind }) => [
    { id: leader, held: false },
    ...behind.map((id) => ({ id, held: true })),
  ]),
]

type Step =
  | { do: 'create' }
  | { do: 'hold'; pick: number }
  | { do: 'reopen'; pick: number }
  | { do: 'ship'; pick: number }
  | { do: 'move'; pick: number; to: number }
  | { do: 'reorder'; picks: number[] }

const pick = fc.nat(30)
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('create' as const) }),
  fc.record({ do: fc.constant('hold' as const), pick }),
  fc.record({ do: fc.constant('reopen' as const), pick }),
  fc.record({ do: fc.constant('ship' as const), pick }),
  fc.record({ do: fc.constant('move' as const), pick, to: pick }),
  fc.record({ do: fc.constant('reorder' as const), picks: fc.array(pick, { minLength: 1, maxLength: 6 }) }),
)

const modelStep = (model: Model, hidden: ReadonlySet<string>, next: Step, fresh: string): void => {
  const flat = flatten(model)
  const visible = model.groups.filter(({ leader }) => !hidden.has(leader))
  const fill = (wanted: Group[]): void => {
    for (let at = 0; at < model.groups.length; at += 1)
      if (!hidden.has((model.groups[at] as Group).leader)) model.groups[at] = wanted.shift() as Group
  }
  if (next.do === 'create') regroup(model, [...flat, { id: fresh, held: false }])
  else if (next.do === 'hold' || next.do === 'reopen') {
    const held = next.do === 'hold'
    const able = flat.filter((entry) => entry.held !== held)
    const chosen = able[next.pick % able.length]
    if (chosen) chosen.held = held
    regroup(model, flat)
  } else if (next.do === 'ship') {
    const able = flat.filter(({ held }) => !held)
    const chosen = able[next.pick % able.length]
    regroup(
      model,
      flat.filter((entry) => entry !== chosen),
    )
  } else if (next.do === 'move' && visible.length > 0) {
    const [moved] = visible.splice(next.pick % visible.length, 1)
    visible.splice(next.to, 0, moved as Group)
    fill(visible)
  } else if (next.do === 'reorder' && visible.length > 0) {
    const front: Group[] = []
    for (const at of next.picks) {
      const group = visible[at % visible.length] as Group
      if (!front.includes(group)) front.push(group)
    }
    fill([...front, ...visible.filter((group) => !front.includes(group))])
  }
}

const realStep = (places: Places, hidden: ReadonlySet<string>, next: Step, fresh: string) => {
  const order = orderOf(places)
  const visible = visibleOrder(order, hidden)
  const told = (after: Places, change: 'added' | 'removed', id: string) => ({
    places: after,
    change: {
      change,
      loop_ids: [id],
      position: change === 'added' ? orderOf(after).indexOf(id) : null,
      order: null,
    },
  })
  if (next.do === 'create') return told(enter(places, fresh), 'added', fresh)
  if (next.do === 'reopen') {
    const held = places.slots.filter((slot) => places.held.includes(slot))
    const id = held[next.pick % held.length]
    return id === undefined ? undefined : told(enter(places, id), 'added', id)
  }
  if (next.do === 'hold' || next.do === 'ship') {
    const id = order[next.pick % order.length]
    return id === undefined ? undefined : told(leave(places, id, next.do === 'hold'), 'removed', id)
  }
  if (visible.length === 0) return undefined
  if (next.do === 'move') {
    const id = visible[next.pick % visible.length] as string
    const after = move(order, hidden, id, next.to)
    return { places: withOrder(places, after), change: movedChange(order, after, id) }
  }
  const ids = [...new Set(next.picks.map((at) => visible[at % visible.length] as string))]
  const after = reorder(order, hidden, ids)
  return { places: withOrder(places, after), change: reorderedChange(after, ids) }
}

test('every_history_agrees_with_a_naive_model_and_with_the_replay_of_its_events', () =>
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), fc.integer({ min: 1, max: 5 }), (steps, every) => {
      const hidden = new Set<string>()
      const model: Model = { front: [], groups: [] }
      let places: Places = active('')
      let replica: readonly string[] = []
      steps.forEach((next, n) => {
        const fresh = `L${String(n).padStart(2, '0')}`
        if (n % every === 0 && every > 1) hidden.add(fresh)
        const done = realStep(places, hidden, next, fresh)
        modelStep(model, hidden, next, fresh)
        if (done) {
          places = done.places
          replica = replayed(replica, done.change)
        }
        expect(places.slots).toEqual(flatten(model).map(({ id }) => id))
        expect(orderOf(places)).toEqual(model.groups.map(({ leader }) => leader))
        expect(replica).toEqual(orderOf(places))
      })
    }),
    { numRuns: 300 },
  ))

describe('what loops say of themselves', () => {
  const bo = { user_id: 'bo', name: 'Bo', client: 'Test' }
  const says = (_id: string, status: Standing['status'], status_key: string): Standing => ({
    _id,
    status,
    status_key,
    status_by: bo,
  })

  test('brings_an_order_in_line_one_by_one_as_whoever_changed_them_would_have', () => {
    const { steps } = catchUp(active('ABC'), [
      says('E', 'active', '4'),
      says('A', 'on_hold', '1'),
      says('B', 'active', '2'),
      says('C', 'shipped', '3'),
    ])
    expect(steps.map(({ change, by }) => [change.change, ...change.loop_ids, by?.user_id])).toEqual([
      ['removed', 'A', 'bo'],
      ['removed', 'C', 'bo'],
      ['added', 'E', 'bo'],
    ])
    expect(steps.map(({ places }) => shown(places))).toEqual(['BC', 'B', 'BE'])
    expect(shown(enter(steps.at(-1)?.places as Places, 'A'))).toBe('ABE')
    const told = steps.map(({ change }) => change)
    expect(told.reduce(replayed, [...'ABC'] as readonly string[])).toEqual([...'BE'])
  })

  test('changes_nothing_that_is_in_line', () =>
    expect(catchUp(active('AB'), [says('A', 'active', '1'), says('C', 'shipped', '2')]).steps).toEqual([]))

  test('keeps_the_place_of_one_that_was_held_and_is_active_again', () =>
    expect(catchUp(active('ABC'), [says('B', 'active', '9')]).steps).toEqual([]))

  test('repairs_by_one_version_what_nobody_can_have_done', () => {
    const gone = catchUp(active('ABC'), [says('B', 'gone', ''), says('D', 'active', '1')]).steps
    expect(gone.map(({ change, by }) => [change.change, by])).toEqual([['repaired', null]])
    expect(gone[0]?.change.order).toEqual([...'ACD'])
    const many = Array.from({ length: LEFT_BEHIND + 1 }, (_, n) => says(`L${n}`, 'active', `${n}`))
    expect(catchUp(active('A'), many).steps.map(({ change }) => change.change)).toEqual(['repaired'])
  })

  test('is_one_and_the_same_seen_at_once_and_saved_step_by_step', () => {
    const text = fc.uniqueArray(fc.constantFrom(...'ABCDEFGHIJ'), { maxLength: 10 })
    const standing = fc.record({
      _id: fc.constantFrom(...'ABCDEFGHIJKLMN'),
      status: fc.constantFrom('active' as const, 'on_hold' as const, 'shipped' as const),
      status_key: fc.constantFrom(...'0123456789'),
    })
    const standings = fc.uniqueArray(standing, { selector: ({ _id }) => _id })
    fc.assert(
      fc.property(text, text, standings, (slots, held, says_) => {
        const places = { slots: [...new Set([...slots, ...held])], held }
        const { steps } = catchUp(places, says_)
        const now = upToDate({ ...places, v: 7 }, says_)
        expect(orderOf(steps.at(-1)?.places ?? places)).toEqual(orderOf(now.places))
        expect(now.version).toBe(7 + steps.length)
      }),
    )
  })
})
