// The folders of Backlog.md: what their files hold, in synthetic files of their shapes.
import { describe, expect, test } from 'vitest'
import { parseFiles } from '../../../../shared/imports/read-rules.ts'

describe('Backlog.md', () => {
  const file = (head: string, body = '') => `---\n${head}\n---\n${body}`
  const body = `
## Description

<!-- SECTION:DESCRIPTION:BEGIN -->
What to do.
<!-- SECTION:DESCRIPTION:END -->

## Acceptance Criteria
<!-- AC:BEGIN -->
- [ ] #1 It works
<!-- AC:END -->
`
  test('files are read, without the marks between sections', () => {
    const { tasks, loops, passed_over } = parseFiles('backlog', [
      {
        path: 'tasks/back-1 - One.md',
        text: file(
          "id: BACK-1\ntitle: 'One: first'\nstatus: To Do\nlabels:\n  - core\ndependencies: [back-2]\npriority: medium\nmilestone: m-1",
          body,
        ),
      },
      {
        path: 'tasks/back-2.md',
        text: file('id: back-2\ntitle: Two\nstatus: Done').replaceAll('\n', '\r\n'),
      },
      {
        path: 'drafts/back-3.md',
        text: file('id: back-3\ntitle: 2026-01-01\nstatus: Draft\npriority: null'),
      },
      { path: 'completed/back-4.md', text: file('id: 4\ntitle: Four') },
      { path: 'archive/tasks/back-5.md', text: file('id: back-5\ntitle: Five\nstatus: To Do') },
      { path: 'README.md', text: '# no task' },
      { path: 'tasks/broken.md', text: file('id: [') },
      { path: 'tasks/bomb.md', text: file('a: &a [1]\nid: x\ntitle: *a') },
    ])
    expect(tasks).toMatchObject([
      {
        ref: { source: 'backlog', id: 'back-1' },
        title: 'One: first',
        status: 'approved',
        priority: 'medium',
        labels: ['core'],
        blocked_by: [{ id: 'back-2' }],
        loop: 'm-1',
      },
      { ref: { id: 'back-2' }, status: 'shipped' },
      { title: '2026-01-01', status: 'open', priority: 'none' },
      { ref: { id: '4' }, status: 'shipped' },
      { status: 'rejected' },
    ])
    expect(tasks[0]?.body).toMatch(
      /^## Description\n\nWhat to do\.\n\n## Acceptance Criteria\n- \[ \] #1 It works\n/,
    )
    expect(loops.map(({ name }) => name)).toEqual(['m-1'])
    expect(passed_over.map(({ id, code }) => [id, code])).toEqual([
      ['README.md', 'not_a_task'],
      ['tasks/broken.md', 'broken'],
      ['tasks/bomb.md', 'broken'],
    ])
  })
})

describe('Backlog.md as its projects keep it', () => {
  const file = (path: string, head: string, body = '') => ({ path, text: `---\n${head}\n---\n${body}` })
  const read = (...files: { path: string; text: string }[]) => parseFiles('backlog', files)

  test('names of people stand without quotation marks', () => {
    const { tasks, passed_over } = read(
      file('tasks/a.md', 'id: back-1\ntitle: One\nassignee: @Ann\nreviewers:\n  - @Bob "B" \nlabels: [x]'),
    )
    expect(passed_over).toEqual([])
    expect(tasks).toMatchObject([{ title: 'One', labels: ['x'] }])
  })

  test('comments come along, and what is no list of them stays in the text', () => {
    const said = (listed: string) =>
      `\n## Notes\n\nfirst\n\n## Comments\n\n<!-- COMMENTS:BEGIN -->\n${listed}<!-- COMMENTS:END -->\n\n## Summary\n\nlast\n`
    const two =
      'author: @Ann\ncreated: 2026-07-09 22:31\n---\nDone $& so far.\n\nMore.\n---\n\nauthor: @Bob\n---\nGood.\n---\n'
    const { tasks } = read(
      file('tasks/a.md', 'id: back-1\ntitle: One', said(two)),
      file('tasks/b.md', 'id: back-2\ntitle: Two', said('a list of\n---\nsomething else\n---\n')),
    )
    expect(tasks[0]?.comments).toEqual([
      { author: '@Ann', at: '2026-07-09 22:31', text: 'Done $& so far.\n\nMore.' },
      { author: '@Bob', at: undefined, text: 'Good.' },
    ])
    expect(tasks[0]?.body).toMatch(/^## Notes\n\nfirst\n+## Summary\n\nlast\n/)
    expect(tasks[1]).toMatchObject({ comments: [], body: expect.stringContaining('something else') })
  })

  test('of files with one id the one that is worked on counts', () => {
    const { tasks, passed_over } = read(
      file('archive/tasks/a.md', 'id: back-1\ntitle: put away'),
      file('completed/b.md', 'id: BACK-1\ntitle: done'),
      file('tasks/c.md', 'id: back-1\ntitle: now'),
    )
    expect(tasks.map(({ title }) => title)).toEqual(['now'])
    expect(passed_over.map(({ title, code }) => [title, code])).toEqual([
      ['put away', 'same_id'],
      ['done', 'same_id'],
    ])
  })

  test('a dependency by the prefix of before is followed where only one task has its number', () => {
    const { tasks } = read(
      file('tasks/a.md', 'id: back-7.1\ntitle: A'),
      file('tasks/b.md', 'id: back-8\ntitle: B\ndependencies: [task-7.1, task-9, task-10]'),
      file('tasks/c.md', 'id: back-10\ntitle: C'),
      file('tasks/d.md', 'id: web-10\ntitle: D'),
      file('drafts/e.md', 'id: draft-9\ntitle: E'),
    )
    expect(tasks[1]?.blocked_by.map(({ id }) => id)).toEqual(['back-7.1', 'task-9', 'task-10'])
  })

  test('a loop is called as its milestone', () => {
    const { loops } = read(
      file('milestones/m-0 - first.md', 'id: m-0\ntitle: The first'),
      file('tasks/a.md', 'id: back-1\ntitle: A\nmilestone: m-0'),
    )
    expect(loops).toMatchObject([{ key: 'm-0', name: 'The first' }])
  })
})
