// Days and moments as a person reads them: relative in the text, absolute in the title. Pure.
import { html } from 'hono/html'
import type { Language } from '../../../shared/contracts/define/language.ts'

type Html = ReturnType<typeof html>

/** How somebody reads: language and region (BCP 47), and an IANA time zone. */
export type Reading = Readonly<{ locale: string; time_zone: string }>

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const UNITS = [
  ['year', 365 * 24 * 60 * MINUTE_MS],
  ['month', 30 * 24 * 60 * MINUTE_MS],
  ['day', 24 * 60 * MINUTE_MS],
  ['hour', 60 * MINUTE_MS],
  ['minute', MINUTE_MS],
] as const

/** How far a moment is from now, in the largest unit that fits: “3 hours ago”, “in 20 minutes”, “now”. */
export const relative = (at: Date, now: Date, { locale }: Reading): string => {
  const words = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'short' })
  const ms = at.getTime() - now.getTime()
  for (const [unit, unit_ms] of UNITS)
    if (Math.abs(ms) >= unit_ms) return words.format(Math.trunc(ms / unit_ms), unit)
  return words.format(0, 'second')
}

/** A moment in full. */
export const absolute = (at: Date, { locale, time_zone }: Reading): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'long', timeZone: time_zone }).format(at)

/** A moment: relative, with the absolute one in its title. */
export const moment = (at: Date, now: Date, reading: Reading): Html =>
  html`<time datetime="${at.toISOString()}" title="${absolute(at, reading)}">${relative(at, now, reading)}</time>`

/** A calendar date (`YYYY-MM-DD`), as somebody writes it. */
export const calendarDay = (date: string, { locale }: Reading): string =>
  new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(
    new Date(`${date}T00:00:00Z`),
  )

/** The calendar date (`YYYY-MM-DD`) of a moment where somebody is. */
export const dayOf = (at: Date, { time_zone }: Reading): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: time_zone, dateStyle: 'short' }).format(at)

/** The calendar date some days behind another; before it, where they are less than none. */
export const daysAfter = (date: string, days: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10)

/** How far the clocks of a time zone are ahead of UTC at a moment (ms). */
const aheadAt = (at: Date, time_zone: string): number => {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: time_zone, timeZoneName: 'longOffset' })
  const offset = parts.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  const [, sign, hours = '0', minutes = '0'] = /GMT([+-])(\d{2}):(\d{2})/.exec(offset) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * MINUTE_MS
}

/**
 * The moment at which a calendar date begins where somebody is. The clocks may change on that day, even at midnight: so of
 * the moments at which they would show it before and after a change, the first is taken at which that day has begun.
 */
export const startOfDay = (date: string, reading: Reading): Date => {
  const midnight_ms = Date.parse(`${date}T00:00:00Z`)
  const starts = [-DAY_MS, DAY_MS]
    .map((away) => midnight_ms - aheadAt(new Date(midnight_ms + away), reading.time_zone))
    .filter((ms) => dayOf(new Date(ms), reading) >= date)
  return new Date(Math.min(...starts))
}

/** A day (UTC) in full, as pages about accounts show it. */
export const day = (at: Date, language: Language): string =>
  language === 'en'
    ? at.toISOString().slice(0, 10)
    : new Intl.DateTimeFormat(language, { dateStyle: 'long', timeZone: 'UTC' }).format(at)

/** A minute (UTC) in full, as pages about accounts show it. */
export const minute = (at: Date, language: Language): string =>
  language === 'en'
    ? `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
    : new Intl.DateTimeFormat(language, {
        year: 'numeric',
        month: 'long',
        day: 'numeric',
        hour: '2-digit',
        minute: '2-digit',
        timeZone: 'UTC',
        timeZoneName: 'short',
      }).format(at)
