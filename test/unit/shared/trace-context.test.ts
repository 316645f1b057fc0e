// Traces without a collector: what is read and written of the W3C trace context, and that nothing happens while it is off.
import { describe, expect, test } from 'vitest'
import { createLog } from '../../../shared/process/log.ts'
import { readHeaders, tracesUrl } from '../../../shared/process/otlp.ts'
import { readSpan, runningSpan, withinSpan, writeSpan } from '../../../shared/process/trace-context.ts'
import { errorType, noTracing } from '../../../shared/process/tracing.ts'

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const IDS = { trace_id: TRACE, span_id: SPAN, sampled: true }

describe('a traceparent', () => {
  test('is_read_and_written_as_the_recommendation_says', () => {
    const text = `00-${TRACE}-${SPAN}-01`
    expect(readSpan(text)).toEqual(IDS)
    expect(writeSpan(IDS)).toBe(text)
    expect(readSpan(`00-${TRACE}-${SPAN}-00`)?.sampled).toBe(false)
    // Of a later version, with a flag that is not known yet.
    expect(readSpan(`01-${TRACE}-${SPAN}-03`)).toEqual(IDS)
  })

  test.each([
    undefined,
    '',
    'nonsense',
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${'0'.repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `ff-${TRACE}-${SPAN}-01`,
  ])('that_is_not_valid_is_dropped: %s', (text) => {
    expect(readSpan(text)).toBeUndefined()
  })
})

describe('a log line', () => {
  test('names_the_span_that_it_is_written_in', async () => {
    const lines: string[] = []
    const write = (line: string) => void lines.push(line)
    const log = createLog({ filter: 'info', topic: 'test', pretty: false, write })
    await withinSpan(IDS, async () => {
      await Promise.resolve()
      log.info('within')
    })
    log.info('without')
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ trace_id: TRACE, span_id: SPAN })
    expect(JSON.parse(lines[1] ?? '')).not.toHaveProperty('trace_id')
    expect(runningSpan()).toBeUndefined()
  })
})

describe('while nothing is sent', () => {
  test('the_trace_of_the_client_is_passed_on', async () => {
    const parent = `00-${TRACE}-${SPAN}-01`
    const seen = await noTracing.span({ name: 'work', kind: 'server', parent }, async (span) => {
      span.set({ a: 1 })
      span.fail('no')
      return span.traceparent
    })
    expect(seen).toBe(parent)
  })
})

test('an_error_is_of_the_kind_of_its_code', () => {
  expect(errorType(Object.assign(new Error('x'), { code: 'not_found' }))).toBe('not_found')
  expect(errorType(new RangeError('x'))).toBe('RangeError')
  expect(errorType('x')).toBe('unknown')
})

test('headers_for_the_collector_are_read_as_the_specification_says', () => {
  expect(readHeaders('api-key=a%20b, x-team=c=d,,broken')).toEqual({ 'api-key': 'a b', 'x-team': 'c=d' })
  expect(readHeaders(undefined)).toEqual({})
})

test('spans_go_to_v1_traces_of_the_endpoint', () => {
  expect(tracesUrl('http://collector:4318')).toBe('http://collector:4318/v1/traces')
  expect(tracesUrl('http://collector:4318/otlp/')).toBe('http://collector:4318/otlp/v1/traces')
})
