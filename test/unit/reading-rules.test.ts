// How events are to be read is said in the same words wherever it is said: a shorter rule loses events.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { READING_RULES } from '../../shared/contracts/define/cloud-event.ts'
import { CONTRACTS } from '../../shared/contracts/index.ts'
import { asyncApi } from '../../shared/events/asyncapi.ts'

const ROOT = new URL('../../', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, ROOT), 'utf8')
const RULES = Object.values(READING_RULES)
/** Where the rules themselves are written. */
const SOURCE = 'shared/contracts/define/cloud-event.ts'
const FILES = execFileSync('git', ['ls-files', '*.md', 'infra', 'services', 'shared'], { cwd: ROOT })
  .toString()
  .trim()
  .split('\n')
  .filter((name) => name !== SOURCE)

/** Sentences that tell readers what to do about ids and sequences, once the rules are taken out. */
const otherWords = (text: string): string[] => {
  const rest = RULES.reduce((left, rule) => left.replaceAll(rule, ''), text)
  return (
    rest.match(/[^.\n]*\b(?:skip|older than|go by|newer than)\b[^.\n]*\b(?:sequence|`id`)[^.\n]*/gi) ?? []
  )
}

test.each(['infra/docs/events.md', 'infra/examples/README.md'])('%s_says_every_rule', (page) => {
  for (const rule of RULES) expect(read(page)).toContain(rule)
})

test('the_document_for_programs_says_every_rule', () => {
  const { info } = asyncApi(CONTRACTS, 'https://loops.example.com')
  for (const rule of RULES) expect(info.description).toContain(rule)
  expect(otherWords(JSON.stringify(asyncApi(CONTRACTS, 'https://loops.example.com')))).toEqual([])
})

test('nothing_says_it_in_other_words', () => {
  expect(FILES.length).toBeGreaterThan(200)
  for (const name of FILES) expect(otherWords(read(name)), name).toEqual([])
})

test('other_words_are_found', () => {
  expect(
    otherWords('Of one `subject`, skip a `sequence` that is older than the newest you know.'),
  ).toHaveLength(1)
  expect(otherWords('The order is not promised: go by `sequence`.')).toHaveLength(1)
  expect(otherWords(READING_RULES.newest)).toEqual([])
})
