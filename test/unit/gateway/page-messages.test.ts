// The words of the pages: each language says the same, with the same places, in forms that its numbers need.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { LANGUAGES, type Language } from '../../../shared/contracts/define/language.ts'
import type { Plural, Table, Tables } from '../../../shared/contracts/define/wording.ts'

const FOLDER = join(import.meta.dirname, '../../../services/gateway/web/messages')

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.ts'))
const tables: readonly (readonly [string, Tables<Table>])[] = (
  await Promise.all(
    files.map(async (name) =>
      Object.entries((await import(join(FOLDER, name))) as Record<string, Tables<Table>>),
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
  expect(tables.length).toBeGreaterThan(1)
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
