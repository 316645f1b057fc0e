// What is done to people's text before it stands in a mail: tidied, cut, escaped. Pure; knows no template.

/** Characters that turn text around or hide it: they let a name lie about the words beside it. */
const UNSEEN = /[\u202A-\u202E\u2066-\u2069\u{E0000}-\u{E007F}]/gu

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

/** `1 task`, `2 tasks`. */
export const counted = (count: number, one: string, many: string): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`

const knownLocale = (locale: string): string => {
  try {
    const [canonical = 'en'] = Intl.getCanonicalLocales(locale)
    // The mails are in English; a date in another language would stand out in them.
    return canonical === 'en' || canonical.startsWith('en-') ? canonical : 'en'
  } catch {
    return 'en'
  }
}

/** A moment written out for one reader; a time zone that is not known counts as UTC. */
export const moment = (at: Date, locale: string, time_zone: string): string => {
  const style = {
    year: 'numeric',
    month: 'long',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
    timeZoneName: 'short',
  } as const
  const known = knownLocale(locale)
  try {
    return oneLine(at.toLocaleString(known, { ...style, timeZone: time_zone }))
  } catch {
    return oneLine(at.toLocaleString(known, { ...style, timeZone: 'UTC' }))
  }
}
