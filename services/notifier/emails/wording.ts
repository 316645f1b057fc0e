// The messages of a language, ready to use: fills their places and chooses plural forms. Pure.
import { type Language, languageOf } from '../../../shared/contracts/define/language.ts'
import { fill, type PlacesOf, type Tables, wordsOf } from '../../../shared/contracts/define/wording.ts'
import { ar } from './messages/ar.ts'
import { de } from './messages/de.ts'
import { en, type Messages } from './messages/en.ts'
import { es } from './messages/es.ts'
import { fr } from './messages/fr.ts'
import type { Line, Piece } from './template.ts'
import { cut, isolated } from './text.ts'

/** The messages of every language. */
export const MESSAGES: Readonly<Record<Language, Messages>> = { en, de, fr, es, ar }

type Table = typeof en
type KeyOf<Form> = { [K in keyof Table]: Table[K] extends Form ? K : never }[keyof Table]
type Sentence = KeyOf<string>
type Counting = KeyOf<Readonly<{ other: string }>>
/** A message without places. */
type Word = { [K in Sentence]: [PlacesOf<Table[K]>] extends [never] ? K : never }[Sentence]

/** The messages of one language, ready to use. */
export type Wording = Readonly<{
  language: Language
  messages: Messages
  word: (key: Word) => string
  /** A message with its places filled. */
  say: <K extends Sentence>(key: K, places: Readonly<Record<PlacesOf<Table[K]>, Piece>>) => Line
  /** A message in the plural form for a number. */
  plural: (key: Counting, count: number) => string
  /** A message as a subject: people's texts in it are cut to fit, the message itself never. */
  subject: <K extends Sentence>(key: K, places: Readonly<Record<PlacesOf<Table[K]>, string>>) => string
}>

/** Most visible code points of a subject, so that it fits on one line of most mail programs. */
const SUBJECT_CHARS = 78

/** Cuts each text to its share of the room (code points); what a short text leaves goes to the longer ones. */
const shared = (texts: Readonly<Record<string, string>>, room: number): Record<string, string> => {
  const fitted: Record<string, string> = {}
  const shortestFirst = Object.entries(texts).toSorted(([, a], [, b]) => [...a].length - [...b].length)
  let left = room
  for (const [index, [name, text]] of shortestFirst.entries()) {
    const kept = cut(text, Math.floor(left / (shortestFirst.length - index)))
    fitted[name] = kept
    left -= [...kept].length
  }
  return fitted
}

/** The wording for somebody with a locale. */
export const wordingOf = (locale: string): Wording => {
  const language = languageOf(locale)
  const messages = MESSAGES[language]
  const { plural } = wordsOf(MESSAGES as Tables<typeof en>, language)
  const text = (key: Sentence): string => messages[key]
  return {
    language,
    messages,
    word: text,
    say: (key, places) => fill<Piece>(text(key), places),
    plural,
    subject: (key, places: Readonly<Record<string, string>>) => {
      const bare = fill(text(key), {}).join('')
      const fitted = Object.entries(shared(places, SUBJECT_CHARS - [...bare].length)).map(
        ([name, text]) => [name, isolated(text, language)] as const,
      )
      return fill(text(key), Object.fromEntries(fitted)).join('')
    },
  }
}
