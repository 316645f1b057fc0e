// What a mail program shows of a header is what was meant, whatever the text looks like; and what a server is greeted with.
import { simpleParser } from 'mailparser'
import { createTransport } from 'nodemailer'
import { describe, expect, it, test } from 'vitest'
import { greetingName } from '../../../services/notifier/addresses.ts'
import { headerName } from '../../../services/notifier/emails/text.ts'
import { toMessage } from '../../../services/notifier/mailer.ts'
import { shippedMail } from '../../support/mails.ts'

const compile = createTransport({ streamTransport: true, buffer: true })
const UNSEEN = /\u2060/g

/** A mail with a text as subject and as every name, read by a mail program, and as it goes over the wire. */
const read = async (text: string) => {
  const { subject } = await shippedMail('en', { name: text })
  const name = headerName(text)
  const message = toMessage({
    ...{ message_id: '<1@example.com>', date: new Date(0), text: '', html: '', language: 'en', subject },
    from: { name, address: 'loops@example.com' },
    to: { name, address: 'ben@example.com' },
    list: { id: 'ws.example.com', name, unsubscribe_url: 'https://example.com/u' },
  })
  const raw = ((await compile.sendMail(message)).message as Buffer).toString()
  const parsed = await simpleParser(raw)
  return { subject, raw, parsed }
}

/** What a program makes of a header that decodes every encoded word wherever it stands (RFC 2047 §6.2). */
const decodedAnywhere = (line: string): string =>
  line
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, encoding: string, data: string) =>
      encoding.toLowerCase() === 'b'
        ? Buffer.from(data, 'base64').toString()
        : Buffer.from(
            data
              .replaceAll('_', ' ')
              .replace(/=([0-9a-f]{2})/gi, (__, hex: string) =>
                String.fromCharCode(Number.parseInt(hex, 16)),
              ),
            'latin1',
          ).toString(),
    )

const LOOKING_ENCODED = [
  '=?utf-8?Q?Free=20money?=',
  '=?UTF-8?B?RnJlZSBtb25leQ==?=',
  '=?iso-8859-1?q?=E2=80=AEgnp.exe?= and more',
  '=?utf-8?Q?=E2=80=AE?= é',
  `Long ${'=?utf-8?Q?x?= '.repeat(5)}`,
]

describe('a text that looks like an encoded word', () => {
  it.each(LOOKING_ENCODED)('shown_as_the_loop_is_called: %s', async (text) => {
    const { subject, raw, parsed } = await read(text)
    expect(parsed.subject).toBe(subject)
    const line = /^Subject:.*(\r\n[ \t].*)*/m.exec(raw)?.[0] ?? ''
    expect(decodedAnywhere(line.replace(/\r\n/g, ''))).toBe(`Subject: ${subject}`)
    expect(Math.max(...raw.split('\r\n').map((one) => one.length))).toBeLessThanOrEqual(998)
  })
  it.each(LOOKING_ENCODED)('shown_as_people_and_workspaces_are_called: %s', async (text) => {
    const { raw, parsed } = await read(text)
    const seen = headerName(text).replace(UNSEEN, '')
    const to = Array.isArray(parsed.to) ? undefined : parsed.to
    for (const shown of [parsed.from?.value[0]?.name, to?.value[0]?.name])
      expect(shown?.replace(UNSEEN, '')).toBe(seen)
    const list = /^List-Id:.*(\r\n[ \t].*)*/im.exec(raw)?.[0] ?? ''
    expect(decodedAnywhere(list.replace(/\r\n/g, '')).replace(UNSEEN, '')).toContain(seen)
    // Once decoded it holds no word that a program could decode again.
    expect(decodedAnywhere(list)).not.toMatch(/=\?utf-8\?/i)
  })
})

test.each([
  ['smtp://mail.example.com', 'https://loops.example.com', 'loops.example.com'],
  ['smtp://mail.example.com?name=mx.example.org', 'https://loops.example.com', 'mx.example.org'],
  ['smtp://u:p@mail.example.com:587/?name=mx.example.org', 'http://localhost:4000', 'mx.example.org'],
  ['smtp://mail.example.com', 'https://192.0.2.7:4000', '[192.0.2.7]'],
  ['smtp://mail.example.com', 'https://[2001:db8::1]', '[IPv6:2001:db8::1]'],
  ['smtp://mail.example.com', 'http://localhost:4000', undefined],
])('greets %s of %s as %s', (smtp_url, public_url, name) => {
  expect(greetingName(smtp_url, public_url)).toBe(name)
})
