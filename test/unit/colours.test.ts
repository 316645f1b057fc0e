// That mails and pages look like one product, and that everybody can read what stands on their colours.
import { describe, expect, test } from 'vitest'
import { STYLE } from '../../services/gateway/web/style.ts'
import { COLOURS, DARK } from '../../services/notifier/emails/layout.ts'

/** The pages' colours of one scheme, by name. */
const pages = (scheme: 'light' | 'dark'): Record<string, string> =>
  Object.fromEntries(
    [...STYLE.matchAll(/--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(
      ([, name = '', light = '', dark = '']) => [name.replace('-', '_'), scheme === 'light' ? light : dark],
    ),
  )

/** https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
const luminance = (colour: string): number => {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5]
    .map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}
const contrast = (one: string, other: string): number => {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

describe.each([
  ['light', COLOURS],
  ['dark', DARK],
] as const)('%s mails', (scheme, colours) => {
  test('have_the_colours_of_the_pages', () => {
    expect(pages(scheme)).toMatchObject(colours)
  })
})

// WCAG 2.2, 1.4.3: text of usual size needs 4.5 to 1.
describe.each(['light', 'dark'] as const)('%s', (scheme) => {
  test.each([
    ['text', 'page'],
    ['text', 'card'],
    ['text', 'field'],
    ['text', 'accent_soft'],
    ['muted', 'page'],
    ['muted', 'card'],
    ['muted', 'accent_soft'],
    ['accent', 'page'],
    ['accent', 'card'],
    ['accent', 'accent_soft'],
    ['on_accent', 'accent'],
    ['warn', 'warn_soft'],
    ['bad', 'bad_soft'],
  ])('%s_on_%s_can_be_read', (ink, paper) => {
    const { [ink]: one = '', [paper]: other = '' } = pages(scheme)
    expect(contrast(one, other)).toBeGreaterThanOrEqual(4.5)
  })
})
