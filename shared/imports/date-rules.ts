// Dates of other systems as calendar dates. Pure.

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const HALF_DAY_MS = 12 * 60 * 60_000

/** A calendar date; undefined when there is no such day. */
const calendarDate = (year: number, month: number, day: number): string | undefined => {
  const at = new Date(Date.UTC(year, month - 1, day))
  const real = at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === day
  return real && year >= 1000 && year <= 9999 ? at.toISOString().slice(0, 10) : undefined
}

/**
 * The day of a moment that stands for a midnight somewhere: 23:00 UTC on the 25th is the beginning of the 26th in Berlin, and
 * 05:00 UTC on the 26th that of the 26th in New York.
 */
const dayOfMidnight = (at: Date): string | undefined => {
  const near = new Date(at.getTime() + HALF_DAY_MS)
  return calendarDate(near.getUTCFullYear(), near.getUTCMonth() + 1, near.getUTCDate())
}

/** Each way to write a date, as a pattern and what it says. */
const FORMS: readonly (readonly [RegExp, (...parts: string[]) => string | undefined])[] = [
  // 2024-01-26, also with a time of day that stands for no midnight elsewhere.
  [
    /^(\d{4})-(\d{2})-(\d{2})(?:[ T]\d{2}:\d{2}(?::\d{2})?)?$/,
    (year, month, day) => calendarDate(Number(year), Number(month), Number(day)),
  ],
  // 2024-01-25T23:00:00.000Z
  [/^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}.*(?:Z|[+-]\d{2}:?\d{2}))$/, (text) => moment(text)],
  // Thu Jan 25 2024 23:00:00 GMT+0000 (GMT)
  [
    /^([A-Z][a-z]{2} [A-Z][a-z]{2} \d{1,2} \d{4} \d{2}:\d{2}:\d{2} GMT[+-]\d{4})(?: \(.*\))?$/,
    (text) => moment(text),
  ],
  // 09/Jan/24 3:54 PM, 9/Jan/2024, 26 Jan 2024, 26-Jan-24
  [
    /^(\d{1,2})[/ -]([A-Za-z]{3})[a-z]*[/ -](\d{4}|\d{2})(?:,? \d{1,2}:\d{2}(?: [AP]M)?)?$/,
    (day, month, year) => named(year, month, day),
  ],
  // Jan 26, 2024
  [/^([A-Za-z]{3})[a-z]* (\d{1,2}),? (\d{4})$/, (month, day, year) => named(year, month, day)],
]

const moment = (text = ''): string | undefined => {
  const at = new Date(text)
  return Number.isNaN(at.getTime()) ? undefined : dayOfMidnight(at)
}

const named = (year = '', month = '', day = ''): string | undefined => {
  const full = year.length === 2 ? 2000 + Number(year) : Number(year)
  return calendarDate(full, MONTHS.indexOf(month.toLowerCase()) + 1, Number(day))
}

/** The calendar date that a text names; null for an empty text, undefined for one that is not understood. */
export const readDate = (text: string): string | null | undefined => {
  const plain = text.trim()
  if (plain === '') return null
  for (const [form, read] of FORMS) {
    const parts = form.exec(plain)
    if (parts) return read(...parts.slice(1))
  }
  return undefined
}
