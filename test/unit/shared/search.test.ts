// The words of search: every beginning of a word is found, in any script; what a snippet shows; what comes first.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { matchParts, rankOf, SNIPPET_CHARS, snippetOf } from '../../../shared/search/match.ts'
import { fold, keysOf, termsOf } from '../../../shared/search/words.ts'

const isFound = (query: string, text: string): boolean => {
  const terms = termsOf(query, 8)
  const keys = keysOf([text], 2_000)
  const isProposed = terms.every(({ prefixes }) =>
    prefixes.every((prefix) => keys.some((key) => key.startsWith(prefix))),
  )
  return terms.length > 0 && isProposed && matchParts([{ name: 'body', text }], terms) !== undefined
}

describe('found', () => {
  test.each([
    ['ÉCOLE', 'Une école'],
    ['strasse', 'Die Straße'],
    ['ß', 'ẞ'],
    ['ʼ', 'ŉ'],
    ['ΟΔΟΣ', 'η οδός'],
    ['οδοσ', 'η οδός'],
    ['istanbul', 'İstanbul'],
    ['大学', '北京大学的学生'],
    ['京大学的', '北京大学的学生'],
    ['ベース', 'データベースの移行'],
    ['ガス', 'ｶﾞｽ料金'],
    ['เมือง', 'กรุงเทพมหานครเป็นเมืองหลวง'],
    ['한', '한국어'],
    ['id bar', 'task_id in foo.bar'],
    ['fix log', 'Log-in: FIXED'],
  ])('%s_in_%s', (query, text) => expect(isFound(query, text)).toBe(true))

  test.each([
    ['ix', 'Fix'],
    ['fix bug', 'Fix it'],
    ['大阪', '北京大学'],
    ['!?', 'What!?'],
  ])('%s_not_in_%s', (query, text) => expect(isFound(query, text)).toBe(false))

  test('every_beginning_of_every_word', () => {
    const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), fc.nat(), (words, n) => {
        const text = words.join(' ')
        const keys = keysOf([text], 2_000)
        for (const key of keys) {
          const characters = [...key]
          const query = characters.slice(0, 1 + (n % characters.length)).join('')
          // A mark alone is no word: it needs a letter to stand on.
          if (/^[\p{L}\p{N}]/u.test(query)) expect(isFound(query, text), `${query} in ${text}`).toBe(true)
        }
      }),
    )
  })

  test('folding_twice_changes_nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(fold(fold(text))).toBe(fold(text))
      }),
    )
  })
})

describe('snippet', () => {
  test('has_the_hit_on_one_line_within_its_length', () => {
    const text = `${'before \n'.repeat(100)}<b>needle</b>\t${'after\n'.repeat(100)}`
    const snippet = snippetOf(text, text.indexOf('needle'))
    expect(snippet).toMatch(/^….*<b>needle<\/b> after.*…$/)
    expect(snippet).not.toMatch(/[\n\t]/)
  })

  test('is_never_longer', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 2_000 }), fc.nat(), (text, at) => {
        const snippet = snippetOf(text, text.length === 0 ? 0 : at % text.length)
        expect([...snippet].length).toBeLessThanOrEqual(SNIPPET_CHARS)
      }),
    )
  })
})

test('titles_before_texts_before_comments_whole_words_before_beginnings_newer_before_older', () => {
  const terms = termsOf('log', 8)
  const [older, newer] = ['01J00000000000000000000000', '01J00000000000000000000001']
  const rank = (_id: string, is_comment: boolean, title: string[], exact: string[]) =>
    rankOf({ _id, is_comment, title, exact }, terms)
  const ranks = [
    rank(newer, false, ['log'], ['log']),
    rank(older, false, ['log'], ['log']),
    rank(newer, false, ['login'], ['log']),
    rank(newer, false, [], ['log']),
    rank(newer, false, [], []),
    rank(newer, true, [], ['log']),
    rank(newer, true, [], []),
  ]
  expect(ranks.toSorted().toReversed()).toEqual(ranks)
})
