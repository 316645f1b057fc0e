// Sets the language and time zone in which a person is written to.

import { isTimeZone, knownLanguage, LANGUAGES } from '../../../shared/contracts/define/language.ts'
import { untilSaved } from '../../../shared/storage/command.ts'
import type { Deps } from '../deps.ts'
import { fieldFault } from '../translated-errors.ts'
import type { Person } from './person-rules.ts'

/** What is stored for a choice. A locale with a region stays as long as its language is the chosen one. */
const readingFrom = (
  { locale }: Pick<Person, 'locale'>,
  typed: Readonly<{ language: string; time_zone: string }>,
): Readonly<{ locale: string; time_zone: string | null }> => {
  const { language, time_zone } = typed
  if (!Object.hasOwn(LANGUAGES, language))
    throw fieldFault('language', (words) => words.word('unknown_language'))
  if (time_zone !== '' && !isTimeZone(time_zone))
    throw fieldFault('time_zone', (words) => words.word('unknown_time_zone'))
  return {
    locale: knownLanguage(locale) === language ? locale : language,
    time_zone: time_zone === '' ? null : time_zone,
  }
}

/**
 * Sets how a person is written to. An empty time zone stands for that of the workspace in question.
 * @throws AppError `invalid_argument` with a sentence for the form.
 */
export const chooseReading = (
  { store, ids }: Deps,
  person: Person,
  typed: Readonly<{ language: string; time_zone: string }>,
): Promise<Person> => {
  const reading = readingFrom(person, typed)
  return untilSaved(async () => {
    const fresh = (await store.people.byId(person._id)) ?? person
    const saved = await store.people.setReading(fresh, reading)
    return saved === 'stale' ? undefined : saved
  }, ids.random)
}

/** The time zones of one part of the world, or of none, each with its IANA name and its label. */
type Area = Readonly<{
  area: string | undefined
  zones: readonly Readonly<{ name: string; label: string }>[]
}>

/** Every time zone that can be chosen. @param also one more, which may have an outdated name. */
export const timeZonesByArea = (also: string | null): readonly Area[] => {
  const areas = new Map<string | undefined, { name: string; label: string }[]>()
  const names = new Set(['UTC', ...Intl.supportedValuesOf('timeZone'), ...(also === null ? [] : [also])])
  for (const name of names) {
    const [first = '', ...places] = name.split('/')
    const [area, shown] = places.length === 0 ? [undefined, [name]] : [first, places]
    const label = shown.join(', ').replaceAll('_', ' ')
    areas.set(area, [...(areas.get(area) ?? []), { name, label }])
  }
  return [...areas].map(([area, zones]) => ({ area, zones }))
}
