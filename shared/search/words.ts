// The words of a text, as search indexes and looks for them. Pure.
//
// Chinese, Japanese and Thai put no spaces between words. A dictionary would cut them differently in each release of the
// runtime, and differently for a whole word and its beginning. So every three characters of such a run are a key, wherever
// they begin: whatever part of a run somebody looks for, it is found.

/** A word longer than this is cut (characters): nobody types the rest. */
const WORD_CHARS = 40
/** How many characters a key of a run without spaces has. */
const GRAM = 3

/** A run of letters and digits: first of a script without spaces, then of any other. */
const RUN =
  /(?<run>[[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]&&[\p{L}\p{M}\p{N}]]+)|[[\p{L}\p{M}\p{N}]--[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}]]+/gv

/** The accents of Latin, Greek and Cyrillic letters, and the vowel points of Hebrew and Arabic. */
const MARKS = /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]/g

/** A word, or a run of a script without spaces, folded; and where it is in the text. */
export type Token = Readonly<{ word: string; spaceless: boolean; index: number; length: number }>

/** A text without accents and case. It has more steps than `toLowerCase`, so that ẞ and ß are ss, and ς is σ. */
export const fold = (text: string): string =>
  text.normalize('NFKD').replace(MARKS, '').toLowerCase().toUpperCase().toLowerCase().replaceAll('ς', 'σ')

const cut = (word: string): string =>
  word.length <= WORD_CHARS ? word : [...word].slice(0, WORD_CHARS).join('')

/** The words of a text in order. */
export function* tokensOf(text: string): Generator<Token> {
  // Folding may part what was one, even into two scripts: ½ becomes 1⁄2, and ŉ becomes ʼn.
  for (const { 0: found, index } of text.matchAll(RUN))
    for (const { 0: word, groups } of fold(found).matchAll(RUN)) {
      const spaceless = groups?.run !== undefined
      yield { word: spaceless ? word : cut(word), spaceless, index, length: found.length }
    }
}

/** The beginnings of a run at each of its characters. */
const grams = (run: string): string[] => {
  const characters = [...run]
  return characters.map((_, start) => characters.slice(start, start + GRAM).join(''))
}

/** The different keys of texts, at most `limit` of them, those of the first text first. */
export const keysOf = (texts: readonly string[], limit: number): string[] => {
  const keys = new Set<string>()
  for (const text of texts)
    for (const { word, spaceless } of tokensOf(text))
      for (const key of spaceless ? grams(word) : [word]) {
        if (keys.size === limit) return [...keys]
        keys.add(key)
      }
  return [...keys]
}

/** One word of a query. */
export type Term = Readonly<{
  word: string
  spaceless: boolean
  /** What the keys of a text must begin with, each of these. */
  prefixes: readonly string[]
}>

/** Prefixes that together cover a run: one after the other, and the last one at its end. */
const covering = (run: string): string[] => {
  const all = grams(run).filter((gram) => [...gram].length === GRAM)
  return all.length === 0 ? [run] : all.filter((_, n) => n % GRAM === 0 || n === all.length - 1)
}

/** The first different words of a query. */
export const termsOf = (query: string, limit: number): Term[] => {
  const terms = new Map<string, Term>()
  for (const { word, spaceless } of tokensOf(query))
    if (terms.size < limit)
      terms.set(word, { word, spaceless, prefixes: spaceless ? covering(word) : [word] })
  return [...terms.values()]
}
