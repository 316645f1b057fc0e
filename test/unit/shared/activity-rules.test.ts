// What is kept of an event, and two histories as one: examples, and pages of any two histories against all of them sorted.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ActivityEntry, ActivityPage } from '../../../shared/contracts/activity.ts'
import { stampEvents } from '../../../shared/contracts/define/cloud-event.ts'
import { activityOf, mergePages } from '../../../shared/events/activity-rules.ts'

const NOW = new Date('2026-03-04T05:06:07Z')
const WS = '01J00000000000000000000000'
const by = { user_id: WS, name: 'Ann', client: 'Test' }
const kept = (name: string, data: Readonly<Record<string, unknown>>) => {
  const stamp = {
    service: 'tasks',
    workspace_id: WS,
    entity_id: 'T',
    version: 1,
    now: NOW,
    nextId: () => 'E',
  }
  const [event] = stampEvents([{ name, data }], stamp)
  if (!event) throw new Error('one event was stamped')
  return activityOf(event, 1_000)
}

describe('what is kept of an event', () => {
  test('short_values_before_and_after_and_of_texts_that_they_changed', () => {
    const data = {
      ...{ by, task_id: 'T', title: 'A secret', private: true, loop_id: 'L2', loop_id_before: 'L1' },
      ...{ status: 'approved', status_before: 'open', changed: ['title', 'status', 'loop_id'] },
    }
    expect(kept('task.updated', data)).toEqual({
      ...{ _id: 'E', ws: WS, at: NOW, type: 'task.updated', by, task_id: 'T', loop_ids: ['L2', 'L1'] },
      private: true,
      changes: [
        { field: 'title' },
        { field: 'status', before: 'open', after: 'approved' },
        { field: 'loop_id', before: 'L1', after: 'L2' },
      ],
      expires_at: new Date(NOW.getTime() + 1_000),
    })
  })

  test('a_value_that_an_earlier_release_did_not_tell_is_absent', () =>
    expect(kept('task.updated', { by, priority: 'high', changed: ['priority'] })?.changes).toEqual([
      { field: 'priority', after: 'high' },
    ]))

  test.each([
    ['task.hidden', { task_id: 'T', by }],
    ['queue.changed', { change: 'added', loop_ids: ['L'], by }],
    ['queue.changed', { change: 'repaired', loop_ids: ['L'], by: null }],
    ['task.created', { task_id: 'T' }],
  ])('nothing_of_%s_that_nobody_did_or_that_another_event_tells', (name, data) =>
    expect(kept(name, data)).toBeUndefined(),
  )
})

/** A service's page of its history, read as far as it pleases. */
const pageOf = (
  history: readonly string[],
  before: string | undefined,
  limit: number,
  reach: number,
): ActivityPage => {
  const rest = history.filter((id) => before === undefined || id < before).toReversed()
  const read = rest.slice(0, Math.min(limit, reach))
  const entry = (id: string): ActivityEntry => ({ id, at: NOW.toISOString(), type: 'task.created', by })
  return { entries: read.map(entry), next: read.length < rest.length ? (read.at(-1) ?? null) : null }
}

test('walked_page_by_page_two_histories_are_all_told_once_newest_first', () => {
  const ids = fc.uniqueArray(fc.integer({ min: 100, max: 999 }).map(String), { maxLength: 30 })
  fc.assert(
    fc.property(
      ids,
      ids,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 7 }),
      (a, b, limit, reach) => {
        const own = a.toSorted()
        const theirs = b.filter((id) => !a.includes(id)).toSorted()
        const told: string[] = []
        let before: string | undefined
        for (let pages = 0; pages < 100; pages += 1) {
          const page = mergePages(
            [pageOf(own, before, limit, limit), pageOf(theirs, before, limit, reach)],
            limit,
          )
          expect(page.entries.length).toBeLessThanOrEqual(limit)
          told.push(...page.entries.map(({ id }) => id))
          if (page.next === null) break
          before = page.next
        }
        expect(told).toEqual([...own, ...theirs].toSorted().toReversed())
      },
    ),
  )
})
