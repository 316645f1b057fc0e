// A storm of sign-ins: the pool bounds how many hashes run and how many wait, and unknown people cost the same work.
import { expect, test } from 'vitest'
import {
  AT_ONCE,
  createPasswords,
  createPool,
  WAITING,
} from '../../../services/gateway/accounts/passwords.ts'
import { AppError } from '../../../shared/contracts/define/errors.ts'

const outcomes = async (works: readonly Promise<unknown>[]) => {
  const settled = await Promise.allSettled(works)
  const refused = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  expect(refused.every((error) => error instanceof AppError && error.code === 'rate_limited')).toBe(true)
  return { done: settled.length - refused.length, refused: refused.length }
}

test('no_more_at_once_than_there_are_places_and_the_rest_in_turn_or_refused', async () => {
  const pool = createPool(3, 5)
  const order: number[] = []
  let [underWay, most] = [0, 0]
  const work = (turn: number) =>
    pool(async () => {
      underWay += 1
      most = Math.max(most, underWay)
      order.push(turn)
      await new Promise((resolve) => setImmediate(resolve))
      underWay -= 1
    })
  const storm = Array.from({ length: 20 }, (_, turn) => work(turn))
  expect(await outcomes(storm)).toEqual({ done: 8, refused: 12 })
  expect([most, order]).toEqual([3, [0, 1, 2, 3, 4, 5, 6, 7]])
  expect(await outcomes([work(20)])).toEqual({ done: 1, refused: 0 })
})

test('a_place_is_free_again_after_work_that_failed', async () => {
  const pool = createPool(1, 0)
  await expect(pool(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  expect(await pool(async () => 'done')).toBe('done')
})

test('the_storm_is_bounded_alike_for_known_and_unknown_people', async () => {
  const passwords = await createPasswords('any text')
  const hash = await passwords.hash('seven green bicycles')
  for (const known of [hash, undefined]) {
    const storm = Array.from({ length: AT_ONCE + WAITING + 10 }, () => passwords.verify(known, 'a guess'))
    expect(await outcomes(storm)).toEqual({ done: AT_ONCE + WAITING, refused: 10 })
  }
  expect(await passwords.verify(hash, 'seven green bicycles')).toBe(true)
  expect(await passwords.verify(undefined, 'any text')).toBe(false)
})
