// Dates, CSV and files of imports: what is read, and what is refused with a sentence; and who wrote a comment.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { attributed, attribution } from '../../../../shared/imports/attribution-rules.ts'
import { readCsv } from '../../../../shared/imports/csv-rules.ts'
import { readDate } from '../../../../shared/imports/date-rules.ts'
import { decodeText, isSource, parseFiles } from '../../../../shared/imports/read-rules.ts'
import { SOURCES, type Source } from '../../../../shared/imports/shape-rules.ts'

const one = (source: Source, text: string) => parseFiles(source, [{ path: 'file', text }])
const csv = (rows: readonly (readonly string[])[], end = '\n'): string =>
  rows.map((row) => row.map((value) => `"${value.replaceAll('"', '""')}"`).join(',')).join(end)
const lines = (...values: unknown[]): string => values.map((value) => JSON.stringify(value)).join('\n')

const refusalOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof AppError) return `${error.message} ${error.extras.hint}`
    throw error
  }
  throw new Error('it was not refused')
}

describe('dates', () => {
  test.each([
    ['2024-01-26', '2024-01-26'],
    ['2024-01-25T23:00:00.000Z', '2024-01-26'],
    ['Thu Jan 25 2024 23:00:00 GMT+0000 (GMT)', '2024-01-26'],
    ['Fri Jan 26 2024 05:00:00 GMT+0000 (GMT+00:00)', '2024-01-26'],
    ['Fri Jan 26 2024 00:00:00 GMT+0000 (GMT+00:00)', '2024-01-26'],
    ['09/Jan/24 3:54 PM', '2024-01-09'],
    ['9/Jan/2024 12:00 AM', '2024-01-09'],
    ['26 Jan 2024', '2024-01-26'],
    ['Jan 26, 2024', '2024-01-26'],
    ['2024-01-26 23:37', '2024-01-26'],
    ['  ', null],
    ['2024-02-30', undefined],
    ['every monday', undefined],
    ['31/Feb/24', undefined],
    ['26/01/2024', undefined],
  ])('%s is %s', (text, date) => {
    expect(readDate(text)).toBe(date)
  })

  test('a midnight anywhere is the day that begins there', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }),
        fc.integer({ min: -11 * 60, max: 11 * 60 }),
        (at, offset_minutes) => {
          const day = at.toISOString().slice(0, 10)
          const midnight = new Date(Date.parse(`${day}T00:00:00Z`) - offset_minutes * 60_000)
          expect(readDate(midnight.toISOString())).toBe(day)
        },
      ),
    )
  })
})

describe('csv', () => {
  test('any values come back by the names of their columns', () => {
    const value = fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll(/\r/g, ''))
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, value), { minLength: 1, maxLength: 5 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        (rows, end, mark) => {
          const text = `${mark ? '\uFEFF' : ''}${csv([['A', 'B'], ...rows.map(([a, b]) => [`x${a}`, `x${b}`])], end)}`
          expect(readCsv(text, ['A']).map((row) => [row.get('a'), row.get('B')])).toEqual(
            rows.map(([a, b]) => [`x${a}`, `x${b}`]),
          )
        },
      ),
    )
  })

  test('rows may be shorter and longer than the header, and columns may repeat', () => {
    const [short, long, whole] = readCsv('A,B,B\n1\n1,2,3,4\n1,2,3\n', [])
    expect([short?.get('B'), short?.notes]).toEqual(['', [{ code: 'row_short' }]])
    expect([long?.all('B'), long?.notes]).toEqual([['2', '3'], [{ code: 'row_long' }]])
    expect([whole?.all('B'), whole?.notes]).toEqual([['2', '3'], []])
  })

  test.each([
    ['no CSV', 'ID,Title,Status\n"1,x', /not CSV/],
    ['another file', 'a,b\n1,2', /no column “ID”, “Title”, “Status”/],
    ['too many columns', Array.from({ length: 5_000 }, (_, n) => `c${n}`).join(','), /5000 columns/],
    ['an empty file', '', /no column/],
  ])('%s is refused with a sentence', (_, text, sentence) => {
    expect(refusalOf(() => one('linear', text))).toMatch(sentence)
  })
})

describe('files', () => {
  test.each([
    ['UTF-16', Buffer.from('\uFEFFtext', 'utf16le'), /UTF-16.*Save it as UTF-8/],
    ['a NUL', Buffer.from('a\0b'), /NUL at byte 2/],
    ['no UTF-8', Buffer.from([0x61, 0xff, 0xfe]), /not written in UTF-8/],
  ])('with %s are refused with a sentence', (_, bytes, sentence) => {
    expect(refusalOf(() => decodeText(bytes, 'file.csv'))).toMatch(sentence)
  })

  test.each(['github', 'taskmaster', 'beads', 'loops'] as const)(
    'of %s that are not JSON are refused',
    (source) => {
      expect(refusalOf(() => one(source, 'no {'))).toMatch(/not JSON/)
    },
  )

  test.each(['github', 'taskmaster', 'loops'] as const)(
    'of %s that hold something else are refused',
    (source) => {
      expect(refusalOf(() => one(source, '{"a": 1}'))).toMatch(/\. /)
    },
  )

  test('whatever a file holds, it is read or refused with a sentence', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(SOURCES) as Source[])),
        fc.oneof(fc.string(), fc.json()),
        (source, text) => {
          try {
            one(source, text)
          } catch (error) {
            expect(error).toBeInstanceOf(AppError)
          }
        },
      ),
      { numRuns: 500 },
    )
  })

  test('an unknown source is none', () => {
    expect(['github', 'toString', 'trello'].map(isSource)).toEqual([true, false, false])
  })

  test('ids of another project are other ids', () => {
    const text = lines({ id: '1', title: 'x', dependencies: [{ depends_on_id: '2', type: 'blocks' }] })
    const [task] = parseFiles('beads', [{ path: 'file', text }], 'web').tasks
    expect([task?.ref.id, task?.blocked_by[0]?.id]).toEqual(['web/1', 'web/2'])
  })
})

describe('attribution', () => {
  const name = fc.stringMatching(/^[\p{L}.@-]{1,20}( [\p{L}.@-]{1,20})?$/u)
  test('a comment says who wrote it, and is as it was when that is taken off', () => {
    fc.assert(
      fc.property(
        fc.option(name, { nil: undefined }),
        fc.option(fc.constantFrom('2026-01-02T03:04:05.000Z', '09/Jan/24 3:55 PM'), { nil: undefined }),
        fc.string({ minLength: 1 }),
        (author, at, text) => {
          fc.pre(author !== undefined || at !== undefined)
          const found = attribution(attributed({ author, at, text }))
          expect({ author: undefined, at: undefined, ...found }).toEqual({ author, at, text })
        },
      ),
    )
  })

  test('a comment of an import once more is not attributed twice', () => {
    expect(attribution('a comment')).toBeUndefined()
    expect(attributed({ text: 'a comment' })).toBe('a comment')
  })
})
