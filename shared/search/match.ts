// How well a text matches a query, and what is shown of it. Pure.
//
// Each word of the query earns points: most in a title, fewer in another text, fewest in a comment, and one more as a whole
// word than as the beginning of one. More points come first, and among equals the newer.
import { type Term, tokensOf } from './words.ts'

/** Characters of a snippet. */
export const SNIPPET_CHARS = 160
/** Characters of it before the hit. */
const BEFORE_CHARS = 50

/** A part of a document that is searched, such as its title. */
export type Part = Readonly<{ name: string; text: string }>
/** Where a document matches: the part with most of the words, and in it where the first of them is. */
export type Match = Readonly<{ part: Part; index: number }>

/** The terms that a part has, and where the first of them is. */
const findIn = ({ text }: Part, terms: readonly Term[]) => {
  const found = new Set<Term>()
  let first: number | undefined
  for (const token of tokensOf(text)) {
    for (const term of terms)
      if (
        term.spaceless
          ? token.spaceless && token.word.includes(term.word)
          : !token.spaceless && token.word.startsWith(term.word)
      ) {
        found.add(term)
        // Within a run, the folded text may be longer than the text: its beginning is near enough.
        first ??= token.index + (token.spaceless ? within(text, token, term) : 0)
      }
    if (found.size === terms.length) break
  }
  return { found, index: first ?? 0 }
}

const within = (text: string, token: Readonly<{ index: number; length: number }>, term: Term): number =>
  Math.max(0, text.slice(token.index, token.index + token.length).indexOf(term.word))

/** Where the parts of a document match a query; undefined unless they have all its words between them. */
export const matchParts = (parts: readonly Part[], terms: readonly Term[]): Match | undefined => {
  const all = new Set<Term>()
  let best: Readonly<{ part: Part; index: number; terms: number }> | undefined
  for (const part of parts) {
    const { found, index } = findIn(part, terms)
    for (const term of found) all.add(term)
    if (found.size > (best?.terms ?? 0)) best = { part, index, terms: found.size }
  }
  return all.size === terms.length && best ? { part: best.part, index: best.index } : undefined
}

const collapse = (text: string): string => text.replace(/[\s\p{Cc}\p{Cf}]+/gu, ' ')

/** The text around a hit, on one line: plain text, at most SNIPPET_CHARS characters, with … where it was cut. */
export const snippetOf = (text: string, index: number): string => {
  // Spaces that collapse take more room in the text, so more of it is read than shown.
  const lead = [...collapse(text.slice(Math.max(0, index - 4 * BEFORE_CHARS), index)).trimStart()]
  const rest = [...collapse(text.slice(index, index + 8 * SNIPPET_CHARS)).trimEnd()]
  const isLeadCut = lead.length > BEFORE_CHARS || index > 4 * BEFORE_CHARS
  const before = lead.slice(-BEFORE_CHARS).join('')
  // From a whole word on, where there is one.
  const begin = isLeadCut ? `…${before.replace(/^\S* /, '')}` : before
  const room = SNIPPET_CHARS - [...begin].length
  const isRestCut = rest.length > room || index + 8 * SNIPPET_CHARS < text.length
  return begin + (isRestCut ? `${rest.slice(0, room - 1).join('')}…` : rest.join(''))
}

/** What the index knows of a document that has all words of a query, as far as its rank depends on it. */
export type Indexed = Readonly<{
  _id: string
  is_comment: boolean
  /** The keys of its title. */
  title: readonly string[]
  /** Those words of the query that it has as whole words. */
  exact: readonly string[]
}>

const points = ({ is_comment, title, exact }: Indexed, { word, spaceless, prefixes }: Term): number => {
  // A run without spaces has no whole words: any part of it is one.
  const inTitle = prefixes.every((prefix) => title.some((key) => key.startsWith(prefix)))
  const isWhole = spaceless || (inTitle ? title.includes(word) : exact.includes(word))
  return (inTitle ? 5 : is_comment ? 1 : 3) + (isWhole ? 1 : 0)
}

/** The place of a document in an answer, as a text: the greater, the earlier. */
export const rankOf = (indexed: Indexed, terms: readonly Term[]): string => {
  const sum = terms.reduce((total, term) => total + points(indexed, term), 0)
  return `${String(sum).padStart(2, '0')}:${indexed._id}`
}

/** The form of a rank. */
export const RANK = /^\d{2}:[0-9A-HJKMNP-TV-Z]{26}$/
