// The words of the pages: each language says the same, with the same places, in forms that its numbers need.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { scopeWord } from '../../../shared/contracts/define/access-words.ts'
import { ALL_SCOPES, SCOPES, type Scope } from '../../../shared/contracts/define/common.ts'
import { LANGUAGES, type Language } from '../../../shared/contracts/define/language.ts'
import type { Plural, Table, Tables } from '../../../shared/contracts/define/wording.ts'

const ROOT = join(import.meta.dirname, '../../..')
const FOLDER = join(ROOT, 'services/gateway/web/messages')
/** Words of pages that are elsewhere, because more than pages need them. */
const FURTHER = [
  'services/gateway/translated-errors.ts',
  'services/gateway/accounts/factor-words.ts',
  'shared/contracts/define/access-words.ts',
  'shared/contracts/define/status-words.ts',
  'shared/imports/refusal-words.ts',
]

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'))
const paths = [...files.map((name) => join(FOLDER, name)), ...FURTHER.map((path) => join(ROOT, path))]
const isTables = (value: unknown): value is Tables<Table> =>
  typeof value === 'object' && value !== null && Object.keys(LANGUAGES).every((code) => code in value)
const tables: readonly (readonly [string, Tables<Table>])[] = (
  await Promise.all(
    paths.map(async (path) =>
      Object.entries((await import(path)) as Record<string, unknown>).flatMap(([name, value]) =>
        isTables(value) ? [[name, value] as const] : [],
      ),
    ),
  )
).flat()

const placesOf = (text: string): string[] =>
  [...text.matchAll(/\{([a-z]+)\}/g)].map(([, name = '']) => name).toSorted()

const faultsOf = (english: string | Plural, other: string | Plural, language: Language): string[] => {
  if (typeof english === 'string' || typeof other === 'string')
    return String(placesOf(String(english))) === String(placesOf(String(other))) ? [] : ['has other places']
  const needed = new Intl.PluralRules(language).resolvedOptions().pluralCategories
  const allowed = new Set(placesOf(english.other))
  return Object.entries(other).flatMap(([form, text]) => [
    ...(needed.includes(form as Intl.LDMLPluralRule) ? [] : [`has a form ${form} that no number needs`]),
    ...placesOf(text)
      .filter((place) => !allowed.has(place))
      .map((place) => `${form} has the place ${place}`),
  ])
}

test('there_are_words_for_pages', () => {
  expect(tables.length).toBeGreaterThan(files.length)
})

test('what_a_scope_allows_is_said_in_every_language', () => {
  for (const language of Object.keys(LANGUAGES) as Language[]) {
    const said = ALL_SCOPES.map((scope) => scopeWord(scope, language))
    expect(new Set(said).size, language).toBe(ALL_SCOPES.length)
    if (language !== 'en') expect(said).not.toContain(SCOPES[ALL_SCOPES[0] as Scope])
  }
})

describe.each(tables)('%s', (_, words) => {
  test.each(Object.keys(LANGUAGES) as Language[])('says_the_same_in_%s', (language) => {
    const faults = Object.entries(words.en).flatMap(([key, english]) =>
      faultsOf(english, words[language][key] as string | Plural, language).map((fault) => `${key} ${fault}`),
    )
    expect(faults).toEqual([])
  })
  test.each(Object.keys(LANGUAGES) as Language[])('leaves_nothing_empty_in_%s', (language) => {
    const texts = Object.values(words[language]).flatMap((text) =>
      typeof text === 'string' ? [text] : Object.values(text),
    )
    expect(texts.filter((text) => text.trim() === '')).toEqual([])
  })
})
