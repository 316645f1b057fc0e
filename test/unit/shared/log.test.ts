// Log lines: which are written, in which form, and what never stands in one.
import { describe, expect, test } from 'vitest'
import { createLog, type LogOptions } from '../../../shared/process/log.ts'

const NOW = new Date('2026-08-01T10:20:30.456Z')
const logging = (options: Partial<LogOptions> = {}) => {
  const lines: string[] = []
  const log = createLog({
    filter: 'info',
    topic: 'tasks',
    pretty: false,
    now: () => NOW,
    write: (line) => void lines.push(line),
    ...options,
  })
  return { log, lines }
}
const parsed = (line: string | undefined): unknown => JSON.parse(line ?? '')

describe('a line', () => {
  test('for_machines_is_json_with_time_level_topic_and_fields', () => {
    const { log, lines } = logging()
    log.info('served', { operation: 'get_task', count: 3 })
    expect(parsed(lines[0])).toEqual({
      at: '2026-08-01T10:20:30.456Z',
      level: 'info',
      topic: 'tasks',
      message: 'served',
      operation: 'get_task',
      count: 3,
    })
  })

  test('for_people_is_one_readable_line', () => {
    const { log, lines } = logging({ pretty: true })
    log.child('store').warn('slow', { operation: 'get_task', ids: ['a'] })
    expect(lines).toEqual(['10:20:30.456 WARN  tasks:store: slow operation=get_task ids=["a"]'])
  })

  test('stays_one_line_whatever_is_in_it', () => {
    const { log, lines } = logging()
    log.info('a\nb', { text: 'c\nd' })
    expect(lines).toHaveLength(1)
    expect(lines[0]).not.toContain('\n')
  })

  test('cannot_be_given_another_level_or_topic_by_its_fields', () => {
    const { log, lines } = logging()
    log.error('real', { level: 'debug', topic: 'other', at: 'never', message: 'false' })
    expect(parsed(lines[0])).toMatchObject({ level: 'error', topic: 'tasks', message: 'real' })
  })

  test('tells_an_error_with_its_cause', () => {
    const { log, lines } = logging()
    log.error('failed', { error: new Error('outer', { cause: new Error('inner') }) })
    expect(parsed(lines[0])).toMatchObject({ error: { name: 'Error', message: 'outer <- inner' } })
    expect(lines[0]).toContain('log.test')
  })
})

describe('a field', () => {
  test('of_any_kind_can_be_told', () => {
    const circle: Record<string, unknown> = { name: 'round' }
    circle.self = circle
    const { log, lines } = logging()
    log.info('odd', { circle, big: 10n, none: undefined, nothing: null, at_time: NOW, text: 'plain' })
    expect(parsed(lines[0])).toMatchObject({
      big: '10',
      nothing: null,
      at_time: NOW.toISOString(),
      text: 'plain',
    })
    expect(lines[0]).toContain('round')
  })
})

describe('a secret', () => {
  const SECRETS = {
    access_token: 'hunter2',
    refreshToken: 'hunter2',
    client_secret: 'hunter2',
    password: 'hunter2',
    Authorization: 'Bearer hunter2',
    cookie: 'sid=hunter2',
    MONGODB_URL: 'mongodb://a:hunter2@b',
    url: 'smtp://a:hunter2@b',
    code_verifier: 'hunter2',
  }

  test.each([true, false])('never_stands_in_a_line (pretty: %s)', (pretty) => {
    const { log, lines } = logging({ pretty, filter: 'debug' })
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]('signed in', SECRETS)
    expect(lines).toHaveLength(4)
    expect(lines.join('\n')).not.toContain('hunter2')
    expect(lines.join('\n').match(/\[redacted\]/g)).toHaveLength(4 * Object.keys(SECRETS).length)
  })

  test.each([true, false])('never_stands_in_a_line_deeper_down (pretty: %s)', (pretty) => {
    const { log, lines } = logging({ pretty })
    log.info('registered', {
      client: { name: 'Agent', client_secret: 'hunter2', keys: [{ token: 'hunter2' }] },
    })
    expect(lines[0]).toContain('Agent')
    expect(lines[0]).not.toContain('hunter2')
  })
})

describe('the filter', () => {
  const written = (filter: string, topic = 'tasks'): string[] => {
    const { log, lines } = logging({ filter, topic })
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]('x')
    return lines.map((line) => (JSON.parse(line) as { level: string }).level)
  }

  test('of_a_level_leaves_out_what_is_below', () => {
    expect(written('debug')).toEqual(['debug', 'info', 'warn', 'error'])
    expect(written('info')).toEqual(['info', 'warn', 'error'])
    expect(written('error')).toEqual(['error'])
  })

  test('of_topics_shows_those_in_full_and_the_rest_as_usual', () => {
    const filter = 'tasks:store, bus'
    expect(written(filter, 'tasks:store')).toContain('debug')
    expect(written(filter, 'tasks:store:cache')).toContain('debug')
    expect(written(filter, 'bus')).toContain('debug')
    expect(written(filter, 'tasks')).toEqual(['info', 'warn', 'error'])
    expect(written(filter, 'tasks:storefront')).toEqual(['info', 'warn', 'error'])
  })

  test('reaches_children', () => {
    const { log, lines } = logging({ filter: 'tasks:store' })
    log.child('store').debug('shown')
    log.child('other').debug('hidden')
    expect(lines).toHaveLength(1)
  })
})
