// Running many things a few at a time.
import { expect, test } from 'vitest'
import { inParallel } from '../../../shared/process/parallel.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('results_in_order_with_never_more_under_way_than_allowed', async () => {
  let [now, most] = [0, 0]
  const results = await inParallel([5, 1, 4, 2, 3, 0], 3, async (turns) => {
    now += 1
    most = Math.max(most, now)
    for (let n = 0; n < turns; n += 1) await turn()
    now -= 1
    return turns * 10
  })
  expect(results).toEqual([50, 10, 40, 20, 30, 0])
  expect(most).toBe(3)
  expect(await inParallel([], 3, turn)).toEqual([])
})

test('fails_with_the_first_failure_once_nothing_is_under_way', async () => {
  const done: number[] = []
  const failing = inParallel([0, 1, 2, 3, 4], 2, async (n) => {
    if (n === 0) throw new Error('first')
    await turn()
    done.push(n)
  })
  await expect(failing).rejects.toThrow('first')
  expect(done).toEqual([1])
})
