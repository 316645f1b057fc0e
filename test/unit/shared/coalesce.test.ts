// Runs that many share.
import { expect, test } from 'vitest'
import { coalesced } from '../../../shared/process/coalesce.ts'

test('whoever_asks_before_a_run_begins_shares_it_and_others_get_the_next', async () => {
  const runs: PromiseWithResolvers<number>[] = []
  const ask = coalesced<number>(async () => {
    const run = Promise.withResolvers<number>()
    runs.push(run)
    return await run.promise
  })
  const first = ask('w')
  await expect.poll(() => runs.length).toBe(1)
  const later = [ask('w'), ask('w'), ask('w')]
  runs[0]?.resolve(1)
  expect(await first).toBe(1)
  await expect.poll(() => runs.length).toBe(2)
  runs[1]?.resolve(2)
  expect(await Promise.all(later)).toEqual([2, 2, 2])
  const other = ask('w')
  await expect.poll(() => runs.length).toBe(3)
  runs[2]?.reject(new Error('no'))
  await expect(other).rejects.toThrow('no')
  const after = ask('w')
  await expect.poll(() => runs.length).toBe(4)
  runs[3]?.resolve(4)
  expect(await after).toBe(4)
})
