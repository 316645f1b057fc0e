// How browsers are named by what they say of themselves.
import { expect, test } from 'vitest'
import { deviceOfAgent } from '../../../services/gateway/accounts/device-rules.ts'
import { isOver } from '../../../services/gateway/accounts/session-rules.ts'

const CHROME = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0'
test.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0', 'Firefox', 'Linux'],
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36`, 'Chrome', 'Windows'],
  [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${CHROME} Safari/537.36 Edg/126.0.0.0`, 'Edge', 'Windows'],
  [`Mozilla/5.0 (Linux; Android 14; Pixel 8) ${CHROME} Mobile Safari/537.36`, 'Chrome', 'Android'],
  [
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15',
    'Safari',
    'macOS',
  ],
  [
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0 Mobile/15E148 Safari/604.1',
    'Chrome',
    'iOS',
  ],
  ['curl/8.5.0', null, null],
  ['<script>alert(1)</script>', null, null],
  [`${' '.repeat(600)}Firefox/1`, null, null],
])('%s', (header, browser, system) => {
  expect(deviceOfAgent(header)).toEqual({ browser, system })
})
test('nothing_is_known_of_who_says_nothing', () => {
  expect(deviceOfAgent(undefined)).toEqual({ browser: null, system: null })
})

const at = (minutes: number) => new Date(Date.UTC(2026, 10, 27) + minutes * 60_000)
test.each([
  ['just_before_both_ends', { expires_at: at(100), used_at: at(50) }, at(59), false],
  ['unused_for_as_long_as_is_allowed', { expires_at: at(100), used_at: at(50) }, at(60), true],
  ['used_but_too_old', { expires_at: at(100), used_at: at(99) }, at(100), true],
  ['of_a_release_that_noted_no_use', { expires_at: at(100) }, at(99), false],
])('a_session_%s', (_, session, now, over) => {
  expect(isOver(session, now, 10 * 60_000)).toBe(over)
})
