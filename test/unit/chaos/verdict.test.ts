// The judge of chaos finds each kind of loss, names it, and finds nothing where nothing is lost.
import { describe, expect, test } from 'vitest'
import { stampEvents } from '../../../shared/contracts/define/cloud-event.ts'
import { type Acked, type Ledger, openLedger, type Timed } from '../../chaos/ledger.ts'
import type { Outcome } from '../../chaos/outcome.ts'
import { judge, type Line, tableOf } from '../../chaos/verdict.ts'
import type { SinkMail } from '../../support/smtp-sink.ts'

const LOOP = 'Loop 01JD3Z00000000000000000001'
const WORKSPACE = '01JD3Z0000000000000000000W'
const BY = { user_id: '01JD3Z0000000000000000000V', name: 'Ann', client: 'test' }

const published = (service: string, name: string, entity_id: string, version: number, data = {}) =>
  stampEvents([{ name, data }], {
    service,
    workspace_id: WORKSPACE,
    entity_id,
    version,
    now: new Date(0),
    nextId: () => `${name} ${entity_id} ${version}`,
  }).map(({ id, event }) => [id, event] as const)

const change = (version: number, changed: string, loop_id: string) =>
  published('loops-queue', 'queue.changed', WORKSPACE, version, {
    workspace_id: WORKSPACE,
    version,
    change: changed,
    loop_ids: [loop_id],
    position: changed === 'added' ? version - 1 : null,
    order: null,
    by: BY,
  })

const A = '01JD3Z0000000000000000000A'
const B = '01JD3Z0000000000000000000B'
const STREAM = [
  ...published('tasks', 'task.created', 't1', 1),
  ...published('tasks', 'task.updated', 't1', 2),
  ...published('tasks', 'comment.added', 'c1', 1, { task_id: 't1' }),
  ...change(1, 'added', A),
  ...change(2, 'added', B),
  ...change(3, 'removed', A),
  ...published('loops-queue', 'loop.shipped', A, 2, { name: LOOP }),
]
const ACKED: readonly Acked[] = [
  { tool: 'create_task', kind: 'task', id: 't1', version: 1, has_event: true, name: 'Old' },
  { tool: 'update_task', kind: 'task', id: 't1', version: 2, has_event: true, name: 'New' },
  { tool: 'add_comment', kind: 'comment', id: 'c1', version: 1, has_event: true },
  { tool: 'ship_loop', kind: 'loop', id: A, version: 2, has_event: true },
  { tool: 'reorder_loops', kind: 'queue', id: 'queue', version: 3, has_event: true },
]
const mail = (to: string, messageId = `<${to}>`): SinkMail => ({
  ...{ from: 'loops@x', to: [to], subject: `${LOOP} has shipped`, text: '', html: '', raw: '' },
  ...{ messageId, headers: {} },
})

const ledger: Ledger = {
  ...openLedger(),
  acked: ACKED.map((one, n) => ({ ...one, began: n, ended: n })),
  deleted: new Set(['t9']),
}
const outcome: Outcome = {
  tasks: new Map([['t1', { version: 2, name: 'New', status: 'open' }]]),
  tasks_total: 1,
  loops: new Map([[A, { version: 2, name: LOOP, status: 'shipped' }]]),
  comments: new Set(['c1']),
  queue: { version: 3, order: [B] },
  stream: new Map(STREAM),
  journal: STREAM.map(([id]) => id),
  seen: new Set(STREAM.map(([id]) => id)),
  called: new Set(STREAM.map(([id]) => id)),
  notices: new Set([`loop.shipped ${A} 2`]),
  dead_letters: 0,
  pending: { 'mails under way': 0 },
  members: ['ann@x', 'bob@x'],
  mails: [mail('ann@x'), mail('bob@x'), mail('bob@x')],
}
const broken = (changed: Partial<Outcome>, known: Ledger = ledger, most_copies = 1): readonly Line[] =>
  judge(known, { ...outcome, ...changed }, most_copies).filter((line) => line.broken.length > 0)
const without = (id: string) => new Map(STREAM.filter(([one]) => one !== id))
const mails = (...all: SinkMail[]) => ({ mails: all })

test('nothing_found_where_nothing_is_lost', () => {
  expect(broken({})).toEqual([])
})

describe('found', () => {
  test.each<[string, Partial<Outcome>, string]>([
    ['a lost task', { tasks: new Map() }, 'acknowledged changes are there'],
    [
      'a lost change',
      { tasks: new Map([['t1', { version: 1, name: 'Old', status: 'open' }]]) },
      'acknowledged changes are there',
    ],
    [
      'a change overwritten unseen',
      { tasks: new Map([['t1', { version: 2, name: 'Old', status: 'open' }]]) },
      'the newest title is the one acknowledged',
    ],
    ['a lost order', { queue: { version: 2, order: [B] } }, 'acknowledged changes are there'],
    ['a lost comment', { comments: new Set() }, 'acknowledged comments are there'],
    [
      'a deletion undone',
      { tasks: new Map([...outcome.tasks, ['t9', { version: 1, name: '', status: 'open' }]]) },
      'deleted tasks are gone',
    ],
    ['a wrong count', { tasks_total: 2 }, 'tasks are counted as they are listed'],
    [
      'a change never published',
      { stream: without('task.updated t1 2') },
      'acknowledged changes are published',
    ],
    [
      'an event that the stream lost',
      { stream: without('task.updated t1 2') },
      'journaled events are in the stream',
    ],
    ['an event not seen', { seen: new Set() }, 'the subscriber saw every event'],
    [
      'an event that the webhook was not called with',
      { called: new Set() },
      'the webhook was called with every public event',
    ],
    ['a ship without mails', { notices: new Set() }, 'the notifier wrote the mails of every shipped loop'],
    ['a dead letter', { dead_letters: 1 }, 'there are no dead letters'],
    [
      'a gap in the queue',
      { stream: without(`queue.changed ${WORKSPACE} 2`) },
      'versions of the queue are published once each',
    ],
    [
      'an order that does not follow',
      { queue: { version: 3, order: [A] } },
      'the queue replays to its order',
    ],
    [
      'a ship never published',
      { stream: without(`loop.shipped ${A} 2`) },
      'shipped loops are published once each',
    ],
    ['a mail that never came', mails(mail('ann@x')), 'mails came to every member'],
    [
      'a copy that looks like another mail',
      mails(mail('ann@x'), mail('bob@x'), mail('bob@x', '<other>')),
      'copies of a mail have one Message-ID',
    ],
    ['something still pending', { pending: { 'mails under way': 1 } }, 'nothing is pending'],
    ['no answer to what is pending', { pending: undefined }, 'nothing is pending'],
  ])('%s', (_, changed, promise) => {
    expect(broken(changed).map((line) => line.promise)).toContain(promise)
  })

  test('more copies than the faults allow', () => {
    expect(broken({}, ledger, 0)).toMatchObject([{ promise: 'further copies: 1 of at most 0' }])
  })

  test('an order that came before what was answered before it was asked', () => {
    const [queue] = ledger.acked.filter(({ kind }) => kind === 'queue')
    const acked = [...ledger.acked, { ...queue, version: 2, began: 9, ended: 9 } as Timed]
    expect(broken({}, { ...ledger, acked })).toMatchObject([
      { promise: 'changes of the queue have their versions in time', kept: 1, of: 2 },
    ])
  })

  test('a command whose end nobody knows', () => {
    const unknown = { ...ledger, unknown: ['ship: timeout'] }
    expect(broken({}, unknown)).toMatchObject([{ broken: ['ship: timeout'] }])
  })
})

test('nothing_asked_of_a_task_that_somebody_tried_to_delete', () => {
  const known = { ...ledger, maybeDeleted: new Set(['t1']) }
  expect(broken({ tasks: new Map(), tasks_total: 0, comments: new Set() }, known)).toEqual([])
})

test('named_in_the_table', () => {
  const text = tableOf(judge(ledger, { ...outcome, seen: new Set() }, 1))
  expect(text).toMatch(/^BROKEN {2}the subscriber saw every event +0 of 7$/m)
  expect(text).toMatch(/^ok +acknowledged changes are there +4 of 4$/m)
  expect(text).toContain(
    'the subscriber saw every event: not task.updated task.updated t1 2 of t1, version 2',
  )
})
