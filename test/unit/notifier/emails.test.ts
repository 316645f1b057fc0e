// What the mails say: the same in both parts, in every language, small however much there is to tell.
import { describe, expect, it } from 'vitest'
import { fill } from '../../../services/notifier/emails/render.ts'
import { MESSAGES, wordingOf } from '../../../services/notifier/emails/wording.ts'
import { LANGUAGES, type Language } from '../../../shared/contracts/define/language.ts'
import {
  COMMENT_URL,
  CONFIRM_URL,
  confirmationMail,
  failedSignInsMail,
  INVITATION_URL,
  invitationMail,
  LOOP_URL,
  MAILS,
  MENTIONS_URL,
  mentionMail,
  PREFERENCES_URL,
  partsIn,
  passwordResetMail,
  RESET_URL,
  shippedMail,
  shippedTemplate,
  TASK_URL,
  taskHeldMail,
  taskLines,
  taskUrl,
  UNSUBSCRIBE_URL,
} from '../../support/mails.ts'
import { shippedLoop } from '../../support/shipped-loop.ts'

const ALL_LANGUAGES = Object.keys(LANGUAGES) as Language[]

const visible = (html: string): string =>
  html
    .replace(/<head>[\s\S]*<\/head>/, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ')
/** A text part without the marks that keep people's words apart. */
const bare = (text: string): string => text.replace(/[\u2068\u2069]/g, '').replace(/\s+/g, ' ')

describe('the mail of a shipped loop', () => {
  it('both_parts_tell_the_same_facts_and_links', async () => {
    const { html, text } = await shippedMail('en')
    for (const said of [visible(html), bare(text)]) {
      expect(said).toContain('Checkout that survives a flaky network')
      expect(said).toContain('Acme Store')
      expect(said).toMatch(/Hi +Ben ?,/)
      expect(said).toContain('Ana López')
      expect(said).toMatch(/with +Claude Code/)
      expect(said).toContain('November 22, 2026 at 3:03 PM GMT+1')
      expect(said).toContain('2 tasks shipped, 1 unfinished')
      expect(said).toContain('Payments are retried')
      expect(said).toContain('Retry the payment request')
      expect(said).toContain('Apple Pay on iPad')
      expect(said).toContain('in progress')
      expect(said).toContain('because you are a member of this workspace')
    }
    for (const url of [LOOP_URL, PREFERENCES_URL, UNSUBSCRIBE_URL]) {
      expect(html).toContain(`href="${url}"`)
      expect(text).toContain(url)
    }
  })
  it('links_each_task_to_its_page', async () => {
    const { html } = await shippedMail('en')
    const { shipped_tasks, unfinished_tasks } = shippedLoop()
    for (const { task_id, title } of [...shipped_tasks, ...unfinished_tasks])
      expect(html).toMatch(
        new RegExp(
          `<a href="${RegExp.escape(taskUrl(task_id))}"[^>]*><bdi>${RegExp.escape(title)}</bdi></a>`,
        ),
      )
  })
  it('loads_nothing_from_elsewhere_and_knows_both_schemes', async () => {
    const { html } = await shippedMail('en')
    expect(html).not.toMatch(/<(link|img|script|iframe|object)\b|@import|@font-face|url\(/i)
    expect(html).toContain('<meta name="color-scheme" content="light dark">')
    expect(html).toContain('@media (prefers-color-scheme: dark)')
  })
  it('shows_beside_the_subject_who_shipped_and_how_much', async () => {
    const { html } = await shippedMail('en')
    expect(html).toMatch(/<div style="display:none[^>]*>Ana López: 2 tasks shipped, 1 unfinished<\/div>/)
  })
  it('congratulates_whoever_shipped_the_loop', async () => {
    const { html, text } = await shippedMail('en', {}, {}, true)
    for (const said of [visible(html), bare(text)]) {
      expect(said).toMatch(/You shipped this loop with +Claude Code/)
      expect(said).toMatch(/Nice work, +Ben ?!/)
      expect(said).not.toContain('Ana López')
    }
    expect(html).toMatch(/<div style="display:none[^>]*>2 tasks shipped, 1 unfinished<\/div>/)
  })
  it('names_no_app_when_it_came_through_none', async () => {
    const { text } = await shippedMail('en', { by: { ...shippedLoop().by, client: '' } })
    expect(text).toContain('Ana López shipped this loop on November')
  })
  it('members_of_a_private_loop_hear_that_they_are_its_members', async () => {
    const { html, text } = await shippedMail('en', { visibility: 'private' })
    for (const said of [visible(html), text]) expect(said).toContain('you are a member of this loop')
  })
  it.each([
    ['more shipped than there is room for', 25, 0, 20, 0],
    ['some left unfinished', 25, 3, 17, 3],
    ['much of both', 20, 20, 15, 5],
    ['more unfinished than shipped', 2, 20, 2, 18],
    ['nothing shipped', 0, 20, 0, 20],
  ])('twenty_tasks_at_most_the_rest_counted: %s', async (_, shipped, left, shippedShown, leftShown) => {
    const total = 10_000
    const { html, text } = await shippedMail('en', {
      task_counts: { ...shippedLoop().task_counts, shipped: total },
      shipped_tasks: taskLines(shipped, 'done', 'shipped'),
      unfinished_tasks: taskLines(left, 'left', 'open'),
      unfinished_total: left === 0 ? 0 : total,
    })
    expect(html.match(/<li /g)).toHaveLength(shippedShown + leftShown)
    expect(text.match(/^ {2}✓/gm) ?? []).toHaveLength(shippedShown)
    expect(text.match(/^ {2}○/gm) ?? []).toHaveLength(leftShown)
    for (const said of [visible(html), bare(text)])
      for (const shown of [shippedShown, leftShown])
        if (shown > 0) expect(said).toContain(`and ${(total - shown).toLocaleString('en')} more in the loop`)
    expect(text).toContain(`more in the loop: ${LOOP_URL}`)
  })
  it('says_nothing_of_lists_that_are_empty', async () => {
    const { html, text } = await shippedMail('en', {
      description: '',
      shipped_tasks: [],
      unfinished_tasks: [],
      unfinished_total: 0,
      task_counts: { ...shippedLoop().task_counts, shipped: 0 },
    })
    expect(html).not.toMatch(/<h2|<ul|class="quote/)
    expect(visible(html)).toContain('0 tasks shipped, nothing left unfinished')
    expect(text).not.toMatch(/^(Shipped|Not finished):$|^>/m)
  })
})

describe('the mail of a task on hold', () => {
  it('leads_to_the_task_and_says_what_to_do_there', async () => {
    const { html, text } = await taskHeldMail('en')
    for (const said of [visible(html), bare(text)]) {
      expect(said).toContain('Open the task, change what needs to change, and approve it again.')
      expect(said).toContain('Open the task')
    }
    expect(html).toContain(`href="${TASK_URL}"`)
    expect(text).toContain(`Open the task: ${TASK_URL}`)
  })
})

describe('the mail of a mention', () => {
  it('both_parts_say_who_where_and_what_and_lead_to_the_comment', async () => {
    const { subject, html, text } = await mentionMail('en', { by: { name: 'Ana', client: 'Claude Code' } })
    expect(subject).toBe('Ana mentioned you: Retry the payment request')
    for (const said of [visible(html), bare(text)]) {
      expect(said).toMatch(/Hi +Ben ?, +Ana +mentioned you with +Claude Code +in a comment on this task/)
      expect(said).toContain('request can come an hour later')
      expect(said).toContain('because somebody mentioned you')
    }
    for (const url of [COMMENT_URL, UNSUBSCRIBE_URL, MENTIONS_URL]) {
      expect(html).toContain(`href="${url}"`)
      expect(text).toContain(url)
    }
  })
  it('on_a_loop_leads_to_the_loop', async () => {
    const { text } = await mentionMail('en', {}, {}, 'loop')
    expect(text).toContain('Ana López mentioned you in a comment on this loop.')
    expect(text).toContain(`Open the loop: ${LOOP_URL}#comment-`)
  })
  it('shows_the_beginning_of_a_long_comment', async () => {
    const { html, text } = await mentionMail('en', { excerpt: `@Ben ${'word '.repeat(120)}end` })
    expect(text).toMatch(/> @Ben (word )+word…\n/)
    expect(html).not.toContain('end</p>')
  })
})

describe('the mail of an invitation', () => {
  it('both_parts_tell_the_same_facts_and_link', async () => {
    const { subject, html, text } = await invitationMail('en')
    expect(subject).toBe('Ana López invites you to Acme Store on Loops')
    for (const said of [visible(html), text]) {
      expect(said).toContain('Join')
      expect(said).toMatch(/Ana López +invites you/)
      expect(said).toContain('works until November 22, 2026 at 3:03 PM GMT+1')
      expect(said).toContain(INVITATION_URL)
    }
    expect(html).toContain(`href="${INVITATION_URL}"`)
  })
})

describe('names in the mail of an invitation', () => {
  it('are_cut_and_no_links', async () => {
    const spam = `Win at https://evil.example/now or www.evil.example ${'and more '.repeat(15)}`
    const { subject, html, text } = await invitationMail('en', { workspace_name: spam, invited_by: spam })
    for (const said of [subject, html, text]) {
      expect(said).not.toMatch(/evil\.example|https:\/\/evil/)
      expect(said).not.toContain('and more and more and more and more')
    }
  })
})

describe('the mails about an account', () => {
  it('confirm_an_address_by_its_link_and_repeat_no_name', async () => {
    const { subject, html, text } = await confirmationMail('en')
    expect(subject).toBe('Confirm your address for Loops')
    for (const said of [visible(html), text]) {
      expect(said).toContain('ben@example.com')
      expect(said).toContain(CONFIRM_URL)
    }
  })
  it('warn_of_failed_sign_ins_and_name_the_way_back', async () => {
    const { html, text } = await failedSignInsMail('en')
    for (const said of [visible(html), text]) {
      expect(said).toContain('None of them worked')
      expect(said).toContain('at most once a day')
    }
    expect(text).toContain('https://loops.example.com/forgot')
  })
})

describe('the mail for a new password', () => {
  it('both_parts_tell_the_same_facts_and_link', async () => {
    const { subject, html, text } = await passwordResetMail('en')
    expect(subject).toBe('Choose a new password for Loops')
    for (const said of [visible(html), text]) {
      expect(said).toMatch(/Hi +Ben ?, someone asked/)
      expect(said).toContain('works once, until November 22, 2026 at 3:03 PM GMT+1')
      expect(said).toContain(RESET_URL)
    }
    expect(html).toContain(`href="${RESET_URL}"`)
  })
})

const placesOf = (text: string): string[] => (text.match(/\{[a-z]+\}/g) ?? []).toSorted()

describe.each(ALL_LANGUAGES)('in %s', (language) => {
  it('every_message_has_the_places_of_the_english_one', () => {
    for (const [key, message] of Object.entries(MESSAGES[language])) {
      const english = MESSAGES.en[key as keyof (typeof MESSAGES)['en']]
      if (typeof message === 'string' && typeof english === 'string')
        expect([key, placesOf(message)]).toEqual([key, placesOf(english)])
    }
  })
  it.each(Object.entries(MAILS))('the_mail_%s_reads_as_it_was_written', async (name, mailIn) => {
    const { subject, text } = await mailIn(language)
    await expect(`${subject}\n\n${text}`).toMatchFileSnapshot(`mails/${name}.${language}.txt`)
  })
  it('every_number_has_its_form_and_every_form_a_number', () => {
    const categories: string[] = new Intl.PluralRules(language).resolvedOptions().pluralCategories
    for (const key of ['tasks_shipped', 'tasks_left', 'more'] as const) {
      const forms = MESSAGES[language][key]
      expect(categories).toEqual(expect.arrayContaining(Object.keys(forms)))
      expect(placesOf(forms.other)).toEqual(['{count}'])
    }
  })
  it('the_whole_mail_is_in_it_and_says_so', async () => {
    const direction = language === 'ar' ? 'rtl' : 'ltr'
    const mails = await Promise.all(Object.values(MAILS).map((mailIn) => mailIn(language)))
    for (const { html, subject, text } of mails) {
      expect(html).toMatch(new RegExp(`<html lang="${language}" dir="${direction}"`))
      expect(`${subject}${text}${html}`).not.toMatch(/undefined|\[object|\{[a-z]+\}/)
      expect(html).not.toContain('roledescription')
      if (direction === 'rtl') expect(html).not.toMatch(/direction: ?ltr| align="left"|border-left:3px/)
    }
    if (language !== 'en') {
      const [shipped] = mails
      expect(`${shipped?.text}${visible(shipped?.html ?? '')}`).not.toMatch(/\b(this|shipped|you)\b/)
    }
  })
  it('under_80_kilobytes_with_the_longest_texts', async () => {
    for (const worst of ['\'"'.repeat(100), '{'.repeat(200), '😀'.repeat(200), 'ﷺ'.repeat(200)]) {
      const line = (status: 'shipped' | 'open') => taskLines(20, worst, status)
      const { html } = await shippedMail(language, {
        name: worst,
        description: worst.repeat(20),
        workspace_name: worst,
        by: { ...shippedLoop().by, name: worst, client: worst },
        shipped_tasks: line('shipped'),
        unfinished_tasks: line('open'),
        unfinished_total: 10_000,
      })
      expect(Buffer.byteLength(html)).toBeLessThan(80 * 1_024)
    }
  })
  it('a_subject_shows_at_most_78_characters_and_keeps_our_words', () => {
    const wording = wordingOf(language)
    const seen = (subject: string) => [...subject.replace(/[\u2068\u2069]/g, '')].length
    for (const name of ['e'.repeat(200), 'ש'.repeat(200), '👩‍👩‍👧‍👧'.repeat(28)]) {
      const shipped = shippedTemplate(language, { name }).subject
      const invited = wording.subject('invitation_subject', { by: name, workspace: name })
      expect(Math.max(seen(shipped), seen(invited))).toBeLessThanOrEqual(78)
      expect(shipped).toMatch(/…\u2069?$/)
      expect(invited.match(/…/g)).toHaveLength(2)
      expect(invited).toContain('Loops')
    }
  })
})

describe('numbers', () => {
  it.each([
    ['en', 0, '0 tasks shipped'],
    ['en', 1, '1 task shipped'],
    ['de', 1, '1 Aufgabe ausgeliefert'],
    ['de', 10_234, '10.234 Aufgaben ausgeliefert'],
    ['fr', 0, '0 tâche livrée'],
    ['fr', 2, '2 tâches livrées'],
    ['es', 1_000_000, '1.000.000 tareas entregadas'],
    ['ar', 0, 'لم تُسلَّم أي مهمة'],
    ['ar', 1, 'تم تسليم مهمة واحدة'],
    ['ar', 2, 'تم تسليم مهمتين'],
    ['ar', 3, 'تم تسليم 3 مهام'],
    ['ar', 11, 'تم تسليم 11 مهمة'],
    ['ar', 100, 'تم تسليم 100 مهمة'],
  ])('in %s %d is said as it should be', (locale, count, said) => {
    expect(wordingOf(locale).plural('tasks_shipped', count)).toBe(said)
  })
})

describe('subjects', () => {
  const subjectOf = (name: string) => shippedTemplate('en', { name }).subject
  it('one_line_with_all_the_room_there_is', () => {
    expect(subjectOf('Fast\r\n  search')).toBe('Shipped: Fast search')
    expect([...subjectOf('e'.repeat(200))]).toHaveLength(78)
    expect(subjectOf('👩‍👩‍👧‍👧'.repeat(28))).toMatch(/👧…$/u)
  })
  it('what_a_short_text_leaves_is_the_long_one_s', () => {
    const subject = wordingOf('en').subject('invitation_subject', { by: 'Ana', workspace: 'w'.repeat(200) })
    expect([...subject]).toHaveLength(78)
    expect(subject).toMatch(/^Ana invites you to w+… on Loops$/)
  })
})

describe('people’s words among ours', () => {
  it('stay_in_their_place_whichever_way_they_run', async () => {
    const { html, text, subject } = await shippedMail('en', {
      name: 'שיפור התשלום',
      by: { ...shippedLoop().by, name: 'דנה' },
    })
    expect(subject).toBe('Shipped: \u2068שיפור התשלום\u2069')
    expect(text).toContain('Hi Ben, \u2068דנה\u2069 shipped')
    expect(html).toContain('<bdi>דנה</bdi> shipped')
    const arabic = await shippedMail('ar', {}, { name: 'Ben' })
    expect(arabic.text).toContain('\u2068Ben\u2069')
    expect(arabic.html).toContain('<bdi>Ben</bdi>')
  })
  it('addresses_stay_bare_so_that_programs_find_them', async () => {
    const { text } = await shippedMail('ar')
    expect(text).toMatch(new RegExp(`: ${UNSUBSCRIBE_URL}\\n`))
  })
})

describe('slots', () => {
  const rendered = (part: { literals: string[]; slots: 'name'[] }) =>
    ({ language: 'en', subject: '', html: part, text: part }) as const
  it('a_slot_without_a_value_is_a_fault', () => {
    expect(() => fill(rendered({ literals: ['a', 'b'], slots: ['name'] }), {})).toThrow('name')
  })
  it('a_value_is_escaped_and_never_a_slot_again', () => {
    const { html, text } = fill(
      {
        ...rendered({ literals: ['<', '|', '>'], slots: [] }),
        html: { literals: ['<', '|', '>'], slots: ['name', 'shipped_at'] },
        text: { literals: ['<', '|', '>'], slots: ['name', 'shipped_at'] },
      },
      partsIn('en', { name: '{{shipped_at}}', shipped_at: '<i>' }),
    )
    expect(html).toBe('<&#123;&#123;shipped_at&#125;&#125;|&lt;i&gt;>')
    expect(text).toBe('<{{shipped_at}}|<i>>')
  })
})
