// What of an import fits: whatever its source holds, the rest is what the contract takes, and each cut is told.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CommentText } from '../../../../shared/contracts/define/common.ts'
import { ImportedTask } from '../../../../shared/contracts/tasks/imports.ts'
import { fitToLimits, levelsOf, refName } from '../../../../shared/imports/fit-rules.ts'
import { markdownText, markdownWriter } from '../../../../shared/imports/markdown-rules.ts'
import { reportLines } from '../../../../shared/imports/report-rules.ts'
import { NOTES, type ParsedTask } from '../../../../shared/imports/shape-rules.ts'

const task = (id: string, more: Partial<ParsedTask> = {}): ParsedTask => ({
  ref: { source: 'github', id },
  title: `Task ${id}`,
  body: '',
  status: 'approved',
  priority: 'none',
  due_date: null,
  labels: [],
  comments: [],
  blocked_by: [],
  ...more,
})
const fitted = (...tasks: ParsedTask[]) => fitToLimits({ tasks, loops: [], passed_over: [] })
const codes = (...tasks: ParsedTask[]) => fitted(...tasks).rows.map(({ id, code }) => [id, code])
const ref = (id: string) => ({ source: 'github', id })

describe('what is too much', () => {
  test.each<[string, Partial<ParsedTask>, string[]]>([
    ['a title', { title: 'é'.repeat(201) }, ['title_cut']],
    ['a body', { body: '€'.repeat(30_000) }, ['body_cut']],
    ['labels', { labels: Array.from({ length: 21 }, (_, n) => `l${n}`) }, ['labels_cut']],
    ['a label', { labels: ['x'.repeat(51)] }, ['label_cut']],
    ['a comment', { comments: [{ text: 'x'.repeat(20_000) }] }, ['comment_cut']],
    ['nothing', { title: 'é'.repeat(200), labels: ['a', 'A', ' a '] }, []],
  ])('of %s is cut and told', (_, more, said) => {
    const { tasks, rows } = fitted(task('1', more))
    expect(rows.map(({ code }) => code)).toEqual(said)
    expect(tasks).toHaveLength(1)
  })

  test('of a title stands in the body', () => {
    const title = 'word '.repeat(60)
    expect(fitted(task('1', { title, body: 'body' })).tasks[0]?.body).toBe(`${title.trim()}\n\nbody`)
  })

  test('of blockers is left out and told', () => {
    const others = Array.from({ length: 51 }, (_, n) => task(`b${n}`))
    const waits = task('1', { blocked_by: [...others.map((one) => one.ref), ref('nowhere')] })
    expect(codes(waits, ...others)).toEqual([
      ['1', 'blocker_unknown'],
      ['1', 'blockers_cut'],
    ])
  })
})

test('what has no id or title, or an id of before, is passed over and told', () => {
  expect(codes(task(''), task('1'), task('1'), task('2', { title: ' \0 ' }))).toEqual([
    ['', 'no_id'],
    ['1', 'same_id'],
    ['2', 'no_title'],
  ])
})

test('tasks never wait for each other in a circle, and only what closes one is left out', () => {
  const names = fc.integer({ min: 0, max: 7 }).map(String)
  fc.assert(
    fc.property(fc.array(fc.tuple(names, names), { maxLength: 20 }), (edges) => {
      const all = Array.from({ length: 8 }, (_, n) =>
        task(String(n), {
          blocked_by: edges.filter(([from]) => from === String(n)).map(([, to]) => ref(to)),
        }),
      )
      const { tasks, rows } = fitted(...all)
      const left = new Map(tasks.map((one) => [refName(one.ref), new Set(one.blocked_by.map(refName))]))
      // Takes away what waits for nothing, until nothing is left.
      for (let free = ['']; free.length > 0; ) {
        free = [...left].filter(([, waits]) => waits.size === 0).map(([name]) => name)
        for (const name of free) {
          left.delete(name)
          for (const waits of left.values()) waits.delete(name)
        }
      }
      expect(left.size).toBe(0)
      const kept = tasks.reduce((sum, one) => sum + one.blocked_by.length, 0)
      expect(kept + rows.length).toBe(new Set(edges.map(String)).size)
      for (const { code } of rows) expect(code).toBe('cycle')
    }),
  )
})

test('tasks come by levels, each behind all that it waits for', () => {
  const tasks = [
    task('d', { blocked_by: [ref('b'), ref('c')] }),
    task('c', { blocked_by: [ref('a')] }),
    task('a'),
    task('b'),
    task('e', { blocked_by: [ref('d'), ref('a')] }),
  ]
  expect(tasks.map((one) => levelsOf(tasks).get(refName(one.ref)))).toEqual([2, 1, 0, 0, 3])
})

test('whatever a source holds, the rest fits the contract', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', ' ', '\n', '\0', '\uD800', '😀', 'é', '*'),
    maxLength: 400,
  })
  const size = fc.constantFrom(1, 60, 300)
  const parsed = fc.record({
    title: text,
    body: fc.tuple(text, size).map(([part, times]) => part.repeat(times)),
    labels: fc.array(text, { maxLength: 25 }),
    comments: fc.array(
      fc.record({ author: text, text: fc.tuple(text, size).map(([part, times]) => part.repeat(times)) }),
      {
        maxLength: 3,
      },
    ),
  })
  fc.assert(
    fc.property(parsed, (more) => {
      for (const { comments, loop: _, status: __, blocked_by: ___, ...one } of fitted(task('1', more))
        .tasks) {
        expect(
          ImportedTask.safeParse({ ...one, finished: false, further: false }).error?.issues,
        ).toBeUndefined()
        for (const comment of comments) expect(CommentText.safeParse(comment.text).success).toBe(true)
      }
    }),
    { numRuns: 60 },
  )
})

test('a report names every row, and cannot control the terminal', () => {
  const rows = [...Array(8)].map((_, n) => ({
    id: `\x1b[2J${n}`,
    title: 'x',
    code: 'kept' as const,
    detail: 'body',
  }))
  const report = { created: 1, updated: 2, unchanged: 3, comments: 4, loops: ['a'], rows }
  const text = reportLines(report, { dry_run: false, all: false }).join('\n')
  expect(text).toContain(NOTES.kept)
  expect(text).toContain('3 more')
  expect(text).not.toContain('\x1b')
  expect(
    reportLines(report, { dry_run: true, all: true }).filter((line) => line.includes('(body)')),
  ).toHaveLength(8)
})

test('one text of Markdown has a heading for each loop and task, whatever their names are', () => {
  const textOf = markdownText()
  const text = [
    textOf({ type: 'workspace', format: 1, name: 'Acme', exported_at: '2026-01-02T00:00:00.000Z' }),
    textOf({
      type: 'loop',
      id: 'l',
      name: 'Web',
      status: 'active',
      visibility: 'public',
      description: 'why',
    }),
    textOf({
      type: 'task',
      ref: ref('1'),
      title: 'a\n# b <i>',
      body: 'the *body*',
      status: 'open',
      priority: 'high',
      labels: ['x', 'y'],
      loop_id: 'l',
      comments: [{ author: 'Bob', text: 'hi' }],
    }),
  ].join('')
  expect(text).toBe(
    [
      '# Acme\n\nExported at 2026-01-02T00:00:00.000Z.',
      '## Loop: Web\n\n- Id: l\n- Status: active\n- Visibility: public\n\nwhy',
      '## a \\# b \\<i\\>\n\n- Id: github:1\n- Status: open\n- Loop: Web\n- Priority: high\n- Labels: x, y',
      'the *body*\n\n### Comments\n\n#### Bob\n\nhi\n\n',
    ].join('\n\n'),
  )
})

test('files of Markdown lie in the folder of their loop, each under a name of its own', () => {
  const fileOf = markdownWriter()
  const line = { type: 'task', title: '../..', status: 'open', priority: 'none', loop_id: 'l' } as const
  const [loop, first, second, outside] = [
    fileOf({ type: 'loop', id: 'l', name: '../Web: app', status: 'active', visibility: 'public' }),
    fileOf({ ...line, ref: ref('1'), body: 'text', comments: [{ author: 'Bob', text: 'hi' }] }),
    fileOf({ ...line, ref: ref('1') }),
    fileOf({ ...line, loop_id: undefined, ref: ref('../2') }),
  ]
  expect([loop, first, second, outside].map((file) => file?.path)).toEqual([
    '001-web-app/README.md',
    '001-web-app/github-1-.md',
    '001-web-app/github-1--2.md',
    'no-loop/github-2-.md',
  ])
  expect(first?.text).toContain('\n# ../..\n\ntext\n\n## Comments\n\n### Bob\n\nhi\n')
})
