// Who is mentioned in a text: names in any script, and never what is code, an address, or could mean two people.
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  findMentions,
  type Mentionable,
  mayMention,
  mentionFinder,
} from '../../../shared/search/mention-rules.ts'
import { proseOf } from '../../../shared/search/prose.ts'
import { anyText } from '../../support/hostile-texts.ts'

const member = (name: string, email?: string): Mentionable => ({
  user_id: name,
  name,
  ...(email === undefined ? {} : { email }),
})
const TEAM = [
  member('Ada Lovelace', 'Ada@Example.com'),
  member('Ada Byron'),
  member('Max'),
  member('Max Planck Junior'),
  member('Max Planck Senior'),
  member('Zoë Müller'),
  member('José'),
  member('Jose'),
  member('Jean-Luc Picard'),
  member('O’Brien'),
  member('Сергей Иванов'),
  member('عادل إمام'),
  member('दीपिका'),
  member('张三'),
  member('김민준'),
  member('🦊 Fox'),
]

/** What each mention of a text says, and whom it means. */
const mentioned = (text: string, members: readonly Mentionable[] = TEAM): string[] =>
  findMentions(text, members).map(({ start, end, user_id }) => `${text.slice(start, end)}: ${user_id}`)

describe('mentioned', () => {
  test.each([
    ['@Ada Lovelace, please look', '@Ada Lovelace: Ada Lovelace'],
    ['Hi @ada  lovelace!', '@ada  lovelace: Ada Lovelace'],
    ['@ada@example.com.', '@ada@example.com: Ada Lovelace'],
    ['(@zoe)', '@zoe: Zoë Müller'],
    ['@Zoe\u0308 Mu\u0308ller?', '@Zoe\u0308 Mu\u0308ller: Zoë Müller'],
    ['@Max or Max', '@Max: Max'],
    ['@Max Planck Senior', '@Max Planck Senior: Max Planck Senior'],
    ['@José', '@José: José'],
    ['@jose', '@jose: Jose'],
    ['@Jean-Luc’s', '@Jean-Luc: Jean-Luc Picard'],
    ['@o’brien', '@o’brien: O’Brien'],
    ['@СЕРГЕЙ:', '@СЕРГЕЙ: Сергей Иванов'],
    ['مرحبا @عادل، كيف الحال', '@عادل: عادل إمام'],
    ['@दीपिका।', '@दीपिका: दीपिका'],
    ['请@张三 看', '@张三: 张三'],
    ['@김민준!', '@김민준: 김민준'],
    ['@🦊 Fox', '@🦊 Fox: 🦊 Fox'],
    ['**@Max** and _@Max_', '@Max: Max', '@Max: Max'],
    ["la tâche d'@Max", '@Max: Max'],
    ['- one\n\n      @Max', '@Max: Max'],
    ['a `tick and @Max', '@Max: Max'],
    ['\\`@Max`', '@Max: Max'],
  ])('in_%j', (text, ...expected) => {
    expect(mentioned(text)).toEqual(expected)
    expect(mayMention(text)).toBe(true)
  })
  test('all_of_a_text_in_their_order', () => {
    expect(mentioned('@张三 @Max, @ada@example.com')).toEqual([
      '@张三: 张三',
      '@Max: Max',
      '@ada@example.com: Ada Lovelace',
    ])
  })
})

describe('nobody', () => {
  test.each([
    ['an address in a sentence', 'mail me at ada@example.com'],
    ['an address like a name', 'root@max'],
    ['an escaped sign', '\\@Max'],
    ['a package', '@max/planck'],
    ['a domain', '@max.example'],
    ['the address of somebody else', '@max@example.com'],
    ['a page', 'https://social.example/@Max and http://a.example/?to=@Max'],
    ['a longer word', '@Maximilian @Max_1 @Max2'],
    ['a name that two begin with', '@Ada said'],
    ['a longer beginning that two have', '@Max Planck'],
    ['a last name', '@Lovelace'],
    ['part of a word of a name', '@Jean Picard'],
    ['a name over two lines', '@Ada\nLovelace'],
    ['a lone sign', 'at 5 @ noon, @'],
    ['a span of code', 'call `@Max` or ``a ` @Max``'],
    ['a span over two lines', '`a\n@Max`'],
    ['a block of code', '```ts\n@Max\n```\n'],
    ['a block that never ends', 'x\n~~~\n@Max'],
    ['a block that a shorter fence does not end', '````\n```\n@Max'],
    ['a block in a list and in a quote', '- ```\n  @Max\n  ```\n> ```\n> @Max'],
    ['an indented block', 'So:\n\n    @Max\n\n    @Max'],
  ])('by_%s', (_, text) => expect(mentioned(text)).toEqual([]))
  test('where_two_have_the_same_name', () => {
    const twins = [
      { user_id: '1', name: 'Kim Lee', email: 'kim1@example.com' },
      { user_id: '2', name: 'Kim Lee' },
    ]
    expect(mentioned('@Kim Lee', twins)).toEqual([])
    expect(mentioned('@kim1@example.com', twins)).toEqual(['@kim1@example.com: 1'])
  })
  test.each(['mail me at bob@example.com', '`@Injectable()`', 'https://social.example/@Max', '5 @ 3', ''])(
    'can_be_in_%j',
    (text) => expect(mayMention(text)).toBe(false),
  )
})

const word = fc.stringMatching(/^[\p{L}\p{N}]{1,12}$/u)
const name = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join(' '))
const team = fc
  .uniqueArray(fc.oneof(name, anyText), { maxLength: 8 })
  .map((names) => names.map((one, n) => ({ user_id: `${n}`, name: one, email: `m${n}@example.com` })))
/** Texts with many of the characters that decide. */
const text = fc
  .array(fc.oneof(fc.constantFrom(...'@@@ \n`.-_/', '```', '    ', '- ', '@m1@example.com'), word, anyText), {
    maxLength: 30,
  })
  .map((pieces) => pieces.join(''))

describe('whatever the text and the names', () => {
  test('mentions_are_in_order_apart_and_each_begins_with_the_sign', () => {
    fc.assert(
      fc.property(text, team, (said, members) => {
        let last = 0
        for (const { start, end, user_id } of findMentions(said, members)) {
          expect(start).toBeGreaterThanOrEqual(last)
          expect(said[start]).toBe('@')
          expect(end).toBeGreaterThan(start + 1)
          expect(members.map((one) => one.user_id)).toContain(user_id)
          last = end
        }
        expect(last).toBeLessThanOrEqual(said.length)
      }),
    )
  })
  test('a_text_with_a_mention_may_mention_somebody', () => {
    fc.assert(
      fc.property(text, team, (said, members) => {
        if (findMentions(said, members).length > 0) expect(mayMention(said)).toBe(true)
      }),
    )
  })
  test('a_whole_name_means_its_member_unless_another_is_called_the_same', () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 6 }), fc.nat(5), (names, n) => {
        const called = names[n % names.length] ?? ''
        const [one, ...more] = mentioned(
          `Well, @${called}.`,
          names.map((each) => member(each)),
        )
        expect(more).toEqual([])
        const alike = (other: string) => mentioned(`@${called}`, [member(other)]).length > 0
        if (one !== undefined || names.filter(alike).length === 1) expect(one).toBe(`@${called}: ${called}`)
      }),
    )
  })
  test('code_mentions_nobody', () => {
    fc.assert(
      fc.property(text, team, (said, members) => {
        const fence = '`'.repeat(Math.max(3, ...[...said.matchAll(/`+/g)].map(([run]) => run.length + 1)))
        expect(findMentions(`${fence}\n${said}\n${fence}`, members)).toEqual([])
      }),
    )
  })
  test('prose_keeps_every_character_in_its_place', () => {
    fc.assert(
      fc.property(text, (said) => {
        const prose = proseOf(said)
        expect(prose).toHaveLength(said.length)
        for (let at = 0; at < said.length; at += 1)
          if (prose[at] !== '\uFFFC') expect(prose[at]).toBe(said[at])
      }),
    )
  })
  test('many_texts_are_read_as_one_is', () => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 4 }), team, (texts, members) => {
        const find = mentionFinder(members)
        expect(texts.map(find)).toEqual(texts.map((one) => findMentions(one, members)))
      }),
    )
  })
})
