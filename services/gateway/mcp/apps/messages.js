// @ts-check
// What the apps say, in the languages of the mails.
import { ar } from './messages/ar.js'
import { de } from './messages/de.js'
import { en } from './messages/en.js'
import { es } from './messages/es.js'
import { fr } from './messages/fr.js'

/** @import { Message, Messages } from './messages/en.js' */

/** The messages of each language. */
export const LANGUAGES = { en, de, fr, es, ar }
/** @type {Messages} */
let messages = en

/**
 * Speaks a language from now on: that of the locale, or English.
 * @returns {keyof typeof LANGUAGES} the language
 */
export const chooseLanguage = (/** @type {string} */ locale) => {
  const [wanted = ''] = locale.toLowerCase().split('-')
  const language = /** @type {keyof typeof LANGUAGES} */ (Object.hasOwn(LANGUAGES, wanted) ? wanted : 'en')
  messages = LANGUAGES[language]
  return language
}

/**
 * A message with its places filled. Beside Arabic, what is filled in keeps its own direction (Unicode, FSI and PDI).
 * @param {Message} name
 * @param {Readonly<Record<string, string | number>>} [places]
 */
export const say = (name, places = {}) =>
  messages[name].replace(/\{(\w+)\}/g, (whole, place) => {
    const text = String(places[place] ?? whole)
    return messages === ar ? `\u2068${text}\u2069` : text
  })
