// Texts of people as HTML: they are read, and can do nothing.
import { expect, test } from 'vitest'
import { markdown } from '../../../services/gateway/web/markdown.ts'
import { HOSTILE_TEXTS } from '../../support/hostile-texts.ts'

const shown = (text: string): string => String(markdown(text))

test('what_is_common_is_formatted', () => {
  const html = shown('# Title\n\n- one\n- **two**\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n~~old~~ `code`')
  for (const part of [
    '<h3>Title</h3>',
    '<li>one</li>',
    '<strong>two</strong>',
    '<table>',
    '<s>old</s>',
    '<code>code</code>',
  ])
    expect(html).toContain(part)
})

test('links_lead_away_without_credit', () => {
  expect(shown('[a](https://example.com) and https://example.org')).toContain('rel="noopener nofollow ugc"')
  expect(shown('https://example.org').match(/rel="noopener nofollow ugc"/g)).toHaveLength(1)
})

test('pictures_are_links', () => {
  const html = shown('![a "cat"](https://example.com/a.png?x="y)')
  expect(html).not.toContain('<img')
  expect(html).toContain('<a href="https://example.com/a.png?x=%22y"')
})

test.each([
  '[a](javascript:alert(1))',
  '[a](JaVaScRiPt:alert(1))',
  '[a](vbscript:x)',
  '[a](data:text/html,<script>alert(1)</script>)',
  '![a](javascript:alert(1))',
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '<a href="javascript:alert(1)">x</a>',
  '[a]: javascript:alert(1)\n\n[a]',
  '<javascript:alert(1)>',
  ...HOSTILE_TEXTS,
])('nothing_can_be_run_from %j', (text) => {
  const html = shown(text)
  expect(html).not.toMatch(/<(script|img|iframe|svg|style|form|input|object|embed|base|meta|link)\b/i)
  expect(html).not.toMatch(/<[^>]*\s(on\w+|style)=/i)
  expect(html).not.toMatch(/<[^>]*href="\s*(javascript|vbscript|data):/i)
})

test('a_text_that_is_too_long_is_shown_as_it_is', () => {
  const html = shown(`<b>${'x'.repeat(70_000)}`)
  expect(html.startsWith('<pre>&lt;b&gt;xxx')).toBe(true)
})

test.each([
  '>'.repeat(5_000),
  '['.repeat(20_000),
  '*a '.repeat(15_000),
  '- '.repeat(10_000),
  `${'a@b.'.repeat(10_000)}c`,
])('no_text_takes_long', (text) => {
  expect(shown(text).length).toBeGreaterThan(0)
})
