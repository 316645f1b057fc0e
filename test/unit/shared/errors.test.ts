// Errors on their way out of a process and in again, and the words in which bad input is refused.
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { checkInput } from '../../../shared/contracts/define/check.ts'
import {
  AppError,
  ERROR_CODES,
  type ErrorBody,
  fromErrorBody,
  isErrorCode,
  notFound,
  toErrorBody,
} from '../../../shared/contracts/define/errors.ts'

const CODES = Object.keys(ERROR_CODES) as (keyof typeof ERROR_CODES)[]
const travelled = (body: unknown): AppError =>
  fromErrorBody(JSON.parse(JSON.stringify(body)) as Partial<ErrorBody>)

describe('an error that travels', () => {
  test.each(CODES)('%s_arrives_as_it_left', (code) => {
    const left = new AppError(code, 'What went wrong.', {
      hint: 'What to do.',
      retry_after_ms: 250,
      details: { limit: 5, fields: [{ field: 'a' }] },
    })
    const arrived = travelled(toErrorBody(left))
    expect(toErrorBody(arrived)).toEqual(toErrorBody(left))
    expect(toErrorBody(left)).toEqual({
      code,
      message: 'What went wrong.',
      retryable: ERROR_CODES[code].retryable,
      hint: 'What to do.',
      retry_after_ms: 250,
      limit: 5,
      fields: [{ field: 'a' }],
    })
  })

  test('leaves_cause_and_stack_behind', () => {
    const secret = new Error('mongodb://user:pass@host')
    const text = JSON.stringify(
      toErrorBody(new AppError('internal', 'Something went wrong.', { cause: secret })),
    )
    expect(text).not.toContain('mongodb')
    expect(text).not.toContain('errors.test')
  })

  test('keeps_its_cause_for_the_log', () => {
    const cause = new Error('why')
    expect(new AppError('unavailable', 'Later.', { cause }).cause).toBe(cause)
  })

  test('is_internal_when_a_newer_peer_names_an_unknown_code', () => {
    expect(travelled({ code: 'no_such_code', message: 'Hm.' })).toMatchObject({
      code: 'internal',
      message: 'Hm.',
    })
    expect(travelled({})).toMatchObject({ code: 'internal' })
    expect(travelled({ code: 'toString', message: 1 })).toMatchObject({ code: 'internal', message: '1' })
  })

  test('cannot_be_given_another_code_by_its_details', () => {
    const body = toErrorBody(
      new AppError('forbidden', 'No.', { details: { code: 'ok', message: 'Yes.', retryable: true } }),
    )
    expect(body).toEqual({ code: 'forbidden', message: 'No.', retryable: false })
  })

  test('says_of_a_missing_thing_only_its_kind_and_id', () => {
    expect(toErrorBody(notFound('task', '01J'))).toEqual({
      code: 'not_found',
      message: 'There is no task 01J that you can see.',
      retryable: false,
      task_id: '01J',
    })
  })
})

describe('the table of errors', () => {
  test('gives_each_code_an_error_status', () => {
    for (const code of CODES) {
      expect(isErrorCode(code)).toBe(true)
      expect(ERROR_CODES[code].http).toBeGreaterThanOrEqual(400)
      expect(ERROR_CODES[code].http).toBeLessThan(600)
    }
    for (const value of ['', 'hasOwnProperty', 'INTERNAL', 1, null, undefined])
      expect(isErrorCode(value)).toBe(false)
  })

  test('is_the_one_that_clients_were_told', () => {
    expect(CODES.toSorted()).toEqual(
      [
        'invalid_argument',
        'not_found',
        'forbidden',
        'invalid_transition',
        'version_conflict',
        'idempotency_conflict',
        'claimed',
        'claim_lost',
        'already_exists',
        'limit_exceeded',
        'rate_limited',
        'unavailable',
        'timeout',
        'internal',
      ].toSorted(),
    )
  })
})

describe('bad input', () => {
  const schema = z.strictObject({
    a: z.string(),
    b: z.int().default(7),
    list: z.array(z.string()).max(2).optional(),
    inner: z.object({ c: z.string() }).optional(),
  })
  const refusal = (value: unknown): ErrorBody => {
    try {
      checkInput(schema, value)
    } catch (error) {
      return toErrorBody(error as AppError)
    }
    throw new Error('was accepted')
  }

  test('is_not_seen_in_good_input_which_gets_its_defaults', () => {
    expect(checkInput(schema, { a: 'x' })).toEqual({ a: 'x', b: 7 })
  })

  test('is_named_field_by_field', () => {
    const body = refusal({ b: 'x', inner: {}, d: 1, e: 2 })
    expect(body.code).toBe('invalid_argument')
    expect((body.fields as { field: string }[]).map(({ field }) => field).toSorted()).toEqual([
      'a',
      'b',
      'd',
      'e',
      'inner.c',
    ])
    expect(body.message).toContain('a: is missing')
    expect(body.message).toContain('d: is not a parameter of this tool')
    expect(body.hint).toContain('nothing was changed')
  })

  test('is_limit_exceeded_only_when_nothing_else_is_wrong', () => {
    expect(refusal({ a: 'x', list: ['1', '2', '3'] })).toMatchObject({
      code: 'limit_exceeded',
      fields: [{ field: 'list', limit: 2, size: 3 }],
    })
    expect(refusal({ list: ['1', '2', '3'] }).code).toBe('invalid_argument')
  })

  test('is_named_at_most_twenty_times', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`extra_${n}`, n]))
    expect(refusal({ a: 'x', ...many }).fields).toHaveLength(20)
  })

  test('is_refused_under_a_name_that_parsers_pass_over', () => {
    const value: unknown = JSON.parse('{"a":"x","__proto__":{"b":1}}')
    expect(refusal(value)).toMatchObject({ code: 'invalid_argument', fields: [{ field: '__proto__' }] })
  })

  test('is_not_repeated_back_at_length', () => {
    expect(refusal({ a: 'x', ['k'.repeat(10_000)]: 1 }).message.length).toBeLessThan(200)
  })

  test('is_refused_when_it_is_no_object', () => {
    for (const value of [undefined, null, 'text', []])
      expect(refusal(value)).toMatchObject({ code: 'invalid_argument', fields: [{ field: 'input' }] })
  })
})
