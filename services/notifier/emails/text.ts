// Makes text that people wrote fit for a mail: tidied, cut, escaped, isolated. Pure.
import {
  directionOf,
  formatLocale,
  isTimeZone,
  type Language,
} from '../../../shared/contracts/define/language.ts'

/** Characters that turn text around or hide it: with them, a name can change how the words beside it read. */
const UNSEEN = /[\u202A-\u202E\u2066-\u2069\u{E0000}-\u{E007F}]/gu
/** Letters of the scripts that are written from right to left. */
const RIGHT_TO_LEFT =
  /[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}\u200F\u061C]/u

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
  '{': '&#123;',
  '}': '&#125;',
}

/** Text on one line: composed form, no control characters, no direction overrides, single spaces. */
export const oneLine = (text: string): string =>
  text
    .toWellFormed()
    .normalize('NFC')
    .replace(UNSEEN, '')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()

/**
 * Text as HTML or MJML content. Braces are escaped too, so no text can look like a slot.
 */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"'`{}]/g, (character) => ENTITIES[character] ?? character)

/**
 * Somebody's words within a line of plain text, between FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE (UAX #9 §2.4.2): so
 * they cannot reorder the words around them. Left as they are where nothing could be reordered.
 */
export const isolated = (text: string, language: Language): string =>
  directionOf(language) === 'rtl' || RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text

/** The colon after a label: French sets a no-break space before it. */
export const colonIn = (language: Language): string => (language === 'fr' ? '\u00a0:' : ':')

/**
 * The beginning of a text, at most `max` code points with its ellipsis, never ending inside a character that people
 * see as one (a flag, an accented letter).
 */
export const cut = (text: string, max: number): string => {
  if (text.length <= max || [...text].length <= max) return text
  let kept = ''
  let size = 1
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(text)) {
    size += [...segment].length
    if (size > max) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}

/** Most code points of a name in a header: some libraries write a name on a single line, whose length is limited. */
const HEADER_NAME_CHARS = 64

/** WORD JOINER, which is invisible. */
const JOINER = '\u2060'

/**
 * A name for a header, beside an address or an id. What looks like an encoded word (RFC 2047) is broken up, because mail
 * programs would decode it, even in quotes.
 */
export const headerName = (text: string): string =>
  cut(oneLine(text), HEADER_NAME_CHARS).replaceAll('=?', `=${JOINER}?`)

/**
 * A text that mail programs do not turn into a link: with an invisible WORD JOINER after the dots and colons within its words.
 */
export const unlinked = (text: string): string => text.replace(/(?<=\S)[.:](?=\S)/g, `$&${JOINER}`)

/** Writes moments out for readers with one locale and time zone. */
export type WriteTime = (at: Date) => string

const STYLE = {
  year: 'numeric',
  month: 'long',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  timeZoneName: 'short',
  calendar: 'gregory',
  // Like the numbers in the rest of the mail, which is the same for all regions of a language.
  numberingSystem: 'latn',
} as const

/**
 * Makes the writer of times for a reader, in the Gregorian calendar; an unknown time zone counts as UTC. Making it takes a
 * hundred times as long as using it.
 */
export const timeWriter = (locale: string, time_zone: string): WriteTime => {
  const timeZone = isTimeZone(time_zone) ? time_zone : 'UTC'
  const format = new Intl.DateTimeFormat(formatLocale(locale), { ...STYLE, timeZone })
  return (at) => oneLine(format.format(at))
}
