// What goes into any tool: limits to the character and the byte, ids, dates, texts that cannot be stored, stray members.
//
// Tables, multiplied out: every parameter of every tool by what the contracts say that it is (a text, an id, a list of ids, a
// date), times the kinds of bad input of its sort. So their number says how many parameters there are, not how many things
// were thought of: those are the rows of the tables, and a name says tool, parameter and row. Only the check of one input
// against its contract is called here. What a running server answers to bad input is in e2e/bad-input.test.ts, what it takes
// from lenient clients in e2e/lenient-arguments.test.ts.
import { describe, expect, test } from 'vitest'
import { checkInput } from '../../shared/contracts/define/check.ts'
import { LIMITS } from '../../shared/contracts/define/common.ts'
import { AppError, toErrorBody } from '../../shared/contracts/define/errors.ts'
import { inputSchema } from '../../shared/contracts/define/json-schema.ts'
import { exampleOf, TOOLS, toolNamed } from '../support/tools.ts'

type Property = Readonly<{
  type?: string
  description?: string
  pattern?: string
  format?: string
  maxLength?: number
  enum?: readonly string[]
  items?: Property
  anyOf?: readonly Property[]
}>
type Place = Readonly<{ tool: string; parameter: string; property: Property }>

/** Every parameter that is a free text, by name: its limit and what the limit counts. */
const TEXTS: Readonly<Record<string, readonly [number, 'characters' | 'bytes']>> = {
  title: [200, 'characters'],
  name: [200, 'characters'],
  loop_name: [200, 'characters'],
  description: [4_000, 'characters'],
  loop_description: [4_000, 'characters'],
  idempotency_key: [255, 'characters'],
  cursor: [512, 'characters'],
  tasks_cursor: [512, 'characters'],
  comments_cursor: [512, 'characters'],
  body: [64 * 1024, 'bytes'],
  ai_context: [64 * 1024, 'bytes'],
  text: [16 * 1024, 'bytes'],
  note: [16 * 1024, 'bytes'],
  outcome: [16 * 1024, 'bytes'],
  progress: [500, 'characters'],
  agent: [100, 'characters'],
  claim_id: [100, 'characters'],
  label: [50, 'characters'],
  query: [200, 'characters'],
}

const places: readonly Place[] = TOOLS.flatMap(({ name, tool }) =>
  Object.entries((inputSchema(tool.input).properties ?? {}) as Record<string, Property>).map(
    ([parameter, property]) => ({ tool: name, parameter, property }),
  ),
)
const isId = (property: Property | undefined): boolean =>
  property?.pattern?.startsWith('^[0-7][0-9A-H') === true
const options = ({ property }: Place): readonly Property[] => property.anyOf ?? [property]
const ids = places.filter((place) => options(place).some(isId))
const idLists = places.filter(({ property }) => isId(property.items))
const dates = places.filter((place) => options(place).some(({ format }) => format === 'date'))
const texts = places.filter(
  ({ property }) =>
    property.type === 'string' && !property.enum && !isId(property) && property.format === undefined,
)
const named = (chosen: readonly Place[]) =>
  chosen.map((place) => [`${place.tool}.${place.parameter}`, place] as const)

/** A kind of input by the end of a test's name, and one of that kind. */
type Kind = readonly [string, unknown]
const ULID = '01JZZZZZZZZZZZZZZZZZZZZZZZ'

const TEXTS_THAT_CANNOT_BE_STORED: readonly Kind[] = [
  ['a_NUL_in_it', 'a\0b'],
  ['a_high_surrogate_alone', 'a\uD83Db'],
  ['a_low_surrogate_alone', 'a\uDE00'],
]
const NO_TEXTS: readonly Kind[] = [
  ['a_query_operator', { $ne: 1 }],
  ['a_list_of_texts', ['a']],
  ['a_number', 7],
  ['a_boolean', true],
]
const NO_IDS: readonly Kind[] = [
  ['an_empty_text', ''],
  ['an_id_with_a_character_too_few', ULID.slice(0, -1)],
  ['an_id_with_a_character_too_many', `${ULID}Z`],
  ['an_id_of_a_time_beyond_the_last', `8${ULID.slice(1)}`],
  ...['I', 'L', 'O', 'U'].map(
    (letter): Kind => [`an_id_with_the_letter_${letter}`, ULID.slice(0, -1) + letter],
  ),
  ['an_id_that_ends_in_a_line_break', `${ULID.slice(0, -1)}\n`],
  ['an_id_behind_a_space', ` ${ULID}`],
  ['a_query_operator', { $ne: 1 }],
  ['a_list_of_one_id', [ULID]],
  ['a_number', 1],
]
const NO_LISTS_OF_IDS: readonly Kind[] = [
  ['an_id_alone', ULID],
  ['an_object_that_looks_like_a_list', { 0: ULID, length: 1 }],
  ['a_list_with_null', [null]],
  ['a_list_with_an_object', [{}]],
]
const DATES: readonly Kind[] = [
  ['the_last_of_a_month', '2026-08-31'],
  ['a_leap_day', '2024-02-29'],
  ['a_leap_day_of_a_full_century', '2000-02-29'],
  ['a_day_of_the_last_century', '1999-12-31'],
  ['the_last_day_of_four_digits', '9999-12-31'],
]
const NO_DATES: readonly Kind[] = [
  ['the_30th_of_February', '2026-02-30'],
  ['a_leap_day_of_another_year', '2026-02-29'],
  ['a_leap_day_of_a_century_without', '1900-02-29'],
  ['month_13', '2026-13-01'],
  ['month_0', '2026-00-10'],
  ['the_31st_of_April', '2026-04-31'],
  ['a_date_without_leading_zeros', '2026-1-2'],
  ['a_date_with_a_year_of_two_digits', '26-01-02'],
  ['a_date_with_a_time_of_day', '2026-01-02T00:00:00Z'],
  ['a_date_with_slashes', '2026/01/02'],
  ['a_word', 'tomorrow'],
  ['an_empty_text', ''],
  ['a_number', 20_260_102],
  ['a_query_operator', { $gt: '' }],
]

const parse = (tool: string, input: unknown): Record<string, unknown> =>
  checkInput(toolNamed(tool).input, input)
const given = ({ tool, parameter }: Place, value: unknown): unknown =>
  parse(tool, exampleOf(tool, { [parameter]: value }))[parameter]

const refusal = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    if (error instanceof AppError) return toErrorBody(error)
    throw error
  }
  throw new Error('was accepted')
}

describe('the places that these tests try', () => {
  test('are all there are', () => {
    expect(ids.length).toBeGreaterThan(12)
    expect(idLists.length).toBeGreaterThan(3)
    expect(dates.map(({ tool }) => tool)).toEqual(['create_task', 'update_task'])
    expect(texts.filter(({ parameter }) => !Object.hasOwn(TEXTS, parameter))).toEqual([])
    for (const { parameter, property } of texts) {
      const [limit = 0, unit] = TEXTS[parameter] ?? []
      if (unit === 'characters') expect(property.maxLength).toBe(limit)
      // JSON Schema knows no length in bytes.
      else expect(property.description).toContain(`at most ${limit.toLocaleString('en')} bytes`)
    }
  })

  test('have the limits that clients were told', () => {
    expect(LIMITS).toMatchObject({
      name_chars: 200,
      description_chars: 4_000,
      body_bytes: 65_536,
      ai_context_bytes: 65_536,
      comment_bytes: 16_384,
      active_loops: 5_000,
      bulk_tasks: 100,
      page: 200,
      page_default: 50,
      request_bytes: 1_048_576,
    })
  })
})

describe.each(named(texts))('%s, a text', (_, place) => {
  const [limit, unit] = TEXTS[place.parameter] ?? [0, 'characters']
  // Four bytes and two UTF-16 units each, so that a count of anything but what the limit names is found out.
  const full = '😀'.repeat(unit === 'characters' ? limit : limit / 4)

  test('accepted_at_the_limit', () => {
    expect(given(place, full)).toBe(full)
  })

  test('refused_one_over_with_field_limit_and_size', () => {
    const body = refusal(() => given(place, `${full}a`))
    expect(body).toMatchObject({
      code: 'limit_exceeded',
      fields: [{ field: place.parameter, limit, size: limit + 1 }],
    })
    expect(body.message).toContain(`${place.parameter}: is ${limit + 1} ${unit} long; the limit is ${limit}`)
  })

  test.each(TEXTS_THAT_CANNOT_BE_STORED)('refused_with_%s', (_name, value) => {
    expect(refusal(() => given(place, value))).toMatchObject({
      code: 'invalid_argument',
      fields: [{ field: place.parameter }],
    })
  })

  test.each(NO_TEXTS)('refused_as_%s', (_name, value) => {
    expect(refusal(() => given(place, value)).code).toBe('invalid_argument')
  })

  test('kept_as_written', () => {
    const value = ' “q” <b>&amp;</b>\n```\n`\\n`\n```\n\u202Eעברית\u202C 👩‍👩‍👧 '
    // Spaces around what somebody looks for mean nothing.
    expect(given(place, value)).toBe(place.parameter === 'query' ? value.trim() : value)
  })
})

describe.each(named(ids))('%s, an id', (_, place) => {
  test('taken_in_any_case_and_given_on_in_upper_case', () => {
    expect(given(place, '01jzzzzzzzzzzzzzzzzzzzzzzz')).toBe('01JZZZZZZZZZZZZZZZZZZZZZZZ')
  })

  test.each(NO_IDS)('refused_as_%s', (_name, value) => {
    const body = refusal(() => given(place, value))
    expect(body.code).toBe('invalid_argument')
    expect(body.message).toContain(place.parameter)
  })
})

describe.each(named(idLists))('%s, a list of ids', (_, place) => {
  test('taken_in_any_case_and_given_on_in_upper_case', () => {
    expect(given(place, ['01jzzzzzzzzzzzzzzzzzzzzzzz'])).toEqual(['01JZZZZZZZZZZZZZZZZZZZZZZZ'])
  })

  test('refused_with_the_place_of_the_bad_one', () => {
    const body = refusal(() => given(place, ['01JZZZZZZZZZZZZZZZZZZZZZZZ', 'nonsense']))
    expect(body).toMatchObject({ code: 'invalid_argument', fields: [{ field: `${place.parameter}.1` }] })
  })

  test.each(NO_LISTS_OF_IDS)('refused_as_%s', (_name, value) => {
    expect(refusal(() => given(place, value)).code).toBe('invalid_argument')
  })
})

describe.each(named(dates))('%s, a date', (_, place) => {
  test.each(DATES)('accepted_as_%s', (_name, value) => {
    expect(given(place, value)).toBe(value)
  })

  test('accepted_as_null', () => {
    expect(given(place, null)).toBeNull()
  })

  test.each(NO_DATES)('refused_as_%s', (_name, value) => {
    expect(refusal(() => given(place, value))).toMatchObject({
      code: 'invalid_argument',
      fields: [{ field: place.parameter }],
    })
  })
})

describe.each(TOOLS.map(({ name }) => name))('%s, all its arguments', (tool) => {
  test('refused_with_an_unknown_parameter_that_is_named', () => {
    const body = refusal(() => parse(tool, { ...exampleOf(tool), user_id: 'me' }))
    expect(body).toMatchObject({ code: 'invalid_argument', fields: [{ field: 'user_id' }] })
  })

  test('refused_as_anything_but_an_object', () => {
    for (const value of [null, undefined, 'text', 7, [], [{}]])
      expect(refusal(() => parse(tool, value)).code).toBe('invalid_argument')
  })

  test('untouched_by_prototype_members', () => {
    for (const member of ['__proto__', 'constructor']) {
      const input = { ...exampleOf(tool), ...JSON.parse(`{"${member}": {"polluted": true}}`) }
      expect(refusal(() => parse(tool, input))).toMatchObject({
        code: 'invalid_argument',
        fields: [{ field: member }],
      })
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })
})

describe('create_tasks.tasks, a list of objects', () => {
  const items = (count: number, given: Readonly<Record<string, unknown>> = {}) =>
    Array.from({ length: count }, (_, n) => ({ title: 'A title', ...(n === 3 ? given : {}) }))
  const asked = (tasks: unknown) => parse('create_tasks', { tasks })

  test('accepted_with_50_refused_with_none_and_with_51', () => {
    expect(asked(items(50)).tasks).toHaveLength(50)
    expect(refusal(() => asked([])).code).toBe('invalid_argument')
    expect(refusal(() => asked(items(51)))).toMatchObject({
      code: 'limit_exceeded',
      fields: [{ field: 'tasks', limit: 50, size: 51 }],
    })
  })

  test.each([
    ['title', ['', ' ', null, 7, { $ne: 1 }, 'a\0b', 'a\uD83Db'], 'invalid_argument'],
    ['title', ['x'.repeat(201)], 'limit_exceeded'],
    ['body', [7, ['a'], 'a\0b'], 'invalid_argument'],
    ['body', ['x'.repeat(65_537)], 'limit_exceeded'],
    ['loop_id', ['', 'nonsense', { $ne: 1 }, [ULID]], 'invalid_argument'],
    ['priority', ['highest', null], 'invalid_argument'],
    ['due_date', NO_DATES.map(([, value]) => value), 'invalid_argument'],
    ['labels', ['docs', {}], 'invalid_argument'],
    ['labels', [Array(21).fill('x')], 'limit_exceeded'],
    ['status', ['approved'], 'invalid_argument'],
    ['idempotency_key', ['k'], 'invalid_argument'],
  ] as const)('refused_by_the_place_of_a_bad_%s (%#)', (member, values, code) => {
    for (const value of values) {
      const body = refusal(() => asked(items(5, { [member]: value })))
      expect(body).toMatchObject({ code, fields: [{ field: `tasks.3.${member}` }] })
      expect(body.message).toContain(`tasks.3.${member}: `)
    }
  })
})

describe('numbers and lists', () => {
  test.each([
    ['list_tasks', 'limit', [1, 200], [0, 201, 1.5, -1, '50', null, Number.NaN, 1e20]],
    ['get_loop', 'tasks_limit', [1, 200], [0, 201]],
    ['set_loop_priority', 'priority', [0, 5_000, Number.MAX_SAFE_INTEGER], [-1, 0.5, '0', null, 1e20]],
    ['set_loop_priority', 'expected_version', [0, 7], [-1, 0.5, '7']],
    ['update_task', 'expected_version', [1, 7], [0, -1, 0.5, '7']],
  ] as const)(
    '%s.%s, a number: accepted at its bounds and refused beyond them',
    (tool, parameter, accepted, refused) => {
      for (const value of accepted)
        expect(parse(tool, exampleOf(tool, { [parameter]: value }))[parameter]).toBe(value)
      for (const value of refused)
        expect(refusal(() => parse(tool, exampleOf(tool, { [parameter]: value }))).code).toBe(
          'invalid_argument',
        )
    },
  )

  test.each([
    ['bulk_update_tasks', 'task_ids', 100],
    ['create_loop_from_tasks', 'task_ids', 100],
    ['reorder_loops', 'loop_ids', 5_000],
    ['create_loop', 'member_ids', 200],
  ] as const)(
    '%s.%s, a list: accepted with as many as it may have, refused with one more',
    (tool, parameter, limit) => {
      const id = (n: number) => `01JZZZZZZZZZZZZZZZZZZ${String(n).padStart(5, '0')}`
      const list = Array.from({ length: limit + 1 }, (_, n) => id(n))
      expect(parse(tool, { ...exampleOf(tool), [parameter]: list.slice(1) })[parameter]).toHaveLength(limit)
      const body = refusal(() => parse(tool, { ...exampleOf(tool), [parameter]: list }))
      expect(body).toMatchObject({
        code: 'limit_exceeded',
        fields: [{ field: parameter, limit, size: limit + 1 }],
      })
    },
  )

  test.each([
    ['bulk_update_tasks', 'task_ids'],
    ['create_loop_from_tasks', 'task_ids'],
    ['reorder_loops', 'loop_ids'],
  ] as const)('%s.%s, a list: refused when empty', (tool, parameter) => {
    expect(refusal(() => parse(tool, { ...exampleOf(tool), [parameter]: [] })).code).toBe('invalid_argument')
  })

  test.each([
    ['create_task', 'title'],
    ['create_loop', 'name'],
    ['create_loop_from_tasks', 'loop_name'],
    ['update_loop', 'name'],
    ['add_comment', 'text'],
  ] as const)('%s.%s, a text: refused when blank', (tool, parameter) => {
    for (const value of ['', '   ', '\n\t'])
      expect(refusal(() => parse(tool, exampleOf(tool, { [parameter]: value }))).code).toBe(
        'invalid_argument',
      )
  })

  test('update_task.status, a word: refused with the words that there are when it is none of them', () => {
    const body = refusal(() => parse('update_task', { ...exampleOf('update_task'), status: 'done' }))
    expect(body).toMatchObject({ code: 'invalid_argument', fields: [{ field: 'status' }] })
    expect(body.message).toContain('in_progress')
  })
})
