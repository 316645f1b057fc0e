// What a person is shown: sizes, times, progress, and the last screen.
import { expect, test } from 'vitest'
import { formatBytes, formatMs, streamReport } from '../../../infra/report.ts'
import { screen } from '../../../infra/screen.ts'

test.each([
  [0, '0 bytes'],
  [1_234, '1 kB'],
  [42_000_000, '42.0 MB'],
  [1.55e9, '1.6 GB'],
])('%d_bytes_shown_as_%s', (bytes, text) => expect(formatBytes(bytes)).toBe(text))

test.each([
  [3_460, '3.5 s'],
  [59_990, '60.0 s'],
  [125_400, '2 min 5 s'],
  [119_700, '2 min 0 s'],
])('%d_ms_shown_as_%s', (ms, text) => expect(formatMs(ms)).toBe(text))

const reporting = (isTTY: boolean) => {
  let now = 0
  let written = ''
  const clock = { now: () => new Date(0), monotonicMs: () => now }
  const report = streamReport({ isTTY, write: (text: string) => (written += text) }, clock)
  return { report, later: (ms: number) => (now += ms), written: () => written }
}

test('progress_in_a_file_thinned_to_one_line_in_five_seconds', () => {
  const { report, later, written } = reporting(false)
  for (let second = 0; second < 12; second++) {
    report.progress(`second ${second}`)
    later(1_000)
  }
  report.step('done')
  expect(written()).toBe('second 5\nsecond 10\ndone\n')
})

test('progress_on_a_terminal_overwritten_by_the_next_line', () => {
  const { report, later, written } = reporting(true)
  later(200)
  report.progress('1 MB')
  report.step('done')
  expect(written()).toBe('\r\x1b[2K1 MB\r\x1b[2Kdone\n')
})

const facts = { PUBLIC_URL: 'https://loops.example', SMTP_URL: undefined, NODE_ENV: 'development' } as const

test('screen_names_every_address_and_client', () => {
  const text = screen({ config: facts, dataDir: '/data' })
  for (const wanted of [
    'https://loops.example/sign-up',
    '/data',
    'claude mcp add --transport http loops https://loops.example/mcp',
    '{"mcpServers":{"loops":{"url":"https://loops.example/mcp"}}}',
    `code --add-mcp '{"name":"loops","type":"http","url":"https://loops.example/mcp"}'`,
    'inspector --server-url https://loops.example/mcp --transport http',
  ]) {
    expect(text).toContain(wanted)
  }
})

test('screen_names_the_mail_server_without_its_password', () => {
  const text = screen({
    config: { ...facts, SMTP_URL: 'smtp://me:hidden@mail.example:587' },
    dataDir: '/data',
  })
  expect(text).toContain('mail.example:587')
  expect(text).not.toContain('hidden')
  expect(text).not.toContain('/dev/mail')
})

test('screen_names_the_mails_only_where_they_are_shown', () => {
  const text = (PUBLIC_URL: string) => screen({ config: { ...facts, PUBLIC_URL }, dataDir: '/data' })
  expect(text('http://localhost:4000')).toContain('http://localhost:4000/dev/mail')
  expect(text('https://loops.example')).toContain('not sent: set SMTP_URL')
})

test('screen_in_production_says_that_mail_is_not_sent', () => {
  expect(screen({ config: { ...facts, NODE_ENV: 'production' }, dataDir: '/data' })).toContain(
    'not sent: set SMTP_URL',
  )
})
