// What is done to people's text before it stands in a mail: tidied, cut, escaped, kept apart. Pure; knows no template.
import {
  directionOf,
  formatLocale,
  isTimeZone,
  type Language,
} from '../../../shared/contracts/define/language.ts'

/** Characters that turn text around or hide it: they let a name lie about the words beside it. */
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
 * Text as HTML or MJML content. Braces are escaped too, so that nobody's text can look like one of our slots or like
 * another program's template.
 */
export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"'`{}]/g, (character) => ENTITIES[character] ?? character)

/**
 * Somebody's words within a line of plain text, kept from reordering the words around them: between FIRST STRONG ISOLATE
 * and POP DIRECTIONAL ISOLATE (UAX #9, §2.4.2). Left bare where nothing could be reordered.
 */
export const isolated = (text: string, language: Language): string =>
  directionOf(language) === 'rtl' || RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text

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

/** Characters (code points) of a name in a header: some libraries write one on a single line, which has its limit. */
const HEADER_NAME_CHARS = 64

/** WORD JOINER: seen by nobody. */
const JOINER = '\u2060'

/**
 * A name as it stands in a header, beside an address or an id. What looks like an encoded word (RFC 2047) is kept from being
 * one: readers would decode it, in quotes too.
 */
export const headerName = (text: string): string =>
  cut(oneLine(text), HEADER_NAME_CHARS).replaceAll('=?', `=${JOINER}?`)

/**
 * A text that mail programs make no link of: WORD JOINER (U+2060), which nobody sees, behind the dots and colons within
 * its words.
 */
export const unlinked = (text: string): string => text.replace(/(?<=\S)[.:](?=\S)/g, '$&\u2060')

/** Writes moments out for readers with one locale and time zone. Making one takes a hundred times as long as using it. */
export type Clock = (at: Date) => string

const STYLE = {
  year: 'numeric',
  month: 'long',
  day: 'numeric',
  hour: 'numeric',
  minute: '2-digit',
  timeZoneName: 'short',
  calendar: 'gregory',
  // As the numbers in the rest of the mail, which is the same for all regions of a language.
  numberingSystem: 'latn',
} as const

/** The clock of a reader, in the Gregorian calendar; a time zone that is not known counts as UTC. */
export const clockOf = (locale: string, time_zone: string): Clock => {
  const timeZone = isTimeZone(time_zone) ? time_zone : 'UTC'
  const format = new Intl.DateTimeFormat(formatLocale(locale), { ...STYLE, timeZone })
  return (at) => oneLine(format.format(at))
}
