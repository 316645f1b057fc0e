// What readers of released events may count on: any change that they would notice is found, any other is let through.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { breakSentence, breaksOf, type Catalogue, catalogueOf } from '../../infra/contracts/catalogue.ts'
import * as c from '../../shared/contracts/define/common.ts'
import { type Contract, event } from '../../shared/contracts/define/contract.ts'

const before = z.object({
  thing_id: c.Id,
  name: z.string(),
  note: z.string().max(10).optional(),
  colour: z.enum(['red', 'blue']),
  size: z.int().min(1).max(9),
  weight: z.number(),
  due: z.iso.date().nullable(),
  tags: z.array(z.string()),
  by: z.object({ name: z.string(), client: z.string().optional() }),
})

const catalogue = (
  data: z.ZodObject,
  name = 'thing.made',
  service = 'things',
  subject = 'thing_id',
): Catalogue => {
  const declared = event({ description: 'A thing was made.', subject, data })
  const contract: Contract = {
    name: service,
    version: '1.0.0',
    description: 'Things.',
    operations: {},
    events: { [name]: declared },
  }
  return catalogueOf('1.0.0', [contract])
}
const released = catalogue(before)
const breaksWith = (members: z.ZodRawShape): string[] => breaksOf(released, catalogue(before.extend(members)))

describe('let through', () => {
  test.each<[string, z.ZodRawShape]>([
    ['nothing_new', {}],
    ['a_new_member', { more: z.string() }],
    ['a_new_member_that_may_be_absent', { more: z.string().optional() }],
    ['a_member_that_is_now_always_there', { note: z.string().max(10) }],
    ['a_word_less', { colour: z.enum(['red']) }],
    ['one_word_of_several', { colour: z.literal('blue') }],
    ['narrower_bounds', { size: z.int().min(2).max(3), note: z.string().max(5).optional() }],
    ['whole_numbers_for_numbers', { weight: z.int() }],
    ['never_null_any_more', { due: z.iso.date() }],
    ['words_for_free_text', { name: z.enum(['a', 'b']), tags: z.array(z.enum(['x'])) }],
    ['a_new_member_further_in', { by: z.object({ name: z.string(), client: z.string(), id: c.Id }) }],
  ])('%s', (_, members) => {
    expect(breaksWith(members)).toEqual([])
  })

  test('a_new_event', () => {
    const more = { ...released, events: { ...released.events, ...catalogue(before, 'thing.painted').events } }
    expect(breaksOf(released, more)).toEqual([])
  })
})

describe('found', () => {
  test.each<[string, z.ZodRawShape, string]>([
    ['a_member_that_may_be_absent', { name: z.string().optional() }, 'name may now be absent'],
    ['a_member_of_another_type', { size: z.string() }, 'size may now be of type string instead of integer'],
    ['fractions', { size: z.number().min(1).max(9) }, 'size may now be of type number instead of integer'],
    ['null', { name: z.string().nullable() }, 'name may now be of type null instead of string'],
    ['a_word_more', { colour: z.enum(['red', 'blue', 'green']) }, 'colour may now be "green"'],
    ['text_instead_of_words', { colour: z.string() }, 'colour may now be anything'],
    ['wider_bounds', { size: z.int().min(0).max(9) }, 'size may now pass its minimum of 1'],
    ['no_bound', { note: z.string().optional() }, 'note may now pass its maxLength of 10'],
    ['another_format', { due: z.iso.datetime().nullable() }, 'due may now be of another format'],
    ['another_pattern', { thing_id: z.uuid() }, 'thing_id may now be of another pattern'],
    ['other_items', { tags: z.array(z.int()) }, 'tags[] may now be of type integer instead of string'],
    ['one_instead_of_many', { tags: z.string() }, 'tags may now be of type string instead of array'],
    ['a_member_that_is_gone_further_in', { by: z.object({ name: z.string() }) }, 'by.client is gone'],
  ])('%s', (_, members, what) => {
    expect(breaksWith(members)).toEqual([`thing.made: data.${what}`])
  })

  test('a_member_that_is_gone', () => {
    expect(breaksOf(released, catalogue(before.omit({ note: true })))).toEqual([
      'thing.made: data.note is gone',
    ])
  })

  test('an_event_that_is_gone_or_told_elsewhere', () => {
    expect(breaksOf(released, catalogue(before, 'thing.built'))).toEqual(['thing.made is gone'])
    expect(breaksOf(released, catalogue(before, 'thing.made', 'stuff'))).toEqual([
      'thing.made is published on another subject',
    ])
    expect(breaksOf(released, catalogue(before, 'thing.made', 'things', 'name'))).toEqual([
      'thing.made is about another thing than its thing_id',
    ])
  })

  test('a_change_of_the_envelope', () => {
    const envelope = { ...released.envelope, required: ['id'] }
    expect(breaksOf(released, { ...released, envelope })).toContain('the envelope.sequence may now be absent')
  })

  test('told_in_a_sentence_that_says_what_to_do', () => {
    expect(breakSentence(released, { ...released, events: {} })).toMatch(
      /^Readers of the released events \(1\.0\.0\) would break: thing\.made is gone\. .*another name/,
    )
    expect(breakSentence(released, released)).toBeUndefined()
  })
})

test('readers_of_the_last_release_understand_the_events_of_now', () => {
  const file = new URL('../../infra/released-events.json', import.meta.url)
  const last = JSON.parse(readFileSync(file, 'utf8')) as Catalogue
  expect(breakSentence(last, catalogueOf(last.version))).toBeUndefined()
  expect(Object.keys(last.events).length).toBeGreaterThan(12)
})
