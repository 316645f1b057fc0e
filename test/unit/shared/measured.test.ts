// What is measured of every service, and what it says it lacks.
import { describe, expect, test } from 'vitest'
import { lacksOf, readService, stalledGauge } from '../../../shared/measured.ts'
import type { Sample } from '../../../shared/process/metrics-table.ts'
import type { Outbox } from '../../../shared/storage/aggregate.ts'

const NOW = new Date('2026-03-04T05:06:07Z')
const clock = { now: () => NOW }
const outbox = (name: string, documents: number, oldest?: Date): Outbox => ({
  name,
  pending: async () => [],
  confirm: async () => undefined,
  backlog: async () => ({ documents, oldest }),
})
const age = (value: number): Sample => ({
  name: 'loops_outbox_oldest_age_seconds',
  labels: { service: 'tasks', collection: 'tasks' },
  value,
})

const events = (...stalled: readonly string[]) => ({
  published: () => undefined,
  failed: () => undefined,
  forAnswer: () => undefined,
  heard: () => undefined,
  stalled: () => stalled,
})
const servers = ({ nats = true, mongodb = true, stalled = [] as string[] } = {}) => ({
  bus: { connected: () => nats, events: events(...stalled) },
  mongo: { ping: async () => mongodb },
})

test('outboxes_are_measured_by_collection', async () => {
  const minute = new Date(NOW.getTime() - 60_000)
  const relay = {
    outboxes: () => [outbox('loops_tasks.tasks', 2, minute), outbox('loops_tasks.comments', 0)],
  }
  const labels = { service: 'tasks', collection: 'comments' }
  expect(await readService({ name: 'tasks' }, relay, clock)).toEqual([
    { name: 'loops_outbox_documents', labels: { ...labels, collection: 'tasks' }, value: 2 },
    age(60),
    { name: 'loops_outbox_documents', labels, value: 0 },
    { name: 'loops_outbox_oldest_age_seconds', labels, value: 0 },
  ])
})

describe('a service', () => {
  test('lacks_nothing_while_its_servers_answer', async () => {
    expect(await lacksOf(servers(), [age(59)])).toEqual({ waiting_for: [], degraded: [] })
  })

  test('waits_for_the_server_that_does_not_answer', async () => {
    expect((await lacksOf(servers({ nats: false }), [])).waiting_for).toEqual(['NATS, which does not answer'])
    expect((await lacksOf(servers({ mongodb: false }), [])).waiting_for).toEqual([
      'MongoDB, whose primary does not answer',
    ])
  })

  test('is_degraded_while_events_wait_for_more_than_a_minute', async () => {
    const { waiting_for, degraded } = await lacksOf(servers(), [age(61)])
    expect(waiting_for).toEqual([])
    expect(degraded).toEqual([expect.stringMatching(/^events of tasks have waited for 61 s/)])
  })

  test('is_degraded_while_the_stream_takes_no_events', async () => {
    const { waiting_for, degraded } = await lacksOf(servers({ stalled: ['tasks'] }), [])
    expect([waiting_for.length, degraded.length]).toEqual([0, 1])
  })

  test('reports_only_its_own_events_as_stalled', () => {
    expect(stalledGauge({ name: 'tasks', events: events('tasks') }).value).toBe(1)
    expect(stalledGauge({ name: 'tasks', events: events('notifier') }).value).toBe(0)
  })
})
