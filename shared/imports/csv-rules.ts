// CSV exports: rows read by the names of their columns. Pure.
import { CsvError, parse } from 'csv-parse/sync'
import { refusal } from './refusals.ts'
import type { Note } from './shape-rules.ts'

/** The most columns and rows of a file. */
export const CSV_LIMITS = { columns: 1_000, rows: 100_000 } as const

/** A row: its values by the name of their column, which may occur more than once. */
export type CsvRow = Readonly<{
  /** The first value that is not empty in the first of these columns that the file has. */
  get: (...columns: string[]) => string
  /** Every value that is not empty in the columns of this name. */
  all: (column: string) => readonly string[]
  notes: readonly Note[]
}>

const key = (column: string): string => column.trim().toLowerCase()

const recordsOf = (text: string): string[][] => {
  const firstLine = text.slice(0, text.search(/\r?\n|$/))
  const delimiter = [',', ';', '\t'].sort((a, b) => firstLine.split(b).length - firstLine.split(a).length)[0]
  try {
    return parse(text, {
      bom: true,
      delimiter: delimiter ?? ',',
      relax_column_count: true,
      skip_empty_lines: true,
      record_delimiter: ['\r\n', '\n', '\r'],
      to: CSV_LIMITS.rows + 2,
    })
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    if (error.code === 'CSV_QUOTE_NOT_CLOSED') throw refusal('quote_open', {})
    throw refusal('not_csv', { line: String(error.lines ?? 1) })
  }
}

/**
 * Reads a CSV file with a header.
 * @param needed the columns without which it is no export of this source.
 * @throws AppError `invalid_argument` when it is no such file, or too wide or too long.
 */
export const readCsv = (text: string, needed: readonly string[]): readonly CsvRow[] => {
  const [header = [], ...records] = recordsOf(text)
  if (header.length > CSV_LIMITS.columns)
    throw refusal('too_many_columns', { count: String(header.length), limit: String(CSV_LIMITS.columns) })
  if (records.length > CSV_LIMITS.rows) throw refusal('too_many_rows', { limit: String(CSV_LIMITS.rows) })
  const columns = new Map<string, number[]>()
  for (const [n, name] of header.entries()) columns.set(key(name), [...(columns.get(key(name)) ?? []), n])
  const missing = needed.filter((name) => !columns.has(key(name)))
  if (missing.length > 0)
    throw refusal('no_column', { columns: missing.map((name) => `“${name}”`).join(', ') })
  return records.map((values) => {
    const all = (name: string): readonly string[] =>
      (columns.get(key(name)) ?? []).flatMap((n) => (values[n]?.trim() ? [values[n]] : []))
    const length = values.length - header.length
    return {
      all,
      get: (...names) => names.map((name) => all(name)[0]).find((value) => value !== undefined) ?? '',
      notes: length === 0 ? [] : [{ code: length < 0 ? ('row_short' as const) : ('row_long' as const) }],
    }
  })
}
