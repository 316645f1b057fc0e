// The tables of attacks name tests that are there: what a whole run would say at its end is said here in a second.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ATTACKS } from '../../support/attacks.ts'

const TESTS = join(import.meta.dirname, '..', '..')
const sources = new Map<string, string>()

/** The text of a file of tests; empty where there is none. */
const sourceOf = (file: string): string => {
  const path = join(TESTS, file)
  const known = sources.get(file) ?? (existsSync(path) ? readFileSync(path, 'utf8') : '')
  sources.set(file, known)
  return known
}

test('each_attack_names_tests_that_are_written_in_their_files', () => {
  const missing = ATTACKS.flatMap(([attack, ...shown]) =>
    shown
      // A title stands right after its quote; one that is made from a table begins with what the table fills in.
      .filter(([file, name]) => !["'", '"', '`'].some((quote) => sourceOf(file).includes(`${quote}${name}`)))
      .map(([file, name]) => `${attack}: no title in ${file} begins with ${name}.`),
  )
  expect(missing).toEqual([])
})
