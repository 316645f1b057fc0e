// The languages of mails, and which one a person's locale leads to. Pure.

/** The name of each language in that language. */
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

/** The language of a locale (BCP 47), or undefined when there are no mails in it. */
export const knownLanguage = (locale: string): Language | undefined => {
  const code = parse(locale)?.language ?? ''
  return isLanguage(code) ? code : undefined
}

/** The language for somebody with this locale: English where there are no mails in theirs. */
export const languageOf = (locale: string): Language => knownLanguage(locale) ?? 'en'

/** The locale for dates in a mail: the mail's language, with the person's region if their locale is in that language. */
export const formatLocale = (locale: string): string => {
  const language = languageOf(locale)
  const region = knownLanguage(locale) && parse(locale)?.region
  return region ? `${language}-${region}` : language
}

/** The direction that a language is written in. */
export const directionOf = (language: Language): 'ltr' | 'rtl' => (language === 'ar' ? 'rtl' : 'ltr')

/** Whether IANA has such a time zone. */
export const isTimeZone = (name: string): boolean => {
  try {
    return Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
