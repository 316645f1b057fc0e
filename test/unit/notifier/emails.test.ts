// What the mails say, and that nobody's text can change what they are: neither their markup nor their headers nor who
// gets them.
import fc from 'fast-check'
import { simpleParser } from 'mailparser'
import { createTransport } from 'nodemailer'
import { describe, expect, it } from 'vitest'
import { invitationMail, invitationText } from '../../../services/notifier/emails/invitation.ts'
import {
  type LoopShipped,
  loopShipped,
  loopShippedText,
} from '../../../services/notifier/emails/loop-shipped.ts'
import { passwordResetMail, passwordResetText } from '../../../services/notifier/emails/password-reset.ts'
import { fill, render } from '../../../services/notifier/emails/render.ts'
import { cut, escapeHtml, moment, oneLine } from '../../../services/notifier/emails/text.ts'
import { type Mail, toMessage } from '../../../services/notifier/mailer.ts'
import { exampleId, shippedLoop } from '../../support/shipped-loop.ts'

const URL_OF_WORKSPACE = 'https://loops.example.com/'
const PARTS = {
  name: 'Ben',
  shipped_at: 'November 22, 2026 at 3:03 PM GMT+1',
  unsubscribe_url: 'https://loops.example.com/u/token',
}

const facts = (changes: Partial<LoopShipped> = {}): LoopShipped => ({
  ...shippedLoop(),
  workspace_name: 'Acme Store',
  ...changes,
})

const shippedHtml = async (loop: LoopShipped, parts = PARTS): Promise<string> =>
  fill(await render(loopShipped(loop, URL_OF_WORKSPACE).mjml), parts)

const taskLines = (count: number, title: string, status: 'shipped' | 'open') =>
  Array.from({ length: count }, (_, index) => ({
    task_id: exampleId(index),
    title: `${title} ${index}`,
    status,
  }))

/**
 * Every tag, comment and declaration of the HTML with its attributes: all that a parser makes nodes of. The one attribute
 * that repeats the title is left empty.
 */
const markup = (html: string): string[] =>
  (html.match(/<[^>]*>/g) ?? []).map((tag) => tag.replace(/ ?aria-label="[^"<>]*"/, ''))

const visible = (html: string): string =>
  html
    .replace(/<head>[\s\S]*<\/head>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ')

const ATTACKS = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '</div></td></tr></table><h1>owned</h1>',
  '</mj-text></mj-column></mj-section><mj-raw><script>alert(1)</script></mj-raw>',
  '<mj-include path="/etc/passwd" />',
  '<!--[if mso]><v:rect></v:rect><![endif]-->',
  '--><script>alert(1)</script><!--',
  ']]><script>alert(1)</script>',
  '"onmouseover="alert(1)',
  "' style='display:none",
  '`#{1}` $1 $& %s',
  '{{unsubscribe_url}}{{name}}{{nothing}}',
  '{% raw %}{{ 7*7 }}',
  '&lt;b&gt; &#60;b&#62; &amp;lt;',
  'a\r\nBcc: eve@evil.com\r\n\r\n<b>body</b>',
  'a\nSubject: other',
  'eve@evil.com, mallory@evil.com',
  '<eve@evil.com>',
  '=?utf-8?Q?=0D=0ABcc:_eve@evil.com?=',
  'dot\r\n.\r\nMAIL FROM:<eve@evil.com>',
  'abc\u202Edcb\u2066',
  'nul\u0000 bell\u0007 escape\u001B[2J',
  'half \uD800 pair',
  '\u{E0049}\u{E0067}tag characters',
  'שלום <b>עולם</b> {{name}}',
  'y'.repeat(5_000),
]

describe('the mail of a shipped loop', () => {
  it('both_parts_tell_the_same_facts_and_links', async () => {
    const loop = facts()
    const html = await shippedHtml(loop)
    const text = loopShippedText(loop, URL_OF_WORKSPACE, PARTS)
    for (const said of [visible(html), text.replace(/\s+/g, ' ')]) {
      expect(said).toContain('Checkout that survives a flaky network')
      expect(said).toContain('Acme Store')
      expect(said).toContain('Hi Ben')
      expect(said).toContain('Ana López')
      expect(said).toContain('through Claude Code')
      expect(said).toContain(PARTS.shipped_at)
      expect(said).toContain('2 tasks shipped, 1 unfinished')
      expect(said).toContain('Payments are retried')
      expect(said).toContain('Retry the payment request')
      expect(said).toContain('Apple Pay on iPad')
      expect(said).toContain('in progress')
    }
    for (const url of [URL_OF_WORKSPACE, PARTS.unsubscribe_url]) {
      expect(html).toContain(`href="${url}"`)
      expect(text).toContain(url)
    }
  })
  it('loads_nothing_from_elsewhere_and_knows_both_schemes', async () => {
    const html = await shippedHtml(facts())
    expect(html).not.toMatch(/<(link|img|script|iframe|object)\b|@import|url\(/i)
    expect(html).toContain('<meta name="color-scheme" content="light dark">')
    expect(html).toContain('@media (prefers-color-scheme: dark)')
    expect(html).toMatch(/<html lang="en" dir="ltr"/)
    expect(html).toContain('<title>Shipped: Checkout that survives a flaky network</title>')
  })
  it('lists_twenty_of_each_kind_and_counts_the_rest', async () => {
    const loop = facts({
      task_counts: { ...shippedLoop().task_counts, total: 11_030, shipped: 10_000 },
      shipped_tasks: taskLines(25, 'done', 'shipped'),
      unfinished_tasks: taskLines(20, 'left', 'open'),
      unfinished_total: 1_030,
    })
    const html = await shippedHtml(loop)
    const text = loopShippedText(loop, URL_OF_WORKSPACE, PARTS)
    expect(html.match(/<li /g)).toHaveLength(40)
    expect(text.match(/^ {2}\[x\]/gm)).toHaveLength(20)
    for (const said of [visible(html), text.replace(/\s+/g, ' ')]) {
      expect(said).toContain('9,980 more in the workspace')
      expect(said).toContain('1,010 more in the workspace')
      expect(said).toContain('10,000 tasks shipped')
    }
    expect(Buffer.byteLength(html)).toBeLessThan(80 * 1_024)
  })
  it('stays_small_with_the_longest_texts', async () => {
    const loop = facts({
      name: '😀'.repeat(200),
      description: '\'"'.repeat(2_000),
      shipped_tasks: taskLines(20, '"'.repeat(195), 'shipped'),
      unfinished_tasks: taskLines(20, '{'.repeat(195), 'open'),
    })
    expect(Buffer.byteLength(await shippedHtml(loop))).toBeLessThan(80 * 1_024)
  })
  it('says_nothing_of_lists_that_are_empty', async () => {
    const loop = facts({
      description: '',
      shipped_tasks: [],
      unfinished_tasks: [],
      unfinished_total: 0,
      task_counts: { ...shippedLoop().task_counts, shipped: 0 },
    })
    const html = await shippedHtml(loop)
    expect(html).not.toMatch(/<h2|<ul|class="quote/)
    expect(visible(html)).toContain('0 tasks shipped, nothing left unfinished')
    expect(loopShippedText(loop, URL_OF_WORKSPACE, PARTS)).not.toMatch(/^(Shipped|Not finished):|^>/m)
  })
  it('subject_is_one_line_of_at_most_78_characters', () => {
    const subjectOf = (name: string) => loopShipped(facts({ name }), URL_OF_WORKSPACE).subject
    expect(subjectOf('Fast\r\n  search')).toBe('Shipped: Fast search')
    expect([...subjectOf('e'.repeat(200))]).toHaveLength(78)
    expect(subjectOf('👩‍👩‍👧‍👧'.repeat(28))).toMatch(/👧…$/u)
  })
})

describe('nobody’s text', () => {
  it.each(ATTACKS)('adds_no_markup: %#', async (attack) => {
    const line = (status: 'shipped' | 'open', title: string) => ({ task_id: exampleId(1), title, status })
    const with_ = (text: string) =>
      shippedHtml(
        facts({
          name: text,
          description: text,
          workspace_name: text,
          by: { user_id: exampleId(2), name: text, client: text },
          shipped_tasks: [line('shipped', text)],
          unfinished_tasks: [line('open', text)],
        }),
        { ...PARTS, name: text },
      )
    expect(markup(await with_(attack))).toEqual(markup(await with_('harmless')))
  })
  it.each(ATTACKS)('adds_no_slot: %#', async (attack) => {
    const { mjml } = loopShipped(facts({ name: attack, description: attack }), URL_OF_WORKSPACE)
    expect((await render(mjml)).slots).toEqual(['name', 'shipped_at', 'unsubscribe_url'])
  })
  it('adds_no_markup_whatever_it_is', async () => {
    const baseline = markup(await shippedHtml(facts({ name: 'harmless' })))
    const hostile = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.string({ unit: fc.constantFrom(...'<>"\'`{}&;/=!-[] \n', 'mj-raw', 'script'), maxLength: 60 }),
    )
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (name, reader) => {
        const html = await shippedHtml(facts({ name }), { ...PARTS, name: reader })
        expect(markup(html)).toEqual(baseline)
      }),
      { numRuns: 60 },
    )
  })
  it.each(ATTACKS)('adds_no_markup_to_an_invitation: %#', async (attack) => {
    const with_ = async (text: string) => {
      const { mjml } = invitationMail({
        url: 'https://loops.example.com/join/secret',
        workspace_name: text,
        invited_by: text,
        expires_at: 'tomorrow',
      })
      return markup(fill(await render(mjml), {}))
    }
    expect(await with_(attack)).toEqual(await with_('harmless'))
  })
  it.each(ATTACKS)('adds_no_header_and_no_recipient: %#', async (attack) => {
    const compile = createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
    const sent = async (text: string) => {
      const loop = facts({ name: text, workspace_name: text })
      const mail: Mail = {
        message_id: '<loop-shipped.1.2@example.com>',
        date: new Date('2026-11-22T14:03:00.000Z'),
        from: { name: text, address: 'loops@example.com' },
        to: { name: text, address: 'ben@example.com' },
        subject: loopShipped(loop, URL_OF_WORKSPACE).subject,
        text: loopShippedText(loop, URL_OF_WORKSPACE, { ...PARTS, name: text }),
        html: '<p>the same</p>',
        thread: '<loop.1@example.com>',
        list: { id: 'ws.loops.example.com', name: oneLine(text), unsubscribe_url: PARTS.unsubscribe_url },
      }
      const { envelope, message } = await compile.sendMail(toMessage(mail))
      return { envelope, parsed: await simpleParser(message as Buffer) }
    }
    const attacked = await sent(attack)
    const plain = await sent('harmless')
    const names = ({ parsed }: typeof plain) => parsed.headerLines.map(({ key }) => key)
    expect(names(attacked)).toEqual(names(plain))
    expect(attacked.envelope).toEqual({ from: 'loops@example.com', to: ['ben@example.com'] })
    const to = attacked.parsed.to
    expect(Array.isArray(to) ? [] : to?.value.map(({ address }) => address)).toEqual(['ben@example.com'])
    const list = attacked.parsed.headerLines.find(({ key }) => key === 'list-unsubscribe')
    expect(list?.line).toBe(`List-Unsubscribe: <${PARTS.unsubscribe_url}>`)
  })
})

describe('the mail of an invitation', () => {
  const invitation = {
    url: 'https://loops.example.com/join/secret',
    workspace_name: 'Acme Store',
    invited_by: 'Ana López',
    expires_at: 'November 29, 2026 at 2:03 PM UTC',
  }
  it('both_parts_tell_the_same_facts_and_link', async () => {
    const { subject, mjml } = invitationMail(invitation)
    const html = fill(await render(mjml), {})
    const text = invitationText(invitation)
    expect(subject).toBe('Ana López invites you to Acme Store on Loops')
    for (const said of [visible(html), text]) {
      expect(said).toContain('Ana López invites you')
      expect(said).toContain(invitation.expires_at)
      expect(said).toContain(invitation.url)
    }
    expect(html).toContain(`href="${invitation.url}"`)
  })
})

describe('the mail for a new password', () => {
  const reset = {
    url: 'https://loops.example.com/reset/secret',
    name: 'Ana López',
    expires_at: 'November 29, 2026 at 2:03 PM UTC',
  }
  it('both_parts_tell_the_same_facts_and_link', async () => {
    const html = fill(await render(passwordResetMail(reset).mjml), {})
    for (const said of [visible(html), passwordResetText(reset)])
      for (const fact of Object.values(reset)) expect(said).toContain(fact)
    expect(html).toContain(`href="${reset.url}"`)
  })
  it.each(ATTACKS)('adds_no_markup: %#', async (attack) => {
    const with_ = async (name: string) =>
      markup(fill(await render(passwordResetMail({ ...reset, name }).mjml), {}))
    expect(await with_(attack)).toEqual(await with_('harmless'))
  })
})

describe('slots', () => {
  it('a_slot_without_a_value_is_a_fault', () => {
    expect(() => fill({ literals: ['a', 'b'], slots: ['name'] }, {})).toThrow('name')
  })
  it('a_value_is_escaped_and_never_a_slot_again', () => {
    const rendered = { literals: ['<', '|', '>'], slots: ['a', 'b'] }
    expect(fill(rendered, { a: '{{b}}', b: '<i>' })).toBe('<&#123;&#123;b&#125;&#125;|&lt;i&gt;>')
  })
})

describe('texts', () => {
  it('one_line_without_control_or_direction_characters', () => {
    expect(oneLine(' a\r\n\tb\u0000\u202Ec\u2066d e\u0301\uD800 ')).toBe('a b cd é\uFFFD')
  })
  it('every_character_of_markup_is_escaped', () => {
    expect(escapeHtml('&<>"\'`{}')).toBe('&amp;&lt;&gt;&quot;&#39;&#96;&#123;&#125;')
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
    ['de-CH', 'UTC', 'November 22, 2026 at 2:03 PM UTC'],
    ['not a locale', 'Mars/Olympus', 'November 22, 2026 at 2:03 PM UTC'],
  ])('a moment in %s and %s', (locale, zone, written) =>
    expect(moment(new Date('2026-11-22T14:03:00.000Z'), locale, zone)).toBe(written),
  )
})
