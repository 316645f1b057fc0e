// Nobody's text can change what a mail is: neither its markup nor its headers nor who gets it.
import fc from 'fast-check'
import { simpleParser } from 'mailparser'
import { createTransport } from 'nodemailer'
import { beforeAll, describe, expect, it } from 'vitest'
import { render } from '../../../services/notifier/emails/render.ts'
import { headerName } from '../../../services/notifier/emails/text.ts'
import { toMessage } from '../../../services/notifier/mailer.ts'
import { anyText, HOSTILE_TEXTS } from '../../support/hostile-texts.ts'
import { MAILS_SAYING, type MailTexts, shippedTemplate, UNSUBSCRIBE_URL } from '../../support/mails.ts'

const NAMES = Object.keys(MAILS_SAYING) as (keyof typeof MAILS_SAYING)[]
const saying = (name: keyof typeof MAILS_SAYING, text: string) => MAILS_SAYING[name]('en', text)

/**
 * Every tag, comment and declaration of the HTML with its attributes: all that a parser makes nodes of. The one attribute
 * that repeats the title is left empty.
 */
const markup = (html: string): string[] =>
  (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/ ?aria-label="[^"<>]*"/, ''))

/** How many lines a text part has, whatever ends them. */
const linesOf = (text: string): number => text.split(/\r\n|[\r\n\v\f\u0085\u2028\u2029]/).length

describe.each(NAMES)('in the mail %s', (name) => {
  let usual: MailTexts
  beforeAll(async () => {
    usual = await saying(name, 'harmless')
  })
  const unchanged = async (text: string): Promise<void> => {
    const { html, text: plain } = await saying(name, text)
    expect(markup(html)).toEqual(markup(usual.html))
    expect(linesOf(plain)).toBe(linesOf(usual.text))
  }
  it.each(HOSTILE_TEXTS)('no_text_adds_markup_or_a_line: %#', unchanged)
  it('no_text_adds_markup_or_a_line_whatever_it_is', async () => {
    await fc.assert(fc.asyncProperty(anyText, unchanged), { numRuns: 40 })
  })
})

describe('slots', () => {
  it.each(HOSTILE_TEXTS)('no_text_adds_one: %#', async (text) => {
    const changes = { name: text, description: text, workspace_name: text }
    const { html, text: plain } = await render(shippedTemplate('en', changes))
    const slots = ['name', 'shipped_at', 'preferences_url', 'unsubscribe_url']
    expect([html.slots, plain.slots]).toEqual([slots, slots])
  })
})

const compile = createTransport({ streamTransport: true, buffer: true, newline: 'windows' })

/** A mail in which a text stands wherever a user's text can, as it goes over the wire. */
const sent = async (text: string) => {
  const message = toMessage({
    ...(await saying('loop-shipped', text)),
    message_id: '<loop-shipped.1.2@example.com>',
    date: new Date('2026-11-22T14:03:00.000Z'),
    from: { name: headerName(text), address: 'loops@example.com' },
    to: { name: headerName(text), address: 'ben@example.com' },
    language: 'en',
    thread: '<loop.1@example.com>',
    list: { id: 'ws.loops.example.com', name: headerName(text), unsubscribe_url: UNSUBSCRIBE_URL },
  })
  const { envelope, message: raw } = await compile.sendMail(message)
  return {
    to: message.to,
    envelope,
    parsed: await simpleParser(raw as Buffer),
    raw: (raw as Buffer).toString(),
  }
}
const namesOf = ({ parsed }: Awaited<ReturnType<typeof sent>>) =>
  parsed.headerLines.map(({ key }) => key).sort()

let usualNames: readonly string[]
const arrivesAlike = async (text: string): Promise<void> => {
  const attacked = await sent(text)
  expect(namesOf(attacked)).toEqual(usualNames)
  expect(attacked.envelope).toEqual({ from: 'loops@example.com', to: ['ben@example.com'] })
  // An object, so that nothing is parsed: one string can hold several recipients.
  expect(attacked.to).toMatchObject({ address: 'ben@example.com' })
  const { to, cc, bcc } = attacked.parsed
  expect(Array.isArray(to) ? [] : to?.value.map(({ address }) => address)).toEqual(['ben@example.com'])
  expect([cc, bcc]).toEqual([undefined, undefined])
  const list = attacked.parsed.headerLines.find(({ key }) => key === 'list-unsubscribe')
  expect(list?.line).toBe(`List-Unsubscribe: <${UNSUBSCRIBE_URL}>`)
}

describe('on the wire', () => {
  beforeAll(async () => {
    usualNames = namesOf(await sent('harmless'))
  })
  it.each(HOSTILE_TEXTS)('no_text_adds_a_header_or_a_recipient: %#', arrivesAlike)
  it('no_text_adds_a_header_or_a_recipient_whatever_it_is', async () => {
    await fc.assert(fc.asyncProperty(anyText, arrivesAlike), { numRuns: 40 })
  })
  it('every_byte_is_ascii_and_every_line_short_enough_for_any_server', async () => {
    const { raw } = await sent('😀 שלום '.repeat(60))
    expect(raw).toMatch(/^[\t\r\n -~]*$/)
    // RFC 5322 §2.1.1.
    expect(Math.max(...raw.split('\r\n').map((line) => line.length))).toBeLessThanOrEqual(998)
  })
})
