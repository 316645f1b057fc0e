// Which tasks wait for which, decided without a database.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  beginsBlocked,
  beginWalk,
  changeEdges,
  cycleOf,
  type Edge,
  edgeFields,
  isOpen,
  pendingSync,
  refreshEdges,
  walkOn,
} from '../../../services/tasks/blocker-rules.ts'
import { isReady, storedReady } from '../../../services/tasks/ready-rules.ts'
import { createTask, deleteTask, editTask, type Versioned } from '../../../services/tasks/task-rules.ts'
import { NOWHERE } from '../../../services/tasks/visibility-rules.ts'
import { TASK_STATUSES } from '../../../shared/contracts/define/common.ts'

const by = { user_id: 'ann', name: 'Ann', client: 'test' }
const editor = { actor: by, may_approve: true }
const now = new Date('2026-05-06T07:08:09Z')
const edge = (task_id: string, open = true, v = 1): Edge => ({ task_id, open, v })

const task = (id: string): Versioned => {
  const given = { id, ws: 'W', title: id, body: '', priority: 'none', due_date: null } as const
  return { ...createTask({ ...given, location: NOWHERE, by, now }).next, v: 1 }
}
/** The task after a change. */
const edited = (before: Versioned, change: Parameters<typeof editTask>[1]): Versioned => {
  const decision = editTask(before, change, editor, now)
  return decision ? { ...decision.next, v: before.v + 1 } : before
}

describe('edges', () => {
  test('a_task_is_ready_only_when_nothing_that_it_waits_for_is_open', () => {
    const approved = edited(task('T'), { status: 'approved' })
    const waiting = edited(approved, { blocked_by: [edge('A'), edge('B', false)] })
    expect(waiting).toMatchObject({ open_blockers: 1, ready: false })
    expect(isReady(waiting)).toBe(false)
    const free = editTask(waiting, { blocked_by: [edge('A', false, 2), edge('B', false)] }, editor, now)
    expect(free?.next.open_blockers).toBeUndefined()
    expect(free?.next.ready).toBeUndefined()
    expect(free?.events.map(({ name }) => name)).toEqual(['task.updated', 'task.unblocked'])
    expect(free?.events[0]?.data).toMatchObject({ changed: [], open_blockers: 0 })
  })

  test('the_fifty_first_is_refused_and_a_repeated_one_is_none', () => {
    const fifty = Array.from({ length: 50 }, (_, n) => edge(`${n}`))
    expect(changeEdges(fifty, [edge('0')], [])).toHaveLength(50)
    expect(changeEdges(fifty, [edge('50')], ['0'])).toHaveLength(50)
    expect(() => changeEdges(fifty, [edge('50')], [])).toThrow(/at most 50/)
  })

  test('what_comes_late_or_twice_changes_nothing', () => {
    const edges = [edge('A', true, 5)]
    for (const v of [3, 5]) expect(refreshEdges(edges, new Map([['A', { open: false, v }]]))).toBe(edges)
    const newer = refreshEdges(edges, new Map([['A', { open: false, v: 6 }]]))
    expect(newer).toEqual([edge('A', false, 6)])
    expect(refreshEdges(newer, new Map([['A', { open: false, v: 6 }]]))).toBe(newer)
    expect(refreshEdges(edges, new Map([['A', null]]))).toEqual([])
    expect(refreshEdges(edges, new Map())).toBe(edges)
  })

  test('only_work_that_has_not_begun_is_held_back', () => {
    const begins = TASK_STATUSES.filter((status) => beginsBlocked({ status }, 'in_progress', [edge('A')]))
    expect(begins).toEqual(TASK_STATUSES.filter((status) => status !== 'in_progress'))
    expect(beginsBlocked({ status: 'approved' }, 'in_progress', [edge('A', false)])).toBe(false)
    expect(beginsBlocked({ status: 'approved' }, 'shipped', [edge('A')])).toBe(false)
  })

  test('a_blocker_that_is_finished_taken_up_again_or_deleted_leaves_a_mark_with_its_change', () => {
    const plain = edited(task('B'), { status: 'approved' })
    expect(edited(plain, { status: 'rejected' }).pending_sync).toBeUndefined()
    const blocker: Versioned = { ...plain, blocks: true }
    expect(edited(blocker, { title: 'Other' }).pending_sync).toBeUndefined()
    const closed = edited(blocker, { status: 'rejected' })
    expect(closed.pending_sync).toEqual({ v: blocker.v + 1, at: now, by })
    expect(edited(closed, { status: 'open' }).pending_sync?.v).toBe(closed.v + 1)
    expect(deleteTask(blocker, by, now).next.pending_sync?.v).toBe(blocker.v + 1)
    expect(isOpen({ status: 'open', deleted_at: now })).toBe(false)
  })

  test('new_edges_leave_a_mark_that_a_later_change_keeps', () => {
    const waiting = edited(task('T'), { blocked_by: [edge('A')] })
    expect(waiting.pending_sync).toEqual({ v: 2, at: now, by, added: ['A'] })
    expect(edited(waiting, { title: 'Other' }).pending_sync).toEqual(waiting.pending_sync)
    expect(edited(waiting, { blocked_by: [edge('A'), edge('B')] }).pending_sync?.added).toEqual(['A', 'B'])
    expect(pendingSync(waiting, waiting, by, now)).toBe(waiting.pending_sync)
  })
})

/** A walk to its end over stored edges. */
const cycleIn = (graph: ReadonlyMap<string, readonly Edge[]>, id: string, added: readonly string[]) => {
  const walk = beginWalk(id, added)
  let reached = [...walk.keys()]
  while (reached.length > 0 && !walk.has(id))
    reached = walkOn(
      walk,
      reached.map((_id) => ({ _id, blocked_by: graph.get(_id) })),
    )
  return cycleOf(walk, id)
}

/** Whether some task waits for itself, by removing again and again what waits for nothing. */
const hasCycle = (graph: ReadonlyMap<string, readonly Edge[]>): boolean => {
  let left = [...graph]
  for (;;) {
    const names = new Set(left.map(([id]) => id))
    const next = left.filter(([, edges]) => edges.some(({ task_id }) => names.has(task_id)))
    if (next.length === left.length) return next.length > 0
    left = next
  }
}

test('random_edges_never_make_a_cycle_and_each_refusal_shows_one', () => {
  const name = fc.constantFrom(...'ABCDEFG')
  fc.assert(
    fc.property(fc.array(fc.tuple(name, name), { maxLength: 40 }), (asked) => {
      const graph = new Map([...'ABCDEFG'].map((id) => [id, [] as readonly Edge[]]))
      for (const [id, blocker] of asked) {
        const cycle = cycleIn(graph, id, [blocker])
        const wanted = new Map(graph).set(id, changeEdges(graph.get(id), [edge(blocker)], []))
        expect(cycle !== undefined).toBe(hasCycle(wanted))
        if (!cycle) graph.set(id, wanted.get(id) ?? [])
        else {
          expect([cycle[0], cycle.at(-1)]).toEqual([id, id])
          cycle.slice(1).forEach((next, n) => {
            expect(wanted.get(cycle[n] ?? '')?.map(({ task_id }) => task_id)).toContain(next)
          })
        }
      }
      expect(hasCycle(graph)).toBe(false)
    }),
  )
})

test('whatever_order_changes_of_blockers_arrive_in_the_newest_decides', () => {
  const change = fc.record({
    id: fc.constantFrom('A', 'B', 'C'),
    v: fc.integer({ min: 2, max: 20 }),
    open: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.uniqueArray(change, { selector: ({ id, v }) => `${id}${v}` }),
      fc.infiniteStream(fc.nat()),
      (changes, order) => {
        const waiting = edited(task('T'), {
          status: 'approved',
          blocked_by: [edge('A'), edge('B'), edge('C')],
        })
        // Each change is carried over with what the blocker is by then, in any order and more than once.
        const arriving = [...changes, ...changes]
          .map((one) => ({ one, at: order.next().value ?? 0 }))
          .sort((a, b) => a.at - b.at)
        const after = arriving.reduce(
          (before, { one: { id, v, open } }) =>
            edited(before, {
              blocked_by: refreshEdges(before.blocked_by ?? [], new Map([[id, { open, v }]])),
            }),
          waiting,
        )
        const open = ['A', 'B', 'C'].filter((id) => {
          const newest = changes.filter((one) => one.id === id).toSorted((a, b) => b.v - a.v)[0]
          return newest?.open ?? true
        })
        expect(edgeFields(after.blocked_by).open_blockers ?? 0).toBe(open.length)
        expect(after.ready).toBe(storedReady({ status: 'approved', open_blockers: open.length }))
      },
    ),
  )
})
