// What the MCP endpoint offers: tools with their schemas as clients check them, lists by scope and by page.
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/sdk/validation/ajv'
import { describe, expect, test } from 'vitest'
import { errorResult, readTraceparent } from '../../../services/gateway/mcp/call-tool.ts'
import { createCatalog, LIST_PAGE, pageOf } from '../../../services/gateway/mcp/catalog.ts'
import { AppError, ERROR_CODES, type ErrorCode } from '../../../shared/contracts/define/errors.ts'
import { CONTRACTS } from '../../../shared/contracts/index.ts'
import { TOOLS } from '../../support/tools.ts'

const catalog = createCatalog(CONTRACTS)
const listed = catalog.listFor(['loops:read', 'loops:write', 'loops:approve'])
const validator = new AjvJsonSchemaValidator()

describe('the list of tools', () => {
  test('has_every_tool_once_with_all_that_a_client_needs', () => {
    expect(listed.map(({ name }) => name)).toEqual(TOOLS.map(({ name }) => name))
    for (const tool of listed) {
      expect(Object.values(tool.annotations).filter((value) => typeof value === 'boolean')).toHaveLength(4)
      expect(tool.inputSchema.type).toBe('object')
      expect(tool.inputSchema.additionalProperties).toBe(false)
      expect(tool.outputSchema.type).toBe('object')
      expect(tool.inputSchema).not.toHaveProperty('$schema')
    }
  })

  test('is_the_same_each_time_and_fits_one_page', () => {
    expect(JSON.stringify(createCatalog(CONTRACTS).listFor(['loops:read', 'loops:write']))).toBe(
      JSON.stringify(catalog.listFor(['loops:write', 'loops:read'])),
    )
    expect(listed.length).toBeLessThanOrEqual(LIST_PAGE)
  })

  test('shows_a_reader_only_what_reads', () => {
    const names = catalog.listFor(['loops:read']).map(({ name }) => name)
    expect(names).toEqual(TOOLS.filter(({ tool }) => tool.scope === 'loops:read').map(({ name }) => name))
    expect(names).not.toContain('create_task')
    expect(catalog.listFor([])).toEqual([])
  })

  test('answers_the_name_of_the_connector_without_showing_it', () => {
    expect(catalog.find('loopsmcp_create_task')).toBe(catalog.find('create_task'))
    expect(catalog.find('create_task')?.contract.name).toBe('tasks')
    for (const name of ['loopsmcp_', 'loopsmcp_loopsmcp_create_task', 'Create_task', 'toString', '__proto__'])
      expect(catalog.find(name)).toBeUndefined()
    expect(listed.filter(({ name }) => name.startsWith('loopsmcp'))).toEqual([])
  })

  test.each(listed.map((tool) => [tool.name, tool] as const))(
    'lets_clients_accept_errors_and_refuse_nonsense_of_%s',
    (_, tool) => {
      const check = validator.getValidator(tool.outputSchema)
      const { structuredContent } = errorResult(new AppError('not_found', 'There is none.'))
      expect(check(structuredContent)).toMatchObject({ valid: true })
      expect(check({ error: 'a text' })).toMatchObject({ valid: false })
    },
  )
})

describe('an error as a result', () => {
  test.each(Object.keys(ERROR_CODES) as ErrorCode[])('says_what_to_do_after_%s', (code) => {
    const result = errorResult(new AppError(code, 'Something is so.', { details: { task_id: 'X' } }))
    const { error } = result.structuredContent as { error: Record<string, unknown> }
    expect(result.isError).toBe(true)
    expect(error).toMatchObject({ code, message: 'Something is so.', task_id: 'X' })
    expect(error.retryable).toBe(ERROR_CODES[code].retryable)
    expect(result.content).toEqual([{ type: 'text', text: `${code}: Something is so. ${error.hint}` }])
    expect(error.hint).toMatch(/^[A-Z].*\.$/)
  })

  test('keeps_the_hint_that_it_has', () => {
    const { structuredContent } = errorResult(
      new AppError('unavailable', 'Busy.', { hint: 'Wait.', retry_after_ms: 5 }),
    )
    expect(structuredContent).toEqual({
      error: { code: 'unavailable', message: 'Busy.', retryable: true, hint: 'Wait.', retry_after_ms: 5 },
    })
  })
})

describe('pages of a list', () => {
  const items = Array.from({ length: 7 }, (_, index) => index)

  test('give_every_item_once_in_order', () => {
    const seen: number[] = []
    let cursor: string | undefined
    do {
      const page = pageOf(items, cursor, 3)
      seen.push(...(page?.items ?? []))
      cursor = page?.nextCursor
    } while (cursor !== undefined)
    expect(seen).toEqual(items)
  })

  test('end_without_a_cursor_when_the_last_one_is_full', () => {
    const first = pageOf(items.slice(0, 6), undefined, 3)
    expect(pageOf(items.slice(0, 6), first?.nextCursor, 3)).toEqual({ items: [3, 4, 5] })
  })

  test.each(['', 'x', 'MA', 'NA', 'Nw', 'OQ', 'LTM', 'MS41', 'SW5maW5pdHk', 'é'])(
    'refuse_a_cursor_that_none_of_them_gave (%s)',
    (cursor) => {
      expect(pageOf(items, cursor, 3)).toBeUndefined()
    },
  )
})

test('a_trace_is_followed_only_when_it_is_one [P19]', () => {
  const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
  expect(readTraceparent(trace)).toBe(trace)
  for (const other of [undefined, 5, '', `${trace}\r\nX: y`, trace.toUpperCase(), `${trace}0`])
    expect(readTraceparent(other)).toBeUndefined()
})
