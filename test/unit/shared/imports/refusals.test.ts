// Why a file is refused, in the language of who reads it.
import { expect, test } from 'vitest'
import { AppError } from '../../../../shared/contracts/define/errors.ts'
import { LANGUAGES, type Language } from '../../../../shared/contracts/define/language.ts'
import { parseFiles } from '../../../../shared/imports/read-rules.ts'
import { REFUSALS } from '../../../../shared/imports/refusal-words.ts'
import { refusalIn } from '../../../../shared/imports/refusals.ts'

const refused = (text: string): AppError => {
  try {
    parseFiles('linear', [{ path: 'file', text }])
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('it was not refused')
}

test('a refusal says the same in every language, with what it names', () => {
  const error = refused('a,b\n1,2')
  expect(error.message).toBe(
    'The file has no column “ID”, “Title”, “Status”. Export it anew as CSV, and name the source that it is from.',
  )
  expect(refusalIn(error, 'en')).toBe(error.message)
  for (const language of Object.keys(LANGUAGES) as Language[])
    expect(refusalIn(error, language)).toContain('“ID”, “Title”, “Status”')
  expect(refusalIn(error, 'de')).toMatch(/^Der Datei fehlt die Spalte/)
  expect(refusalIn(new AppError('not_found', 'x'), 'de')).toBeUndefined()
})

test('what is broken in a CSV file is said with its line, or that a quotation mark stays open', () => {
  expect(refused('ID,Title,Status\n1,"x"y,z').message).toContain('line 2 cannot be read')
  expect(refused('ID,Title,Status\n1,"x\n\n').message).toContain('never closed')
})

test('every sentence ends as one, and the words for pasted text are none', () => {
  for (const table of Object.values(REFUSALS))
    for (const [code, text] of Object.entries(table))
      if (code !== 'pasted') expect(text).toMatch(/(\.|\{command\})$/)
})
