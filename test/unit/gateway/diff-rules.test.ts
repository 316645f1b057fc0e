// Diffs of texts, and what pages make of mentions in Markdown.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareTexts, diffLines } from '../../../services/gateway/web/board/diff-rules.ts'
import { markdown } from '../../../services/gateway/web/markdown.ts'
import { findMentions } from '../../../shared/search/mention-rules.ts'

describe('a diff', () => {
  test('says_from_which_line_on_what_was_removed_and_added', () => {
    expect(diffLines('@@ -1,2 +3,2 @@\n same\n-old\n+new\n\\ No newline at end of file')).toEqual([
      { kind: 'place', line: 3 },
      { kind: 'same', text: 'same' },
      { kind: 'removed', text: 'old' },
      { kind: 'added', text: 'new' },
    ])
  })

  test('of_the_same_texts_is_empty_and_of_too_much_is_none', () => {
    expect(compareTexts('a\nb', 'a\nb')).toEqual([])
    expect(compareTexts('a\n'.repeat(5_000), 'b\n'.repeat(5_000))).toBeUndefined()
  })

  test('has_every_line_that_only_one_text_has', () => {
    const line = fc.stringMatching(/^[a-z+@\\ -]{1,8}$/)
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 20 }),
        fc.array(line, { minLength: 1, maxLength: 20 }),
        (before, after) => {
          const lines = compareTexts(before.join('\n'), after.join('\n')) ?? []
          const of = (kind: string) =>
            lines.flatMap((one) => (one.kind === kind && 'text' in one ? [one.text] : []))
          expect(after).toEqual(expect.arrayContaining(of('added')))
          expect(before).toEqual(expect.arrayContaining(of('removed')))
          for (const text of after) if (!before.includes(text)) expect(of('added')).toContain(text)
        },
      ),
    )
  })
})

describe('mentions in Markdown', () => {
  const members = [{ user_id: '01JDAAAAAAAAAAAAAAAAAAAAAA', name: 'Ada Lovelace' }]
  const shown = (text: string): string => String(markdown(text, findMentions(text, members)))

  test('are_marked_in_text_and_not_in_code_or_titles_of_links', () => {
    expect(shown('Ask @Ada Lovelace.')).toContain('Ask <span class="mention">@Ada Lovelace</span>.')
    expect(shown('`@Ada Lovelace`')).not.toContain('mention')
    expect(shown('[x](https://a.example "@Ada Lovelace")')).toContain('title="@Ada Lovelace"')
  })

  test('leave_nothing_of_their_marks_whatever_people_write', () => {
    expect(shown('\uE000<b>\uE001 @Ada *Lovelace*')).not.toMatch(/[\uE000\uE001]|<b>/)
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            '@Ada Lovelace',
            '*',
            '_',
            '`',
            '[',
            '](',
            ')',
            '<',
            '\n',
            ' ',
            '\uE000',
            '\uE001',
          ),
        }),
        (text) => {
          expect(shown(text)).not.toMatch(/[\uE000\uE001]/)
        },
      ),
    )
  })
})
