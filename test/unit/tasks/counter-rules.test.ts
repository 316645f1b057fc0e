// Counters: whatever happens to tasks, they say what counting one by one would find.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  type Countable,
  type CounterFields,
  commentIncrement,
  countByStatus,
  countComments,
  counterOf,
  countMatching,
  countReady,
  differenceOf,
  type Increment,
  isForgotten,
  type ListCounters,
  loopsWithReady,
  mergeIncrements,
  withPending,
} from '../../../services/tasks/counter-rules.ts'
import { type Location, listsOf, PUBLIC, visibleLists } from '../../../services/tasks/visibility-rules.ts'
import { PRIORITIES, TASK_STATUSES } from '../../../shared/contracts/define/common.ts'

const WS = 'WS'
const PUBLIC_LOOPS = ['P1', 'P2']
const PRIVATE_LOOPS = ['S1', 'S2']
const LOCATIONS: Location[] = [
  { loop_id: null, acl: PUBLIC },
  ...PUBLIC_LOOPS.map((loop_id) => ({ loop_id, acl: PUBLIC })),
  ...PRIVATE_LOOPS.map((loop_id) => ({ loop_id, acl: loop_id })),
]

const location = fc.constantFrom(...LOCATIONS)
const task = fc.record({
  location,
  status: fc.constantFrom(...TASK_STATUSES),
  priority: fc.constantFrom(...PRIORITIES),
  ready: fc.constantFrom(undefined, false as const),
})
type Task = typeof task extends fc.Arbitrary<infer T> ? T : never
const countable = (one: Task | null): Countable | null => one && { ...one, shelves: listsOf(one.location) }

/** The counter documents after these increments, as the database would have them. */
const countersAfter = (increments: readonly Increment[]): Map<string, CounterFields> => {
  const documents = new Map<string, Record<string, unknown>>()
  for (const { tally, path, by } of increments) {
    const steps = path.split('.')
    let at = documents.get(tally) ?? {}
    documents.set(tally, at)
    for (const step of steps.slice(0, -1)) {
      at[step] ??= {}
      at = at[step] as Record<string, unknown>
    }
    const last = steps.at(-1) as string
    at[last] = Number(at[last] ?? 0) + by
  }
  return documents as Map<string, CounterFields>
}

/** A life of tasks: for each, what it was after each change; null once it is deleted. */
const lives = fc.array(
  fc
    .tuple(fc.array(task, { minLength: 1, maxLength: 6 }), fc.boolean())
    .map(([steps, deleted]) => [...steps, ...(deleted ? [null] : [])]),
  { maxLength: 20 },
)
const views = fc.record({
  scope: fc.constantFrom('unassigned' as const, 'assigned' as const, 'all' as const),
  sees: fc.option(fc.subarray(PRIVATE_LOOPS)),
  status: fc.option(fc.constantFrom(...TASK_STATUSES), { nil: undefined }),
  priority: fc.option(fc.constantFrom(...PRIORITIES), { nil: undefined }),
})

const matches = (
  one: Task,
  { scope, sees, status, priority }: typeof views extends fc.Arbitrary<infer V> ? V : never,
) =>
  (sees === null || one.location.acl === PUBLIC || sees.includes(one.location.acl)) &&
  (scope === 'all' || (scope === 'assigned') === (one.location.loop_id !== null)) &&
  (status === undefined || one.status === status) &&
  (priority === undefined || one.priority === priority)

describe('withPending', () => {
  test('whatever_is_counted_already_every_change_is_in_the_counters_once', () => {
    const histories = fc.tuple(lives, fc.nat(20), fc.nat(20), views)
    fc.assert(
      fc.property(histories, ([all, m, n, view]) => {
        const sums = all.flatMap((life) =>
          life.map((after, step) => differenceOf(WS, countable(life[step - 1] ?? null), countable(after))),
        )
        const changes = sums.map((increments, index) => ({ id: `C${index}`, sums: increments }))
        const [left = 0, counted = 0] = [m, n]
          .map((one) => Math.min(one, changes.length))
          .toSorted((a, b) => a - b)
        const ids = [WS, ...PUBLIC_LOOPS, ...PRIVATE_LOOPS]
        const seen = Object.fromEntries(changes.slice(0, counted).map(({ id }) => [id, new Date(0)]))
        const inCounters = countersAfter(sums.slice(0, counted).flat())
        const stored = [...inCounters].map(([_id, fields]) => ({ ...fields, _id, seen }))
        const shown = withPending(ids, stored, changes.slice(left))
        const right = countersAfter(sums.flat())
        const lists = visibleLists(view.scope, view.sees)
        expect(countMatching(shown, WS, lists, view)).toBe(countMatching(right, WS, lists, view))
        for (const list of [...PUBLIC_LOOPS, ...PRIVATE_LOOPS])
          expect(countReady(shown, WS, list)).toBe(countReady(right, WS, list))
      }),
    )
  })

  test('only_what_was_asked_for_is_given_and_what_is_stored_stays_as_it_was', () => {
    const stored = [{ _id: 'T', comments: 2, seen: { A: true } }]
    const pending = ['A', 'B'].map((id) => ({
      id,
      sums: [...commentIncrement('T'), ...commentIncrement('U'), ...commentIncrement('V')],
    }))
    const shown = withPending(['T', 'U'], stored, pending)
    expect(['T', 'U', 'V'].map((id) => countComments(shown, id))).toEqual([3, 2, 0])
    expect(stored).toEqual([{ _id: 'T', comments: 2, seen: { A: true } }])
  })
})

test('isForgotten where_a_pending_change_is_neither_seen_nor_pending_afterwards', () => {
  const change = { id: 'A', sums: commentIncrement('T') }
  const stored = (seen: Record<string, true>) => [{ _id: 'T', comments: 1, seen }]
  expect(isForgotten(['T'], stored({}), [change], [])).toBe(true)
  expect(isForgotten(['T'], [], [change], [])).toBe(true)
  expect(isForgotten(['T'], stored({}), [change], [change])).toBe(false)
  expect(isForgotten(['T'], stored({ A: true }), [change], [])).toBe(false)
  expect(isForgotten(['U'], [], [change], [])).toBe(false)
})

test('loopsWithReady names_the_loops_where_a_change_may_make_or_end_ready_tasks', () => {
  const changes = [
    {
      sums: [
        { tally: 'P1', path: 'tasks.P1.approved.none', by: 1 },
        { tally: WS, path: 'tasks.public.approved.none', by: 1 },
      ],
    },
    { sums: [{ tally: 'P2', path: 'tasks.P2.open.none', by: 1 }] },
    { sums: [{ tally: 'S1', path: 'held_back.S1', by: -1 }] },
    { sums: [{ tally: 'S1', path: 'tasks.S1.approved.high', by: -1 }] },
  ]
  expect(loopsWithReady(changes)).toEqual(['P1', 'S1'])
})

describe('differenceOf', () => {
  test('adds_up_to_what_counting_finds_for_every_view', () => {
    fc.assert(
      fc.property(lives, views, (all, view) => {
        const increments = all.flatMap((life) =>
          life.flatMap((after, n) => differenceOf(WS, countable(life[n - 1] ?? null), countable(after))),
        )
        const alive = all.flatMap((life) => life.at(-1) ?? [])
        const lists = visibleLists(view.scope, view.sees)
        expect(countMatching(countersAfter(increments), WS, lists, view)).toBe(
          alive.filter((one) => matches(one, view)).length,
        )
        for (const loop of [...PUBLIC_LOOPS, ...PRIVATE_LOOPS]) {
          const own = alive.filter(({ location: { loop_id } }) => loop_id === loop)
          expect(countByStatus(countersAfter(increments), WS, [loop]).total).toBe(own.length)
          expect(countReady(countersAfter(increments), WS, loop)).toBe(
            own.filter(({ status, ready }) => status === 'approved' && ready === undefined).length,
          )
        }
      }),
    )
  })

  test('empty_when_nothing_countable_changes', () => {
    fc.assert(
      fc.property(task, (one) => {
        expect(differenceOf(WS, countable(one), countable({ ...one }))).toEqual([])
      }),
    )
  })

  test('the_same_whether_added_one_by_one_or_merged', () => {
    fc.assert(
      fc.property(fc.array(task, { maxLength: 12 }), (all) => {
        const increments = all.flatMap((one) => differenceOf(WS, null, countable(one)))
        const merged = mergeIncrements(increments)
        expect(new Set(merged.map(({ tally, path }) => `${tally} ${path}`)).size).toBe(merged.length)
        expect(countersAfter(merged)).toEqual(countersAfter(increments))
      }),
    )
  })
})

test('each_visible_task_is_on_exactly_one_of_the_lists_of_a_view', () => {
  fc.assert(
    fc.property(task, views, (one, view) => {
      const lists = visibleLists(view.scope, view.sees)
      const on = listsOf(one.location).filter((list) => lists.includes(list))
      const { status: _, priority: __, ...scope } = view
      expect(on).toHaveLength(matches(one, { ...scope, status: undefined, priority: undefined }) ? 1 : 0)
    }),
  )
})

test('lists_of_the_workspace_are_counted_in_one_document_and_loops_in_their_own', () => {
  expect(['unassigned', 'assigned', 'public'].map((list) => counterOf(WS, list))).toEqual([WS, WS, WS])
  expect(counterOf(WS, 'P1')).toBe('P1')
})

test('a_counter_below_zero_for_a_moment_is_shown_as_none', () => {
  const byStatus: ListCounters = { open: { none: -1 } }
  const counters = new Map([[WS, { tasks: { unassigned: byStatus } }]])
  expect(countMatching(counters, WS, ['unassigned'], {})).toBe(0)
  expect(countByStatus(counters, WS, ['unassigned'])).toMatchObject({ open: 0, total: 0 })
})

test('all_approved_tasks_count_as_ready_where_an_earlier_release_has_counted', () => {
  const counters = new Map([['P1', { tasks: { P1: { approved: { none: 2, high: 1 }, open: { none: 4 } } } }]])
  expect(countReady(counters, WS, 'P1')).toBe(3)
  expect(countReady(counters, WS, 'P2')).toBe(0)
})

test('comments_are_counted_by_what_they_are_on', () => {
  const counters = countersAfter([
    ...commentIncrement('T1'),
    ...commentIncrement('T1'),
    ...commentIncrement('T2'),
  ])
  expect(['T1', 'T2', 'T3'].map((parent) => countComments(counters, parent))).toEqual([2, 1, 0])
})
