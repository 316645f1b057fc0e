// Messages in every language: how they are declared, and how their places are filled. Pure.
import { directionOf, type Language } from './language.ts'

/** A message that depends on a number: a form for each plural category of the language (UTS #35, part 3, §5). */
export type Plural = Readonly<{ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>>
/** Messages of one language by key. A place is `{name}`; in a plural, the number is `{count}`. */
export type Table = Readonly<Record<string, string | Plural>>
/** The names of the places of a text. */
export type PlacesOf<Text> = Text extends `${string}{${infer Place}}${infer Rest}`
  ? Place | PlacesOf<Rest>
  : never
/** The same messages in another language. */
export type Translated<T extends Table> = { readonly [K in keyof T]: T[K] extends string ? string : Plural }
/** Messages in every language. English says which there are, and their places. */
export type Tables<T extends Table> = Readonly<{ en: T } & Record<Exclude<Language, 'en'>, Translated<T>>>

/** Declares messages in every language; the compiler names a message or a language that is missing. */
export const defineMessages = <const T extends Table>(tables: Tables<T>): Tables<T> => tables

const PLACE = /\{([a-z]+)\}/

/** Fills the places of a text. @returns its pieces in order: words of the message, and what was put into its places. */
export const fill = <P>(text: string, places: Readonly<Record<string, P>>): readonly (string | P)[] =>
  text.split(PLACE).map((part, index) => (index % 2 === 0 ? part : (places[part] ?? '')))

type KeyOf<T extends Table, Form> = { [K in keyof T]: T[K] extends Form ? K : never }[keyof T]
type SentenceOf<T extends Table> = KeyOf<T, string>
type CountingOf<T extends Table> = KeyOf<T, Readonly<{ other: string }>>
/** A message without places. */
type WordOf<T extends Table> = {
  [K in SentenceOf<T>]: [PlacesOf<T[K]>] extends [never] ? K : never
}[SentenceOf<T>]

/**
 * What is put into a place of a right-to-left message, between FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE (UAX #9
 * §2.4.2): it cannot reorder the words around it.
 */
const isolated = (text: string): string => `\u2068${text}\u2069`
const unchanged = (text: string): string => text

/** The messages of one language, ready to use. */
export type Words<T extends Table> = Readonly<{
  /** A message without places. */
  word: (key: WordOf<T>) => string
  /** A message with its places filled by texts. */
  say: <K extends SentenceOf<T>>(key: K, places: Readonly<Record<PlacesOf<T[K]>, string>>) => string
  /** A message in pieces, so that its places may be filled by more than text. */
  pieces: <K extends SentenceOf<T>, P>(
    key: K,
    places: Readonly<Record<PlacesOf<T[K]>, P>>,
  ) => readonly (string | P)[]
  /** A message in the plural form for a number. */
  plural: (key: CountingOf<T>, count: number) => string
  /** Somebody's own text where it stands alone: as in a place of a message, it cannot reorder what is around it. */
  isolate: (text: string) => string
}>

/** The words of one language out of messages in all of them. */
export const wordsOf = <T extends Table>(tables: Tables<T>, language: Language): Words<T> => {
  const table = tables[language] as Table
  const rules = new Intl.PluralRules(language)
  const numbers = new Intl.NumberFormat(language)
  const text = (key: keyof T): string => table[String(key)] as string
  const isolate = directionOf(language) === 'rtl' ? isolated : unchanged
  return {
    word: (key) => text(key),
    say: (key, places: Readonly<Record<string, string>>) =>
      fill<string>(text(key), places)
        .map((part, index) => (index % 2 === 1 ? isolate(part) : part))
        .join(''),
    pieces: (key, places) => fill(text(key), places),
    isolate,
    plural: (key, count) => {
      const forms = table[String(key)] as Plural
      return (forms[rules.select(count)] ?? forms.other).replace('{count}', numbers.format(count))
    },
  }
}
