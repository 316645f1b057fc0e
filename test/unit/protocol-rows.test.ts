// Every row of the project's protocol requirements is proved by a test that carries its id, and every id that a test carries
// is a row.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { MISSING, ROWS } from '../support/protocol-rows.ts'

const TESTS = join(import.meta.dirname, '..')
/** The ids at the end of a test's name: `'…  [A4, A6]', async () => …`. */
const NAMED = /\[([A-Z]\d+(?:(?:, |–)[A-Z]\d+)*)\]['"`],\s*(?:\{|(?:async )?\()/g

const expanded = (list: string): string[] =>
  list.split(', ').flatMap((part) => {
    const [first = '', last = first] = part.split('–')
    const [from, to] = [Number(first.slice(1)), Number(last.slice(1))]
    return Array.from({ length: to - from + 1 }, (_, index) => `${first[0]}${from + index}`)
  })

const named = new Set(
  readdirSync(TESTS, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && !path.startsWith('node_modules'))
    .flatMap((path) => [...readFileSync(join(TESTS, path), 'utf8').matchAll(NAMED)])
    .flatMap(([, list = '']) => expanded(list)),
)

test('each_row_is_in_the_name_of_a_test_but_those_that_are_listed_as_missing', () => {
  expect(ROWS.filter((row) => !named.has(row))).toEqual(MISSING)
})

test('each_id_in_the_name_of_a_test_is_a_row', () => {
  expect([...named].filter((id) => !ROWS.includes(id))).toEqual([])
})
