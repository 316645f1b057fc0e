// Texts that people wrote, and moments, made fit for a mail.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cut, escapeHtml, isolated, oneLine, timeWriter } from '../../../services/notifier/emails/text.ts'

describe('texts', () => {
  it('one_line_without_control_or_direction_characters', () => {
    expect(oneLine(' a\r\n\tb\u0000\u202Ec\u2066d e\u0301\uD800 ')).toBe('a b cd é\uFFFD')
  })
  it('every_character_of_markup_is_escaped', () => {
    expect(escapeHtml('&<>"\'`{}')).toBe('&amp;&lt;&gt;&quot;&#39;&#96;&#123;&#125;')
  })
  it('kept_apart_only_where_something_could_be_reordered', () => {
    expect(isolated('Ana', 'en')).toBe('Ana')
    expect(isolated('דנה', 'en')).toBe('\u2068דנה\u2069')
    expect(isolated('Ana', 'ar')).toBe('\u2068Ana\u2069')
  })
  it('cut_keeps_what_fits', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 40 }), (text, max) => {
        const kept = cut(text, max)
        expect([...kept].length).toBeLessThanOrEqual(max)
        expect(kept === text || (kept.endsWith('…') && text.startsWith(kept.slice(0, -1)))).toBe(true)
      }),
    )
  })
  it.each([
    ['en', 'Europe/Zurich', 'November 22, 2026 at 3:03 PM GMT+1'],
    ['en-GB', 'Europe/London', '22 November 2026 at 14:03 GMT'],
    ['de-CH', 'UTC', '22. November 2026 um 14:03 UTC'],
    ['fr', 'America/New_York', '22 novembre 2026 à 09:03 UTC−5'],
    ['ar-SA', 'Asia/Riyadh', '22 نوفمبر 2026 في 5:03 م غرينتش+3'],
    ['pt-BR', 'UTC', 'November 22, 2026 at 2:03 PM UTC'],
    ['not a locale', 'Mars/Olympus', 'November 22, 2026 at 2:03 PM UTC'],
  ])('a moment in %s and %s', (locale, zone, written) =>
    expect(timeWriter(locale, zone)(new Date('2026-11-22T14:03:00.000Z'))).toBe(written),
  )
})
