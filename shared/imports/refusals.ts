// Refuses a file as a whole: with a code and its places, so that a page can say it in the reader's language. Pure.
import { AppError, type ErrorCode } from '../contracts/define/errors.ts'
import type { Language } from '../contracts/define/language.ts'
import { fill, type PlacesOf } from '../contracts/define/wording.ts'
import { REFUSALS } from './refusal-words.ts'

type Messages = (typeof REFUSALS)['en']
/** Why a file is refused. */
type RefusalCode = keyof Messages
/** What a refusal names. */
type RefusalPlaces<C extends RefusalCode> = Readonly<Record<PlacesOf<Messages[C]>, string>>

const sentence = (language: Language, code: RefusalCode, places: Readonly<Record<string, string>>): string =>
  fill(REFUSALS[language][code], places).join('')

/** The refusal of a file, in English. @param field of the form that it is about */
export const refusal = <C extends RefusalCode>(
  code: C,
  places: RefusalPlaces<C>,
  { error = 'invalid_argument', field = 'file' }: Readonly<{ error?: ErrorCode; field?: string }> = {},
): AppError =>
  new AppError(error, sentence('en', code, places), { details: { field, refusal: { code, places } } })

const isCode = (code: unknown): code is RefusalCode =>
  typeof code === 'string' && Object.hasOwn(REFUSALS.en, code)

/** A refusal in another language; undefined for any other error. */
export const refusalIn = ({ extras }: AppError, language: Language): string | undefined => {
  const { code, places } = (extras.details?.refusal ?? {}) as {
    code?: unknown
    places?: Record<string, string>
  }
  return isCode(code) ? sentence(language, code, places ?? {}) : undefined
}
