// Whom a start waits for, and for how long.
import { TimeoutError } from '@nats-io/nats-core'
import { expect, test } from 'vitest'
import { untilAnswered } from '../../../shared/bus/answered.ts'
import { createLog } from '../../../shared/process/log.ts'

const waiting = () => {
  const lines: string[] = []
  const log = createLog({
    filter: 'warn',
    topic: 'test',
    pretty: false,
    write: (line) => void lines.push(line),
  })
  let now_ms = 0
  return { lines, patience: { log, monotonicMs: () => (now_ms += 20_000) } }
}

test('an_answer_is_waited_for_and_that_is_said_once', async () => {
  const { lines, patience } = waiting()
  let tries = 0
  const ask = async () => {
    tries += 1
    if (tries < 3) throw new TimeoutError()
    return tries
  }
  expect(await untilAnswered(ask, patience)).toBe(3)
  expect(lines).toHaveLength(1)
})

test('who_waits_in_vain_is_told_what_to_look_at', async () => {
  const ask = () => Promise.reject(new TimeoutError())
  await expect(untilAnswered(ask, waiting().patience)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/not answered for 60 seconds: check that most of the NATS servers run/),
  })
})

test('an_answer_that_is_a_refusal_is_taken', async () => {
  const { lines, patience } = waiting()
  await expect(untilAnswered(() => Promise.reject(new Error('no')), patience)).rejects.toThrow('no')
  expect(lines).toEqual([])
})
