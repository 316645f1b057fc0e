// Turns: one at a time per key, in order and bounded.
import { expect, test } from 'vitest'
import { turns } from '../../../services/loops-queue/turns.ts'

const patient = { remainingMs: () => 1_000 }

test('one_at_a_time_in_the_order_of_arrival_also_after_a_failure', async () => {
  const line = turns(10)
  const seen: string[] = []
  const gate = Promise.withResolvers<void>()
  const work = (name: string, fail = false) =>
    line.run('K', patient, async () => {
      seen.push(`${name} begins`)
      await gate.promise
      seen.push(`${name} ends`)
      if (fail) throw new Error(name)
      return name
    })
  const all = Promise.allSettled([work('a'), work('b', true), work('c')])
  gate.resolve()
  expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
})

test('another_key_does_not_wait', async () => {
  const line = turns(10)
  const gate = Promise.withResolvers<void>()
  const first = line.run('K', patient, () => gate.promise)
  expect(await line.run('L', patient, async () => 'done')).toBe('done')
  gate.resolve()
  await first
})

test('refused_when_too_many_wait_and_open_again_when_they_have_ended', async () => {
  const line = turns(2)
  const gate = Promise.withResolvers<void>()
  const waiting = [line.run('K', patient, () => gate.promise), line.run('K', patient, () => gate.promise)]
  await expect(line.run('K', patient, async () => 1)).rejects.toMatchObject({ code: 'unavailable' })
  gate.resolve()
  await Promise.all(waiting)
  expect(await line.run('K', patient, async () => 1)).toBe(1)
})

test('not_begun_when_the_time_of_the_call_was_over_before_its_turn', async () => {
  const line = turns(2)
  let begun = false
  const late = line.run('K', { remainingMs: () => 0 }, async () => {
    begun = true
  })
  await expect(late).rejects.toMatchObject({ code: 'timeout' })
  expect(begun).toBe(false)
})
