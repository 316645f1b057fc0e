// Arguments as frameworks and models send them, tried on every parameter of every tool, and what stays refused.
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { argumentsReader } from '../../../services/gateway/mcp/arguments.ts'
import { checkInput } from '../../../shared/contracts/define/check.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'
import { formsOf, inputSchema } from '../../../shared/contracts/define/json-schema.ts'
import { exampleOf, SOME_ID, TOOLS, toolNamed } from '../../support/tools.ts'

const LINK = 'https://example.com/pull/1'
/** An item of each list that is not of ids, and how it is read. */
const ITEMS: Readonly<Record<string, readonly [unknown, unknown]>> = {
  expected_versions: [3, 3],
  links: [LINK, LINK],
  labels: ['Docs', 'Docs'],
  kinds: ['loop', 'loop'],
  tasks: [{ title: 'A' }, { title: 'A', body: '', priority: 'none' }],
}

type Schema = Readonly<Record<string, unknown>>
type Place = Readonly<{ tool: string; parameter: string; schema: Schema; optional: boolean }>

/** What the service is asked for when a client sends this. */
const asked = (tool: string, given: unknown): Record<string, unknown> =>
  checkInput(toolNamed(tool).input, argumentsReader(toolNamed(tool).input)(given))
const without = (tool: string, parameter: string): Record<string, unknown> => {
  const { [parameter]: _, ...rest } = exampleOf(tool)
  return rest
}
const refusal = (work: () => unknown) => {
  try {
    work()
  } catch (error) {
    if (error instanceof AppError) return error
    throw error
  }
  throw new Error('was accepted')
}

const places: readonly Place[] = TOOLS.flatMap(({ name, tool }) => {
  const { properties, required = [] } = inputSchema(tool.input)
  return Object.entries(properties as Record<string, Schema>).map(([parameter, schema]) => ({
    tool: name,
    parameter,
    schema,
    optional: !(required as readonly string[]).includes(parameter),
  }))
})
const typesOf = ({ schema }: Place): readonly string[] => formsOf(schema).map(({ type }) => String(type))
const named = (chosen: readonly Place[]) =>
  chosen.map((place) => [`${place.tool}.${place.parameter}`, place] as const)
const optional = places.filter((place) => place.optional)
const clearable = optional.filter((place) => typesOf(place).includes('null'))
const naming = optional.filter(({ parameter }) => /(^|_)(id|key|cursor)$/.test(parameter))
const lists = places.filter((place) => typesOf(place).includes('array'))
const numbers = places.filter((place) => typesOf(place).includes('integer'))

describe('the places that these tests try', () => {
  test('are_all_there_are', () => {
    expect(optional.length).toBeGreaterThan(40)
    expect(clearable.map(({ tool, parameter }) => `${tool}.${parameter}`)).toEqual([
      'create_task.due_date',
      'update_task.loop_id',
      'update_task.due_date',
      'bulk_update_tasks.loop_id',
    ])
    expect(naming.length).toBeGreaterThan(15)
    expect(lists.length).toBeGreaterThan(4)
    expect(numbers.length).toBeGreaterThan(10)
  })
})

describe('null for an optional argument', () => {
  test.each(named(optional.filter((place) => !clearable.includes(place))))(
    'is_as_if_absent: %s',
    (_, { tool, parameter }) => {
      expect(asked(tool, { ...exampleOf(tool), [parameter]: null })).toEqual(
        asked(tool, without(tool, parameter)),
      )
    },
  )

  test.each(named(clearable))('still_clears: %s', (_, { tool, parameter }) => {
    expect(asked(tool, { ...exampleOf(tool), [parameter]: null })[parameter]).toBeNull()
  })

  test.each(named(places.filter((place) => !place.optional)))(
    'is_refused_where_it_is_required: %s',
    (_, place) => {
      const { code, extras } = refusal(() =>
        asked(place.tool, { ...exampleOf(place.tool), [place.parameter]: null }),
      )
      expect(code).toBe('invalid_argument')
      expect(extras.details).toMatchObject({ fields: [{ field: place.parameter }] })
    },
  )

  test.each(TOOLS.map(({ name }) => name))('is_as_if_absent_for_all_of_%s_at_once', (tool) => {
    const { required = [] } = inputSchema(toolNamed(tool).input)
    const least = Object.fromEntries((required as string[]).map((name) => [name, exampleOf(tool)[name]]))
    const nulls = optional.filter((place) => place.tool === tool && !clearable.includes(place))
    const all = Object.fromEntries(nulls.map(({ parameter }) => [parameter, null]))
    expect(asked(tool, { ...all, ...least })).toEqual(asked(tool, least))
  })

  test('for_the_arguments_as_a_whole_is_no_arguments', () => {
    expect(asked('list_tasks', null)).toEqual(asked('list_tasks', {}))
    expect(asked('list_tasks', undefined)).toEqual(asked('list_tasks', {}))
  })
})

describe('an empty text for an optional id, key or cursor', () => {
  test.each(named(naming))('is_as_if_absent: %s', (_, { tool, parameter }) => {
    expect(asked(tool, { ...exampleOf(tool), [parameter]: '' })).toEqual(
      asked(tool, without(tool, parameter)),
    )
  })

  test('is_refused_for_a_required_id', () => {
    expect(refusal(() => asked('get_task', { task_id: '' })).code).toBe('invalid_argument')
  })

  test('stays_what_it_is_for_texts_of_people', () => {
    expect(asked('update_task', { task_id: SOME_ID, body: '' })).toMatchObject({ body: '' })
    expect(refusal(() => asked('update_task', { task_id: SOME_ID, title: '' })).code).toBe('invalid_argument')
  })
})

describe('the members of objects in a list', () => {
  const first = (item: unknown) => (asked('create_tasks', { tasks: [item] }).tasks as unknown[])[0]

  test('are_read_like_arguments', () => {
    const given = { title: 'A', body: null, loop_id: '', priority: null, due_date: null, labels: '["x"]' }
    expect(first(given)).toEqual({ title: 'A', body: '', priority: 'none', due_date: null, labels: ['x'] })
  })

  test('are_refused_by_their_place_where_they_are_unknown', () => {
    for (const name of ['titel', 'sessionId', '__proto__']) {
      const item = Object.fromEntries([
        ['title', 'A'],
        [name, 'x'],
      ])
      expect(refusal(() => first(item)).extras.details).toMatchObject({
        fields: [{ field: `tasks.0.${name}` }],
      })
    }
  })

  test('that_are_no_objects_are_refused', () => {
    for (const item of [null, 'A', 7, [], ['A']])
      expect(refusal(() => first(item)).extras.details).toMatchObject({ fields: [{ field: 'tasks.0' }] })
  })
})
describe('JSON text', () => {
  test.each(named(lists))('is_read_as_a_list: %s', (_, { tool, parameter }) => {
    const [sent, read] = ITEMS[parameter] ?? [SOME_ID.toLowerCase(), SOME_ID]
    const given = { ...exampleOf(tool), [parameter]: JSON.stringify([sent]) }
    expect(asked(tool, given)[parameter]).toEqual([read])
  })

  test.each(named(numbers))('is_read_as_a_number: %s', (_, { tool, parameter, schema }) => {
    const number = Math.max(10, Number(schema.minimum ?? 0))
    expect(asked(tool, { ...exampleOf(tool), [parameter]: `${number}` })[parameter]).toBe(number)
  })

  test.each(named(numbers))(
    'of_another_kind_is_refused_with_field_and_type: %s',
    (_, { tool, parameter }) => {
      for (const value of ['ten', '"10"', '1.5', '[10]', 'null', 'true', '', '0x10', '1e400', '10 apples']) {
        const { code, message } = refusal(() => asked(tool, { ...exampleOf(tool), [parameter]: value }))
        expect(code).toBe('invalid_argument')
        expect(message).toContain(parameter)
        expect(message).toMatch(/number|int/)
      }
    },
  )

  test.each(named(lists))('that_is_no_list_is_refused_with_field_and_type: %s', (_, { tool, parameter }) => {
    for (const value of [SOME_ID, JSON.stringify(SOME_ID), '{}', '1', `["${SOME_ID}"`, 'null']) {
      const { code, message } = refusal(() => asked(tool, { ...exampleOf(tool), [parameter]: value }))
      expect(code).toBe('invalid_argument')
      expect(message).toContain(parameter)
      expect(message).toContain('array')
    }
  })

  test('stays_text_where_a_text_is_meant', () => {
    for (const body of ['10', 'true', '["a"]', 'null', '{"a":1}'])
      expect(asked('create_task', { title: 'x', body })).toMatchObject({ body })
    expect(asked('create_task', { title: '5', idempotency_key: '7' })).toMatchObject({
      title: '5',
      idempotency_key: '7',
    })
  })

  test('of_a_truth_value_is_read_as_one', () => {
    const read = argumentsReader(z.strictObject({ done: z.boolean() }))
    expect(read({ done: 'true' })).toEqual({ done: true })
    for (const done of ['yes', '1', 'True', '"true"']) expect(read({ done })).toEqual({ done })
  })
})

describe('what n8n adds', () => {
  const added = { toolCallId: 'a', sessionId: 'b', action: 'c', chatInput: 'd', tool: { name: 'e' } }

  test.each(TOOLS.map(({ name }) => name))('is_passed_over_by_%s', (tool) => {
    expect(asked(tool, { ...added, ...exampleOf(tool) })).toEqual(asked(tool, exampleOf(tool)))
  })

  test.each(['titel', 'toolcallid', 'session_id', 'Tool', '__proto__', 'constructor'])(
    'and_no_other_is: %s',
    (name) => {
      const given = Object.fromEntries([...Object.entries(exampleOf('create_task')), [name, 'x']])
      const { code, extras } = refusal(() => asked('create_task', given))
      expect(code).toBe('invalid_argument')
      expect(extras.details).toMatchObject({ fields: [{ field: name }] })
    },
  )
})

test('anything_but_an_object_is_handed_on_to_be_refused', () => {
  for (const value of ['x', 7, [], [{}], true])
    expect(refusal(() => asked('list_tasks', value)).code).toBe('invalid_argument')
})
