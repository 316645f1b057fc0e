// JSON and JSON Lines, with the place of what cannot be read. Pure.
import { refusal } from './refusals.ts'
import { objectOf, type Row } from './shape-rules.ts'

/** @throws AppError `invalid_argument` when the text is not JSON. */
export const readJson = (text: string): unknown => {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch {
    throw refusal('not_json', {})
  }
}

type Line = Readonly<Record<string, unknown>>

/**
 * The objects of a file of JSON Lines.
 * @returns them, and a row for each line that is none.
 * @throws AppError `invalid_argument` when no line is one.
 */
export const readJsonLines = (text: string): Readonly<{ lines: readonly Line[]; broken: readonly Row[] }> => {
  const lines: Line[] = []
  const broken: Row[] = []
  for (const [n, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '') continue
    try {
      const read = objectOf(JSON.parse(line))
      if (Object.keys(read).length === 0) throw new Error('not an object')
      lines.push(read)
    } catch {
      broken.push({ id: `line ${n + 1}`, title: '', code: 'broken' })
    }
  }
  if (lines.length === 0) throw refusal('not_json_lines', {})
  return { lines, broken }
}
