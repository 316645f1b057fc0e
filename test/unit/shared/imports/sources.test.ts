// Every source of an import: what its files hold, in synthetic files of their shapes.
import { describe, expect, test } from 'vitest'
import { parseFiles } from '../../../../shared/imports/read-rules.ts'
import type { ParsedTask, Source } from '../../../../shared/imports/shape-rules.ts'

const one = (source: Source, text: string) => parseFiles(source, [{ path: 'file', text }])
const tasksOf = (source: Source, text: string): readonly ParsedTask[] => one(source, text).tasks
const csv = (rows: readonly (readonly string[])[], end = '\n'): string =>
  rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join(end)
const lines = (...values: unknown[]): string => values.map((value) => JSON.stringify(value)).join('\n')

describe('GitHub', () => {
  const issue = {
    number: 12,
    title: 'Title',
    body: 'Body',
    state: 'OPEN',
    labels: [{ name: 'bug' }],
    milestone: { title: 'v1' },
    comments: [{ id: 'c1', author: { login: 'bob' }, body: 'hello', createdAt: '2026-01-02T03:04:05Z' }],
    url: 'https://github.com/acme/app/issues/12',
  }
  test('issues are read', () => {
    const { tasks, loops } = one('github', JSON.stringify([issue]))
    expect(tasks).toMatchObject([
      {
        ref: { source: 'github', id: 'acme/app#12' },
        title: 'Title',
        body: 'Body\n\nFrom GitHub:\n\n- Issue: https://github.com/acme/app/issues/12',
        status: 'approved',
        labels: ['bug'],
        loop: 'v1',
        comments: [{ id: 'c1', author: 'bob', at: '2026-01-02T03:04:05Z', text: 'hello' }],
      },
    ])
    expect(loops).toEqual([{ key: 'v1', name: 'v1' }])
  })

  test.each([
    [{ state: 'CLOSED', stateReason: 'COMPLETED' }, 'shipped'],
    [{ state: 'CLOSED' }, 'shipped'],
    [{ state: 'CLOSED', stateReason: 'NOT_PLANNED' }, 'rejected'],
  ])('%j is %s', (more, status) => {
    expect(tasksOf('github', JSON.stringify([{ ...issue, ...more }]))[0]?.status).toBe(status)
  })
})

describe('what a GitHub issue waits for', () => {
  const blocker = { number: 3, title: 'First', state: 'OPEN', url: 'https://github.com/acme/lib/issues/3' }
  test.each([
    ['as the command writes it', { nodes: [blocker], totalCount: 1 }],
    ['as a list', [blocker]],
  ])('is read %s', (_, blockedBy) => {
    const issue = { number: 12, title: 'Title', url: 'https://github.com/acme/app/issues/12', blockedBy }
    expect(tasksOf('github', JSON.stringify([issue]))[0]?.blocked_by).toEqual([
      { source: 'github', id: 'acme/lib#3' },
    ])
  })
})

describe('Linear', () => {
  const header = [
    'ID',
    'Title',
    'Description',
    'Status',
    'Priority',
    'Project',
    'Labels',
    'Completed',
    'Canceled',
    'Due Date',
    'Blocked by',
  ]
  const rows = [
    [
      'AC-1',
      "'=Sum",
      "'- a list",
      'In Progress',
      'Urgent',
      'Web',
      'bug, ui',
      '',
      '',
      'Thu Jan 25 2024 23:00:00 GMT+0000 (GMT)',
      'AC-2, AC-3',
    ],
    ['AC-2', "'quoted'", '', 'Done', 'No priority', '', '', '2024-01-01T00:00:00Z', '', '', ''],
    ['AC-3', 'x', '', 'Later', 'Low', '', '', '', '2024-01-01T00:00:00Z', 'soon', ''],
    ['AC-4', 'x', '', 'Triage', 'High', '', '', '', '', '', ''],
  ]
  test('issues are read', () => {
    const { tasks, loops } = one('linear', csv([header, ...rows], '\r\n'))
    expect(tasks).toMatchObject([
      {
        title: '=Sum',
        status: 'approved',
        priority: 'urgent',
        due_date: '2024-01-26',
        labels: ['bug', 'ui'],
        loop: 'Web',
      },
      { title: "'quoted'", status: 'shipped', priority: 'none', due_date: null },
      {
        status: 'rejected',
        priority: 'low',
        due_date: null,
        notes: [{ code: 'date_unknown', detail: 'soon' }],
      },
      { status: 'open', priority: 'high' },
    ])
    expect(tasks[0]?.body).toMatch(/^- a list\n/)
    expect(tasks[0]?.blocked_by.map(({ id }) => id)).toEqual(['AC-2', 'AC-3'])
    expect(loops.map(({ name }) => name)).toEqual(['Web'])
  })
})

describe('Jira', () => {
  const header = [
    'Summary',
    'Issue key',
    'Issue Type',
    'Status',
    'Priority',
    'Resolution',
    'Due date',
    'Description',
    'Labels',
    'Labels',
    'Comment',
    'Comment',
    'Sprint',
    'Sprint',
    'Inward issue link (Blocks)',
    'Status Category',
  ]
  test('issues are read, with the columns that repeat', () => {
    const rows = [
      [
        'One',
        'PT-1',
        'Task',
        'To Do',
        'Highest',
        '',
        '09/Jan/24 12:00 AM',
        'text',
        'a',
        'b',
        '09/Jan/24 3:55 PM;70121:6cf;hello; you',
        'bare',
        'S1',
        'S2',
        'PT-2',
        'To Do',
      ],
      ['Two', 'PT-2', 'Bug', 'Closed', 'Lowest', "Won't Do", '', '', '', '', '', '', '', '', '', 'Done'],
      ['Three', 'PT-3', 'Bug', 'Ready', 'Medium', 'Done', '', '', '', '', '', '', '', '', '', 'Done'],
    ]
    expect(tasksOf('jira', csv([header, ...rows]))).toMatchObject([
      {
        ref: { id: 'PT-1' },
        status: 'approved',
        priority: 'urgent',
        due_date: '2024-01-09',
        labels: ['a', 'b'],
        loop: 'S2',
        blocked_by: [{ id: 'PT-2' }],
        comments: [{ at: '09/Jan/24 3:55 PM', author: '70121:6cf', text: 'hello; you' }, { text: 'bare' }],
      },
      { status: 'rejected', priority: 'low' },
      { status: 'shipped', priority: 'medium' },
    ])
  })
})

describe('Todoist', () => {
  const header = ['TYPE', 'CONTENT', 'DESCRIPTION', 'PRIORITY', 'INDENT', 'DATE']
  const rows = [
    ['meta', 'view_style=list', '', '', '', ''],
    ['section', 'Home', '', '', '', ''],
    ['task', 'Paint the @garden fence', 'blue', '1', '1', '2026-05-06'],
    ['note', 'ask Bob', '', '', '', ''],
    ['task', 'Buy paint', '', '4', '2', 'every day'],
    ['', '', '', '', '', ''],
    ['task', 'Paint the @garden fence', '', '4', '1', ''],
  ]
  test('tasks are read, with sections, notes and parts', () => {
    const { tasks, passed_over } = one('todoist', csv([header, ...rows]))
    expect(tasks).toMatchObject([
      {
        title: 'Paint the fence',
        priority: 'urgent',
        due_date: '2026-05-06',
        labels: ['Home', 'garden'],
        comments: [{ text: 'ask Bob' }],
      },
      {
        title: 'Buy paint',
        priority: 'none',
        due_date: null,
        notes: [{ code: 'date_unknown', detail: 'every day' }],
      },
      { title: 'Paint the fence' },
    ])
    expect(tasks[1]?.body).toContain('- Part of: Paint the @garden fence')
    expect(new Set(tasks.map(({ ref }) => ref.id)).size).toBe(3)
    expect(passed_over).toMatchObject([{ code: 'not_a_task', detail: 'meta' }])
  })

  test('have the same ids whatever changes but their titles', () => {
    const changed = rows.map(([type, content, , , indent]) => [
      type ?? '',
      content ?? '',
      'new',
      '2',
      indent ?? '',
      '',
    ])
    const idsOf = (text: string) => tasksOf('todoist', text).map(({ ref }) => ref.id)
    expect(idsOf(csv([header, ...changed]))).toEqual(idsOf(csv([header, ...rows])))
  })
})

test('a beads issue says what it is a part of', () => {
  const dependencies = [
    { depends_on_id: 'b-1', type: 'parent-child' },
    { depends_on_id: 'b-2', type: 'related' },
    { depends_on_id: 'b-3', type: 'blocks' },
  ]
  const [issue] = tasksOf('beads', lines({ id: 'b-4', title: 'x', dependencies }))
  expect(issue).toMatchObject({
    body: 'From beads:\n\n- Parent: b-1\n- Related: b-2',
    blocked_by: [{ id: 'b-3' }],
  })
})

test('a deadline of Todoist is the due date, before the day on which somebody means to do it', () => {
  const rows = [
    ['TYPE', 'CONTENT', 'DATE', 'DEADLINE'],
    ['task', 'both', 'every monday', '2026-10-20'],
    ['task', 'one', '2026-10-21', ''],
  ]
  expect(tasksOf('todoist', csv(rows)).map(({ due_date }) => due_date)).toEqual(['2026-10-20', '2026-10-21'])
})

describe('beads', () => {
  test('issues are read, and everything else is passed over', () => {
    const { tasks, passed_over } = one(
      'beads',
      `${lines(
        {
          _type: 'issue',
          id: 'b-1',
          title: 'One',
          description: 'd',
          design: 'e',
          status: 'closed',
          priority: 0,
          issue_type: 'bug',
          dependencies: [
            { issue_id: 'b-1', depends_on_id: 'b-2', type: 'blocks' },
            { issue_id: 'b-1', depends_on_id: 'b-3', type: 'parent-child' },
          ],
          comments: [{ id: 'c', author: 'Mike', text: 'hm', created_at: '2026-01-01T00:00:00Z' }],
          close_reason: 'done',
          closed_at: '2026-01-02T00:00:00Z',
        },
        { id: 'b-2', title: 'Two', status: 'deferred', priority: 4 },
        { _type: 'memory', id: 'm' },
        { id: 'b-4', title: 'x', status: 'tombstone' },
      )}\nno json\n`,
    )
    expect(tasks).toMatchObject([
      {
        body: 'd\n\n## Design\n\ne\n\nFrom beads:\n\n- Parent: b-3',
        status: 'shipped',
        priority: 'urgent',
        labels: ['bug'],
        blocked_by: [{ id: 'b-2' }],
        comments: [{ author: 'Mike' }, { kind: 'outcome', text: 'done' }],
      },
      { status: 'on_hold', priority: 'none' },
    ])
    expect(tasks[0]?.blocked_by).toHaveLength(1)
    expect(passed_over.map(({ id, code }) => [id, code])).toEqual([
      ['line 5', 'broken'],
      ['m', 'not_a_task'],
      ['b-4', 'not_a_task'],
    ])
  })
})

describe('Task Master', () => {
  const task = {
    id: 1,
    title: 'One',
    description: 'd',
    details: 'e',
    testStrategy: 't',
    status: 'pending',
    priority: 'high',
    dependencies: [],
  }
  test('tasks are read, ids as numbers or texts, subtasks as part of the body', () => {
    const two = {
      ...task,
      id: '2',
      dependencies: ['1.2', 1],
      status: 'done',
      subtasks: [{ id: 1, title: 'A', status: 'done', details: 'x\ny' }],
    }
    const { tasks, loops } = one(
      'taskmaster',
      JSON.stringify({ master: { tasks: [task, two] }, web: { tasks: [{ ...task, dependencies: [2] }] } }),
    )
    expect(tasks).toMatchObject([
      {
        ref: { id: '1' },
        status: 'approved',
        priority: 'high',
        body: 'd\n\n## Details\n\ne\n\n## Test strategy\n\nt',
      },
      { ref: { id: '2' }, status: 'shipped', blocked_by: [{ id: '1' }] },
      { ref: { id: 'web/1' }, blocked_by: [{ id: 'web/2' }], loop: 'web' },
    ])
    expect(tasks[1]?.body).toContain('- [x] 2.1 A\n\n  x\n  y')
    expect(tasks[1]?.blocked_by).toHaveLength(1)
    expect(loops.map(({ name }) => name)).toEqual(['web'])
  })

  test('the older file without tags is read', () => {
    expect(tasksOf('taskmaster', JSON.stringify({ tasks: [task] }))).toHaveLength(1)
  })
})
