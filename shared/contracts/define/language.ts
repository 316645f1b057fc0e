// The languages that people are written to in, and how a person's locale leads to one. Pure.

/** Each by its own name. */
export const LANGUAGES = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  ar: 'العربية',
} as const
export type Language = keyof typeof LANGUAGES

const isLanguage = (code: string): code is Language => Object.hasOwn(LANGUAGES, code)

const parse = (locale: string): Intl.Locale | undefined => {
  try {
    return new Intl.Locale(locale)
  } catch {
    return undefined
  }
}

/** The language of a locale (BCP 47), or undefined when we have no mails in it. */
export const knownLanguage = (locale: string): Language | undefined => {
  const code = parse(locale)?.language ?? ''
  return isLanguage(code) ? code : undefined
}

/** The language to write in to somebody with this locale: English when we have no mails in it. */
export const languageOf = (locale: string): Language => knownLanguage(locale) ?? 'en'

/** The locale for dates in a text of our language: with the person's region where it is one of that language. */
export const formatLocale = (locale: string): string => {
  const language = languageOf(locale)
  const region = knownLanguage(locale) && parse(locale)?.region
  return region ? `${language}-${region}` : language
}

/** Which way a language is written. */
export const directionOf = (language: Language): 'ltr' | 'rtl' => (language === 'ar' ? 'rtl' : 'ltr')

/** Whether IANA has such a time zone. */
export const isTimeZone = (name: string): boolean => {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
